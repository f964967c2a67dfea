"""Access: by which routes an activity may be offered, and which instruments are held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vatspolicy.decision import RouteState
from vatspolicy.expression.kleene import conjunction, disjunction
from vatspolicy.law import Law
from vatspolicy.policy import Instrument, Route

Env = Mapping[str, Any]


def held(law: Law, env: Env, instrument: str, holder: str = "operator") -> bool | None:
    """Whether the holder has the instrument for this class and place on this day; None when a fact is missing."""
    entity = env.get(holder)
    if entity is None:
        return None
    own = [licence for licence in entity["licences"] if licence["instrument"] == instrument]
    return disjunction(_covers(law, env, law.instruments[instrument], licence) for licence in own) if own else False


def licensed(law: Law, env: Env) -> bool | None:
    """Whether the operator holds any instrument that a route in force leads to: the fact activity.licensed."""
    return disjunction(held(law, env, instrument) for instrument in law.access)


def _covers(law: Law, env: Env, instrument: Instrument, licence: Mapping[str, Any]) -> bool | None:
    valid = is_valid(instrument, licence, env["as_of"])
    if instrument.covers is None:
        return valid
    return conjunction((valid, law.ask(instrument.covers, {**env, "licence": licence})))


def is_valid(instrument: Instrument, licence: Mapping[str, Any], day: str) -> bool | None:
    """Whether a held instrument is valid on a day: by its last day, else by what the profile confirms."""
    stated: bool | None = licence.get("valid", True if instrument.no_term else None)
    last = licence.get("valid_until")
    return stated if last is None else stated is not False and last >= day


def authorities(law: Law, env: Env, instrument: str) -> tuple[str, ...]:
    """Who is in charge of an instrument: the first entry that holds; all that may hold while facts are missing."""
    always = law.fixed_authorities.get(instrument)
    if always is not None:
        return always
    found: list[str] = []
    for when, bodies in law.instruments[instrument].authority:
        holds = law.ask(when, env)
        if holds is not False:
            found += [body for body in bodies if body not in found]
        if holds:
            break
    return tuple(found)


def routes(law: Law, env: Env, to: str, refused: Iterable[str] = ()) -> tuple[RouteState, ...]:
    """Every route to an instrument that is about this activity. `refused`: names of routes that are read as closed."""
    found = []
    for rule, applies in law.speaking("activity", ("route",), env):
        effect = rule.effect
        assert isinstance(effect, Route)
        if effect.to != to:
            continue
        below_cap = _below_cap(law, env, effect)
        checks = [(condition, law.ask(condition.check, env)) for condition in effect.conditions]
        whole = conjunction((below_cap, *(value for _, value in checks)))
        state = "closed" if whole is False or rule.name in refused else "open" if whole and applies else "unknown"
        found.append(
            RouteState(
                rule=rule,
                state=state,
                held=held(law, env, effect.instrument),
                failing=tuple(condition for condition, value in checks if value is False),
                share_too_high=below_cap is False,
                authority=authorities(law, env, effect.instrument),
                env=env,
            )
        )
    return tuple(found)


def _below_cap(law: Law, env: Env, route: Route) -> bool | None:
    if route.max_foreign_percent is None:
        return True
    cap = law.ask(route.max_foreign_percent, env)
    share = (env.get("operator") or {}).get("foreign_percent")
    return None if cap is None or share is None else share <= cap


def by_closeness(states: Iterable[RouteState]) -> tuple[RouteState, ...]:
    """Open routes, then those that may be open, then closed ones, the closest first."""
    order = ("open", "unknown", "closed")
    return tuple(sorted(states, key=lambda state: (order.index(state.state), _distance(state))))


def closest(states: Iterable[RouteState]) -> tuple[RouteState, ...]:
    """The closed routes that fail least: those whose places fit first, then those with the fewest failures."""
    states = tuple(states)
    nearest = min(map(_distance, states), default=(0, 0))
    return tuple(state for state in states if _distance(state) == nearest)


def _distance(state: RouteState) -> tuple[int, int]:
    return (state.territorial_failures, len(state.failing) + state.share_too_high)


def outcome(states: Iterable[RouteState]) -> tuple[str, str]:
    """The mildest and the strictest decision word that a need answered by these routes leaves possible."""
    states = tuple(states)
    usable = [state for state in states if state.state != "closed"]
    if not usable:
        return ("deny", "deny")
    is_open = [state for state in usable if state.state == "open"]
    if any(state.held for state in is_open):
        return ("allow", "allow")
    mildest = "allow" if any(state.held is not False for state in usable) else "needs-license"
    return (mildest, "needs-license" if is_open else "deny")
