"""Rule sets over a period: rules with the days on which each is in force, and parameter values by day.

The day is one more variable of a query, so that one question covers all days of the period.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vatspolicy.authoring.symbolic.domain import LAST_DAY, iso, ordinal
from vatspolicy.authoring.symbolic.mixed_bundle import MixedBundle, MixedEvaluator, named_by
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Expression, Instrument, Parameter, Route, Rule
from vatspolicy.policies.ruleset import RuleSet


@dataclass(frozen=True)
class Period:
    """Period from `start` up to but not including `end` (ISO text)."""

    start: str
    end: str

    @property
    def first(self) -> int:
        """Number of the first day."""
        return ordinal(self.start)

    @property
    def last(self) -> int:
        """Number of the last day."""
        return ordinal(self.end) - 1


def hull(periods: Sequence[Period]) -> Period | None:
    """Return the period from the first to the last day of some periods."""
    return Period(min(p.start for p in periods), max(p.end for p in periods)) if periods else None


END = iso(LAST_DAY)


def periods(bundles: Sequence[Bundle], as_of: str | None = None) -> list[Period]:
    """Return the periods between the days on which a rule or a value of a bundle changes, latest first.

    `as_of` limits them to one day. Days that one of the bundles does not cover are left out.
    """
    since = max(bundle.covers_from for bundle in bundles)
    if as_of is not None:
        return [Period(as_of, iso(ordinal(as_of) + 1))] if as_of >= since else []
    days = sorted({since, *(day for bundle in bundles for day in bundle.boundaries if day > since)})
    return [Period(start, end) for start, end in zip(days, [*days[1:], END], strict=True)][::-1]


def parameters(expression: Expression) -> frozenset[str]:
    """Return the keys of the parameters that an expression reads."""
    return frozenset(expression.parameters)


Days = tuple[int, int]
"""First and last day by number."""


@dataclass(frozen=True)
class ParameterValues:
    """Parameter values: dated values of a bundle, or the fixed ones of a rule set."""

    dated: Mapping[str, Parameter] = field(default_factory=dict)
    fixed: Mapping[str, Any] | None = None

    def versions(self, expression: Expression, days: Days) -> list[tuple[Days, Mapping[str, Any]]]:
        """Return the values that an expression reads, by days; neighboring entries differ."""
        if self.fixed is not None:
            return [(days, self.fixed)]
        keys = sorted(parameters(expression))
        first, last = days
        starts = {ordinal(v.since) for key in keys for v in self.dated[key].values if first < ordinal(v.since) <= last}
        found: list[tuple[Days, Mapping[str, Any]]] = []
        for start, end in _periods_between(sorted({first, *starts}), last):
            values = {key: self.on(key, iso(start)) for key in keys}
            if found and repr(found[-1][1]) == repr(values):
                found[-1] = ((found[-1][0][0], end), values)
            else:
                found.append(((start, end), values))
        return found

    def on(self, key: str, day: str) -> Any:
        """Return the value on a day; before the first value, the first, as in `Bundle.on`."""
        parameter = self.dated[key]
        return (parameter.on(day) or parameter.values[0]).value


@dataclass
class RuleSetHistory:
    """Rules with the days on which each is in force, and the parameter values that their expressions read."""

    days: Days
    rules: dict[str, tuple[Rule, ...]]
    """Rules in force on any of the days, by `each/effect`."""
    instruments: Mapping[str, Instrument]
    values: ParameterValues
    foreign: dict[int, ParameterValues] = field(default_factory=dict)
    """Expressions, by identity, that read the values of another bundle."""
    always: bool = False
    """True if all rules are in force on all days, as in the rule set of a single day."""
    limits: dict[int, Days] = field(default_factory=dict)
    """Expressions, by identity, that matter only on the days of their rule."""

    def rules_for(self, each: str, effect: str) -> tuple[Rule, ...]:
        """Return the rules on one kind of subject with one effect, in force on any of the days."""
        return self.rules.get(f"{each}/{effect}", ())

    def span(self, rule: Rule) -> Days | None:
        """Return the days on which a rule is in force, or None if there are none."""
        if self.always:
            return self.days
        first, last = max(self.days[0], ordinal(rule.since)), self.days[1]
        if rule.until < "9999":
            last = min(last, ordinal(rule.until) - 1)
        return (first, last) if first <= last else None

    def versions(self, expression: Expression) -> list[tuple[Days, Mapping[str, Any]]]:
        """Return the values that an expression reads, by days."""
        values = self.foreign.get(id(expression), self.values)
        return values.versions(expression, self.limits.get(id(expression), self.days))

    def shares(self, expression: Expression, other: RuleSetHistory) -> bool:
        """Return whether an expression has the same value on every day in another history."""
        name = id(expression)
        same_days = name in self.limits and self.limits[name] == other.limits.get(name)
        return same_days and self.foreign.get(name, self.values) is other.foreign.get(name, other.values)

    @property
    def access(self) -> dict[str, list[Days]]:
        """Instruments that routes lead to, with the days on which one does."""
        found: dict[str, list[Days]] = {}
        for rule in self.rules_for("activity", "route"):
            span = self.span(rule)
            assert isinstance(rule.effect, Route)
            if span is not None:
                found.setdefault(rule.effect.instrument, []).append(span)
        return {name: _join(spans) for name, spans in found.items()}


def build_history(law: Bundle | RuleSet, period: Period) -> RuleSetHistory:
    """Return the rule sets of the days of a period: of a bundle, or one rule set in force on all of them."""
    days = (period.first, period.last)
    if isinstance(law, RuleSet):
        foreign = {}
        if isinstance(law.evaluator, MixedEvaluator):
            other = ParameterValues(fixed=law.evaluator.other_params)
            foreign = dict.fromkeys(law.evaluator.foreign, other)
        return RuleSetHistory(
            days, dict(law.rules), law.instruments, ParameterValues(fixed=law.params), foreign, always=True
        )
    return _bundle_history(law, period)


@functools.lru_cache(maxsize=32)
def _bundle_history(bundle: Bundle, period: Period) -> RuleSetHistory:
    if isinstance(bundle, MixedBundle):
        return _mixed_history(bundle, period)
    found = RuleSetHistory((period.first, period.last), {}, bundle.instruments, values_of(bundle))
    _add_rules(found, (rule for policy in bundle.policies.values() for rule in policy.rules))
    return found


@functools.lru_cache(maxsize=16)
def values_of(bundle: Bundle) -> ParameterValues:
    """Return the parameters of a bundle."""
    return ParameterValues({p.key: p for policy in bundle.policies.values() for p in policy.parameters.values()})


def _mixed_history(bundle: MixedBundle, period: Period) -> RuleSetHistory:
    """Return the history of the base with some rules of the head, as in `MixedBundle.on`."""
    base, head = build_history(bundle.base, period), build_history(bundle.head, period)
    rules = {key: tuple(rule for rule in found if rule.name not in bundle.names) for key, found in base.rules.items()}
    added = set(head.instruments.keys() - base.instruments.keys()).union(*map(named_by, bundle.changed))
    instruments = {**base.instruments, **{name: head.instruments[name] for name in added}}
    own = [instruments[name].covers for name in sorted(added)]
    own += [expression for rule in bundle.changed for expression in rule.compiled]
    foreign = dict(base.foreign)
    for expression in own:
        if expression is not None:
            foreign[id(expression)] = head.foreign.get(id(expression), head.values)
    found = RuleSetHistory(base.days, rules, instruments, base.values, foreign, limits=dict(base.limits))
    _add_rules(found, bundle.changed)
    return found


def _add_rules(history: RuleSetHistory, rules: Iterable[Rule]) -> None:
    grouped: dict[str, list[Rule]] = {}
    for rule in rules:
        span = history.span(rule)
        if span is not None:
            grouped.setdefault(rule.group, []).append(rule)
            history.limits |= dict.fromkeys(map(id, rule.compiled), span)
    for key, found in grouped.items():
        history.rules[key] = (*history.rules.get(key, ()), *found)


def _periods_between(starts: Sequence[int], last: int) -> list[Days]:
    return list(zip(starts, [start - 1 for start in starts[1:]] + [last], strict=True))


def _join(spans: Sequence[Days]) -> list[Days]:
    """Return the days, with those that touch or overlap joined."""
    found: list[Days] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found
