"""States of a rule for the subjects of a profile, as tests name them."""

from __future__ import annotations

from collections.abc import Iterator

from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.engine.classification import classify
from vatspolicy.core.engine.licensing import answer_need, evaluate_routes, holds_instrument
from vatspolicy.core.engine.subjects import activity_activation, product_activation, service_activation
from vatspolicy.core.policies.model import Need, Route, Rule
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile
from vatspolicy.i18n import _


def subjects(ruleset: RuleSet, profile: Profile, as_of: str) -> Iterator[tuple[str, str, Activation]]:
    """Yield every subject of a profile (product, services, activities) with its name and activation."""
    product = product_activation(profile, as_of)
    yield "product", "", product
    for service in product["services"]:
        activation = service_activation(product, service)
        yield "service", service["id"], activation
        for cls in classify(ruleset, activation).classes:
            yield "activity", f"{service['id']}/{cls}", activity_activation(ruleset, activation, cls)


def state_of(ruleset: RuleSet, rule: Rule, activation: Activation) -> str:
    """Return the state of a rule for one activation: silent, fires, unknown; met, unmet, closed; open, closed."""
    holds = ruleset.evaluate(rule.when, activation) if rule in ruleset.rules_for(rule.each, rule.kind) else False
    if holds is False:
        return "silent"
    match rule.effect:
        case Route(to=to):
            return next(
                (state.state for state in evaluate_routes(ruleset, activation, to) if state.rule is rule), "silent"
            )
        case Need(instrument, through) as need:
            routes = () if through is None else evaluate_routes(ruleset, activation, through)
            held = None if instrument is None else holds_instrument(ruleset, activation, instrument, rule.holder)
            return answer_need(need, holds, held, routes).state
    return "fires" if holds else "unknown"


_STATES = {"fires": _("fires"), "silent": _("silent"), "unknown": _("unknown"), "closed": _("closed")}


def name_state(state: str) -> str:
    """Return a state as messages show it."""
    return _STATES.get(state, state)
