"""A profile decided by both sides of a change, with as few of its rules as can make a difference.

A rule that no side changed states the same of a profile on both sides, unless the profile is of other classes or
licensed otherwise. So most notes and duties need not be evaluated to see that they are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from vatspolicy.authoring.diff.untouched import Touching
from vatspolicy.authoring.symbolic.change_calendar import DecidingRules, RelevantRules
from vatspolicy.engine.decision import Decision, Finding
from vatspolicy.engine.evaluator import BEARING, evaluate
from vatspolicy.engine.snapshot import Item, Key, compare_items, itemize
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import KINDS, Duty, Rule
from vatspolicy.profile.profile import Profile

Side = tuple[Bundle, Profile]
"""A bundle and the profile as it reads it."""


class DecidedPair(NamedTuple):
    """The decisions of both sides, perhaps without findings that are the same, and the items that differ."""

    before: Decision
    after: Decision
    items: Mapping[Key, tuple[Item | None, Item | None]]


class PairEvaluator:
    """Evaluator of one profile after another by both sides."""

    def __init__(self) -> None:
        self._rules: dict[int, DecidingRules] = {}
        """The rules of each bundle, by its identity: the base may be loaded twice, under different schemas."""
        self._relevant: dict[int, RelevantRules] = {}
        """The rules of each bundle that can bear on the profile in hand."""

    def compare(
        self, sides: tuple[Side, Side], day: str, touched: Collection[str], touching: Touching | None
    ) -> DecidedPair:
        """Decide a profile by both sides on a day.

        `touched`: names of the rules that differ on that day. `touching`: those that state something else of this
        profile; None if they are not known, or if other rules may state something else because of them.
        """
        if touching is not None and not any(rule.kind == "classify" or rule.contested for rule in touching):
            names = {rule.name for rule in touching}
            if all(_is_apart(rule) for rule in touching):
                return self._decide(sides, day, touched, lambda rule: rule.kind == "classify" or rule.name in names)
            pair = self._decide(sides, day, touched, lambda rule: rule.kind in BEARING or rule.name in names, True)
            if pair.before.range == pair.after.range and _readings(pair.before) == _readings(pair.after):
                return pair
            # duties that were left out can make the difference whether a reading changes anything
        return self._decide(sides, day, touched, compare=True)

    def _decide(
        self,
        sides: tuple[Side, Side],
        day: str,
        touched: Collection[str],
        wanted: Callable[[Rule], bool] = lambda rule: True,
        compare: bool = False,
    ) -> DecidedPair:
        before, after = (self._evaluate(side, day, wanted, compare) for side in sides)
        shorter = drop_shared(before, after, touched)
        items = compare_items(*(itemize(one, side[0]) for one, side in zip(shorter, sides, strict=True)))
        return DecidedPair(before, after, items)

    def _evaluate(self, side: Side, day: str, wanted: Callable[[Rule], bool], compare: bool) -> Decision:
        """Decide a profile on one of many days: rules that are false of it on every day are tried once."""
        bundle, profile = side
        if profile.facts["opinions"]:  # an opinion may name any rule
            return evaluate(bundle, profile, day, explain=False)
        key = id(bundle)
        if key not in self._rules:
            self._rules[key] = DecidingRules(bundle, KINDS)
        known = self._relevant.get(key)
        if known is None or known.profile is not profile:
            known = self._relevant[key] = RelevantRules(self._rules[key], profile)
        return evaluate(bundle, profile, day, compare, explain=False, ruleset=known.on(day, wanted))


def _is_apart(rule: Rule) -> bool:
    """Return True if a rule bears neither on the outcome nor on what another reading of a rule changes."""
    return rule.kind == "advise" or (isinstance(rule.effect, Duty) and rule.each != "activity")


def _readings(decision: Decision) -> set[tuple[str, str, str, str]]:
    """Return the readings of contested rules that change anything."""
    return {(one.rule.name, one.reading, one.subject.service or "", one.subject.cls or "") for one in decision.readings}


def drop_shared(before: Decision, after: Decision, touched: Collection[str]) -> tuple[Decision, Decision]:
    """Return both decisions without the duties and notes that are the same, of rules that are not `touched`.

    Their items follow from their rule, subject, state and authorities.
    """

    def rest(own: Iterable[Finding], others: Iterable[Finding]) -> tuple[Finding, ...]:
        same = {_content(one) for one in others}
        return tuple([one for one in own if one.rule.name in touched or _content(one) not in same])

    one, other = (
        replace(
            own,
            duties=rest(own.duties, others.duties),
            advice=rest(own.advice, others.advice),
            undetermined=rest(own.undetermined, others.undetermined),
        )
        for own, others in ((before, after), (after, before))
    )
    return one, other


def _content(finding: Finding) -> tuple[object, ...]:
    return finding.rule.name, finding.subject, finding.state, finding.authority
