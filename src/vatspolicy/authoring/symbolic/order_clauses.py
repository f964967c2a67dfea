"""Clauses that hold of the comparisons of number variables: with their bounds, and with each other."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations

from vatspolicy.authoring.symbolic.formula import FALSE, TRUE, Amount, Bound, FormulaPool

Step = tuple[Amount, bool, int]
"""Upper bound of one variable: the limit, whether the bound includes it, and the formula."""
Clause = tuple[int, ...]
"""Formulas of which at least one holds."""
_Pair = tuple[str, str, bool]
"""First variable, second variable, and whether the first is less (True), or less or equal (False)."""


def relate_variables(pool: FormulaPool, sums: Sequence[int], steps: Mapping[str, Sequence[Step]]) -> Iterator[Clause]:
    """Yield valid clauses on the comparisons of two variables among some bounds on sums.

    Args:
        pool: of the formulas.
        sums: bounds on several variables; those that are no comparison of two are passed over.
        steps: bounds by variable, in order.
    """
    literals = _compare(pool, sums)
    for (low, high, strict), literal in literals.items():
        known = pool.ranges[low]
        for limit, included, formula in (*steps.get(high, ()), (pool.ranges[high].high, True, TRUE)):
            implied = _weaken(limit, included and not strict, steps.get(low, ()), known.low)
            if implied != TRUE:
                yield (-literal, -formula, implied)
        if strict and (weaker := literals.get((low, high, False))):
            yield (-literal, weaker)
    names = sorted({name for low, high, _ in literals for name in (low, high)})
    for first, second, third in permutations(names, 3):
        for left, right in ((False, False), (True, False), (False, True)):
            one, other = literals.get((first, second, left)), literals.get((second, third, right))
            both = literals.get((first, third, left or right))
            if one and other and both:
                yield (-one, -other, both)


def _compare(pool: FormulaPool, sums: Sequence[int]) -> dict[_Pair, int]:
    """Return the formula of each comparison of two variables that some bound states or denies."""
    found: dict[_Pair, int] = {}
    for number in sums:
        part = pool.parts[number]
        assert isinstance(part, Bound)
        factors = dict(part.terms)
        if part.limit == 0 and sorted(factors.values()) == [-1, 1]:
            low = next(name for name, factor in factors.items() if factor == 1)
            high = next(name for name in factors if name != low)
            found[low, high, part.strict] = number
            found[high, low, not part.strict] = -number
    return found


def _weaken(limit: Amount, included: bool, steps: Sequence[Step], least: Amount) -> int:
    """Return the strongest of some bounds that a limit implies: FALSE below the least value, TRUE if there is none."""
    if limit < least or (limit == least and not included):
        return FALSE
    index = bisect_left(steps, (limit, included), key=lambda step: step[:2])
    return steps[index][2] if index < len(steps) else TRUE
