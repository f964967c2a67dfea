"""The real evaluator on a witness: the only place that may call one confirmed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vatspolicy.authoring.symbolic.minimize import shrink
from vatspolicy.authoring.symbolic.rule_state import constants
from vatspolicy.cel.interpreter import Env
from vatspolicy.engine.classification import classify
from vatspolicy.engine.evaluator import evaluate
from vatspolicy.engine.licensing import evaluate_routes
from vatspolicy.engine.possible_outcomes import possible_outcomes
from vatspolicy.engine.subjects import activity_activation, product_activation, service_activation
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Classify, Route, Rule
from vatspolicy.policies.ruleset import RuleSet
from vatspolicy.profile.profile import Profile, load_profile

__all__ = ["Unconfirmed", "confirmed", "load_profile", "says", "subjects", "word_of"]


class Unconfirmed(Exception):
    """A witness that the real evaluator does not confirm: an error in the analysis, never shown as a finding."""


def word_of(bundle: Bundle, profile: Profile, as_of: str) -> str:
    """The decision word alone, by the evaluator's own rules and in a fraction of the time of `evaluate`."""
    low, high = possible_outcomes(bundle.on(as_of), profile, as_of, asking=False).range
    return low if low == high else "incomplete"


def confirmed(data: dict[str, Any], wanted: Iterable[tuple[Bundle, str]], day: str) -> dict[str, Any]:
    """The smallest part of a profile that the evaluator still decides as wanted. Raises Unconfirmed, InvalidInput."""
    wanted = tuple(wanted)

    def decided(profile: Profile) -> bool:
        return all(word_of(bundle, profile, day) == word for bundle, word in wanted)

    schemas = wanted[0][0].schemas
    small = shrink(data, decided, schemas) if decided(load_profile(data, schemas=schemas)) else data
    profile = load_profile(small, schemas=schemas)
    for bundle, word in wanted:
        told = evaluate(bundle, profile, day).decision
        if told != word:
            raise Unconfirmed(f"the evaluator decides {told} on {day}, and not {word}")
    return small


def says(bundle: Bundle, rule: Rule | None, profile: Profile, as_of: str) -> Mapping[str, Any]:
    """What a rule says of every subject of a profile, by subject; subjects that it says nothing of are left out."""
    if rule is None or not rule.in_force(as_of):
        return {}
    law = bundle.on(as_of)
    found = {}
    for name, env in subjects(law, profile, as_of, rule.each):
        value = _says(law, rule, env)
        if value is not None:
            found[name] = value
    return found


def subjects(law: RuleSet, profile: Profile, as_of: str, each: str) -> Iterator[tuple[str, Env]]:
    """Every subject of one kind with its variables; activities include those that are only possible."""
    base = product_activation(profile, as_of)
    if each == "product":
        yield "", base
        return
    for service in base["services"]:
        env = service_activation(base, service)
        if each == "service":
            yield service["id"], env
            continue
        found = classify(law, env, {})
        classes = dict.fromkeys((*found.classes, *found.possible))
        for rule in found.contested:
            if isinstance(rule.effect, Classify):
                classes |= dict.fromkeys(cls for cls in rule.effect.otherwise if cls != "none")
        for cls in classes:
            yield f"{service['id']}/{cls}", activity_activation(law, env, cls)


def _says(law: RuleSet, rule: Rule, env: Env) -> Any:
    holds = law.ask(rule.when, env)
    if holds is False:
        return None
    if not isinstance(rule.effect, Route):
        return (holds, constants(rule))
    for state in evaluate_routes(law, env, rule.effect.to):
        if state.rule is rule:
            return (holds, constants(rule), state.state, [c.id for c in state.failing], state.share_too_high)
    return None
