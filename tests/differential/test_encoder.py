"""Formulas say what the evaluator says: on random profiles, for every rule, for whole decisions, for random expressions.

No solver takes part: a profile fixes every variable, and the formula is worked out. z3 is compared in its own test.
Sizes are of tests/support/effort.py.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.assignments import BOUNDS, Truths, assign, encode_law, encode_shipped, period_of
from tests.support.effort import LONG, SEED, TIMES, trials
from tests.support.partly_stated import DAY
from tests.support.random_inputs import (
    PARAMETERS,
    Expressions,
    Profiles,
    hints_of,
    near_days,
    parameter_types,
)
from tests.support.shipped import fixture_files, shipped_bundle
from tests.support.solver import periods
from tests.support.unread_law import unread_law
from vatspolicy.core.cel.interpreter import evaluate as kleene
from vatspolicy.core.cel.parser import TypeEnvironment as Names
from vatspolicy.core.cel.parser import parse
from vatspolicy.core.cel.types import BOOL
from vatspolicy.core.engine.classification import classify
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.engine.licensing import evaluate_routes
from vatspolicy.core.engine.opinions import held_classes
from vatspolicy.core.engine.subjects import product_activation, service_activation
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.compiler import variables
from vatspolicy.core.policies.model import NOT_TELECOM, Route
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile, load_granted, load_profile
from vatspolicy.proofs.decision_encoder import encode_classes, rule_states, subjects
from vatspolicy.proofs.encoder import SymbolicActivation
from vatspolicy.proofs.formula import TRUE
from vatspolicy.proofs.query import Query, assume_invariants
from vatspolicy.proofs.values import Constant, Unsupported
from vatspolicy.proofs.witness import profile_of


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return shipped_bundle()


def random_profiles(bundle: Bundle, count: int, seed: int, periods: int = 1) -> list[tuple[Profile, str]]:
    """Profiles with days, which are of few periods: the law of each is encoded. In a short run all tests share one."""
    draw = random.Random(seed)
    made = Profiles(draw, hints_of(bundle))
    near = (max(near_days(draw, bundle.boundaries), bundle.covers_from) for _ in range(trials(periods)))
    days = list(near) if LONG else [DAY]
    return [(made.profile(), draw.choice(days)) for _ in range(count)]


def by_period(bundle: Bundle, cases: list[tuple[Profile, str]]) -> dict[Any, list[tuple[Profile, str]]]:
    found: dict[Any, list[tuple[Profile, str]]] = {}
    every = periods([bundle])
    for profile, day in cases:
        period = next(p for p in every if p.start <= day < p.end)
        found.setdefault(period, []).append((profile, day))
    return found


def test_every_rule_says_what_the_evaluator_says(bundle: Bundle) -> None:
    checks = 0
    for period, cases in by_period(bundle, random_profiles(bundle, trials(24), SEED)).items():
        query = Query(period, BOUNDS)
        law = bundle.on(period.start)
        ruleset = query.encode(bundle)
        scopes: dict[tuple[str, int, str], SymbolicActivation] = {("product", 0, ""): ruleset.product_activation()}
        for index, (_, service) in enumerate(query.services):
            scopes["service", index, ""] = ruleset.service_activation(service)
        classes = {
            name.partition("/")[2]
            for profile, day in cases
            for name, _ in subjects(bundle.on(day), profile, day, "activity")
        }
        for cls in classes:
            for index, (_, service) in enumerate(query.services):
                scopes["activity", index, cls] = ruleset.activity_activation(service, ((TRUE, Constant(cls)),), cls)
        encoded: dict[tuple[str, Any], Any] = {}
        for key, found in law.rules.items():
            each = key.partition("/")[0]
            for rule in found:
                for place, scope in scopes.items():
                    if place[0] == each:
                        encoded[rule.name, place] = (
                            ruleset.route(scope, rule)
                            if isinstance(rule.effect, Route)
                            else ruleset.evaluate(rule.when, scope)
                        )
        truths = Truths(query, [assign(query, profile.facts, day) for profile, day in cases])
        for number, (profile, day) in enumerate(cases):
            ids = [service["id"] for service in profile.facts["services"]]
            for key, rules in law.rules.items():
                each = key.partition("/")[0]
                for name, activation in subjects(bundle.on(day), profile, day, each):
                    owner, _, cls = name.partition("/")
                    place = (each, ids.index(owner) if owner else 0, cls)
                    for rule in rules:
                        checks += 1
                        thing = encoded[rule.name, place]
                        if not isinstance(rule.effect, Route):
                            expected = law.evaluate(rule.when, activation)
                            assert truths.truth(thing, number) is expected, (rule.name, day, name)
                            continue
                        state = next(
                            (s for s in evaluate_routes(law, activation, rule.effect.to) if s.rule is rule), None
                        )
                        assert truths.truth(thing.applies, number) is law.evaluate(rule.when, activation)
                        if state is not None:
                            opened, usable = (truths.holds(f, number) for f in (thing.opened, thing.usable))
                            assert ("open" if opened else "unknown" if usable else "closed") == state.state, rule.name
    assert checks > 4000 * TIMES


@pytest.mark.parametrize("unread", [False, True])
def test_every_decision_is_the_evaluators(bundle: Bundle, unread: bool) -> None:
    bundle = unread_law(bundle, random.Random(SEED + 7)) if unread else bundle
    words = set()
    for period, cases in by_period(bundle, random_profiles(bundle, trials(40, least=8), SEED + 1)).items():
        query, formulas = encode_law(bundle, period) if unread else encode_shipped(period)
        expected = [evaluate(bundle, profile, day).decision for profile, day in cases]
        truths = Truths(query, [assign(query, profile.facts, day) for profile, day in cases])
        assert truths.words(formulas) == [[word] for word in expected]
        words |= set(expected)
    assert words == {"deny", "incomplete"} | words


def test_an_opinion_replaces_the_classes_of_a_contested_rule(bundle: Bundle) -> None:
    """Classes that hold, and that may hold, for services on which counsel takes each view that the law allows."""
    law, period = bundle.on(DAY), period_of(bundle, DAY)
    query = Query(period, BOUNDS)
    ruleset = query.encode(bundle)
    scopes = [ruleset.service_activation(service) for _, service in query.services]
    encoded = [encode_classes(ruleset, scope) for scope in scopes]
    profiles = [one for profile in map(load_profile, fixture_files()) for one in classed_otherwise(law, profile)]
    truths = Truths(query, [assign(query, profile.facts, DAY) for profile in profiles])
    replaced = 0
    for number, profile in enumerate(profiles):
        plain = load_profile({**profile.document.data, "opinions": []})
        for found, service, unsettled in zip(encoded, profile.facts["services"], plain.facts["services"], strict=False):
            expected = classify(law, service_activation(product_activation(profile, DAY), service))
            certain = {cls for cls, formula in found.certain.items() if truths.holds(formula, number)}
            possible = {cls for cls, formula in found.possible.items() if truths.holds(formula, number)}
            assert certain == set(expected.classes), (profile.name, service["id"])
            assert possible == {*expected.classes, *expected.possible}, (profile.name, service["id"])
            replaced += certain != set(
                classify(law, service_activation(product_activation(plain, DAY), unsettled)).classes
            )
    assert replaced > 3


def classed_otherwise(law: RuleSet, profile: Profile) -> Iterator[Profile]:
    """The profile with an opinion, for each service that a contested rule classifies: each class of a reading, or none."""
    for service in profile.facts["services"][: BOUNDS["services"]]:
        contested = classify(law, service_activation(product_activation(profile, DAY), service)).contested
        for cls in {cls for rule in contested for cls in held_classes(rule) or ()}:
            opinion = {"about": "class", "service": service["id"], "by": "authority", "date": DAY}
            classes = [] if cls == NOT_TELECOM else [cls]
            yield load_granted({**profile.document.data, "opinions": [{**opinion, "classes": classes}]})


def test_a_profile_is_written_as_it_was_read_and_keeps_axioms_and_invariants(bundle: Bundle) -> None:
    """What the analysis read of a profile, written down and read again, is decided alike."""
    for period, cases in by_period(bundle, random_profiles(bundle, trials(40), SEED + 2)).items():
        query, _ = encode_shipped(period)
        holding, names = assume_invariants(query.space, query.encoder)
        assert len(names) > 10
        assigned = [assign(query, profile.facts, day) for profile, day in cases]
        truths = Truths(query, assigned)
        for place, (profile, day) in enumerate(cases):
            assert all(truths.holds(formula, place) for formula in [*query.space.axioms, *holding])
            again = load_profile(profile_of(query.space, assigned[place]))
            assert evaluate(bundle, again, day).decision == evaluate(bundle, profile, day).decision


def test_random_expressions(bundle: Bundle) -> None:
    """Strange expressions: good rules are careful, and would not show what is wrong."""
    draw = random.Random(SEED + 4)
    profiles = [profile for profile, _ in random_profiles(bundle, 12, SEED + 5)]
    names = variables("product")
    params = {key: PARAMETERS[name] for name, (key, _) in parameter_types().items()}
    scope = Names(names, parameter_types(), lambda name, scope: None)
    texts = Expressions(draw, names, hints=hints_of(bundle))
    period = periods([bundle])[0]
    tried = unsupported = unknown = 0
    for _ in range(trials(160)):
        tree = parse(texts.text(BOOL, 3), scope)
        query = Query(period, BOUNDS)
        ruleset = query.encode(bundle)
        tried += 1
        try:
            rail = query.encoder.truth(tree, ruleset.product_activation(), params)
        except Unsupported:
            unsupported += 1
            continue
        truths = Truths(query, [assign(query, profile.facts, period.start) for profile in profiles])
        for place, profile in enumerate(profiles):
            expected = kleene(tree, product_activation(profile, period.start), params)
            unknown += expected is None
            assert truths.truth(rail, place) is expected, tree
    assert unsupported < tried / 2
    assert unknown > 15


def test_rechecking_sees_what_the_decision_lists(bundle: Bundle) -> None:
    """`rule_states` is the evaluator's own view: a firing denial is listed by the decision, and the other way round."""
    for profile, day in random_profiles(bundle, 10, SEED + 6):
        decision = evaluate(bundle, profile, day)
        listed = {finding.rule.name for finding in decision.duties if finding.state == "fires"}
        for policy in bundle.policies.values():
            for rule in policy.rules:
                told = rule_states(bundle, rule, profile, day)
                if rule.name in listed:
                    assert any(value[0] is True for value in told.values())
