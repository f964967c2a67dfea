"""Changes that another law makes for specs: decisions, licenses, duties with their days, and changes ahead.

Each side reads and decides a spec under its own schemas.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.engine.result import DutyRecord, ItemChange, Record
from vatspolicy.core.engine.snapshot import summarize
from vatspolicy.core.engine.timeline import compare_summaries
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.gate.gate import DayError, Gate
from vatspolicy.gate.spec_change import ShortDecision, compare_verdicts, shorten
from vatspolicy.i18n import LocalizedText, _

FORMAT = 1
"""Version of the data; it grows when a reader would break."""


@dataclass(frozen=True, slots=True)
class DutyState:
    """A duty under one of two laws."""

    state: str
    deadline: LocalizedText
    date: str | None


@dataclass(frozen=True, slots=True)
class DutyChange:
    """A duty that comes (no `before`), goes (no `after`), or has another state or day."""

    rule: str
    subject: str
    title: LocalizedText
    before: DutyState | None
    after: DutyState | None


@dataclass(frozen=True, slots=True)
class AheadChange:
    """Coming days with the decision from each on, under both laws."""

    before: tuple[tuple[str, str], ...]
    after: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SpecUpdate:
    """Changes that another law makes for a spec."""

    spec: str
    product: str
    day: str
    before: ShortDecision
    after: ShortDecision | None
    """None for a spec that only the old law can decide."""
    direction: str
    changes: tuple[ItemChange, ...]
    duties: tuple[DutyChange, ...]
    ahead: AheadChange | None
    problems: tuple[str, ...]
    changed: bool


@dataclass(frozen=True, slots=True)
class BundleName:
    """A bundle."""

    revision: str
    number: int
    digest: str


@dataclass(frozen=True, slots=True)
class LawUpdate:
    """Changes that a newer bundle makes for some specs (update.schema.json)."""

    format: int
    newer: bool
    applied: bool
    before: BundleName
    after: BundleName
    specs: tuple[SpecUpdate, ...]


_Side: TypeAlias = tuple[Decision, Record]
"""A spec decided under one of two laws."""


def compare_specs(old: Bundle, new: Bundle, specs: Iterable[str], today: str) -> tuple[list[SpecUpdate], list[Problem]]:
    """Return one entry a spec, and the problems of specs that the old law cannot decide.

    A spec that only the new law cannot decide has an entry with `problems`: that is a change, too.
    """
    entries: list[SpecUpdate] = []
    problems: list[Problem] = []
    gates = [Gate(bundle, today, allow_past=True) for bundle in (old, new)]
    for spec in specs:
        try:
            before = _decide(gates[0], spec)
        except InvalidInput as error:
            problems += error.problems
            continue
        try:
            after: _Side | list[str] = _decide(gates[1], spec)
        except InvalidInput as error:
            after = [problem.message for problem in error.problems]
        entries.append(_entry(spec, before, after, (old, new)))
    return entries, problems


def _decide(gate: Gate, spec: str) -> _Side:
    """Decide a spec on its launch day, or today if that is later: a launched product follows the law of today."""
    profile = load_profile(spec, schemas=gate.bundle.schemas)
    if profile.launch is not None and profile.launch < gate.today:
        gate = replace(gate, as_of=gate.today)
        try:
            gate.check_day()
        except DayError as error:
            what = _("Today {wrong}.", wrong=error.why)
            raise InvalidInput([profile.document.problem(("product", "launch"), what)]) from None
    return gate.decide(profile)


def _entry(spec: str, before: _Side, after: _Side | list[str], laws: Sequence[Bundle]) -> SpecUpdate:
    decision = before[0]
    found = SpecUpdate(
        spec, decision.product, decision.as_of, shorten(before[1]), None, "unknown", (), (), None, (), changed=True
    )
    if isinstance(after, list):
        return replace(found, problems=tuple(after))
    old, new = (summarize(law, side[0]) for law, side in zip(laws, (before, after), strict=True))
    ahead = AheadChange(_list_ahead(before), _list_ahead(after))
    found = replace(
        found,
        after=shorten(after[1]),
        direction=compare_verdicts(before[1], after[1]),
        changes=tuple(summary for summary in compare_summaries(old, new) if summary.kind != "duty"),
        duties=tuple(_compare_duties(before[1], after[1])),
        ahead=None if ahead.before == ahead.after else ahead,
    )
    return replace(found, changed=any((found.direction != "same", found.changes, found.duties, found.ahead)))


def _list_ahead(side: _Side) -> tuple[tuple[str, str], ...]:
    return tuple((one.day, one.decision) for one in side[1].changes_ahead or ())


def _compare_duties(before: Record, after: Record) -> Iterator[DutyChange]:
    """Yield the duties that come, go, or have another state or day."""
    old, new = _duties(before), _duties(after)
    for key in {**old, **new}:
        sides = [None if duty is None else _state(duty) for duty in (old.get(key), new.get(key))]
        if sides[0] != sides[1]:
            duty = new.get(key) or old[key]
            yield DutyChange(*key, duty.instrument.title, *sides)


def _state(duty: DutyRecord) -> DutyState:
    return DutyState(duty.state, duty.deadline.text, duty.deadline.date)


def _duties(record: Record) -> dict[tuple[str, str], DutyRecord]:
    """Return the duties of a record by rule and service."""
    duties = (*record.duties, *(each for each in record.undetermined if isinstance(each, DutyRecord)))
    return {(duty.rule, duty.subject.service or ""): duty for duty in duties}
