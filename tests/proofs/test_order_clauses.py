"""Clauses on comparisons hold for all numbers, and exclude an order that no numbers have."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import product

from vatspolicy.proofs.formula import Clause, FormulaPool, Range, relate_variables

RANGES = {"x": Range(0, 3, whole=False), "y": Range(1, 3, whole=False), "z": Range(0, 2, whole=False)}
VALUES = [Fraction(number, 4) for number in range(13)]


def clauses_of(*names: str) -> tuple[FormulaPool, list[Clause], list[int]]:
    """The pool, its clauses and its atoms: bounds of 1 and 2 on every variable, and every comparison of two."""
    pool = FormulaPool()
    pool.ranges = {name: RANGES[name] for name in names}
    steps = {}
    for name in names:
        bounds = [
            (limit, not strict, pool.at_most({name: 1}, limit, strict)) for limit in (1, 2) for strict in (True, False)
        ]
        steps[name] = sorted(
            (limit, included, formula) for limit, included, formula in bounds if formula not in (1, -1)
        )
    pairs = [(one, other) for one in names for other in names if one < other]
    sums = [pool.at_most({one: 1, other: -1}, 0, strict) for one, other in pairs for strict in (True, False)]
    clauses = list(relate_variables(pool, sums, steps))
    return pool, clauses, [*(step[2] for found in steps.values() for step in found), *sums]


def holds(clause: Clause, true: Iterable[int]) -> bool:
    return any((abs(formula) == 1 or abs(formula) in true) is (formula > 0) for formula in clause)


def worlds(pool: FormulaPool, atoms: list[int]) -> set[frozenset[int]]:
    """The atoms that are true together, for all numbers within the ranges."""
    found = set()
    for values in product(VALUES, repeat=len(pool.ranges)):
        assignment = dict(zip(pool.ranges, values, strict=True))
        if all(known.low <= assignment[name] <= known.high for name, known in pool.ranges.items()):
            found.add(frozenset(atom for atom in atoms if pool.evaluate(atom, assignment)))
    return found


def test_they_hold_for_all_numbers() -> None:
    pool, clauses, atoms = clauses_of("x", "y", "z")
    assert len(clauses) > 40
    for true in worlds(pool, atoms):
        assert all(holds(clause, true) for clause in clauses)


def test_they_exclude_every_order_of_two_variables_that_no_numbers_have() -> None:
    pool, clauses, atoms = clauses_of("x", "y")
    possible = worlds(pool, atoms)
    bounds = [atom for atom in atoms if len(pool.parts[atom].terms) == 1]  # type: ignore[union-attr]
    ordered = {frozenset(true & set(bounds)) for true in possible}
    allowed = 0
    for truths in product((False, True), repeat=len(atoms)):
        true = frozenset(atom for atom, truth in zip(atoms, truths, strict=True) if truth)
        if true & set(bounds) in ordered and all(holds(clause, true) for clause in clauses):
            allowed += 1
            assert true in possible
    assert allowed == len(possible)


def test_an_order_in_a_circle_is_excluded() -> None:
    pool, clauses, _ = clauses_of("x", "y", "z")
    circle = {
        pool.at_most({"x": 1, "y": -1}, 0): True,
        pool.at_most({"y": 1, "z": -1}, 0): True,
        pool.at_most({"x": 1, "z": -1}, 0): False,
    }
    assert any(
        all(abs(formula) in circle and circle[abs(formula)] is not (formula > 0) for formula in clause)
        for clause in clauses
    )
