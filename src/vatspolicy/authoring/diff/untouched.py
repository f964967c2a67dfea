"""Profiles that no differing rule affects, so both sides decide them alike.

A rule that no side changed states the same of a profile on both sides, unless the profile is of other classes or
licensed otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass

from vatspolicy.authoring.diff.rules import Differences
from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.cel.ast import shape_of
from vatspolicy.core.policies.model import KINDS, Classify, Route, Rule
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile
from vatspolicy.proofs.transitions import DecidingRules, RelevantRules

_Value = Callable[[Activation], Hashable]
"""Returns True or False; else what an expression waits for."""


@dataclass(frozen=True)
class _Versions:
    """Both versions of a rule that differ on a day."""

    each: frozenset[str]
    """The kinds of subject that they are about."""
    conditions: tuple[_Value, _Value]
    """Functions that evaluate the conditions of both; that of a version that is not in force is always false."""
    checks: Sequence[tuple[_Value, _Value]] | None
    """Functions that evaluate the checks of a route that were edited, of both; None if more of the effects differs."""

    def say_the_same(self, subject: Activation) -> bool:
        """Return whether both versions have the same result for a subject.

        Both are false of it; or they have the same effect, and both are true or wait for the same facts. Versions that
        wait may still differ in whether an activity is licensed, so both cases must agree then.
        """
        old, new = self.conditions
        before, after = old(subject), new(subject)
        if before is False and after is False:
            return True
        if self.checks is None or before != after:
            return False
        if not all(_is_settled_alike(*pair, subject) for pair in self.checks):
            return False
        if before is True or "activity" not in subject:
            return True
        cases = [{**subject, "activity": {**subject["activity"], "licensed": licensed}} for licensed in (True, False)]
        return all(old(case) == new(case) for case in cases)


def _is_settled_alike(old: _Value, new: _Value, subject: Activation) -> bool:
    before = old(subject)
    return isinstance(before, bool) and before is new(subject)


class Untouched:
    """The pairs of a profile and a day that no differing rule affects.

    Both sides must read the profile under the same schemas.
    """

    def __init__(self, differences: Differences) -> None:
        self.differences = differences
        self.sides = (differences.base, differences.head)
        self._days: dict[str, dict[str, _Versions] | None] = {}
        sides = [DecidingRules(side.bundle, KINDS) for side in self.sides]
        self._rules = sides[1]
        self._tests = [one for side in sides for one in side.tests if one[0].name in differences.names]
        """Tests of the differing rules of both sides."""
        self._last: tuple[RelevantRules, set[str]] | None = None

    def relevant(self, profile: Profile) -> RelevantRules:
        """Return the rules of the head that can affect a profile."""
        return self._find(profile)[0]

    def _find(self, profile: Profile) -> tuple[RelevantRules, set[str]]:
        """Return the rules of the head that can affect a profile, and the names of the differing rules that can."""
        if self._last is None or self._last[0].profile is not profile:
            relevant = RelevantRules(self._rules, profile)
            self._last = relevant, {rule.name for rule, test in self._tests if relevant.may_hold(rule, test)}
        return self._last

    def __contains__(self, found: tuple[Profile, str]) -> bool:
        """Return True if no differing rule of a day applies to a profile, or all have the same result on both sides.

        An opinion may name any rule, so nothing is known of a profile that holds one. Both sides find the same
        activities if no rule on services differs; whether an activity is licensed is left open.
        """
        profile, day = found
        known = self._versions_on(day)
        if known is None or profile.facts["opinions"]:
            return False
        relevant, names = self._find(profile)
        subjects = {each: [{**one, "as_of": day} for one in found] for each, found in relevant.subjects.items()}
        return all(
            versions.say_the_same(subject)
            for name in names & self.differences.on(day)
            for versions in (known.get(name) or known.setdefault(name, self._compare(name, day)),)
            for each in versions.each
            for subject in subjects[each]
        )

    def same_licenses(self, day: str) -> bool:
        """Return True if the same instruments license an activity on both sides."""
        return self._versions_on(day) is not None

    def _versions_on(self, day: str) -> dict[str, _Versions] | None:
        """Return the rules that differ on a day and were needed so far.

        None if other instruments license an activity, since rules that are the same depend on these.
        """
        if day not in self._days:
            self._days[day] = (
                {} if all(self._licenses_the_same(name, day) for name in self.differences.on(day)) else None
            )
        return self._days[day]

    def _licenses_the_same(self, name: str, day: str) -> bool:
        """Return True if both versions of a rule, if one is a route, lead to the same instruments."""
        old, new = (side.in_force(name, day) for side in self.sides)
        if not any(rule is not None and isinstance(rule.effect, Route) for rule in (old, new)):
            return True
        if old is None or new is None or old.each != new.each:
            return False
        before, after = (side.licenses_on(name, day) for side in self.sides)
        return before == after

    def _compare(self, name: str, day: str) -> _Versions:
        """Return both versions of a rule that differs on a day."""
        rulesets = [side.bundle.on(day) for side in self.sides]
        old, new = (side.in_force(name, day) for side in self.sides)
        checks: Sequence[tuple[_Value, _Value]] | None = None
        if old is not None and new is not None:
            effects = [side.effect_on(name, day, checks=False) for side in self.sides]
            if effects[0] == effects[1] and self._reads_the_same(old, new, day):
                checks = list(_edited_checks(rulesets, old, new))
        conditions = _condition(rulesets[0], old), _condition(rulesets[1], new)
        return _Versions(frozenset(rule.each for rule in (old, new) if rule), conditions, checks)

    def _reads_the_same(self, old: Rule, new: Rule, day: str) -> bool:
        """Return True if two versions of a route or of a rule that classifies, if it is one, read the same values."""
        if not isinstance(old.effect, Route | Classify):
            return True
        before, after = (side.bundle.on(day).params for side in self.sides)
        keys = {*old.parameters, *new.parameters}
        return all(key in before and key in after and repr(before[key]) == repr(after[key]) for key in keys)


def _edited_checks(rulesets: Sequence[RuleSet], old: Rule, new: Rule) -> Iterator[tuple[_Value, _Value]]:
    """Yield the functions that evaluate the checks of two versions of a rule, if it is a route, that were edited."""
    if isinstance(old.effect, Route) and isinstance(new.effect, Route):
        for pair in zip(old.effect.conditions, new.effect.conditions, strict=True):
            before, after = (one.check for one in pair)
            if shape_of(before.tree) != shape_of(after.tree):
                yield rulesets[0].evaluator.function(before), rulesets[1].evaluator.function(after)


def _condition(ruleset: RuleSet, rule: Rule | None) -> _Value:
    """Return the function that evaluates the condition of a rule; a rule that is not in force is false of a subject.

    While a condition waits, its value is every missing fact, in any order, and the facts to ask for first if these
    alone are asked for: while it is not known what a service offers. Of rules whose clauses decide case by case, it is
    the condition, too.
    """
    if rule is None:
        return lambda _: False
    when, evaluate = rule.when, ruleset.evaluator.function(rule.when)
    shape = shape_of(when.tree) if isinstance(rule.effect, Route | Classify) else None

    def state(subject: Activation) -> Hashable:
        value = evaluate(subject)
        if isinstance(value, bool):
            return value
        first, behind = (
            frozenset((fact.root, fact.names, id(fact.member)) for fact in facts)
            for facts in (value.facts, ruleset.facts_behind(when, subject))
        )
        return shape, behind, None if first <= behind and "offers" in subject.get("service", _OFFERED) else first

    return state


_OFFERED = {"offers": ()}
