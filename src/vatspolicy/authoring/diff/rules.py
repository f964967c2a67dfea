"""Rules that behave differently, including through terms, parameters and instruments, and the days."""

from __future__ import annotations

import datetime
import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import (
    NEVER,
    Advise,
    Classify,
    Condition,
    Deny,
    Duty,
    Expression,
    Instrument,
    Need,
    Parameter,
    Route,
    Rule,
)
from vatspolicy.core.policies.modelled import effect_constants
from vatspolicy.core.policies.reads import facts_of


class RuleSignatures:
    """The rules of a bundle, with equal signatures for rules with the same effect."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.by_name = {rule.name: rule for policy in bundle.policies.values() for rule in policy.rules}
        self._signatures: dict[str, str] = {}
        self._params: dict[str, tuple[str, ...]] = {}
        self._effects: dict[tuple[str, bool], str] = {}
        self._licenses: dict[str, tuple[str, list[Parameter]]] = {}
        self._replaced: dict[str, frozenset[str]] = {}

    def in_force(self, name: str, day: str) -> Rule | None:
        """Return a rule that is in force on a day and not replaced by a layer's rule."""
        rule = self.by_name.get(name)
        return rule if rule is not None and rule.in_force(day) and name not in self._replaced_on(day) else None

    def _replaced_on(self, day: str) -> frozenset[str]:
        if day not in self._replaced:
            self._replaced[day] = frozenset(self.bundle.replaced(day))
        return self._replaced[day]

    def _days(self, rule: Rule) -> object:
        """Return the days on which a rule is in force, by the first day of each state."""
        if rule.name not in self.bundle.replacements:
            return rule.since, rule.until
        states = [(day, self.in_force(rule.name, day) is not None) for day in self.bundle.boundaries]
        return [state for before, state in zip([(None, None), *states], states, strict=False) if before[1] != state[1]]

    def signature_on(self, name: str, day: str) -> object:
        """Return the signature of a rule on a day; None if it is not in force, or replaced."""
        rule = self.in_force(name, day)
        if rule is None:
            return None
        values = [self._parameter(key).on(day) for key in self._params_of(rule)]
        return self._signature(rule), [None if value is None else value.value for value in values]

    def effect_on(self, name: str, day: str, checks: bool = True) -> object:
        """Return the signature of everything but the condition of a rule in force: effect, instruments, citations.

        Without `checks`, those of the conditions of a route are left out.
        """
        if (name, checks) not in self._effects:
            parts = self._parts(self.by_name[name])
            parts[_WHEN] = None
            for condition in () if checks else parts[_EFFECT].get("conditions", ()):
                del condition["check"]
            self._effects[name, checks] = repr(parts)
        return self._effects[name, checks], self.licenses_on(name, day)

    def licenses_on(self, name: str, day: str) -> object:
        """Return the signature of the instruments that a rule in force names."""
        if name not in self._licenses:
            named = [self.bundle.instruments[instrument] for instrument in self.by_name[name].instruments]
            keys = sorted(
                {key for instrument in named for expression in instrument.expressions for key in expression.parameters}
            )
            self._licenses[name] = repr(_plain(named)), [self._parameter(key) for key in keys]
        text, parameters = self._licenses[name]
        return text, [None if (found := parameter.on(day)) is None else repr(found.value) for parameter in parameters]

    def full_signature(self, name: str) -> object:
        """Return the signature of a rule over all days."""
        rule = self.by_name[name]
        timelines = [[(v.since, v.value) for v in self._parameter(key).values] for key in self._params_of(rule)]
        return self._days(rule), self._signature(rule), timelines

    def sources(self, name: str) -> frozenset[str]:
        """Return the policies that a rule depends on: its policy, those of its instruments, and all that these use."""
        rule = self.by_name[name]
        found: set[str] = set()
        waiting = [rule.policy, *(self.bundle.instruments[name].policy for name in rule.instruments)]
        while waiting:
            id = waiting.pop()
            if id not in found:
                found.add(id)
                waiting += self.bundle.policies[id].uses
        return frozenset(found)

    def boundaries(self, id: str) -> set[str]:
        """Return the days on which any part of a policy begins or ends; empty for an absent policy."""
        policy = self.bundle.policies.get(id)
        if policy is None:
            return set()
        days = {policy.since, policy.until} | {edition.since for edition in policy.editions}
        days |= {day for rule in policy.rules for day in (rule.since, rule.until)}
        return days | {value.since for parameter in policy.parameters.values() for value in parameter.values}

    def _signature(self, rule: Rule) -> str:
        """Return the effect of a rule and the verification of its articles as text, without titles and messages."""
        if rule.name not in self._signatures:
            self._signatures[rule.name] = json.dumps(self._parts(rule), sort_keys=True, ensure_ascii=False)
        return self._signatures[rule.name]

    def _parts(self, rule: Rule) -> list[Tree]:
        articles = self.bundle.policies[rule.policy].articles
        cited = [(key, articles[key].verification) for key in cited_by(rule)]
        named = [self.bundle.instruments[name] for name in rule.instruments]
        return [
            rule.each,
            rule.other_readings,
            rule.unwaivable,
            cited,
            rule.kind,
            rule.kind != "route" or self.bundle.is_base(rule.policy),  # a route of a layer is no license elsewhere
            *map(_plain, (rule.when, rule.effect, named)),
            effect_constants(rule),  # every field of the rule, one that the list above does not name included
        ]

    def _params_of(self, rule: Rule) -> tuple[str, ...]:
        """Return the keys of the parameters that a rule and its instruments read."""
        if rule.name not in self._params:
            named = (self.bundle.instruments[name] for name in rule.instruments)
            keys = {
                key for instrument in named for expression in instrument.expressions for key in expression.parameters
            }
            self._params[rule.name] = tuple(sorted({*keys, *rule.parameters}))
        return self._params[rule.name]

    def _parameter(self, key: str) -> Parameter:
        policy, _, name = key.partition("/")
        return self.bundle.policies[policy].parameters[name]


