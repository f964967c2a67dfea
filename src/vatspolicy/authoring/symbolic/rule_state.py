"""State of a rule on a subject: its effect as data and as formulas, by the encoder and by the evaluator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vatspolicy.authoring.symbolic.changed_parts import class_choice
from vatspolicy.authoring.symbolic.decision_encoder import encode_classes
from vatspolicy.authoring.symbolic.encoder import SymbolicActivation
from vatspolicy.authoring.symbolic.formula import FALSE, TRUE
from vatspolicy.authoring.symbolic.mixed_bundle import named_by
from vatspolicy.authoring.symbolic.query import Query
from vatspolicy.authoring.symbolic.ruleset_encoder import SymbolicRuleSet
from vatspolicy.authoring.symbolic.values import KNOWN_FALSE, DualRail
from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.engine.classification import classify
from vatspolicy.core.engine.licensing import evaluate_routes
from vatspolicy.core.engine.opinions import settle
from vatspolicy.core.engine.subjects import activity_activation, product_activation, service_activation
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import NOT_TELECOM, Deny, Effect, Need, Route, Rule
from vatspolicy.core.policies.modelled import effect_constants
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile


def encode_state(
    ruleset: SymbolicRuleSet, rule: Rule, activation: SymbolicActivation, held: bool = False
) -> dict[str, DualRail]:
    """Return the truths that make up the state of a rule on a subject. `held`: with whether its instrument is held."""
    pool = ruleset.space.pool
    if not isinstance(rule.effect, Route):
        found = {"when": ruleset.holds(rule, activation)}
        if held and isinstance(rule.effect, Need) and rule.effect.instrument is not None:
            has = ruleset.held(activation, rule.effect.instrument, rule.holder)
            found["held"] = _where(ruleset, -found["when"].false, has)
        return found
    route = ruleset.route(activation, rule)
    there = -route.applies.false  # the state of a route matters only where it applies
    closed = pool.conjoin((there, -route.usable))
    found = {"when": route.applies, "open": DualRail(route.opened, closed)}
    for condition, check in zip(rule.effect.conditions, route.checks, strict=False):
        found[f"condition {condition.id}"] = DualRail(FALSE, pool.conjoin((there, check.false)))
    found["share"] = DualRail(FALSE, pool.conjoin((there, route.share.false)))
    if held:
        found["held"] = _where(ruleset, route.usable, ruleset.held(activation, rule.effect.instrument))
    return found


def _where(ruleset: SymbolicRuleSet, condition: int, truth: DualRail) -> DualRail:
    pool = ruleset.space.pool
    return DualRail(pool.conjoin((condition, truth.true)), pool.conjoin((condition, truth.false)))


def _same_instruments(
    one: SymbolicRuleSet, rule: Rule | None, two: SymbolicRuleSet, other: Rule | None, activation: SymbolicActivation
) -> bool:
    """Return whether the instruments of two versions of a rule are held in the same cases, judged by their texts."""
    names = sorted(named_by(rule) & named_by(other))
    return all(one.license_key(activation, name) == two.license_key(activation, name) for name in names)


def encode_difference(
    one: SymbolicRuleSet,
    rule: Rule | None,
    two: SymbolicRuleSet,
    other: Rule | None,
    activations: tuple[SymbolicActivation, SymbolicActivation],
) -> tuple[int, int]:
    """Return the formulas that two versions of a rule differ on a subject, and that they do for certain.

    None is a rule that is not in force. The second formula guides a search and proves nothing.
    """
    pool = one.space.pool
    held = not _same_instruments(one, rule, two, other, activations[0])
    before = encode_state(one, rule, activations[0], held) if rule is not None else {}
    after = encode_state(two, other, activations[1], held) if other is not None else {}
    silent = {"when": KNOWN_FALSE, "open": DualRail(FALSE, FALSE)}
    found, certain = [], []
    holds = [side["when"].true for side in (before, after) if side]
    for name in dict.fromkeys((*before, *after)):
        missing = silent.get(name, DualRail(FALSE, FALSE))
        a, b = before.get(name, missing), after.get(name, missing)
        found += [pool.differ(a.true, b.true), pool.differ(a.false, b.false)]
        opposite = [pool.conjoin((a.true, b.false)), pool.conjoin((a.false, b.true))]
        certain += opposite if name == "when" else [pool.conjoin((*holds, found[-1]))]
    if rule is not None and other is not None and effect_constants(rule) != effect_constants(other):
        found.append(-before["when"].false)
        found.append(-after["when"].false)
        certain.append(pool.conjoin(holds))
    return pool.disjoin(found), pool.disjoin(certain)


def encode_directions(
    one: SymbolicRuleSet,
    rule: Rule | None,
    two: SymbolicRuleSet,
    other: Rule | None,
    activations: tuple[SymbolicActivation, SymbolicActivation],
) -> tuple[int, int] | None:
    """Return the formulas that the second version can make decisions stricter than the first, and milder.

    They guide a search and prove nothing. None for versions that this cannot compare.
    """
    effects = [version.effect for version in (rule, other) if version is not None]
    if one.licensing_key != two.licensing_key or len({_goal(effect) for effect in effects}) != 1:
        return None
    pool = one.space.pool
    sides = [
        _certain_and_possible(ruleset, version, activation) if version is not None else (FALSE, FALSE)
        for ruleset, version, activation in ((one, rule, activations[0]), (two, other, activations[1]))
    ]
    more = pool.disjoin(pool.conjoin((after, -before)) for before, after in zip(*sides, strict=True))
    less = pool.disjoin(pool.conjoin((before, -after)) for before, after in zip(*sides, strict=True))
    return (less, more) if isinstance(effects[0], Route) else (more, less)


def _goal(effect: Effect) -> object:
    """Return the part of an effect that two versions must share to be compared; unlike any other if they cannot be."""
    match effect:
        case Deny():
            return "deny"
        case Need(instrument=instrument, through=through, bearer=bearer):
            return ("need", instrument, through, bearer)
        case Route(to=to, instrument=instrument):
            return ("route", to, instrument)
    return object()


def _certain_and_possible(ruleset: SymbolicRuleSet, rule: Rule, activation: SymbolicActivation) -> tuple[int, int]:
    """Return the formulas that a rule certainly holds, or that a route is certainly open; and that it may be so."""
    if isinstance(rule.effect, Route):
        route = ruleset.route(activation, rule)
        return route.opened, route.usable
    holds = ruleset.holds(rule, activation)
    return holds.true, -holds.false


def encode_subject_pair(
    query: Query, each: str, rulesets: tuple[SymbolicRuleSet, SymbolicRuleSet], reachable: bool
) -> tuple[list[int], list[int], tuple[SymbolicActivation, SymbolicActivation]]:
    """Return the formulas that a subject of a kind exists, that it does for certain, and its activations on both sides.

    `reachable`: only classes that the classify rules of one of the rule sets find; else any class.
    """
    one, two = rulesets
    if each == "product":
        return [], [], (one.product_activation(), two.product_activation())
    query.space.need_members("services", "the subject")
    exists, service = query.services[0]
    if each == "service":
        return [exists], [exists], (one.service_activation(service), two.service_activation(service))
    choice = class_choice(query)
    formulas = [exists], [exists]
    if reachable:
        pool = query.space.pool
        certain: list[int] = []
        possible: list[int] = []
        for ruleset in rulesets:
            found = encode_classes(ruleset, ruleset.service_activation(service))
            for table in (found.certain, found.possible, found.other):
                held = [pool.conjoin((query.encoder.one_of(choice, "==", c), held)) for c, held in table.items()]
                possible += held
                certain += held if table is found.certain else ()
        formulas[0].append(pool.disjoin(possible))
        formulas[1].append(pool.disjoin(certain))
    cases = ((TRUE, choice),)
    activations = one.activity_activation(service, cases, "any"), two.activity_activation(service, cases, "any")
    return *formulas, activations


def rule_states(bundle: Bundle, rule: Rule | None, profile: Profile, as_of: str) -> Mapping[str, tuple[object, ...]]:
    """Return the state of a rule by subject, as the evaluator decides; silent subjects are left out."""
    if rule is None or not rule.in_force(as_of) or rule.name in bundle.replaced(as_of):
        return {}
    ruleset = bundle.on(as_of)
    found = {}
    for name, activation in subjects(ruleset, profile, as_of, rule.each):
        value = _state_of(ruleset, rule, activation)
        if value is not None:
            found[name] = value
    return found


def subjects(ruleset: RuleSet, profile: Profile, as_of: str, each: str) -> Iterator[tuple[str, Activation]]:
    """Yield every subject of a kind with its activation, including activities that are only possible."""
    base = product_activation(profile, as_of)
    if each == "product":
        yield "", base
        return
    for service in base["services"]:
        activation = service_activation(base, service)
        if each == "service":
            yield service["id"], activation
            continue
        found = classify(ruleset, activation)
        classes = dict.fromkeys((*found.classes, *found.possible))
        for rule in found.contested:
            classes |= dict.fromkeys(cls for cls in rule.other_readings if cls != NOT_TELECOM)
        for cls in classes:
            yield f"{service['id']}/{cls}", activity_activation(ruleset, activation, cls)


def _state_of(ruleset: RuleSet, rule: Rule, activation: Activation) -> tuple[object, ...] | None:
    holds = ruleset.evaluate(rule.when, activation)
    settled = [] if holds is False else settle([(rule, holds is True, ())], activation)
    if not settled:
        return None
    holds = holds if settled[0][1] == (holds is True) else None
    if not isinstance(rule.effect, Route):
        return (holds, effect_constants(rule))
    for state in evaluate_routes(ruleset, activation, rule.effect.to):
        if state.rule is rule:
            return (holds, effect_constants(rule), state.state, [c.id for c in state.failing], state.share_too_high)
    return None
