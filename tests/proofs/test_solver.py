"""Solvers: what one finds is checked by working the formula out; what one excludes, another must exclude."""

from __future__ import annotations

import random

import pytest

from tests.support.effort import SEED, TIMES, trials
from tests.support.random_inputs import PARAMETERS, Expressions, hints_of, parameter_types
from tests.support.shipped import shipped_bundle
from tests.support.solver import needs_solver, periods
from vatspolicy.core.cel.interpreter import evaluate as kleene
from vatspolicy.core.cel.parser import TypeEnvironment, parse
from vatspolicy.core.cel.types import BOOL
from vatspolicy.core.engine.subjects import product_activation
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.compiler import variables
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.proofs.domain import ProfileSpace
from vatspolicy.proofs.formula import FALSE, TRUE, FormulaPool, Range
from vatspolicy.proofs.query import Query, assume_invariants
from vatspolicy.proofs.solver import open_solver
from vatspolicy.proofs.values import Unsupported, at_least
from vatspolicy.proofs.witness import day_of, minimize, profile_of


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return shipped_bundle()


def test_formulas_fold() -> None:
    pool = FormulaPool()
    pool.ranges["n"] = Range(0, 10)
    a, b = pool.flag("a"), pool.flag("b")
    assert pool.conjoin((a, -a)) == FALSE
    assert pool.disjoin((a, TRUE)) == TRUE
    assert pool.conjoin((a, b)) == pool.conjoin((b, a, TRUE))
    assert pool.at_most({"n": 1}, 10) == TRUE
    assert pool.at_most({"n": -1}, -11) == FALSE
    assert pool.at_most({"n": 1}, 4, strict=True) == pool.at_most({"n": 1}, 3) == -pool.at_most({"n": -1}, -4)
    assert pool.among("n", range(20)) == TRUE
    for wanted in (0, 2, 3):
        formula = at_least(pool, (a, b, pool.flag("c")), wanted)
        assert pool.evaluate(formula, {"a": True, "c": True}) is (wanted <= 2)


@needs_solver
def test_a_constant_is_a_question_like_others() -> None:
    """The lowest z3 that is allowed takes none as an assumption."""
    space = ProfileSpace()
    flag = space.pool.flag("a")
    solver = open_solver(space)
    assert (solver.find([TRUE, flag]) or {}).get("a") is True
    assert solver.may_hold([TRUE, -flag]) is True
    assert (solver.core([TRUE, FALSE, flag]), solver.find([FALSE])) == ({FALSE}, None)


def test_two_formulas_are_joined_as_many_are() -> None:
    pool = FormulaPool()
    literals = [TRUE, FALSE, *(sign * pool.flag(name) for name in "abc" for sign in (1, -1))]
    for one in literals:
        for other in literals:
            assert pool.conjoin((one, other)) == pool.conjoin([one, other, TRUE])
            assert pool.disjoin((one, other)) == pool.disjoin([one, other, FALSE])


def test_a_number_that_no_list_reaches_costs_nothing() -> None:
    """A length compared with a thousand million once took that many formulas."""
    pool = FormulaPool()
    before = len(pool.parts)
    assert at_least(pool, (pool.flag("a"), pool.flag("b")), 10**9) == FALSE
    assert len(pool.parts) == before + 2


@needs_solver
def test_numbers_between_bounds() -> None:
    """Whole numbers, and numbers that have others between them, at every kind of bound."""
    for whole in (True, False):
        space = ProfileSpace()
        space.pool.ranges["n"] = Range(0, 100, whole)
        pool = space.pool
        above, below = -pool.at_most({"n": 1}, 49), pool.at_most({"n": 1}, 50, strict=True)
        solver = open_solver(space)
        assert (solver.find([above, below]) is None) is whole
        found = solver.find([above, pool.at_most({"n": 1}, 50)])
        assert found is not None
        assert 49 < pool.number_of("n", found) <= 50


@needs_solver
def test_sums_of_variables() -> None:
    space = ProfileSpace()
    for name in "xyz":
        space.pool.ranges[name] = Range(0, 10)
    pool = space.pool
    apart = [pool.at_most({"x": 1, "y": -1}, -1), pool.at_most({"y": 1, "z": -1}, -1)]  # x < y < z
    search = open_solver(space)
    found = search.find([*apart, pool.at_most({"z": 1}, 2)])
    assert found is not None
    assert [found[name] for name in "xyz"] == [0, 1, 2]
    assert search.find([*apart, pool.at_most({"z": 1}, 1)]) is None
    assert search.find([*apart, pool.at_most({"z": 1, "x": -1}, 1)]) is None


@needs_solver
def test_random_expressions_are_satisfied_or_not(bundle: Bundle) -> None:
    """Every model is a valid profile on which the interpreter agrees, before and after it is minimized."""
    draw = random.Random(SEED + 7)
    names = variables("product")
    params = {key: PARAMETERS[name] for name, (key, _) in parameter_types().items()}
    scope = TypeEnvironment(names, parameter_types(), lambda name, scope: None)
    texts = Expressions(draw, names, hints=hints_of(bundle))
    period = periods([bundle])[0]
    found_some = excluded = 0
    for _ in range(trials(120)):
        tree = parse(texts.text(BOOL, 3), scope)
        query = Query(period, dict.fromkeys(("services", "deals", "filings", "services.*.area"), 2))
        try:
            rail = query.encoder.truth(tree, query.encode(bundle).product_activation(), params)
        except Unsupported:
            continue
        more, _ = assume_invariants(query.space, query.encoder)
        for wanted, formulas in ((True, [rail.true]), (False, [rail.false]), (None, [-rail.true, -rail.false])):
            solver = open_solver(query.space)
            found = solver.find([*formulas, *more])
            if found is None:
                excluded += 1
                continue
            for model in (found, minimize(query.space, solver, [*formulas, *more], found)):
                profile = load_profile(profile_of(query.space, model))
                assert kleene(tree, product_activation(profile, day_of(query.space, model)), params) is wanted
            found_some += 1
    assert found_some > 60 * TIMES
    assert excluded > 5 * TIMES
