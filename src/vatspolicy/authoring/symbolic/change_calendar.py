"""Days on which two bundles decide a profile differently, around one that is known."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping

from vatspolicy.authoring.symbolic.domain import iso, ordinal
from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.cel.ast import Literal, Node, walk
from vatspolicy.core.engine.evaluator import BEARING, possible_outcomes
from vatspolicy.core.engine.subjects import service_activation
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Classify, Expression, Rule
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


class ChangeCalendar:
    """Days on which the decision of a profile may change under one of two bundles."""

    def __init__(self, base: Bundle, head: Bundle) -> None:
        self.since = max(base.covers_from, head.covers_from)
        self.sides = DecidingRules(base), DecidingRules(head)

    def differing_days(self, profile: Profile, as_of: str) -> tuple[str, str | None]:
        """Return the first and last day around `as_of` on which the decisions differ; None for no known end."""
        sides = [RelevantRules(side, profile) for side in self.sides]
        found = {self.since, *days_in([profile.facts])}.union(*(side.days for side in sides))
        days = sorted(day for day in found if self.since <= day < "9999")
        first = as_of
        for day in reversed([day for day in days if day <= as_of]):
            if not _differ(sides, day):  # nothing changes between two days of the calendar
                break
            first = day
        for day in (day for day in days if day > as_of):
            if not _differ(sides, day):
                return first, iso(ordinal(day) - 1)
        return first, None


class DecidingRules:
    """The deciding rules of a bundle, with the days on which the effect of each may change."""

    def __init__(self, bundle: Bundle, kinds: tuple[str, ...] = BEARING) -> None:
        """Take the rules of some kinds; by default those that bear on the outcome."""
        self.bundle, self.kinds = bundle, kinds
        self.parameters = {p.key: p for policy in bundle.policies.values() for p in policy.parameters.values()}
        self.rules = [rule for policy in bundle.policies.values() for rule in policy.rules if rule.kind in kinds]
        self._days: dict[str, frozenset[str]] = {}
        self._states: dict[str, tuple[Mapping[str, Hashable], Hashable]] = {}
        self._changes: dict[tuple[str, str], frozenset[str] | None] = {}

    def days_of(self, rule: Rule) -> frozenset[str]:
        """Return the days on which the effect of a rule may change."""
        found = self._days.get(rule.name)
        if found is None:
            read = (day for one in rule.expressions for day in self._days_read(one))
            own = (day for one in (rule, *self.bundle.replacing(rule.name)) for day in (one.since, one.until))
            found = self._days[rule.name] = frozenset([*own, *read])
        return found

    def _days_read(self, expression: Expression) -> Iterator[str]:
        """Yield the days on which values begin that an expression reads, and those that are written in it."""
        yield from _days_written(expression.tree)
        for key in expression.parameters:
            for value in self.parameters[key].values:
                yield value.since
                yield from days_in([value.value])

    @functools.cached_property
    def days_of_licenses(self) -> set[str]:
        """Days on which what an instrument covers may change."""
        covers = [one.covers for one in self.bundle.instruments.values() if one.covers is not None]
        return {day for expression in covers for day in self._days_read(expression)}

    def is_steady(self, expression: Expression) -> bool:
        """Return True if an expression reads the same values on all days."""
        return all(len(self.parameters[key].values) == 1 for key in expression.parameters)

    @functools.cached_property
    def days_compared(self) -> set[str]:
        """Days that some expression compares with the day of the decision."""
        found = [one for rule in self.rules for one in rule.expressions]
        found += [one for instrument in self.bundle.instruments.values() for one in instrument.expressions]
        written = (day for one in found for day in _days_written(one.tree))
        values = (value.value for parameter in self.parameters.values() for value in parameter.values)
        return {*written, *days_in(values)}

    def states_on(self, day: str) -> tuple[Mapping[str, Hashable], Hashable]:
        """Return the states of the rules in force by their names, and that of the instruments.

        A state is equal on two days if the same parameter values are read. Values are told by their identity: the
        bundle holds them.
        """
        if day not in self._states:
            whole, replaced = self.bundle.on(day), self.bundle.replaced(day)

            def read(expressions: Iterable[Expression]) -> tuple[int, ...]:
                return tuple([id(whole.params[key]) for one in expressions for key in one.parameters])

            rules = (rule for rule in self.rules if rule.in_force(day) and rule.name not in replaced)
            licenses = tuple([read(instrument.expressions) for instrument in whole.instruments.values()])
            self._states[day] = {rule.name: read(rule.expressions) for rule in rules}, (licenses, whole.access)
        return self._states[day]

    def changes_between(self, one: str, other: str) -> frozenset[str] | None:
        """Return the names of the rules whose states differ on two days; None if those of the instruments do."""
        if (one, other) not in self._changes:
            (before, held), (after, held_then) = self.states_on(one), self.states_on(other)
            names = (name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
            self._changes[one, other] = frozenset(names) if held == held_then else None
        return self._changes[one, other]


class RelevantRules:
    """The rules of a bundle that can bear on one profile on some day."""

    def __init__(self, side: DecidingRules, profile: Profile) -> None:
        self.side, self.profile = side, profile
        self.evaluator = side.bundle.on(side.bundle.covers_from).evaluator
        product: Activation = dict(profile.facts)  # without a day and an activity: what is false then always is
        services = [service_activation(product, service) for service in product["services"]]
        self.subjects = {"product": [product], "service": services, "activity": services}
        if not product["opinions"] and "classify" in side.kinds:  # an opinion may name any class
            classes = dict.fromkeys(self._possible_classes())
            self.subjects["activity"] = [{**one, "activity": {"class": cls}} for cls in classes for one in services]
        self.rules = [rule for rule in side.rules if self._may_hold(rule)]

    @functools.cached_property
    def days(self) -> set[str]:
        """Days on which the effect of the rules may change."""
        routes = [rule for rule in self.side.rules if rule.kind == "route"]  # any may license an activity elsewhere
        return self.side.days_of_licenses.union(*map(self.side.days_of, [*routes, *self.rules]))

    @functools.cached_property
    def names(self) -> list[str]:
        """Names of the rules."""
        return [rule.name for rule in self.rules]

    def _possible_classes(self) -> Iterator[str]:
        """Yield the classes of which a service may be on some day, also under another reading of a rule."""
        for rule in self.side.rules:
            if isinstance(rule.effect, Classify) and self._may_hold(rule):
                yield from (*rule.effect.classes, *rule.other_readings)

    def _may_hold(self, rule: Rule) -> bool:
        if not self.side.is_steady(rule.when):
            return True
        function = self.evaluator.function(rule.when)
        return any(function(one) is not False for one in self.subjects[rule.each])

    def range(self, day: str) -> tuple[str, str]:
        """Return the mildest and the strictest outcome on a day."""
        return possible_outcomes(self.on(day), self.profile, day, asking=False).range

    def on(self, day: str, wanted: Callable[[Rule], bool] = lambda rule: True) -> RuleSet:
        """Return the rule set of a day with these rules alone, which states the same of the profile.

        Rules that are not `wanted` are left out, too.
        """
        bundle, rules = self.side.bundle, dict[str, list[Rule]]()
        replaced = bundle.replaced(day)
        for rule in self.rules:
            if rule.in_force(day) and rule.name not in replaced and wanted(rule):
                rules.setdefault(rule.group, []).append(rule)
        whole = bundle.on(day)
        return dataclasses.replace(whole, rules={group: tuple(found) for group, found in rules.items()}, indexed=False)


def _differ(sides: Iterable[RelevantRules], day: str) -> bool:
    words = {low if low == high else "incomplete" for low, high in (side.range(day) for side in sides)}
    return len(words) > 1


def _days_written(tree: Node) -> list[str]:
    """Return every day that is written in an expression, and the day after it."""
    return list(days_in(node.value for node in walk(tree) if isinstance(node, Literal)))


def days_in(things: Iterable[object]) -> Iterator[str]:
    """Yield every day among some values, at any depth, and the day after it."""
    for thing in things:
        if isinstance(thing, str) and _DAY.fullmatch(thing):
            yield thing
            if thing < "9999":
                yield (datetime.date.fromisoformat(thing) + datetime.timedelta(days=1)).isoformat()
        elif isinstance(thing, dict):
            yield from days_in(thing.values())
        elif isinstance(thing, list | tuple):
            yield from days_in(thing)
