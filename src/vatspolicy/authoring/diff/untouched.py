"""Profiles that no differing rule affects, so both sides decide them alike.

A rule that no side changed states the same of a profile on both sides, unless the profile is of other classes or
licensed otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass

from vatspolicy.authoring.diff.rules import Differences
from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.engine.classification import classify
from vatspolicy.core.engine.subjects import product_activation, service_activation
from vatspolicy.core.policies.model import Route, Rule
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile

_Condition = Callable[[Activation], Hashable]
"""Returns True, False, or the missing facts of a condition: those to ask first and those that follow."""


@dataclass(frozen=True)
class _Versions:
    """Both versions of a rule that differ on a day."""

    each: frozenset[str]
    """Kinds of subjects of both versions."""
    conditions: tuple[_Condition, _Condition]
    """Functions that evaluate both conditions. A version that is not in force is always false."""
    same_effect: bool

    def say_the_same(self, subject: Activation) -> bool:
        """Return whether both versions have the same result for a subject.

        Both are false of it; or they have the same effect, and both are true or wait for the same facts. Versions that
        wait may still differ in whether an activity is licensed, so both cases must agree then.
        """
        old, new = self.conditions
        before, after = old(subject), new(subject)
        if before is False and after is False:
            return True
        if not self.same_effect or before != after:
            return False
        if before is True or "activity" not in subject:
            return True
        cases = [{**subject, "activity": {**subject["activity"], "licensed": licensed}} for licensed in (True, False)]
        return all(old(case) == new(case) for case in cases)


class Untouched:
    """The pairs of a profile and a day that no differing rule affects.

    Both sides must read the profile under the same schemas.
    """

    def __init__(self, differences: Differences) -> None:
        self.differences = differences
        self.sides = (differences.base, differences.head)
        self._days: dict[str, list[_Versions] | None] = {}

    def __contains__(self, found: tuple[Profile, str]) -> bool:
        """Return True if no differing rule of a day applies to a profile, or all have the same result on both sides.

        An opinion may name any rule, so nothing is known of a profile that holds one.
        """
        profile, day = found
        if day not in self._days:
            self._days[day] = self._rules_on(day)
        rules = self._days[day]
        if rules is None or profile.facts["opinions"]:
            return False
        subjects = _subjects(self.sides[0].bundle.on(day), product_activation(profile, day))
        return all(
            versions.say_the_same(subject) for each, subject in subjects for versions in rules if each in versions.each
        )

    def _rules_on(self, day: str) -> list[_Versions] | None:
        """Return the rules that differ on a day.

        None if other instruments license an activity, since rules that are the same depend on these.
        """
        rules = []
        rulesets = [side.bundle.on(day) for side in self.sides]
        for name in self.differences.on(day):
            old, new = (side.in_force(name, day) for side in self.sides)
            both = old is not None and new is not None and old.each == new.each
            if any(rule is not None and isinstance(rule.effect, Route) for rule in (old, new)):
                licenses = [side.licenses_on(name, day) for side in self.sides] if both else [old, new]
                if licenses[0] != licenses[1]:
                    return None
            same = name not in self.differences.effects_on(day) and self._reads_the_same(old, new, day)
            conditions = _condition(rulesets[0], old), _condition(rulesets[1], new)
            rules.append(_Versions(frozenset(rule.each for rule in (old, new) if rule), conditions, same))
        return rules

    def _reads_the_same(self, old: Rule | None, new: Rule | None, day: str) -> bool:
        """Return True if the conditions of two versions of a route, if it is one, read the same values on a day."""
        if old is None or new is None or not isinstance(old.effect, Route):
            return True
        before, after = (side.bundle.on(day).params for side in self.sides)
        keys = {*old.parameters, *new.parameters}
        return all(key in before and key in after and repr(before[key]) == repr(after[key]) for key in keys)


def _subjects(ruleset: RuleSet, product: Activation) -> Iterator[tuple[str, Activation]]:
    """Yield the subjects of a profile, activities last. Both sides have the same activities if no service rule differs.

    Whether an activity is licensed is left open.
    """
    yield "product", product
    services = [service_activation(product, service) for service in product["services"]]
    for service in services:
        yield "service", service
    for service in services:
        result = classify(ruleset, service)
        others = {cls for rule in result.contested for cls in rule.other_readings}
        for cls in {*result.classes, *result.possible, *others}:
            yield "activity", {**service, "activity": {"class": cls}}


def _condition(ruleset: RuleSet, rule: Rule | None) -> _Condition:
    """Return the function that evaluates the condition of a rule. A rule that is not in force is always false."""
    if rule is None:
        return lambda _: False
    when, evaluate = rule.when, ruleset.evaluator.function(rule.when)

    def state(subject: Activation) -> Hashable:
        value = evaluate(subject)
        return value if isinstance(value, bool) else (value, ruleset.facts_behind(when, subject))

    return state
