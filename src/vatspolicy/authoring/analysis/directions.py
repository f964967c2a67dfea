"""Directions of formulas between two profiles that differ as a property says: some only become true, some only false.

A conjunction or disjunction of formulas that can only become true can only become true, and the negation of one can
only become false. So the direction of a formula follows from those of its atoms, without a solver.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from vatspolicy.authoring.symbolic.formula import FALSE, Bound, FormulaPool


@dataclass
class Directions:
    """Directions of the formulas of a pool, from the first of two profiles to the second.

    Atoms that are not named here are the same in both profiles.
    """

    pool: FormulaPool
    number: str = ""
    """Variable that is higher in the second profile."""
    rising: set[int] = field(default_factory=set)
    """Formulas that hold of the second profile where they hold of the first."""
    unrelated: set[int] = field(default_factory=set)
    """Formulas that may be anything in the second profile."""
    _rises: list[bool] = field(default_factory=lambda: [True, True])
    _falls: list[bool] = field(default_factory=lambda: [True, True])

    def add(self, rising: Iterable[int] = (), unrelated: Iterable[int] = ()) -> None:
        """Note formulas that rise, and others of which nothing is known. They must be new to the pool."""
        self.rising.update(rising)
        self.unrelated.update(map(abs, unrelated))

    def rises(self, formula: int) -> bool:
        """Return True if the formula holds of the second profile wherever it holds of the first."""
        if abs(formula) >= len(self._rises):
            self._extend()
        return self._rises[formula] if formula > 0 else self._falls[-formula]

    def falls(self, formula: int) -> bool:
        """Return True if the formula holds of the first profile wherever it holds of the second."""
        return self.rises(-formula)

    def settle(self, formula: int) -> None:
        """Note that it is proved that a formula rises."""
        (self._rises if formula > 0 else self._falls)[abs(formula)] = True

    def renew(self, number: int) -> None:
        """Find the directions of a formula again, once more is known of its operands."""
        rises, falls = self._of(number)
        self._rises[number] |= rises
        self._falls[number] |= falls

    def _extend(self) -> None:
        """Find the directions of the formulas added to the pool; operands precede what they are part of."""
        for number in range(len(self._rises), len(self.pool.parts)):
            rises, falls = self._of(number)
            self._rises.append(rises)
            self._falls.append(falls)

    def _of(self, number: int) -> tuple[bool, bool]:
        """Return whether a formula rises, and whether it falls, by its parts."""
        rises, falls = self._rises, self._falls
        if number in self.unrelated:
            return False, False
        if number in self.rising or -number in self.rising:
            return number in self.rising, -number in self.rising
        part = self.pool.parts[number]
        if isinstance(part, tuple):
            return (
                all(rises[p] if p > 0 else falls[-p] for p in part),
                all(falls[p] if p > 0 else rises[-p] for p in part),
            )
        factor = dict(part.terms).get(self.number, 0) if isinstance(part, Bound) else 0
        return factor <= 0, factor >= 0  # a sum stays below its limit less often, the higher its parts are

    def without_rising(self, formula: int) -> int:
        """Return the part of a disjunction that does not rise; the rest holds of the second profile, too."""
        if self.rises(formula):
            return FALSE
        part = self.pool.parts[abs(formula)]
        if not isinstance(part, tuple):
            return formula
        if formula < 0:
            return self.pool.disjoin([self.without_rising(-operand) for operand in part])
        left = [operand for operand in part if not self.rises(operand)]
        if len(left) > 1 or left[0] > 0:
            return formula
        return self.pool.conjoin([*(operand for operand in part if operand not in left), self.without_rising(left[0])])
