"""Quick check whether changes of the law on a day can change a decision."""

from __future__ import annotations

import functools
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.engine.classification import classify
from vatspolicy.core.engine.subjects import activity_activation, product_activation, service_activation
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Advise, Duty, Rule
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile


@dataclass(frozen=True)
class _Turn:
    """Changes of the law on a boundary day."""

    rules: tuple[tuple[RuleSet, Rule], ...]
    """Rules that begin (with the law of the day) or end (with the law before it)."""
    other: bool
    """True if parameters, or the instruments that make an activity licensed, change too."""


def may_change(bundle: Bundle, profile: Profile, day: str) -> bool:
    """Return whether the decision on a profile may differ from that of the day before. False is certain.

    A rule whose condition is false has no finding, so its begin or end changes nothing.
    """
    if day in profile.turning_days:
        return True
    turn = _turn(bundle, day)
    if turn.other:
        return True
    activations = dict(_subjects(bundle.on(day), profile, day)) if turn.rules else {}
    return any(
        ruleset.evaluate(rule.when, activation) is not False
        for ruleset, rule in turn.rules
        for activation in activations.get(rule.each, ())
    )


def _subjects(ruleset: RuleSet, profile: Profile, day: str) -> Iterator[tuple[str, list[Any]]]:
    """Yield the activations of all subjects by kind: product, service, activity."""
    product = product_activation(profile, day)
    services: list[Activation] = [service_activation(product, service) for service in product["services"]]
    activities = []
    for activation in services:
        found = classify(ruleset, activation)
        activities += [activity_activation(ruleset, activation, cls) for cls in (*found.classes, *found.possible)]
    yield from (("product", [product]), ("service", services), ("activity", activities))


@functools.lru_cache(maxsize=512)
def _turn(bundle: Bundle, day: str) -> _Turn:
    days = bundle.boundaries
    before, after = bundle.on(days[max(bisect_left(days, day) - 1, 0)]), bundle.on(day)
    was = {rule for rules in before.rules.values() for rule in rules}
    now = {rule for rules in after.rules.values() for rule in rules}
    changed = [(after, rule) for rule in now - was if _counts(rule)] + [
        (before, rule) for rule in was - now if _counts(rule)
    ]
    order = sorted(changed, key=lambda pair: pair[1].name)
    return _Turn(tuple(order), before.params != after.params or before.access != after.access)


def _counts(rule: Rule) -> bool:
    """Return whether findings of a rule are part of a period: advice and duties after the launch are not."""
    effect = rule.effect
    return not isinstance(effect, Advise) and (not isinstance(effect, Duty) or effect.due.get("before") == "launch")
