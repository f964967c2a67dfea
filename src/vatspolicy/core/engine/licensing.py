"""Licensing: the routes by which an activity may be offered, and the instruments that are held."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import Any, NamedTuple

from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.cel.interpreter import conjunction, disjunction
from vatspolicy.core.engine.decision import Outcome, RouteResult, Subject
from vatspolicy.core.engine.opinions import applies, reading_of, settle
from vatspolicy.core.policies.model import Condition, Instrument, Need, Rule
from vatspolicy.core.policies.ruleset import Match, RuleSet


def holds_instrument(
    ruleset: RuleSet, activation: Activation, instrument: str, holder: str = "operator"
) -> bool | None:
    """Return whether the holder has the instrument for this class and place on this day; None if a fact is missing."""
    entity = activation.get(holder)
    if entity is None or "licenses" not in entity:
        return None
    holds: bool | None = False
    for license in entity["licenses"]:
        if license["instrument"] == instrument:
            covers = _covers(ruleset, activation, ruleset.instruments[instrument], license)
            if covers:
                return True
            if covers is None:
                holds = None
    return holds


def holds_needed(ruleset: RuleSet, activation: Activation, rule: Rule) -> bool | None:
    """Return whether the holder has the instrument of a need; None if a fact is missing, or for a need of routes."""
    instrument = rule.instrument
    return None if instrument is None else holds_instrument(ruleset, activation, instrument, rule.holder)


def is_licensed(ruleset: RuleSet, activation: Activation) -> bool | None:
    """Return the fact activity.licensed: whether the operator holds any instrument that a route leads to."""
    operator = activation.get("operator")
    if operator is None or "licenses" not in operator:
        return None if ruleset.access else False
    own = {license["instrument"] for license in operator["licenses"]}
    return disjunction(holds_instrument(ruleset, activation, name) for name in ruleset.access if name in own)


def is_valid(instrument: Instrument, license: Mapping[str, Any], day: str) -> bool | None:
    """Return whether a held instrument is valid on a day, by its last day or else by a fact of the profile."""
    stated: bool | None = license.get("valid", True if instrument.no_term else None)
    last = license.get("valid_until")
    return stated if last is None else stated is not False and last >= day


def evaluate_routes(
    ruleset: RuleSet,
    activation: Activation,
    to: str,
    refused: Collection[str] = (),
    matches: Iterable[Match] | None = None,
) -> tuple[RouteResult, ...]:
    """Evaluate every route to an instrument that is, or may be, about this activity.

    Routes named in `refused` are read as closed. `matches` are the routes that match, after opinions, if they are known
    already. A condition that nobody has read does not close its route unless an opinion says that it applies.
    """
    if matches is None:
        matches = settle(ruleset.match("activity", activation, ("route",)), activation)
    subject = Subject.of(activation)
    instruments: dict[str, tuple[bool | None, tuple[str, ...]]] = {}
    """By instrument: whether it is held, and the authorities in charge. Routes share instruments."""
    results = []
    for rule, holds, _ in matches:
        route = rule.route
        if route.to != to:
            continue
        name = route.instrument
        if name not in instruments:
            held = holds_instrument(ruleset, activation, name)
            instruments[name] = (held, ruleset.authorities(name, activation))
        failing, undecided, unread = _check_conditions(ruleset, activation, rule)
        state = "closed" if failing or rule.name in refused else "open" if holds and not undecided else "unknown"
        cap = route.max_foreign_percent
        share = None if cap is None else ruleset.evaluate(cap, activation)
        held, authority = instruments[name]
        results.append(RouteResult(rule, subject, state, held, failing, share, authority, unread, undecided))
    if sum(route.state == "unknown" for route in results) > 1:
        _note_cases(ruleset, activation, results)
    return tuple(results)


class _Conditions(NamedTuple):
    """Conditions of a route that are not met."""

    failing: tuple[Condition, ...]
    """Conditions that are false and close the route."""
    undecided: int
    """Number of conditions that a missing fact or a missing opinion leaves open."""
    unread: tuple[str, ...]
    """Names of the route or its conditions if they cite only unread law and no opinion settles them."""


def _check_conditions(ruleset: RuleSet, activation: Activation, rule: Rule) -> _Conditions:
    """Check the requirements of a route. A condition excluded by an opinion requires nothing."""
    failing, undecided = [], 0
    unread = [rule.name] if rule.is_unread and reading_of(activation, rule) is None else []
    for condition in rule.requirements:
        holds = ruleset.evaluate(condition.check, activation)
        if holds:
            continue
        counts = applies(activation, rule, condition)
        if counts is False:
            continue
        if counts and holds is False:
            failing.append(condition)
            continue
        undecided += 1
        if counts is None and condition.cite:
            unread.append(f"{rule.name}/{condition.id}")
    return _Conditions(tuple(failing), undecided, tuple(unread))


class NeedResult(NamedTuple):
    """The mildest and the strictest outcome that an applicable need leaves possible, and its state."""

    low: Outcome
    high: Outcome
    state: str
    """met, unmet, closed or unknown."""


def answer_need(need: Need, holds: bool | None, held: bool | None, routes: Collection[RouteResult]) -> NeedResult:
    """Return the result of a need by its `routes`, or else by whether its instrument is `held`.

    `holds`: whether it applies. A held instrument meets a need that may apply.
    """
    if need.through is not None:
        low, high = _outcome_range(routes)
    else:
        low = Outcome.NEEDS_LICENSE if held is False else Outcome.ALLOW
        high = Outcome.ALLOW if held else Outcome.NEEDS_LICENSE
    certain = low == high and (holds or (need.through is None and bool(held)))
    return NeedResult(low, high, _NEED_STATES[high] if certain else "unknown")


_NEED_STATES = {Outcome.ALLOW: "met", Outcome.NEEDS_LICENSE: "unmet", Outcome.DENY: "closed"}


def _outcome_range(routes: Collection[RouteResult]) -> tuple[Outcome, Outcome]:
    """Return the mildest and the strictest possible outcome of a need with these routes."""
    mildest = strictest = Outcome.DENY
    for route in routes:
        if route.state == "closed":
            continue
        if route.state == "open":
            strictest = Outcome.NEEDS_LICENSE
            if route.held:
                return (Outcome.ALLOW, Outcome.ALLOW)
        if route.held is not False:
            mildest = Outcome.ALLOW
        elif mildest == Outcome.DENY:
            mildest = Outcome.NEEDS_LICENSE
    if in_case := [bool(route.held) for route in routes if route.by_case]:
        strictest = Outcome.NEEDS_LICENSE
        if all(in_case):
            return (Outcome.ALLOW, Outcome.ALLOW)
    return (mildest, strictest)


def _note_cases(ruleset: RuleSet, activation: Activation, routes: list[RouteResult]) -> None:
    """Mark routes of which one is open in either case of a clause, if they depend only on that clause.

    Of several clauses, one that finds a held instrument in both cases comes first, and then the routes to it alone.
    """
    by_clause: dict[Hashable, dict[bool, list[int]]] = {}
    for index, route in enumerate(routes):
        if route.state == "unknown" and not route.undecided and not route.unread:
            for clause, truth in ruleset.possible_cases(route.rule, activation):
                by_clause.setdefault(clause, {}).setdefault(truth, []).append(index)
    split = [sides for sides in by_clause.values() if len(sides) == 2]
    held = [{truth: [at for at in side if routes[at].held] for truth, side in sides.items()} for sides in split]
    for sides in [sides for sides in held if all(sides.values())][:1] or split[:1]:
        for at in (*sides[True], *sides[False]):
            routes[at] = routes[at]._replace(by_case=True)


def _covers(
    ruleset: RuleSet, activation: Activation, instrument: Instrument, license: Mapping[str, Any]
) -> bool | None:
    valid = is_valid(instrument, license, activation["as_of"])
    if instrument.covers is None:
        return valid
    return conjunction((valid, ruleset.evaluate(instrument.covers, {**activation, "license": license})))
