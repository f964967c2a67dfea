"""Access: by which routes an activity may be offered, and which instruments are held."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from vatspolicy.cel.interpreter import conjunction, disjunction
from vatspolicy.engine.decision import RouteResult
from vatspolicy.policies.model import Instrument, Route
from vatspolicy.policies.ruleset import Matches, RuleSet

if TYPE_CHECKING:
    from typing import Any, TypeAlias

Env: TypeAlias = "Mapping[str, Any]"


def holds_instrument(law: RuleSet, env: Env, instrument: str, holder: str = "operator") -> bool | None:
    """Whether the holder has the instrument for this class and place on this day; None when a fact is missing."""
    entity = env.get(holder)
    if entity is None:
        return None
    found: bool | None = False
    for licence in entity["licences"]:
        if licence["instrument"] == instrument:
            covers = _covers(law, env, law.instruments[instrument], licence)
            if covers:
                return True
            if covers is None:
                found = None
    return found


def is_licensed(law: RuleSet, env: Env) -> bool | None:
    """Whether the operator holds any instrument that a route in force leads to: the fact activity.licensed."""
    operator = env.get("operator")
    if operator is None:
        return None if law.access else False
    own = {licence["instrument"] for licence in operator["licences"]}
    return disjunction([holds_instrument(law, env, instrument) for instrument in law.access if instrument in own])


def _covers(law: RuleSet, env: Env, instrument: Instrument, licence: Mapping[str, Any]) -> bool | None:
    valid = is_valid(instrument, licence, env["as_of"])
    if instrument.covers is None:
        return valid
    return conjunction((valid, law.ask(instrument.covers, {**env, "licence": licence})))


def is_valid(instrument: Instrument, licence: Mapping[str, Any], day: str) -> bool | None:
    """Whether a held instrument is valid on a day: by its last day, else by what the profile confirms."""
    stated: bool | None = licence.get("valid", True if instrument.no_term else None)
    last = licence.get("valid_until")
    return stated if last is None else stated is not False and last >= day


def evaluate_routes(
    law: RuleSet,
    env: Env,
    to: str,
    refused: Collection[str] = (),
    spoken: Matches | None = None,
) -> tuple[RouteResult, ...]:
    """Every route to an instrument that is about this activity.

    `refused`: names of routes that are read as closed. `spoken`: the routes that are about it, or may be, with
    whether they are, where that is known.
    """
    found = []
    if spoken is None:
        spoken = law.match("activity", ("route",), env).rules(0)
    for rule, applies in spoken:
        effect = rule.effect
        assert isinstance(effect, Route)
        if effect.to != to:
            continue
        below_cap = _below_cap(law, env, effect)
        whole, failing = below_cap, []
        for condition in effect.conditions:
            holds = law.ask(condition.check, env)
            if holds is False:
                failing.append(condition)
            elif holds is None and whole:
                whole = None
        if failing or whole is False or (refused and rule.name in refused):
            state = "closed"
        else:
            state = "open" if whole and applies else "unknown"
        has = holds_instrument(law, env, effect.instrument)
        found.append(RouteResult(rule, state, has, tuple(failing), below_cap is False, env, law))
    return tuple(found)


def _below_cap(law: RuleSet, env: Env, route: Route) -> bool | None:
    if route.max_foreign_percent is None:
        return True
    cap = law.ask(route.max_foreign_percent, env)
    share = (env.get("operator") or {}).get("foreign_percent")
    return None if cap is None or share is None else share <= cap


def outcome_range(states: Iterable[RouteResult]) -> tuple[str, str]:
    """The mildest and the strictest decision word that a need answered by these routes leaves possible."""
    mildest = strictest = "deny"
    for state in states:
        if state.state == "closed":
            continue
        if state.state == "open":
            strictest = "needs-license"
            if state.held:
                return ("allow", "allow")
        if state.held is not False:
            mildest = "allow"
        elif mildest == "deny":
            mildest = "needs-license"
    return (mildest, strictest)
