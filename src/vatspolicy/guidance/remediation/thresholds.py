"""Distances of the numbers of a profile to the thresholds that matter for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.cel.ast import Fact
from vatspolicy.core.cel.interpreter import evaluate, look_up
from vatspolicy.core.documents import Path
from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.engine.decision import Decision, Subject
from vatspolicy.core.engine.subjects import Activations, activity_activation, product_activation, service_activation
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Deny, Duty, Expression, Rule
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile
from vatspolicy.core.profile.wording import FactWording
from vatspolicy.guidance.remediation.obstacles import find_comparisons

QUANTITIES = ("percent", "persons", "users", "merchants", "RMB yuan")
"""Units of quantities; levels and versions have no distance."""
NEAR = 0.25
"""Maximum distance of a near threshold, as a fraction of the threshold."""


@dataclass(frozen=True)
class ThresholdDistance:
    """One number of the profile and one threshold of a rule in force."""

    path: Path
    """Path of the number in the written profile."""
    value: float
    threshold: float
    rule: Rule
    service: str | None
    cls: str | None
    high: bool
    """True if the rule matches, or the route closes, above the threshold; False for below."""
    safe: bool
    """True if the rule has no consequence on the present side."""
    distance: float
    """Distance to the value at which the result changes; 0 for the threshold itself."""


def find_threshold_distances(bundle: Bundle, profile: Profile, decision: Decision) -> tuple[ThresholdDistance, ...]:
    """Return the thresholds that a number is near to or that are obstacles, nearest first, each once.

    Only what matters: were the number on the other side, the rule would answer otherwise, all other facts as they are.
    """
    ruleset = bundle.on(decision.as_of)
    by_subject: dict[tuple[object, ...], ThresholdDistance] = {}
    for rule, activation, subject in _rules_that_compare(ruleset, profile, decision):
        for threshold_distance in _distances(ruleset, profile, rule, activation, subject):
            key = (threshold_distance.path, threshold_distance.threshold, rule.kind, _about(rule))
            by_subject.setdefault(key, threshold_distance)
    for threshold_distance in _distances_to_caps(ruleset, profile, decision):
        by_subject.setdefault(
            (threshold_distance.path, threshold_distance.threshold, "Route", threshold_distance.rule.policy),
            threshold_distance,
        )
    near = [
        threshold_distance
        for threshold_distance in by_subject.values()
        if _is_obstacle(threshold_distance) or threshold_distance.distance <= NEAR * threshold_distance.threshold
    ]

    def order(near: ThresholdDistance) -> tuple[bool, float, str, str]:
        return near.safe, near.distance / max(near.threshold, 1), str(near.path), near.rule.name

    return tuple(sorted(near, key=order))


def _is_obstacle(threshold_distance: ThresholdDistance) -> bool:
    """Return True if it blocks the launch, at any distance; a duty does not."""
    return not threshold_distance.safe and not isinstance(threshold_distance.rule.effect, Duty)


def _about(rule: Rule) -> str:
    effect = rule.effect
    return effect.reason if isinstance(effect, Deny) else str(getattr(effect, "instrument", ""))


def _rules_that_compare(
    ruleset: RuleSet, profile: Profile, decision: Decision
) -> Iterator[tuple[Rule, Activation, Subject]]:
    """Yield every rule that compares, with the activation of each subject."""
    product = product_activation(profile, decision.as_of)
    scopes: list[tuple[str, Activation, Subject]] = [("product", product, Subject())]
    for service, decided in zip(product["services"], decision.services, strict=True):
        name, activation = service["id"], service_activation(product, service)
        scopes.append(("service", activation, Subject(name)))
        scopes += [
            ("activity", activity_activation(ruleset, activation, activity.cls), Subject(name, activity.cls))
            for activity in decided.activities
        ]
    for each, variables, subject in scopes:
        for effect in ("deny", "need", "duty"):
            for rule in ruleset.rules_for(each, effect):
                if _compares(rule.when):
                    yield rule, variables, subject


def _compares(expression: Expression) -> bool:
    """Return True if the expression may contain a comparison."""
    return "<" in expression.text or ">" in expression.text or "term." in expression.text


def _distances(
    ruleset: RuleSet, profile: Profile, rule: Rule, activation: Activation, subject: Subject
) -> Iterator[ThresholdDistance]:
    speaks = ruleset.evaluate(rule.when, activation)
    if speaks is None:
        return
    for fact, op, threshold in find_comparisons(rule.when.tree, ruleset.params):
        path, value = _written_path(profile, activation, fact), look_up(activation, fact.root, fact.names)
        if path is None or value is None or threshold <= 0 or FactWording(profile.schemas).unit(path) not in QUANTITIES:
            continue
        beyond = _value_beyond(op, value, threshold, 1 if isinstance(value, int) else 0.01)
        high = speaks is (beyond < value)  # it applies on the high side
        if not high and FactWording(profile.schemas).unit(path) != "RMB yuan":
            continue  # low numbers of people or shares do not prohibit anything; too little capital may
        if evaluate(rule.when.tree, _with_fact(activation, fact, type(value)(beyond)), ruleset.params) is not speaks:
            distance = abs(value - threshold)
            yield ThresholdDistance(path, value, threshold, rule, *subject, high, not speaks, distance)


def _value_beyond(op: str, value: float, threshold: float, step: float) -> float:
    """Return the nearest value at which a comparison changes its result."""
    match op:
        case "<" | ">=":
            return threshold if value < threshold else threshold - step
        case _:
            return threshold + step if value <= threshold else threshold


def _written_path(profile: Profile, activation: Activation, fact: Fact) -> Path | None:
    owner = activation.get(fact.root)
    return profile.path_of(owner, fact.names) if isinstance(owner, dict) and fact.names else None


def _with_fact(activation: Activation, fact: Fact, value: Tree) -> Activation:
    """Return the activation with one fact changed, under every name of its owner."""
    old = activation[fact.root]
    new: Tree = _replace(old, fact.names, value)
    return {name: new if owner is old else owner for name, owner in activation.items()}


def _replace(owner: Facts, names: tuple[str, ...], value: Tree) -> dict[str, Tree]:
    first, *rest = names
    return {**owner, first: _replace(owner[first], tuple(rest), value) if rest else value}


def _distances_to_caps(ruleset: RuleSet, profile: Profile, decision: Decision) -> Iterator[ThresholdDistance]:
    """Yield the caps of routes for which the share is decisive."""
    activations = Activations(ruleset, profile, decision.as_of)
    opened = {state.subject for state in decision.routes if state.state == "open"}
    for state in decision.routes:
        operator = activations.of(state.subject).get("operator") or {}
        share, path = operator.get("foreign_percent"), profile.path_of(operator, ("foreign_percent",))
        cap = state.max_foreign_percent
        if cap is None or cap >= 100 or share is None or path is None:
            continue
        if (state.share_too_high and state.subject in opened) or any(other.cap is None for other in state.failing):
            continue
        yield ThresholdDistance(
            path,
            share,
            cap,
            state.rule,
            *state.subject,
            high=True,
            safe=not state.share_too_high,
            distance=abs(share - cap),
        )
