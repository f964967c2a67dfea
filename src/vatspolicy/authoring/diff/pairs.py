"""A profile decided by both sides of a change, with as few of its rules as can make a difference.

A rule that no side changed states the same of a profile on both sides, unless the profile is of other classes or
licensed otherwise. So most notes and duties need not be evaluated to see that they are the same.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from vatspolicy.authoring.diff.untouched import Touching
from vatspolicy.authoring.symbolic.transitions import DecidingRules, RelevantRules, days_in
from vatspolicy.core.engine.decision import Decision, Finding
from vatspolicy.core.engine.evaluator import BEARING, evaluate
from vatspolicy.core.engine.snapshot import Item, Key, compare_items, itemize
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import KINDS, Duty, Rule
from vatspolicy.core.profile.profile import Profile

Side = tuple[Bundle, Profile]
"""A bundle and the profile as it reads it."""


class DecidedPair(NamedTuple):
    """The decisions of both sides, perhaps without findings that are the same, and the items that differ."""

    before: Decision
    after: Decision
    items: Mapping[Key, tuple[Item | None, Item | None]]


class PairEvaluator:
    """Evaluator of one profile after another by both sides.

    Days on which the rules that can bear on the profile are the same are decided once.
    """

    def __init__(self) -> None:
        self._rules: dict[int, DecidingRules] = {}
        """The rules of each bundle, by its identity: the base may be loaded twice, under different schemas."""
        self._profile: _ProfileInHand | None = None

    def compare(
        self, sides: tuple[Side, Side], day: str, differing: Collection[str], touching: Touching | None
    ) -> DecidedPair:
        """Decide a profile by both sides on a day.

        `differing`: names of the rules that have another effect on that day. `touching`: rules that state something
        else of this profile; None if they are not known, or if further ones may because of them. The decisions may be
        of another day on which they are the same.
        """
        if any(profile.facts["opinions"] for _, profile in sides):  # an opinion may name any rule
            return _pair(sides, [evaluate(*side, day, explain=False) for side in sides], differing)
        if self._profile is None or self._profile.sides != sides:
            self._profile = _ProfileInHand(sides, [self._rules_of(bundle) for bundle, _ in sides])
        decide = self._profile.decide
        if touching is not None and not any(rule.kind == "classify" or rule.contested for rule in touching):
            names = frozenset(rule.name for rule in touching)
            if all(_is_apart(rule) for rule in touching):
                return decide(day, differing, _Selection(("classify",), names))
            pair = decide(day, differing, _Selection(BEARING, names, compare=True))
            if pair.before.range == pair.after.range and _readings(pair.before) == _readings(pair.after):
                return pair
            # duties that were left out can make the difference whether a reading changes anything
        return decide(day, differing, _Selection(KINDS, compare=True))

    def _rules_of(self, bundle: Bundle) -> DecidingRules:
        if id(bundle) not in self._rules:
            self._rules[id(bundle)] = DecidingRules(bundle, KINDS)
        return self._rules[id(bundle)]


class _Selection(NamedTuple):
    """Rules that are wanted: those of some kinds, and those of some names."""

    kinds: tuple[str, ...]
    names: frozenset[str] = frozenset()
    compare: bool = False
    """True if the decision says what other readings of contested rules change."""

    def has(self, rule: Rule) -> bool:
        return rule.kind in self.kinds or rule.name in self.names


@dataclass
class _Selected:
    """The rules of a profile that a selection has."""

    names: Sequence[Sequence[str]]
    """Names of the rules of each side."""
    every: frozenset[str]
    last: tuple[str, Collection[str], DecidedPair] | None = None
    """The last day on which the profile was decided by them, the rules with another effect, and the decisions."""


class _ProfileInHand:
    """A profile that both sides decide on many days: rules that are false of it on every day are tried once."""

    def __init__(self, sides: tuple[Side, Side], rules: Sequence[DecidingRules]) -> None:
        self.sides = sides
        self.relevant = [RelevantRules(own, profile) for own, (_, profile) in zip(rules, sides, strict=True)]
        days = {day for _, profile in sides for day in days_in([profile.facts])}
        self.days = sorted(days.union(*(own.days_compared for own in rules)))
        """Days from which a comparison with the day of the decision may turn out otherwise."""
        self._selected: dict[_Selection, _Selected] = {}
        self._decided: dict[Hashable, DecidedPair] = {}

    def decide(self, day: str, differing: Collection[str], selection: _Selection) -> DecidedPair:
        """Decide the profile on a day by the selected rules."""
        selected = self._selected.get(selection)
        if selected is None:
            found = [[rule.name for rule in one.rules if selection.has(rule)] for one in self.relevant]
            every = frozenset(name for names in found for name in names)
            selected = self._selected[selection] = _Selected(found, every)
        last = selected.last
        known = last is not None and self._are_alike(selected.every, last[:2], (day, differing))
        pair = last[2] if last is not None and known else self._decide(day, differing, selection, selected)
        selected.last = day, differing, pair
        return pair

    def _are_alike(
        self, every: frozenset[str], one: tuple[str, Collection[str]], other: tuple[str, Collection[str]]
    ) -> bool:
        """Return True if nothing about some rules differs between two days, which is told fast."""
        (before, differing), (after, differing_then) = one, other
        changes = [own.side.changes_between(before, after) for own in self.relevant]
        return (
            all(names is not None and names.isdisjoint(every) for names in changes)
            and bisect_right(self.days, before) == bisect_right(self.days, after)
            and every.intersection(differing) == every.intersection(differing_then)
        )

    def _decide(self, day: str, differing: Collection[str], selection: _Selection, selected: _Selected) -> DecidedPair:
        """Decide the profile by rules in states in which it has perhaps been decided before."""
        states: list[Hashable] = []
        for one, own in zip(self.relevant, selected.names, strict=True):
            rules, instruments = one.side.states_on(day)
            states += [tuple(map(rules.get, own)), instruments]
        key = selection, bisect_right(self.days, day), selected.every.intersection(differing), tuple(states)
        if key not in self._decided:
            decisions = [
                evaluate(bundle, profile, day, selection.compare, explain=False, ruleset=one.on(day, selection.has))
                for (bundle, profile), one in zip(self.sides, self.relevant, strict=True)
            ]
            self._decided[key] = _pair(self.sides, decisions, differing)
        return self._decided[key]


def _pair(sides: tuple[Side, Side], decisions: Sequence[Decision], differing: Collection[str]) -> DecidedPair:
    before, after = decisions
    shorter = drop_shared(before, after, differing)
    items = compare_items(*(itemize(one, side[0], differing) for one, side in zip(shorter, sides, strict=True)))
    return DecidedPair(before, after, items)


def _is_apart(rule: Rule) -> bool:
    """Return True if a rule bears neither on the outcome nor on what another reading of a rule changes."""
    return rule.kind == "advise" or (isinstance(rule.effect, Duty) and rule.each != "activity")


def _readings(decision: Decision) -> set[tuple[str, str, str, str]]:
    """Return the readings of contested rules that change anything."""
    return {(one.rule.name, one.reading, one.subject.service or "", one.subject.cls or "") for one in decision.readings}


def drop_shared(before: Decision, after: Decision, differing: Collection[str]) -> tuple[Decision, Decision]:
    """Return both decisions without the met needs, duties and notes that are the same.

    Those of rules among `differing` are kept. Items of the others follow from rule, subject, state and authorities.
    """

    def rest(own: Iterable[Finding], others: Iterable[Finding]) -> tuple[Finding, ...]:
        same = {_content(one) for one in others}
        return tuple([one for one in own if one.rule.name in differing or _content(one) not in same])

    one, other = (
        replace(
            own,
            met=rest(own.met, others.met),
            duties=rest(own.duties, others.duties),
            advice=rest(own.advice, others.advice),
            undetermined=rest(own.undetermined, others.undetermined),
        )
        for own, others in ((before, after), (after, before))
    )
    return one, other


def _content(finding: Finding) -> tuple[object, ...]:
    return finding.rule.name, finding.subject, finding.state, finding.authority
