"""A report on many specs in pieces: each decision is rendered when it is made, and kept on disk until the end.

So no record outlives its decision, and the memory of a run does not grow with the number of specs.
"""

from __future__ import annotations

import marshal
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, NamedTuple, TypeAlias

from vatspolicy.core.engine.result import Record
from vatspolicy.errors import Problem
from vatspolicy.frozen import ValueObject, frozen
from vatspolicy.gate.judgement import Judgement, Remark
from vatspolicy.i18n import Language
from vatspolicy.reports.decision.summary import Summary, gravity, summarize

if TYPE_CHECKING:
    from vatspolicy.gate.gate import GateResult

Texts: TypeAlias = tuple[str, ...]
"""Rendered texts of a decision in one format."""
IN_MEMORY = 2**20
"""Maximum bytes of pieces in memory."""


@frozen()
class View(ValueObject):
    """Settings of a report."""

    lang: Language
    judgement: Judgement
    extent: str = "details"
    color: bool = False
    room: int = 100
    """Columns of a text."""
    waived: bool = False
    """True if findings of a decision of the run are set aside."""


class Run(NamedTuple):
    """Facts about a run that are known only at its end."""

    problems: Sequence[Problem] = ()
    """Problems of specs that were not decided."""
    remarks: Sequence[Remark] | None = None
    gate: GateResult | None = None
    repeated: Mapping[str, str] | None = None
    """Options that the next command repeats, by command."""
    only: Record | None = None
    """The record of a run with one decision."""


def rank(summary: Summary) -> tuple[bool, int, bool]:
    """Return the key that sorts decisions: first those that fail the gate, then the gravest."""
    return not summary.fails, *gravity(summary.decision, summary.contested)


class Report(ABC):
    """A report on a run, under construction."""

    def __init__(self, view: View) -> None:
        self.view, self.lang, self.judgement = view, view.lang, view.judgement

    @abstractmethod
    def take(self, record: Record, seconds: float = 0.0) -> Texts:
        """Render a decision (a record). It may run in a worker process, before `write`."""

    @abstractmethod
    def write(self, entries: Entries, run: Run) -> Iterator[str]:
        """Yield the report. A part ends at a line break, or beside a sign of the format."""


class Taken(NamedTuple):
    """A decision as the reports of a run keep it; plain record."""

    summary: Summary
    texts: bytes
    """Texts of each report."""


class Pieces:
    """The reports of one run while its specs are decided. All of them are in one language, of one gate."""

    def __init__(
        self, reports: Sequence[Report], lang: Language, judgement: Judgement, limit: float = IN_MEMORY
    ) -> None:
        """Begin; `limit` is the number of bytes that stay in memory."""
        self.reports, self._lang, self._judgement = reports, lang, judgement
        self._spool = Spool(limit)
        self._kept: list[tuple[Summary, Place]] = []

    def take(self, record: Record, seconds: float = 0.0) -> Taken:
        """Render a decision (a record). `seconds` is the time that it took."""
        texts = tuple(report.take(record, seconds) for report in self.reports)
        return Taken(summarize(record, self._lang, self._judgement), marshal.dumps(texts) if any(texts) else b"")

    def add(self, taken: Taken) -> None:
        """Keep a decision, in the order of the specs."""
        self._kept.append((taken.summary, self._spool.put(taken.texts)))

    def close(self) -> None:
        """Remove the files on disk."""
        self._spool.close()

    def write(self, number: int, run: Run) -> Iterator[str]:
        """Yield the report of this number."""
        return self.reports[number].write(Entries(self._kept, self._spool, number), run)


class Entries:
    """The decisions of a run for one report, in the order of the specs."""

    def __init__(self, kept: Sequence[tuple[Summary, Place]], spool: Spool, number: int) -> None:
        self.summaries = [summary for summary, _ in kept]
        self._places, self._spool, self._number = [place for _, place in kept], spool, number

    def __len__(self) -> int:
        return len(self.summaries)

    def texts(self, order: Iterable[int] | None = None) -> Iterator[Texts]:
        """Yield the texts of the decisions, in this order of their positions. They are read when they are requested."""
        for index in range(len(self)) if order is None else order:
            content = self._spool.get(self._places[index])
            yield marshal.loads(content)[self._number] if content else ()  # noqa: S302 - of this run

    def sort(self, key: Callable[[Summary], tuple[int, ...]]) -> list[int]:
        """Return the positions of the decisions sorted by a key of their outlines."""
        return sorted(range(len(self)), key=lambda index: key(self.summaries[index]))


Place: TypeAlias = "bytes | tuple[int, int]"
"""Bytes in memory, or their offset and number in a file."""


class Spool:
    """Pieces in memory up to a limit, then in a temporary file without a name."""

    def __init__(self, limit: float) -> None:
        self._room, self._end = limit, 0
        self._file: IO[bytes] | None = None

    def put(self, content: bytes) -> Place:
        """Keep a piece. It stays in memory if it cannot be written to disk."""
        self._room -= len(content)
        if self._room >= 0 or not content:
            return content
        try:
            if self._file is None:
                import tempfile

                self._file = tempfile.TemporaryFile(prefix="vatspolicy-")  # noqa: SIM115 - it lives as long as this
            self._file.seek(self._end)
            self._file.write(content)
            self._file.flush()
        except OSError:
            return content
        place = (self._end, len(content))
        self._end += len(content)
        return place

    def close(self) -> None:
        """Remove the file."""
        if self._file is not None:
            self._file.close()

    def get(self, place: Place) -> bytes:
        """Return a kept piece."""
        if isinstance(place, bytes):
            return place
        assert self._file is not None
        self._file.seek(place[0])
        return self._file.read(place[1])


BLANK: list[dict[str, object]] = [{}]
"""Placeholder in JSON for a list whose members are filled in later."""


def fill_list(frame: str, name: str, indent: str, step: str, members: Iterable[str]) -> Iterator[str]:
    """Yield JSON with members in place of the first BLANK with this name, at this depth.

    In JSON a line break is never part of a text, so that the place is found for certain.
    """
    opening, closing = f'\n{indent}"{name}": [', f"\n{indent}]"
    before, marker, after = frame.partition(f"{opening}\n{indent}{step}{{}}{closing}")
    if not marker:
        raise ValueError(name)
    yield before + opening
    for position, member in enumerate(members):
        yield f"{',' if position else ''}\n{indent}{step}{member}"
    yield closing + after
