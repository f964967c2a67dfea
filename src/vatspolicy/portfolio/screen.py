"""Screening: rows in, answers out, a batch at a time; what is done stays done, and nothing is lost.

Each batch becomes three files in OUTPUT.parts, of which the last says that the batch is whole. A run that was stopped
goes on after the last whole batch. At the end the parts become OUTPUT and OUTPUT.rejects.jsonl, and go.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vatspolicy.bundle import Bundle
from vatspolicy.law import Law
from vatspolicy.output import write_file
from vatspolicy.portfolio.answer import missing_facts
from vatspolicy.portfolio.engine import Answer, Engine, Facts, start
from vatspolicy.portfolio.read import Row, Source
from vatspolicy.portfolio.summary import Summary
from vatspolicy.portfolio.verify import Rejected, facts_in

BATCH = 10_000
"""Rows that are decided together: what memory a run takes."""

LINES, PARQUET = ".jsonl", ".parquet"


class ScreenError(ValueError):
    """Why a run cannot begin or go on, in one sentence."""


@dataclass(frozen=True)
class Task:
    """What to do."""

    source: Source
    output: Path
    bundle: Bundle
    day: str
    engine: str
    base: Bundle | None = None
    """The law before a change, to compare with."""
    missing: bool = True
    """Whether to name the missing facts of what stays incomplete."""
    batch: int = BATCH

    @property
    def parts(self) -> Path:
        """The folder of what is done."""
        return self.output.with_name(self.output.name + ".parts")

    @property
    def rejects(self) -> Path:
        """The file of rejected rows; there is none where none was rejected."""
        return self.output.with_name(self.output.name + ".rejects.jsonl")

    def identity(self) -> dict[str, Any]:
        """What must be the same for a run to go on. The engine may change: all give the same answers."""
        status = self.source.path.stat()
        mapping = json.dumps(self.source.mapping, sort_keys=True)
        return {
            "input": [self.source.path.name, self.source.table, status.st_size, status.st_mtime_ns],
            "mapping": hashlib.sha256(mapping.encode()).hexdigest(),
            "law": self.bundle.digest,
            "base": self.base.digest if self.base else None,
            "as_of": self.day,
            "missing": self.missing,
            "batch": self.batch,
        }


Progress = Callable[[int, bool], None]
"""Told the rows done so far, and whether they were done by an earlier run."""


def screen(task: Task, resume: bool, progress: Progress) -> Summary:
    """Decide every row. Raises ScreenError, read.InputError, engine.MissingExtra, ValueError for a day before the law.

    Writes the answers to the output, and rejected rows with the reasons beside it.
    """
    if task.output.suffix not in (LINES, PARQUET):
        raise ScreenError(f"The output ends in {LINES} or {PARQUET}")
    laws = [(task.bundle.on(task.day), "head"), *([(task.base.on(task.day), "base")] if task.base else [])]
    _begin(task, resume)
    summary = Summary()
    done = 0
    batches = _batches(task.source.rows(), task.batch)
    for done in itertools.count():
        counted = _part(task, done, "summary.json")
        if not counted.exists():
            break
        if next(batches, None) is None:
            raise ScreenError("The input has fewer rows than were done")
        summary.add(json.loads(counted.read_bytes()))
        progress(summary.rows, True)
    engines: list[Engine] = []
    for index, rows in enumerate(batches, done):
        engines = engines or [start(task.engine, law, task.day) for law, _ in laws]
        found = _decide(task, laws[0][0], engines, rows, index)
        summary.add(found.data())
        progress(summary.rows, False)
    _finish(task)
    return summary


def _begin(task: Task, resume: bool) -> None:
    settings = task.parts / "settings.json"
    if task.parts.exists() and not resume:
        raise ScreenError(f"There is an unfinished run in {task.parts}: use --resume, or remove the folder")
    if settings.exists():
        if json.loads(settings.read_bytes()) != task.identity():
            raise ScreenError("The input, the law or the settings are not those of the unfinished run")
    else:
        task.parts.mkdir(parents=True, exist_ok=True)
        write_file(settings, json.dumps(task.identity()))


def _batches(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    while batch := list(itertools.islice(rows, size)):
        yield batch


def _part(task: Task, index: int, name: str) -> Path:
    return task.parts / f"{index:06}.{name}"


def _decide(task: Task, law: Law, engines: Sequence[Engine], rows: Iterable[Row], index: int) -> Summary:
    summary = Summary()
    good: list[tuple[Row, Facts]] = []
    rejects: list[dict[str, Any]] = []
    for row in rows:
        try:
            good.append((row, facts_in(row)))
        except Rejected as error:
            summary.reject()
            rejects.append({"row": row.number, "reasons": error.reasons, "input": row.text})
    facts = [one for _, one in good]
    answers = [engine.decide(facts) if facts else [] for engine in engines]
    lines = []
    for (row, one), *found in zip(good, *answers, strict=True):
        answer = found[0]
        summary.count(one, answer)
        lines.append(_line(task, law, row, answer, found[1] if task.base else None))
        if task.base:
            summary.count_move(found[1], answer)
    write_file(_part(task, index, "answers.jsonl"), "".join(lines))
    if rejects:
        text = "".join(json.dumps(reject, ensure_ascii=False) + "\n" for reject in rejects)
        write_file(_part(task, index, "rejects.jsonl"), text)
    write_file(_part(task, index, "summary.json"), json.dumps(summary.data()))
    return summary


def _line(task: Task, law: Law, row: Row, answer: Answer, before: Answer | None) -> str:
    record = {
        "row": row.number,
        "id": answer["id"],
        "as_of": task.day,
        "decision": answer["decision"],
        "range": [answer["mildest"], answer["strictest"]],
        "services": answer["services"],
        "rules": answer["rules"],
    }
    if task.missing:
        undecided = answer["decision"] == "incomplete"
        record["missing"] = missing_facts(law, row.data, task.day) if undecided else []
    if before is not None:
        record["base"] = before["decision"]
        record["gains"] = sorted(set(answer["rules"]) - set(before["rules"]))
        record["losses"] = sorted(set(before["rules"]) - set(answer["rules"]))
    return json.dumps(record, ensure_ascii=False) + "\n"


def _finish(task: Task) -> None:
    rejects = sorted(task.parts.glob("*.rejects.jsonl"))
    task.rejects.unlink(missing_ok=True)  # of an earlier run
    if rejects:
        _join(rejects, task.rejects)
    answers = sorted(task.parts.glob("*.answers.jsonl"))
    if task.output.suffix == PARQUET:
        from vatspolicy.portfolio.duck import write_parquet

        write_parquet(answers, task.output, compared=task.base is not None, missing=task.missing)
    else:
        _join(answers, task.output)
    shutil.rmtree(task.parts)


def _join(parts: Iterable[Path], target: Path) -> None:
    """One file of all parts, whole or not at all."""
    whole = target.with_name(target.name + ".whole")
    with whole.open("wb") as file:
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, file)
    whole.replace(target)