@dataclass(frozen=True)
class Differences:
    """The rules that differ between two bundles."""

    base: RuleSignatures
    head: RuleSignatures
    edited: frozenset[str] | None = None
    """Policies with differing files, to compare only dependent rules; None to compare every rule."""

    @functools.cached_property
    def names(self) -> Mapping[str, str]:
        """added, removed or changed, by the name of each differing rule."""
        old, new = self.base.by_name, self.head.by_name
        found = {}
        for name in dict.fromkeys((*new, *old)):
            if name not in old or name not in new:
                found[name] = "removed" if name in old else "added"
            elif name in self.depending and self.base.full_signature(name) != self.head.full_signature(name):
                found[name] = "changed"
        return found

    @functools.cached_property
    def depending(self) -> frozenset[str]:
        """Names of the rules of both sides that depend on a policy with a differing file."""
        both = self.base.by_name.keys() & self.head.by_name.keys()
        return frozenset(name for name in both if self.edited is None or self.edited & self._sources(name))

    def _sources(self, name: str) -> set[str]:
        """Return the policies on both sides that a rule or its replacements depend on."""
        sides = (self.base, self.head)
        return {
            id
            for side in sides
            for one in (name, *(r.name for r in side.bundle.replacing(name)))
            for id in side.sources(one)
        }

    @property
    def waivable(self) -> list[str]:
        """Names of the rules that are waivable only in the head.

        A rule that can be waived, and that now replaces another, makes that one waivable.
        """
        return [name for name in self.names if self._can_be_waived(name)]

    def _can_be_waived(self, name: str) -> bool:
        sides = (self.base, self.head)
        if any(name not in side.by_name for side in sides) or not self.base.by_name[name].unwaivable:
            return False
        before, after = ({rule.name for rule in side.bundle.replacing(name) if not rule.unwaivable} for side in sides)
        return not self.head.by_name[name].unwaivable or not after <= before

    def on(self, day: str) -> frozenset[str]:
        """Return the rules that behave differently on a day, or are in force on only one side."""
        if day not in self._on:
            self._on[day] = frozenset(
                name for name in self.names if self.base.signature_on(name, day) != self.head.signature_on(name, day)
            )
        return self._on[day]

    def effects_on(self, day: str) -> frozenset[str]:
        """Return the rules of `on` that differ in more than the condition, or are in force on only one side."""
        if day not in self._effects_on:
            sides = (self.base, self.head)
            one_side = {name for name in self.on(day) if any(side.in_force(name, day) is None for side in sides)}
            both = self.on(day) - one_side
            other = {name for name in both if self.base.effect_on(name, day) != self.head.effect_on(name, day)}
            self._effects_on[day] = frozenset(one_side | other)
        return self._effects_on[day]

    def period(self, name: str) -> tuple[str | None, str | None]:
        """Return the first and last day on which the versions of a rule differ; the last is None without a known end.

        Both are None if the versions differ on no day.
        """
        days = self._boundaries
        differs = [name in self.on(day) for day in days]
        if True not in differs:
            return None, None
        after = len(differs) - differs[::-1].index(True)
        return days[differs.index(True)], None if after == len(days) else _day_before(days[after])

    def facts_read(self, names: Iterable[str]) -> frozenset[Fact]:
        """Return the facts that the named rules read, in both versions."""
        sides = self.base.by_name, self.head.by_name
        return read_by(side[name] for name in names for side in sides if name in side)

    def are_within(self, first: str, last: str | None) -> bool:
        """Return True if rules differ on no day before the first or after the last, so decisions do not change then."""
        spans = [(since, until or NEVER) for since, until in map(self.period, self.names) if since is not None]
        return all(since >= first and until <= (last or NEVER) for since, until in spans)

    @functools.cached_property
    def _boundaries(self) -> list[str]:
        """Possible days of change, starting on the first day that both bundles cover."""
        bundles = (self.base.bundle, self.head.bundle)
        first = max(bundle.covers_from for bundle in bundles)
        return sorted({first, *(day for bundle in bundles for day in bundle.boundaries if day > first)})

    @functools.cached_property
    def _on(self) -> dict[str, frozenset[str]]:
        return {}

    @functools.cached_property
    def _effects_on(self) -> dict[str, frozenset[str]]:
        return {}

    def days(self, changed: Iterable[str], today: str, more: Iterable[str] = ()) -> list[str]:
        """Return the days to compare: boundaries of changed policies and differing rules, today, and `more`.

        Days that a bundle does not cover are left out.
        """
        first = max(self.base.bundle.covers_from, self.head.bundle.covers_from)
        found = {today, first, *more}
        for side in (self.base, self.head):
            for id in changed:
                found |= side.boundaries(id)
            rules = [side.by_name[name] for name in self.names if name in side.by_name]
            rules += [rule for name in self.names for rule in side.bundle.replacing(name)]
            found |= {day for rule in rules for day in (rule.since, rule.until)}
        return [day for day in sorted(found) if first <= day < "9999"]


