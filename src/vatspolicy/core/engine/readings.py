"""Comparison of other readings of contested rules: classes, licenses, routes, denials and duties."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias

from vatspolicy.core.engine.decision import (
    Finding,
    Interpretation,
    InterpretationChange,
    Outcome,
    ServiceResult,
    Subject,
    WorstReading,
    word_of,
)
from vatspolicy.core.policies.model import Duty, Need, Route, Rule

COMBINATIONS = 16
"""Maximum number of combinations of readings decided for one service."""


class Findings(Protocol):
    """Classes, licenses, denials and duties that were found for a service."""

    low: Outcome
    high: Outcome
    denials: list[Finding]
    closed: list[Finding]
    unmet: list[Finding]
    met: list[Finding]
    duties: list[Finding]
    services: list[ServiceResult]
    contested: list[tuple[Rule, Subject]]


Choices: TypeAlias = Mapping[tuple[Rule, Subject], str]
"""Readings of contested rules other than their own."""
Reread: TypeAlias = Callable[[int, Choices], Findings]
"""Decides the service at that place again under other readings."""


def compare_readings(
    parts: Sequence[Findings], ids: Sequence[str], reread: Reread
) -> tuple[tuple[Interpretation, ...], WorstReading | None]:
    """Return each other reading that changes anything, alone, and the strictest combination for one service.

    `parts` are those of the product and its services. A reading concerns one service; the others stay as they are.
    """
    interpretations: list[Interpretation] = []
    worst: list[tuple[tuple[Outcome, Outcome, int], WorstReading]] = []
    first = _range(parts)
    for index, name in enumerate(ids):
        before = parts[index + 1]
        if not before.contested:
            continue
        rest = [*parts[: index + 1], *parts[index + 2 :]]
        service = _Service(index, rest, before, first, reread)
        interpretations += service.alone()
        (low, high, more), choices, complete = service.worst()
        readings = tuple((rule, subject, reading) for (rule, subject), reading in choices.items())
        stricter = is_stricter(first, (low, high), more > 0)
        worst.append(((low, high, more), WorstReading(name, word_of(low, high), stricter, readings, complete)))
    return tuple(interpretations), max(worst, key=lambda item: item[0])[1] if worst else None


def is_stricter(first: tuple[Outcome, Outcome], other: tuple[Outcome, Outcome], more_licenses: bool) -> bool:
    """Return whether a range of outcomes is stricter, or the same with further licenses to get."""
    if other == first:
        return more_licenses and first[0] != Outcome.DENY
    return other[0] > first[0] or other[1] > first[1]


_Decided: TypeAlias = tuple[Findings, tuple[Outcome, Outcome], set[InterpretationChange]]
"""The service under other readings, the possible outcomes of the product, and what the service needs."""


class _Service:
    """Readings of one service of a product."""

    def __init__(
        self, index: int, rest: Sequence[Findings], before: Findings, first: tuple[Outcome, Outcome], reread: Reread
    ) -> None:
        self.index, self.rest, self.before, self.first, self.reread = index, rest, before, first, reread
        self.items = set(_items(before))
        self.contested = dict.fromkeys(before.contested)
        self.decided: dict[frozenset[tuple[tuple[Rule, Subject], str]], _Decided] = {}

    def decide(self, choices: Choices) -> _Decided:
        key = frozenset(choices.items())
        if key not in self.decided:
            part = self.reread(self.index, choices)
            self.decided[key] = (part, _range([*self.rest, part]), set(_items(part)))
        return self.decided[key]

    def alone(self) -> Iterator[Interpretation]:
        """Yield each other reading that changes anything."""
        for key in tuple(self.contested):
            rule, subject = key
            for reading in rule.other_readings:
                part, outcome, items = self.decide({key: reading})
                self.contested |= dict.fromkeys(part.contested)  # effects of another class only
                changes = _changes(self.items, items)
                if changes or outcome != self.first:
                    stricter = is_stricter(self.first, outcome, _more(changes) > 0)
                    yield Interpretation(rule, subject, reading, word_of(*outcome), stricter, changes)

    def worst(self) -> tuple[tuple[Outcome, Outcome, int], Choices, bool]:
        """Return the strictest outcome with its number of further licenses, its readings, and if all were decided."""
        options = [(None, *rule.other_readings) for rule, _ in self.contested]
        complete = math.prod(map(len, options)) <= COMBINATIONS
        combinations = itertools.product(*options) if complete else _one_at_a_time(options)
        strictest: tuple[tuple[Outcome, Outcome, int], Choices] = ((*self.first, 0), {})
        for combination in combinations:
            choices = {key: name for key, name in zip(self.contested, combination, strict=True) if name is not None}
            if choices:
                _, outcome, items = self.decide(choices)
                ranked = (*outcome, _more(_changes(self.items, items)))
                if ranked > strictest[0]:
                    strictest = (ranked, choices)
        return (*strictest, complete)


def _one_at_a_time(options: Sequence[tuple[str | None, ...]]) -> Iterator[tuple[str | None, ...]]:
    for position, names in enumerate(options):
        for name in names[1:]:
            yield tuple(name if index == position else None for index in range(len(options)))


def _range(parts: Sequence[Findings]) -> tuple[Outcome, Outcome]:
    return (max(part.low for part in parts), max(part.high for part in parts))


def _more(changes: Sequence[InterpretationChange]) -> int:
    return sum(change.added and change.kind == "license" for change in changes)


def _changes(before: set[InterpretationChange], after: set[InterpretationChange]) -> tuple[InterpretationChange, ...]:
    changes = [*(after - before), *(change._replace(added=False) for change in before - after)]
    return tuple(sorted(changes, key=_order))


def _order(change: InterpretationChange) -> tuple[int, bool, str, str, str]:
    rule = "" if change.rule is None else change.rule.name
    return (KINDS.index(change.kind), not change.added, change.id, change.cls or "", rule)


KINDS = ("class", "denial", "license", "held", "route", "duty")
"""Kinds of changes by a reading, in the order of reports."""


def _items(part: Findings) -> Iterator[InterpretationChange]:
    """Yield the classes, licenses, denials and duties of a service, to compare two readings."""
    for service in part.services:
        for activity in service.activities:
            yield InterpretationChange("class", True, activity.cls)
            rules = [route.rule for route in activity.routes if route.state == "open"]
            yield from (InterpretationChange("route", True, rule.name, activity.cls, rule) for rule in rules)
    for finding in (*part.denials, *part.closed):
        yield from (InterpretationChange("denial", True, code, None, finding.rule) for code in finding.reasons)
    for finding in part.unmet:
        yield from _licenses("license", finding)
    for finding in part.met:
        yield from _licenses("held", finding)
    for finding in part.duties:
        assert isinstance(finding.rule.effect, Duty)
        yield InterpretationChange("duty", True, finding.rule.effect.instrument)


def _licenses(kind: str, finding: Finding) -> Iterator[InterpretationChange]:
    effect = finding.rule.effect
    assert isinstance(effect, Need)
    if effect.instrument is not None:
        yield InterpretationChange(kind, True, effect.instrument)
        return
    for route in finding.routes:
        if route.state == "open" and isinstance(route.rule.effect, Route) and (kind == "license" or route.held):
            yield InterpretationChange(kind, True, route.rule.effect.instrument, finding.subject.cls)
