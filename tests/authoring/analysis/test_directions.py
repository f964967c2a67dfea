"""Directions of formulas hold of every pair of profiles that differ as it is said."""

from __future__ import annotations

import random

from tests.authoring.analysis.random_formulas import FLAGS, LARGEST, random_formulas, random_model
from vatspolicy.authoring.analysis.self_composition import Directions
from vatspolicy.proofs.formula import FormulaPool
from vatspolicy.proofs.solver import Model

RISING, ANY = FLAGS[:4], FLAGS[4]


def second_of(draw: random.Random, first: Model) -> Model:
    """A profile in which some flags are set, a number is higher, and one flag is anything."""
    more = {name: True for name in RISING if draw.random() < 0.5}
    low = first.get("low", 0)
    return {**first, **more, ANY: draw.random() < 0.5, "low": draw.randint(int(low), LARGEST)}


def test_what_rises_holds_of_the_second_profile() -> None:
    draw, rising, kept = random.Random(9), 0, 0
    for _ in range(20):
        pool = FormulaPool()
        formulas = random_formulas(draw, pool, 60)
        directions = Directions(pool, "low", rising={*map(pool.flag, RISING)}, unrelated={pool.flag(ANY)})
        firsts = [random_model(draw) for _ in range(40)]
        pairs = [(first, second_of(draw, first)) for first in firsts]
        for formula in formulas:
            rises, falls = directions.rises(formula), directions.falls(formula)
            left = directions.without_rising(formula)
            rising += rises
            kept += left not in (formula, -1)
            for first, second in pairs:
                before, after = pool.evaluate(formula, first), pool.evaluate(formula, second)
                assert after or not (before and rises)
                assert before or not (after and falls)
                assert not before or after or pool.evaluate(left, first)
    assert rising > 100
    assert kept > 20


def test_what_is_noted_later_counts() -> None:
    pool = FormulaPool()
    directions = Directions(pool)
    one, two = pool.flag("one"), pool.flag("two")
    assert directions.rises(one)
    both = pool.conjoin((one, pool.flag("three")))
    directions.add(rising=[-both], unrelated=[pool.flag("four")])
    assert directions.falls(both)
    assert not directions.rises(both)
    assert not directions.rises(pool.disjoin((both, two)))
    assert not directions.falls(pool.flag("four"))
    directions.settle(both)
    assert directions.rises(both)