def _day_before(day: str) -> str:
    return (datetime.date.fromisoformat(day) - datetime.timedelta(days=1)).isoformat()


def cited_by(rule: Rule) -> list[str]:
    """Return the keys of the articles that a rule and its conditions cite."""
    conditions = rule.effect.conditions if isinstance(rule.effect, Route) else ()
    return [*rule.cite, *(key for condition in conditions for key in condition.cite)]


def name_layer(bundle: Bundle, policy: str) -> str | None:
    """Return the layer of a policy; None for a policy of the law or an unknown one."""
    layer = bundle.layer_of(policy)
    return None if layer is None or bundle.is_base(policy) else layer.name


_WHEN, _EFFECT = 6, 7
"""Places of the condition and the effect among the parts of a rule."""

_WORDS = {"title", "message", "policy", "template"}
"""Fields of effects and instruments that do not affect a decision."""


def _plain(value: Tree) -> Tree:
    """Return effects and instruments as plain data, with expressions as trees without positions."""
    match value:
        case Expression():
            return _tree(value.data)
        case Classify() | Deny() | Need() | Route() | Duty() | Advise() | Condition() | Instrument():
            return {name: _plain(child) for name, child in value._asdict().items() if name not in _WORDS}
        case Mapping():
            return {key: _plain(child) for key, child in value.items()}
        case list() | tuple():
            return [_plain(child) for child in value]
        case _:
            return value


def _tree(stored: Tree) -> Tree:
    """Return a stored tree (kind, type, position, parts) without positions, with terms as their bodies."""
    kind, type, _, *own = stored
    if kind == "Term":
        return _tree(own[1]["n"])
    return [kind, type, *map(_part, own)]


def _part(value: Tree) -> Tree:
    match value:
        case {"n": node}:
            return _tree(node)
        case {"ns": nodes}:
            return [_tree(node) for node in nodes]
        case _:
            return value


# --- what rules read

Fact = tuple[str, str]
"""A part of a profile and its fact. `services` means one service; an empty fact means the whole part."""

OPERATORS = ("company", "partner")
LICENSES = frozenset((owner, "licenses") for owner in OPERATORS)
_CLASSIFYING = ("services", "offers")
"""The fact that determines the class of an activity."""


def read_by(rules: Iterable[Rule]) -> frozenset[Fact]:
    """Return the facts that the given rules read."""
    return frozenset[Fact]().union(*(_read_by(expression) for rule in rules for expression in rule.compiled))


@functools.lru_cache(maxsize=8192)
def _read_by(expression: Expression) -> frozenset[Fact]:
    found: set[Fact] = set()
    for path in facts_of(expression.tree):
        part, *names = path.split(".")
        if part == "activity":
            found |= LICENSES if names == ["licensed"] else {_CLASSIFYING}
        elif part in ("company", "partner", "product", "data"):
            found.add((part, names[0] if names else ""))
        elif part == "services" and len(names) > 1:
            found.add((part, names[1]))
        elif part not in ("as_of", "services"):
            found.add((part, ""))
    return frozenset(found)
