"""Screening runs: rows in, answers out, in parts that processes share; a run that was stopped can be resumed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Container, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vatspolicy.file_lock import Locked, lock_file
from vatspolicy.i18n import _
from vatspolicy.output import is_special
from vatspolicy.screening.decide import Decider
from vatspolicy.screening.input import InputError, PortfolioRow, Rows, RowSource, require_parquet
from vatspolicy.screening.parts import ANSWERS, REJECTS, Parts, join, whole_file, write_parquet
from vatspolicy.screening.result import Totals
from vatspolicy.screening.summary import PortfolioSummary
from vatspolicy.workers import can_fork, frozen_memory, map_in_processes

ROWS = 5_000
"""Maximum rows of a part. A stopped run decides at most one part a process again."""
BYTES = 32 << 20
"""Maximum bytes of the rows of a part, which limits the memory for long rows."""

LINES, PARQUET = ".jsonl", ".parquet"


class ScreenError(ValueError):
    """A run that cannot start or resume; the reason in one sentence."""


class LostRows(RuntimeError):
    """Error if the parts of a run do not match the decided rows. OUTPUT stays unchanged."""


@dataclass(frozen=True)
class Task:
    """Settings of a run."""

    source: RowSource
    output: Path
    decider: Decider
    processes: int = 1
    """Maximum number of processes."""

    @property
    def parts(self) -> Parts:
        """Folder of parts."""
        return Parts(self._beside(".parts"))

    @property
    def rejects(self) -> Path:
        """File of rejected rows; it does not exist if none is rejected."""
        return self._beside(".rejects.jsonl")

    def identity(self) -> dict[str, object]:
        """Return the settings that a resumed run must share."""
        decider = self.decider
        granted = decider.waiver_set and (decider.waiver_set.opinions, decider.waiver_set.approvers, decider.today)
        mapping = json.dumps(self.source.mapping, sort_keys=True)
        return {
            "input": [self.source.path.name, self.source.digest()],
            "settings": hashlib.sha256(repr((mapping, granted)).encode()).hexdigest(),
            "laws": [bundle.digest for bundle in decider.laws],
            "as_of": decider.day,
            "missing": decider.missing,
            "rows": ROWS,
        }

    def _beside(self, suffix: str) -> Path:
        return self.output.with_name(self.output.name + suffix)


Progress = Callable[[int, bool], None]
"""Function that receives the number of finished rows, and True for rows of an earlier run."""
Part = tuple[int, list[PortfolioRow]]


def screen(task: Task, resume: bool, progress: Progress) -> PortfolioSummary:
    """Decide every row, and write answers to the output and rejected rows, with the reasons, beside it.

    Raises: ScreenError, InputError, WorkerLost, LostRows, OSError if a file cannot be written, ValueError for a day
    before the law. A started run can be resumed after any of them.
    """
    if task.output.suffix not in (LINES, PARQUET):
        raise ScreenError(_("The output must end in {lines} or {parquet}", lines=LINES, parquet=PARQUET))
    if is_special(task.output):  # a complete file replaces it at the end, so a reader of a pipe would wait forever
        raise ScreenError(_("{output} is a pipe or a device. Choose a file", output=task.output))
    if task.output.suffix == PARQUET:
        require_parquet()
    try:
        with lock_file(task.output.with_name(task.output.name + ".lock")):
            return _screen(task, resume, progress)
    except Locked:
        raise ScreenError(_("Another run is writing {output}", output=task.output)) from None


def _screen(task: Task, resume: bool, progress: Progress) -> PortfolioSummary:
    task.decider.prepare()
    state = task.source.state()
    if problem := task.parts.begin(task.identity(), resume):
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

    for totals in _decided(task, done, counted()):
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


def _decided(task: Task, done: Container[int], rows: Rows) -> Iterator[Totals]:
    """Yield the counts of each remaining part as it is finished."""
    with frozen_memory(), closing(rows):  # the law stays alive; scanning it for garbage takes time
        parts = (part for part in enumerate(_divide(rows)) if part[0] not in done)
        if task.processes > 1 and can_fork():
            yield from map_in_processes(lambda: partial(decide_part, task), parts, task.processes)
        else:
            yield from map(partial(decide_part, task), parts)


def _divide(rows: Iterator[PortfolioRow]) -> Iterator[list[PortfolioRow]]:
    part: list[PortfolioRow] = []
    size = 0
    for row in rows:
        part.append(row)
        size += len(row.text)
        if len(part) == ROWS or size >= BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def decide_part(task: Task, part: Part) -> Totals:
    """Decide the rows of a part, write its files and return its counts."""
    index, rows = part
    summary = PortfolioSummary()
    rows.reverse()
    with task.parts.open(index) as (answers, rejects):
        while rows:  # free each row once it is decided
            line, is_answer = task.decider.decide(rows.pop(), summary)
            (answers if is_answer else rejects).write(line)
    totals = summary.totals()
    task.parts.finish(index, totals)
    return totals


def _finish(task: Task, summary: PortfolioSummary) -> None:
    """Join the parts. Each file is replaced only if it has all rows that the parts counted.

    Raises: LostRows, OSError.
    """
    write: Callable[[list[Path], Path], int] = join
    if task.output.suffix == PARQUET:
        write = partial(write_parquet, missing=task.decider.missing, compared=task.decider.base is not None)
    answers, rejects = task.parts.files(ANSWERS), task.parts.files(REJECTS)
    with whole_file(task.rejects) as apart, whole_file(task.output) as whole:
        if join(rejects, apart) != summary.rejected or write(answers, whole) != summary.rows - summary.rejected:
            raise LostRows
    if not summary.rejected:
        task.rejects.unlink()
    task.parts.remove()
