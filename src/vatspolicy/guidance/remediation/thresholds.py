"""Margins: how near the numbers of a profile are to the thresholds that matter for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vatspolicy.cel.activation import Activation
from vatspolicy.cel.ast import Fact, Param
from vatspolicy.cel.interpreter import evaluate, look_up
from vatspolicy.documents import Path
from vatspolicy.engine.decision import Decision
from vatspolicy.engine.subjects import Activations, activity_activation, product_activation, service_activation
from vatspolicy.guidance.remediation.obstacles import comparisons
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Deny, Duty, Expression, Route, Rule
from vatspolicy.policies.ruleset import RuleSet
from vatspolicy.profile.profile import Profile
from vatspolicy.profile.wording import FactWording

QUANTITIES = ("percent", "persons", "users", "merchants", "RMB yuan")
"""Units of what can be near to something; a level or a version cannot."""
NEAR = 0.25
"""A threshold is near when the distance is at most this part of it."""


@dataclass(frozen=True)
class ThresholdDistance:
    """One number of the profile beside one threshold on which a rule in force turns."""

    path: Path
    """Where the number is written."""
    value: float
    threshold: float
    parameter: str | None
    """policy/name of the threshold; None where the rule itself holds it."""
    rule: Rule
    service: str | None
    cls: str | None
    high: bool
    """Whether the rule speaks, or the route closes, above the threshold rather than below it."""
    safe: bool
    """Whether the number lies where the rule asks nothing and forbids nothing."""
    distance: float
    """How far the number would have to move for the rule to answer otherwise; 0 for the threshold itself."""


def margins(bundle: Bundle, profile: Profile, decision: Decision) -> tuple[ThresholdDistance, ...]:
    """The thresholds that a number of the profile is near to, or that stand in the way. Nearest first, each once.

    Only what matters: were the number on the other side, the rule would answer otherwise, all other facts as they are.
    """
    law = bundle.on(decision.as_of)
    found: dict[tuple[Any, ...], ThresholdDistance] = {}
    for rule, expression, env, service, cls in _asked(law, profile, decision):
        for margin in _of(law, profile, rule, expression, env, service, cls):
            key = (margin.path, margin.threshold, rule.kind, _about(rule))
            found.setdefault(key, margin)
    for margin in _under_caps(law, profile, decision):
        found.setdefault((margin.path, margin.threshold, "Route", margin.rule.policy), margin)
    near = [
        margin for margin in found.values() if _stands_in_the_way(margin) or margin.distance <= NEAR * margin.threshold
    ]
    return tuple(
        sorted(near, key=lambda one: (one.safe, one.distance / max(one.threshold, 1), str(one.path), one.rule.name))
    )


def _stands_in_the_way(margin: ThresholdDistance) -> bool:
    """Whether it keeps the product from its launch, however far the threshold is; a duty does not."""
    return not margin.safe and not isinstance(margin.rule.effect, Duty)


def _about(rule: Rule) -> str:
    effect = rule.effect
    return effect.reason if isinstance(effect, Deny) else str(getattr(effect, "instrument", ""))


def _asked(
    law: RuleSet, profile: Profile, decision: Decision
) -> Iterator[tuple[Rule, Expression, Activation, str | None, str | None]]:
    """Every rule on every subject of the profile, with what decides whether it speaks."""
    product = product_activation(profile, decision.as_of)
    scopes: list[tuple[str, Activation, str | None, str | None]] = [("product", product, None, None)]
    for service, decided in zip(product["services"], decision.services, strict=True):
        name, env = service["id"], service_activation(product, service)
        scopes.append(("service", env, name, None))
        scopes += [("activity", activity_activation(law, env, one.cls), name, one.cls) for one in decided.activities]
    for each, variables, service_name, cls in scopes:
        for effect in ("deny", "need", "duty"):
            for rule in law.rules_for(each, effect):
                if _compares(rule.when):
                    yield rule, rule.when, variables, service_name, cls


def _compares(expression: Expression) -> bool:
    """Whether a text compares at all: few do, and trees of the others need not be read."""
    return "<" in expression.text or ">" in expression.text or "term." in expression.text


def _of(
    law: RuleSet,
    profile: Profile,
    rule: Rule,
    expression: Expression,
    env: Activation,
    service: str | None,
    cls: str | None,
) -> Iterator[ThresholdDistance]:
    speaks = law.evaluate(expression, env)
    if speaks is None:
        return
    for fact, op, threshold, parameter in comparisons(expression.tree, law.params):
        path, value = _written(profile, env, fact), look_up(env, fact.root, fact.names)
        if path is None or value is None or threshold <= 0 or FactWording(profile.schemas).unit(path) not in QUANTITIES:
            continue
        beyond = _across(op, value, threshold, 1 if isinstance(value, int) else 0.01)
        high = speaks is (beyond < value)  # it speaks on the high side
        if not high and FactWording(profile.schemas).unit(path) != "RMB yuan":
            continue  # too few people or too small a share forbids nothing; too little capital may
        if evaluate(expression.tree, _with(env, fact, type(value)(beyond)), law.params) is not speaks:
            distance = abs(value - threshold)
            yield ThresholdDistance(path, value, threshold, parameter, rule, service, cls, high, not speaks, distance)


def _across(op: str, value: float, threshold: float, step: float) -> float:
    """The nearest value at which a comparison answers otherwise."""
    match op:
        case "<" | ">=":
            return threshold if value < threshold else threshold - step
        case _:
            return threshold + step if value <= threshold else threshold


def _written(profile: Profile, env: Activation, fact: Fact) -> Path | None:
    owner = env.get(fact.root)
    return profile.path_of(owner, fact.names) if isinstance(owner, dict) and fact.names else None


def _with(env: Activation, fact: Fact, value: Any) -> Activation:
    """The variables with one fact changed, under every name its owner goes by."""
    old = env[fact.root]
    new: Any = _replaced(old, fact.names, value)
    return {name: new if owner is old else owner for name, owner in env.items()}


def _replaced(owner: Mapping[str, Any], names: tuple[str, ...], value: Any) -> dict[str, Any]:
    first, *rest = names
    return {**owner, first: _replaced(owner[first], tuple(rest), value) if rest else value}


def _under_caps(law: RuleSet, profile: Profile, decision: Decision) -> Iterator[ThresholdDistance]:
    """The shares that routes admit, where the share is what opens or closes the route."""
    activations = Activations(law, profile, decision.as_of)
    for service in decision.services:
        for activity in service.activities:
            for state in activity.routes:
                effect = state.rule.effect
                assert isinstance(effect, Route)
                operator = activations.of(state.subject).get("operator") or {}
                share = operator.get("foreign_percent")
                path = profile.path_of(operator, ("foreign_percent",))
                idle = state.share_too_high and any(other.state == "open" for other in activity.routes)
                others = any(condition.cap is None for condition in state.failing)
                if effect.max_foreign_percent is None or others or share is None or path is None or idle:
                    continue
                cap, tree = state.max_foreign_percent, effect.max_foreign_percent.tree
                if cap is not None and cap < 100:
                    yield ThresholdDistance(
                        path=path,
                        value=share,
                        threshold=cap,
                        parameter=tree.key if isinstance(tree, Param) else None,
                        rule=state.rule,
                        service=service.id,
                        cls=activity.cls,
                        high=True,
                        safe=not state.share_too_high,
                        distance=abs(share - cap),
                    )
