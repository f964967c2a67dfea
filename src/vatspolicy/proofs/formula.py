"""Hash-consed formulas over facts: conjunctions and negations of atoms, and the clauses that order implies.

A formula is a non-zero integer: `-x` is the negation of `x`, `TRUE` and `FALSE` are constants. An atom is a boolean
variable, or a bound on a sum of number variables. Constants are folded while formulas are built.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations
from operator import neg

TRUE, FALSE = 1, -1

Amount = int | Fraction
Assignment = Mapping[str, bool | Amount]
"""Values of variables by name; a missing variable is false, or its lowest value."""


@dataclass(frozen=True)
class Range:
    """Range of a number variable, both ends included."""

    low: Amount
    high: Amount
    whole: bool = True


@dataclass(slots=True, unsafe_hash=True)  # not frozen, which would take three times as long for each of a million
class Flag:
    """Boolean variable as an atom."""

    name: str


@dataclass(slots=True, unsafe_hash=True)
class Bound:
    """Atom `sum <= limit`, or `sum < limit` if strict. Bounds on whole numbers alone are never strict."""

    terms: tuple[tuple[str, int], ...]
    limit: Amount
    strict: bool = False


Atom = Flag | Bound
Part = Atom | tuple[int, ...]
"""Atom, or the operands of a conjunction."""


LARGEST = 1_000_000
"""Maximum number of formulas in a pool. With the solver's data, this is about a gigabyte."""


class Undecided(Exception):
    """The question has no answer within a limit. The message contains the limit."""


