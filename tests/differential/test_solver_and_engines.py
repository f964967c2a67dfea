"""cel-python, Kleene's logic and z3 say the same: of every rule on random profiles, and of random expressions.

The proof engine's formulas are compared twice: worked out under the values that a profile gives, and by z3, which has to
find that nothing else is possible. Good rules alone would not show what is wrong, so half of it is strange expressions.
Sizes are of tests/support/effort.py; VATSPOLICY_TRIALS=10000 asks of so many profiles, and makes so many evaluations of
random expressions. The formulas are worked out for all of them, for fewer rules a profile after the first forty; the
searches, which take most of the time, are asked of one in ten then.
"""

from __future__ import annotations

import importlib.util
import os
import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.assignments import BOUNDS, Truths, Values, assign
from tests.support.effort import LONG, SEED
from tests.support.oracles import CelPython, convert
from tests.support.random_inputs import PARAMETERS, Expressions, Profiles, hints_of, near_days, parameter_types
from tests.support.samples import vocabulary_of
from tests.support.shipped import shipped_bundle
from tests.support.solver import periods
from vatspolicy.core.cel.interpreter import evaluate as kleene
from vatspolicy.core.cel.parser import TypeEnvironment as Names
from vatspolicy.core.cel.parser import parse
from vatspolicy.core.cel.types import BOOL, type_of_value
from vatspolicy.core.engine.subjects import product_activation
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.compiler import variables
from vatspolicy.core.policies.model import Rule
from vatspolicy.proofs.decision_encoder import subjects
from vatspolicy.proofs.encoder import SymbolicActivation
from vatspolicy.proofs.formula import TRUE
from vatspolicy.proofs.query import Query
from vatspolicy.proofs.solver import Solver, open_solver
from vatspolicy.proofs.timeline import END, Period
from vatspolicy.proofs.values import Constant, DualRail, Unsupported

TRIALS = int(os.environ.get("VATSPOLICY_TRIALS", "40" if LONG else "12"))

Z3 = importlib.util.find_spec("z3") is not None


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return shipped_bundle()


def settled(query: Query, solver: Solver, rail: DualRail, expected: bool | None, values: Values) -> None:
    """A search that is told the facts finds the expected answer, and finds every other answer impossible."""
    pool = query.space.pool
    truths = Truths(query, [values])
    facts = [atom if truths.holds(atom) else -atom for atom in pool.cone([rail.true, rail.false])]
    answer = {True: rail.true, False: rail.false, None: pool.conjoin((-rail.true, -rail.false))}[expected]
    assert solver.find([answer, *facts]) is not None
    assert solver.find([-answer, *facts]) is None


def by_cel_python(rule: Rule, params: Mapping[str, Any], activation: Mapping[str, Any]) -> Any:
    known, terms = vocabulary_of(rule.policy)
    reference = CelPython({name: (params[key], type) for name, (key, type) in known.items()}, terms)
    return reference.at(convert(activation, variables(rule.each)))(rule.when.text)


def searched(number: int) -> bool:
    """Whether a search is asked, too."""
    return number < 40 or number % 10 == 0


def test_rules_on_random_profiles(bundle: Bundle) -> None:
    """The law of all days is one encoding, so that the days on which rules and values change are tested, too."""
    draw = random.Random(SEED)
    made = Profiles(draw, hints_of(bundle))
    query = Query(Period(bundle.covers_from, END), BOUNDS)
    ruleset = query.encode(bundle)
    solver = open_solver(query.space) if Z3 else None
    services = [service for _, service in query.services]
    encoded: dict[tuple[str, int, str], DualRail] = {}

    def encode(rule: Rule, index: int, cls: str) -> DualRail:
        key = (rule.name, index, cls)
        if key not in encoded:
            scope: SymbolicActivation = ruleset.product_activation()
            if cls:
                scope = ruleset.activity_activation(services[index], ((TRUE, Constant(cls)),), cls)
            elif rule.each == "service":
                scope = ruleset.service_activation(services[index])
            encoded[key] = ruleset.holds(rule, scope)
        return encoded[key]

    compared: Counter[str] = Counter()
    for trial in range(TRIALS):
        profile, day = made.profile(), max(near_days(draw, bundle.boundaries), bundle.covers_from)
        law = bundle.on(day)
        ids = [service["id"] for service in profile.facts["services"]]
        pairs = []
        for each in ("product", "service", "activity"):
            asked = [rule for key, rules in law.rules.items() if key.startswith(each) for rule in rules]
            for name, activation in subjects(law, profile, day, each):
                service, _, cls = name.partition("/")
                index = ids.index(service) if service else 0
                pairs += [(rule, index, cls, activation) for rule in asked]
        taken = draw.sample(pairs, min(20 if trial < 40 else 4, len(pairs)))
        rails = [encode(rule, index, cls) for rule, index, cls, _ in taken]
        values = assign(query, profile.facts, day)
        truths = Truths(query, [values])
        for number, ((rule, _, _, activation), rail) in enumerate(zip(taken, rails, strict=True)):
            expected = kleene(rule.when.tree, activation, law.params)
            assert truths.truth(rail) is expected, (rule.name, day)
            compared[str(expected)] += 1
            if number < (6 if trial < 40 else 1):
                assert by_cel_python(rule, law.params, activation) is expected, (rule.name, day)
                compared["cel-python"] += 1
            if number < 1 and solver and searched(trial):
                settled(query, solver, rail, expected, values)
                compared["z3"] += 1
    assert min(compared[answer] for answer in ("True", "False", "None")) > min(TRIALS, 40) / 2 + max(TRIALS - 40, 0) / 4
    assert compared["cel-python"] > 5 * min(TRIALS, 40)
    assert compared["z3"] == (sum(map(searched, range(TRIALS))) if Z3 else 0)


def test_random_expressions(bundle: Bundle) -> None:
    """So many evaluations, five of each expression."""
    draw = random.Random(SEED + 1)
    made = Profiles(draw, hints_of(bundle))
    names, typed = variables("product"), parameter_types()
    params = {key: PARAMETERS[name] for name, (key, _) in typed.items()}
    reference = CelPython({name: (value, type_of_value(value, name)) for name, value in PARAMETERS.items()}, {})
    period = periods([bundle])[0]
    texts = Expressions(draw, names, hints=hints_of(bundle))
    compared: Counter[str] = Counter()
    while compared["evaluations"] < max(TRIALS, 60):  # fewer may miss an answer
        text = texts.text(BOOL, draw.choice((1, 2, 3, 4)))
        tree = parse(text, Names(names, typed, lambda name, scope: None))
        query = Query(period, BOUNDS)
        try:
            rail = query.encoder.truth(tree, query.encode(bundle).product_activation(), params)
        except Unsupported:
            compared["unsupported"] += 1
            continue
        solver = open_solver(query.space) if Z3 else None
        expected, values = None, Values()
        for _ in range(5):
            profile = made.profile()
            activation = product_activation(profile, period.start)
            expected = kleene(tree, activation, params)
            compared["evaluations"] += 1
            compared[str(expected)] += 1
            assert reference.at(convert(activation, names))(text) is expected, text
            values = assign(query, profile.facts, period.start)
            assert Truths(query, [values]).truth(rail) is expected, text
            if solver and searched(compared["evaluations"] - 1):
                settled(query, solver, rail, expected, values)
                compared["z3"] += 1
    assert compared["unsupported"] < compared["evaluations"] / 5
    assert min(compared[answer] for answer in ("True", "False", "None")) > TRIALS / 20
