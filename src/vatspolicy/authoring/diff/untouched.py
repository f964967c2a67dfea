"""Profiles of which no differing rule says anything, so that both sides decide them alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vatspolicy.authoring.diff.rules import Differences, RuleSignatures
from vatspolicy.cel.activation import Activation
from vatspolicy.engine.classification import classify
from vatspolicy.engine.subjects import product_activation, service_activation
from vatspolicy.policies.model import Route, Rule
from vatspolicy.policies.ruleset import RuleSet
from vatspolicy.profile.profile import Profile

Touching = list[Rule]
"""Versions of rules, of both sides."""


class Untouched:
    """The rules that differ, day by day, for the question whether they concern a profile."""

    def __init__(self, differences: Differences) -> None:
        self.sides = (differences.base, differences.head)
        self.differences = differences
        self._rules: dict[str, list[tuple[Rule | None, Rule | None, bool]] | None] = {}

    def __contains__(self, found: tuple[Profile, str]) -> bool:
        """Return True if no rule that differs on a day states anything of a profile, or all state the same.

        Both sides must read the profile under the same schemas.
        """
        return self.touching(*found) == []

    def touching(self, profile: Profile, day: str) -> Touching | None:
        """Return the versions of rules that state something else of a profile on a day.

        None if any rule may, since an opinion names it or other instruments license an activity. Both sides must read
        the profile under the same schemas.
        """
        if day not in self._rules:
            self._rules[day] = self._rules_on(day)
        left = self._rules[day]
        if left is None or profile.facts["opinions"]:
            return None
        before, after = (side.bundle.on(day) for side in self.sides)
        found: Touching = []
        for each, one in _subjects(before, product_activation(profile, day)):
            same = [
                each not in {rule.each for rule in (old, new) if rule is not None}
                or _same((before, old), (after, new), one, same_effect)
                for old, new, same_effect in left
            ]
            if not all(same):
                touched = [pair for pair, is_same in zip(left, same, strict=True) if not is_same]
                left = [pair for pair, is_same in zip(left, same, strict=True) if is_same]
                found += [rule for old, new, _ in touched for rule in (old, new) if rule is not None]
        return found

    def _rules_on(self, day: str) -> list[tuple[Rule | None, Rule | None, bool]] | None:
        """Return the pairs of versions that differ on a day, and whether their effects are the same.

        None if other instruments license an activity, since rules that are the same depend on these.
        """
        found: list[tuple[Rule | None, Rule | None, bool]] = []
        for name in sorted(self.differences.on(day)):
            old, new = (_in_force(side, name, day) for side in self.sides)
            both = old is not None and new is not None and old.each == new.each
            if any(rule is not None and isinstance(rule.effect, Route) for rule in (old, new)):
                licenses = [side.licenses_on(name, day) for side in self.sides] if both else [old, new]
                if licenses[0] != licenses[1]:
                    return None
            same = both and len({repr(side.effect_on(name, day)) for side in self.sides}) == 1
            found.append((old, new, same and self._reads_the_same(old, new, day)))
        return found

    def _reads_the_same(self, old: Rule | None, new: Rule | None, day: str) -> bool:
        """Return True if the conditions of two versions of a route, if it is one, read the same values on a day."""
        if old is None or new is None or not isinstance(old.effect, Route):
            return True
        before, after = (side.bundle.on(day).params for side in self.sides)
        keys = {*old.parameters, *new.parameters}
        return all(key in before and key in after and repr(before[key]) == repr(after[key]) for key in keys)


def _in_force(side: RuleSignatures, name: str, day: str) -> Rule | None:
    rule = side.by_name.get(name)
    return rule if rule is not None and rule.in_force(day) else None


def _subjects(ruleset: RuleSet, product: Activation) -> Iterator[tuple[str, Activation]]:
    """Yield the subjects of a profile: activities last, since both sides find the same if no rule on services differs.

    Whether an activity is licensed is left open.
    """
    yield "product", product
    services = [service_activation(product, service) for service in product["services"]]
    yield from (("service", service) for service in services)
    for service in services:
        found = classify(ruleset, service)
        others = {cls for rule in found.contested for cls in rule.other_readings}
        for cls in {*found.classes, *found.possible, *others}:
            yield "activity", {**service, "activity": {"class": cls}}


def _same(
    before: tuple[RuleSet, Rule | None], after: tuple[RuleSet, Rule | None], subject: Activation, same_effect: bool
) -> bool:
    """Return whether both versions of a rule say the same of a subject.

    Both are false of it; or they have the same effect, and both are true or wait for the same facts. Versions that wait
    may still differ in whether an activity is licensed, so both cases must agree then.
    """
    values = [_value(*side, subject) for side in (before, after)]
    if values == [False, False]:
        return True
    if not same_effect or values[0] != values[1]:
        return False
    if values[0] is True or "activity" not in subject:
        return True
    cases = [{**subject, "activity": {**subject["activity"], "licensed": licensed}} for licensed in (True, False)]
    return all(_value(*before, case) == _value(*after, case) for case in cases)


def _value(ruleset: RuleSet, rule: Rule | None, subject: Activation) -> Any:
    """Return True, False, or `Unknown` with the facts that the rule waits for."""
    return False if rule is None else ruleset.evaluator.function(rule.when)(subject)