class FormulaPool:
    """Hash-consing pool of formulas, with the ranges of number variables."""

    def __init__(self) -> None:
        self.parts: list[Part] = [(), ()]
        self.ranges: dict[str, Range] = {}
        self._numbers: dict[Part, int] = {}

    def flag(self, name: str) -> int:
        """Return the boolean variable of that name."""
        return self._number(Flag(name))

    def conjoin(self, formulas: Iterable[int]) -> int:
        """Return the conjunction; TRUE for no formulas."""
        if type(formulas) is tuple and len(formulas) == 2:
            return self.both(*formulas)
        found = set(formulas)
        found.discard(TRUE)
        if FALSE in found or not found.isdisjoint(map(neg, found)):
            return FALSE
        if not found:
            return TRUE
        return found.pop() if len(found) == 1 else self._number(tuple(sorted(found)))

    def disjoin(self, formulas: Iterable[int]) -> int:
        """Return the disjunction; FALSE for no formulas."""
        if type(formulas) is tuple and len(formulas) == 2:
            return -self.both(-formulas[0], -formulas[1])
        return -self.conjoin(map(neg, formulas))

    def both(self, one: int, other: int) -> int:
        """Return the conjunction of two formulas, the most common case."""
        if one == other or other == TRUE:
            return one
        if one == TRUE:
            return other
        if one == FALSE or other == FALSE or one == -other:
            return FALSE
        return self._number((one, other) if one < other else (other, one))

    def differ(self, left: int, right: int) -> int:
        """Return the formula that exactly one of two formulas is true."""
        return self.disjoin((self.conjoin((left, -right)), self.conjoin((-left, right))))

    def at_most(self, terms: Mapping[str, int], limit: Amount, strict: bool = False) -> int:
        """Return the formula that the sum of factors times variables is at most `limit`, or below it if strict."""
        kept = sorted((name, factor) for name, factor in terms.items() if factor)
        if not kept:
            return TRUE if (limit > 0 if strict else limit >= 0) else FALSE
        if kept[0][1] < 0:  # normal form: a bound and its negation share an atom
            return -self.at_most({name: -factor for name, factor in kept}, -limit, not strict)
        if all(self.ranges[name].whole for name, _ in kept):
            limit = -((-limit) // 1) - 1 if strict else limit // 1
            strict = False
        low = sum(f * (self.ranges[n].low if f > 0 else self.ranges[n].high) for n, f in kept)
        high = sum(f * (self.ranges[n].high if f > 0 else self.ranges[n].low) for n, f in kept)
        if high < limit or (high == limit and not strict):
            return TRUE
        if low > limit or (low == limit and strict):
            return FALSE
        return self._number(Bound(tuple(kept), limit, strict))

    def among(self, name: str, values: Iterable[int]) -> int:
        """Return the formula that an integer variable has one of the values."""
        known = self.ranges[name]
        wanted = sorted(value for value in set(values) if known.low <= value <= known.high)
        runs: list[list[int]] = []
        for value in wanted:
            if runs and runs[-1][1] == value - 1:
                runs[-1][1] = value
            else:
                runs.append([value, value])
        return self.disjoin(
            self.conjoin((self.at_most({name: 1}, high), -self.at_most({name: 1}, low - 1))) for low, high in runs
        )

    def evaluate(self, formula: int, values: Assignment, memo: dict[int, bool] | None = None) -> bool:
        """Return whether the formula holds under the assignment."""
        memo = {} if memo is None else memo
        pending = [abs(formula)]
        memo[TRUE] = True
        while pending:
            number = pending[-1]
            part = self.parts[number]
            if number in memo:
                pending.pop()
            elif isinstance(part, tuple):
                open_parts = [abs(p) for p in part if abs(p) not in memo]
                if open_parts:
                    pending += open_parts
                else:
                    memo[number] = all(memo[abs(p)] is (p > 0) for p in part)
            else:
                memo[number] = self.holds(part, values)
        return memo[abs(formula)] is (formula > 0)

    def truths(self, values: Assignment) -> list[bool]:
        """Return the truth of every formula of the pool by number. Operands precede their formulas."""
        found = [False, True]
        for part in self.parts[2:]:
            if isinstance(part, tuple):
                for p in part:  # an explicit loop, since it runs for every formula of the pool
                    if found[p] if p > 0 else not found[-p]:
                        continue
                    found.append(False)
                    break
                else:
                    found.append(True)
            else:
                found.append(self.holds(part, values))
        return found

    def holds(self, atom: Atom, values: Assignment) -> bool:
        """Return whether an atom holds under the assignment."""
        if isinstance(atom, Flag):
            return bool(values.get(atom.name, False))
        total = sum(factor * self.number_of(name, values) for name, factor in atom.terms)
        return total < atom.limit if atom.strict else total <= atom.limit

    def number_of(self, name: str, values: Assignment) -> Amount:
        """Return the value of a number variable."""
        value = values.get(name, self.ranges[name].low)
        return int(value) if isinstance(value, bool) else value

    def cone(self, formulas: Iterable[int]) -> list[int]:
        """Return the atoms in the cone of influence of the formulas, in order."""
        seen: set[int] = set()
        pending = [abs(formula) for formula in formulas]
        while pending:
            number = pending.pop()
            if number in seen or number == TRUE:
                continue
            seen.add(number)
            part = self.parts[number]
            if isinstance(part, tuple):
                pending += map(abs, part)
        return sorted(number for number in seen if not isinstance(self.parts[number], tuple))

    def _number(self, part: Part) -> int:
        number = self._numbers.get(part)
        if number is None:
            if len(self.parts) >= LARGEST:
                raise Undecided(f"the question needs more than {LARGEST:,} formulas")
            number = self._numbers[part] = len(self.parts)
            self.parts.append(part)
        return number


# --- clauses that hold of the comparisons of number variables: with their bounds, and with each other


Step = tuple[Amount, bool, int]
"""Upper bound of one variable: the limit, whether the bound includes it, and the formula."""
Clause = tuple[int, ...]
"""Formulas; at least one holds."""
_Pair = tuple[str, str, bool]
"""First variable, second variable, and whether the first is less (True), or less or equal (False)."""


def relate_variables(pool: FormulaPool, sums: Sequence[int], steps: Mapping[str, Sequence[Step]]) -> Iterator[Clause]:
    """Yield valid clauses on the comparisons of two variables among some bounds on sums.

    Args:
        pool: of the formulas.
        sums: bounds on several variables; skips those that do not compare two variables.
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
    """Return the formula of each comparison of two variables that a bound states or denies."""
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
    """Return the strongest bound implied by a limit: FALSE below the lowest value, TRUE without a bound."""
    if limit < least or (limit == least and not included):
        return FALSE
    index = bisect_left(steps, (limit, included), key=lambda step: step[:2])
    return steps[index][2] if index < len(steps) else TRUE
