"""Screening: rows in, answers out, a batch at a time; what is done stays done, and nothing is lost.

What a batch came to is kept in OUTPUT.parts (`store`). A run that was stopped goes on with the batches that are not
whole. At the end the parts become OUTPUT and OUTPUT.rejects.jsonl, and go.
"""

from __future__ import annotations

import base64
import gc
import hashlib
import itertools
import json
from collections import deque
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.ruleset import RuleSet
from vatspolicy.screening.answers import missing_facts
from vatspolicy.screening.checkpoints import ANSWERS, REJECTS, Checkpoints, join
from vatspolicy.screening.engines import Answer, Begin, Engine, Facts, prepare, require
from vatspolicy.screening.input import Row, Source, parsed
from vatspolicy.screening.summary import Summary, compared, region_of
from vatspolicy.screening.validate import Rejected, facts_in
from vatspolicy.screening.workers import can_share, map_in_processes

BATCH = 6_000
"""Rows that are decided together, at most: what memory a run takes."""
LEAST = 1_000
"""Rows that are worth a batch: a database takes as long to plan its queries as to decide so many."""
BYTES = 32 << 20
"""Text of rows that is decided together, so that long rows take no more."""

LINES, PARQUET = ".jsonl", ".parquet"


def batch_size(rows: int) -> int:
    """How many of so many rows to decide together: half of a small input, so that two processes share it."""
    return max(LEAST, min(BATCH, -(-rows // 2)))


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
    processes: int = 1
    """How many processes may work at once."""

    @property
    def parts(self) -> Checkpoints:
        """The folder of what is done."""
        return Checkpoints(self.output.with_name(self.output.name + ".parts"))

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


Batch = tuple[int, list[Row]]
Counts = dict[str, Any]

_write = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode


def screen(task: Task, resume: bool, progress: Progress) -> Summary:
    """Decide every row. Writes the answers to the output, and rejected rows with the reasons beside it.

    Raises ScreenError, read.InputError, engine.MissingExtra, crew.Lost, OSError for what cannot be written, ValueError
    for a day before the law. A run that has begun can go on after any of them.
    """
    if task.output.suffix not in (LINES, PARQUET):
        raise ScreenError(f"The output ends in {LINES} or {PARQUET}")
    require(task.engine)
    laws = [bundle.on(task.day) for bundle in (task.bundle, task.base) if bundle is not None]
    if problem := task.parts.begin(task.identity(), resume):
        raise ScreenError(problem)
    summary = Summary()
    done = task.parts.done()
    for counts in done.values():
        summary.add(counts)
        progress(summary.rows, True)
    for counts in _decided(task, laws, done):
        summary.add(counts)
        progress(summary.rows, False)
    _finish(task)
    return summary


def _decided(task: Task, laws: Sequence[RuleSet], done: Container[int]) -> Iterator[Counts]:
    """The counts of each batch that was not done, once it is."""
    begin = partial(prepare, task.engine, laws, task.day, task.parts.folder)
    gc.freeze()  # the law stays: to look for garbage in it takes time
    try:
        with closing(task.source.rows()) as rows:
            batches = (batch for batch in enumerate(_batches(rows, task.batch)) if batch[0] not in done)
            if task.processes > 1 and task.engine != "spark" and can_share():
                yield from map_in_processes(partial(_ready, task, laws[0], begin(), 1), batches, task.processes)
            elif (first := next(batches, None)) is not None:  # with nothing left no engine starts
                yield from map(_ready(task, laws[0], begin()), itertools.chain((first,), batches))
    finally:
        gc.unfreeze()


def _batches(rows: Iterator[Row], most: int) -> Iterator[list[Row]]:
    batch: list[Row] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += len(row.text)
        if len(batch) == most or size >= BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _ready(task: Task, law: RuleSet, begin: Begin, threads: int | None = None) -> Callable[[Batch], Counts]:
    """What decides a batch, keeps its parts and tells its counts."""
    return partial(_decide, task, law, begin(threads))


def _decide(task: Task, law: RuleSet, engine: Engine, batch: Batch) -> Counts:
    index, rows = batch
    summary = Summary()
    good: deque[tuple[int, Row | None, str]] = deque()
    rows.reverse()
    with task.parts.batch(index) as part:

        def facts_of_rows() -> Iterator[Facts]:
            while rows:
                row = rows.pop()  # what is read goes, but for rows that are asked for missing facts later
                try:
                    facts = facts_in(parsed(row))
                except Rejected as error:
                    part.reject(_reject(row, error.reasons))
                    summary.reject()
                    continue
                good.append((row.number, row if task.missing else None, region_of(facts)))
                yield facts

        # the engine is asked first, so that the row of an answer stands in `good` by then
        for answer, *before in engine.decide(facts_of_rows()):
            number, row, region = good.popleft()
            record = _record(task, number, answer)
            if row is not None:
                undecided = answer["decision"] == "incomplete"
                record["missing"] = missing_facts(law, parsed(row).data, task.day) if undecided else []
            summary.count(region, answer)
            for one in before:
                record |= {"base": one["decision"], **compared(one, answer)}
                summary.count_move(one, answer)
            part.answer(_write(record) + "\n")
        assert not good
        part.counts = summary.data()
    return part.counts


def _record(task: Task, number: int, answer: Answer) -> dict[str, Any]:
    return {
        "row": number,
        "id": answer["id"],
        "as_of": task.day,
        "decision": answer["decision"],
        "range": [answer["mildest"], answer["strictest"]],
        "services": answer["services"],
        "rules": answer["rules"],
    }


def _reject(row: Row, reasons: Sequence[str]) -> str:
    """A line of the reject file. What cannot stand in it as text is there in base64, or by its place in the input."""
    record: dict[str, Any] = {"row": row.number, "reasons": reasons}
    if row.place is not None:
        record |= {"offset": row.place[0], "bytes": row.place[1]}
    elif row.raw is not None:
        record["base64"] = base64.b64encode(row.raw).decode()
    else:
        record["input"] = row.text
    return _write(record) + "\n"


def _finish(task: Task) -> None:
    task.rejects.unlink(missing_ok=True)  # of an earlier run
    if rejects := task.parts.files(REJECTS):
        join(rejects, task.rejects)
    answers = task.parts.files(ANSWERS)
    if task.output.suffix == PARQUET:
        from vatspolicy.screening.duckdb_engine import write_parquet

        write_parquet(answers, task.output, compared=task.base is not None, missing=task.missing)
    else:
        join(answers, task.output)
    task.parts.remove()
