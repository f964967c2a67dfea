"""Screening runs: rows in, answers out, in batches; a run that was stopped can be resumed.

Complete batches are kept in OUTPUT.parts (`checkpoints`). A resumed run decides the others. At the end the parts become
OUTPUT and OUTPUT.rejects.jsonl.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vatspolicy.clock import LAST
from vatspolicy.core.documents.plain import Facts
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.modelled import SQL, UnknownField, parts_of
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile
from vatspolicy.file_lock import Locked, lock_file
from vatspolicy.gate.opinions import admit_opinions
from vatspolicy.gate.waivers.load import WaiverSet
from vatspolicy.i18n import _
from vatspolicy.output import is_special
from vatspolicy.screening.checkpoints import ANSWERS, REJECTS, Checkpoints, join, whole_file
from vatspolicy.screening.engines import Begin, Engine, missing_facts, prepare_engine, require
from vatspolicy.screening.input import InputError, PortfolioRow, Rejected, Rows, RowSource, parse_row, read_facts
from vatspolicy.screening.result import RowAnswer, Totals
from vatspolicy.screening.summary import PortfolioSummary, compare_rules, region_of
from vatspolicy.workers import can_fork, frozen_memory, map_in_processes

BATCH = 40_000
"""Maximum rows of a batch, which limits the memory of a run. A database plans its queries again for each batch, which
takes as long as deciding some 30,000 rows.
"""
LEAST = 1_000
"""Minimum rows of a batch."""
BYTES = 32 << 20
"""Maximum bytes of the rows of a batch, which limits the memory for long rows."""

LINES, PARQUET = ".jsonl", ".parquet"


def batch_size(rows: int, processes: int = 2) -> int:
    """Return the batch size for a number of rows: processes share them evenly, in as few batches as BATCH allows."""
    rounds = max(-(-rows // (BATCH * processes)), 1)
    return max(LEAST, -(-rows // (rounds * processes)))


class ScreenError(ValueError):
    """A run that cannot start or resume; the reason in one sentence."""


class LostRows(RuntimeError):
    """Error if the parts of a run do not match the decided rows. OUTPUT stays unchanged."""


@dataclass(frozen=True)
class Task:
    """Settings of a run."""

    source: RowSource
    output: Path
    bundle: Bundle
    day: str
    engine: str
    base: Bundle | None = None
    """Law before a change, to compare with."""
    missing: bool = True
    """True to list the missing facts of incomplete decisions."""
    batch: int = BATCH
    processes: int = 1
    """Maximum number of processes."""
    today: str = LAST
    """Today: later opinions are refused."""
    waiver_set: WaiverSet | None = None
    """Granted opinions and approvers, or None. Waivers do not affect answers."""

    def admit(self, profile: Profile) -> Profile:
        """Return the profile of a row with the opinions that are granted. Raises InvalidInput."""
        return admit_opinions(self.bundle, profile, self.day, self.waiver_set, self.today)

    def _digest_grants(self) -> str | None:
        """Return a digest of the grants and of their day."""
        if self.waiver_set is None:
            return None
        grants = repr((self.waiver_set.opinions, self.waiver_set.approvers, self.today))
        return hashlib.sha256(grants.encode()).hexdigest()

    @property
    def parts(self) -> Checkpoints:
        """Folder of complete batches."""
        return Checkpoints(self.output.with_name(self.output.name + ".parts"))

    @property
    def lock(self) -> Path:
        """Lock of the output, held by one run at a time."""
        return self.output.with_name(self.output.name + ".lock")

    @property
    def rejects(self) -> Path:
        """File of rejected rows; it does not exist if none is rejected."""
        return self.output.with_name(self.output.name + ".rejects.jsonl")

    def identity(self) -> dict[str, object]:
        """Return the settings that a resumed run must share. The engine may change: all give the same answers."""
        mapping = json.dumps(self.source.mapping, sort_keys=True)
        return {
            "input": [self.source.path.name, self.source.table, self.source.digest()],
            "mapping": hashlib.sha256(mapping.encode()).hexdigest(),
            "law": self.bundle.digest,
            "base": self.base.digest if self.base else None,
            "as_of": self.day,
            "missing": self.missing,
            "opinions": self._digest_grants(),
            "batch": self.batch,
        }


Progress = Callable[[int, bool], None]
"""Function that receives the number of finished rows, and True for rows of an earlier run."""


Batch = tuple[int, list[PortfolioRow]]

_write = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode


def screen(task: Task, resume: bool, progress: Progress) -> PortfolioSummary:
    """Decide every row, and write answers to the output and rejected rows, with the reasons, beside it.

    Raises: ScreenError, InputError, MissingExtra, WorkerLost, LostRows, OSError if a file cannot be written, ValueError
    for a day before the law. A started run can be resumed after any of them.
    """
    if task.output.suffix not in (LINES, PARQUET):
        raise ScreenError(_("The output must end in {lines} or {parquet}", lines=LINES, parquet=PARQUET))
    if is_special(task.output):  # a complete file replaces it at the end, so a reader of a pipe would wait forever
        raise ScreenError(_("{output} is a pipe or a device. Choose a file", output=task.output))
    require(task.engine)
    try:
        with lock_file(task.lock):
            return _screen(task, resume, progress)
    except Locked:
        raise ScreenError(_("Another run is writing {output}", output=task.output)) from None


def _screen(task: Task, resume: bool, progress: Progress) -> PortfolioSummary:
    rulesets = [bundle.on(task.day) for bundle in (task.bundle, task.base) if bundle is not None]
    if task.engine != "python":  # the evaluator itself
        _refuse_unknown_fields(rulesets)
    identity, state = task.identity(), task.source.state()
    if problem := task.parts.begin(identity, resume):
        raise ScreenError(problem)
    summary = PortfolioSummary()
    done = task.parts.done()
    for totals in done.values():
        summary.add(totals)
        progress(summary.rows, True)
    count = 0

    def counted() -> Rows:
        nonlocal count
        with closing(task.source.rows()) as rows:
            for row in rows:
                count += 1
                yield row

    for totals in _decided(task, rulesets, done, counted()):
        summary.add(totals)
        progress(summary.rows, False)
    if task.source.state() != state:
        raise InputError(
            _(
                "{path!r} changed during reading. Remove {folder} and run again",
                path=str(task.source.path),
                folder=task.parts.folder,
            )
        )
    if count != summary.rows:
        raise LostRows
    _finish(task, summary)
    return summary


def _refuse_unknown_fields(rulesets: Iterable[RuleSet]) -> None:
    """Raise ScreenError for a law with a field that SQL does not support."""
    try:
        for ruleset in rulesets:
            SQL.check(parts_of(ruleset))
    except UnknownField as error:
        raise ScreenError(_("{reason}. Use --engine python", reason=error)) from None


def _decided(task: Task, rulesets: Sequence[RuleSet], done: Container[int], rows: Rows) -> Iterator[Totals]:
    """Yield the counts of each remaining batch as it completes."""
    begin = partial(prepare_engine, task.engine, rulesets, task.day, task.parts.folder)
    with frozen_memory(), closing(rows):  # the law stays alive; scanning it for garbage takes time
        batches = (batch for batch in enumerate(_batches(rows, task.batch)) if batch[0] not in done)
        if task.processes > 1 and task.engine != "spark" and can_fork():
            yield from map_in_processes(partial(_ready, task, rulesets[0], begin(), 1), batches, task.processes)
        elif (first := next(batches, None)) is not None:  # start no engine if no batch is left
            yield from map(_ready(task, rulesets[0], begin()), itertools.chain((first,), batches))


def _batches(rows: Iterator[PortfolioRow], most: int) -> Iterator[list[PortfolioRow]]:
    batch: list[PortfolioRow] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += len(row.text)
        if len(batch) == most or size >= BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _ready(task: Task, ruleset: RuleSet, begin: Begin, threads: int | None = None) -> Callable[[Batch], Totals]:
    """Return a function that decides a batch, writes its parts and returns its counts."""
    return partial(_decide, task, ruleset, begin(threads))


def _decide(task: Task, ruleset: RuleSet, engine: Engine, batch: Batch) -> Totals:
    index, rows = batch
    summary = PortfolioSummary()
    good: deque[tuple[int, PortfolioRow | None, str, list[Facts]]] = deque()
    rows.reverse()
    with task.parts.batch(index) as part:

        def facts_of_rows() -> Iterator[Facts]:
            while rows:
                row = rows.pop()  # free the text, unless missing facts are to be named
                parsed = parse_row(row)
                try:
                    facts = read_facts(parsed, ruleset.schemas, task.admit)
                except Rejected as error:
                    part.rejects.write(_reject(row, error.reasons))
                    summary.reject()
                    continue
                summary.claimed += len(parsed.data.get("opinions") or ()) > len(facts["opinions"])
                good.append((row.number, row if task.missing else None, region_of(facts), facts["opinions"]))
                yield facts

        # the engine reads a row before it answers, so `good` contains the row of the answer
        for answer, *before in engine.decide(facts_of_rows()):
            number, row, region, opinions = good.popleft()
            record = _record(task, number, answer)
            if row is not None:
                facts = {**parse_row(row).data, "opinions": opinions} if answer["decision"] == "incomplete" else None
                record["missing"] = missing_facts(ruleset, facts, task.day) if facts is not None else []
            summary.count(region, answer)
            for old in before:
                record |= {"base": old["decision"], **compare_rules(old, answer)}
                summary.count_move(old, answer)
            part.answers.write(_write(record) + "\n")
        assert not good
        totals = part.totals = summary.totals()
    return totals


def _record(task: Task, number: int, answer: RowAnswer) -> dict[str, object]:
    return {
        "row": number,
        "id": answer["id"],
        "as_of": task.day,
        "decision": answer["decision"],
        "range": [answer["mildest"], answer["strictest"]],
        "services": answer["services"],
        "rules": answer["rules"],
    }


def _reject(row: PortfolioRow, reasons: Sequence[str]) -> str:
    """Return a line of the reject file. A row that is not text appears in base64 or by its place in the input."""
    record: dict[str, object] = {"row": row.number, "reasons": reasons}
    if row.place is not None:
        record |= {"offset": row.place[0], "bytes": row.place[1]}
    elif row.raw is not None:
        record["base64"] = base64.b64encode(row.raw).decode()
    else:
        record["input"] = row.text
    return _write(record) + "\n"


def _finish(task: Task, summary: PortfolioSummary) -> None:
    """Join the parts. Each file is replaced only if it has all rows that the batches counted.

    Raises: LostRows, OSError.
    """
    answers, rejects = task.parts.files(ANSWERS), task.parts.files(REJECTS)
    write: Callable[[list[Path], Path], int] = join
    if task.output.suffix == PARQUET:
        from vatspolicy.screening.duckdb_engine import write_parquet

        write = partial(write_parquet, compared=task.base is not None, missing=task.missing)
    with whole_file(task.rejects) as apart, whole_file(task.output) as whole:
        if join(rejects, apart) != summary.rejected or write(answers, whole) != summary.rows - summary.rejected:
            raise LostRows
    if not rejects:
        task.rejects.unlink(missing_ok=True)  # left by an earlier run
    task.parts.remove()
