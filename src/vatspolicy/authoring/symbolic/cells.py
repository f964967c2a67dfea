"""Search without a solver: the constants that formulas compare a fact with cut its values into cells, and the cells
are gone through, one fact at a time, as long as something is still open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from vatspolicy.authoring.symbolic.domain import Space
from vatspolicy.authoring.symbolic.formula import TRUE, Amount, Bound, Flag
from vatspolicy.authoring.symbolic.search import Found, Undecided

Interval = tuple[Amount, bool, Amount, bool]
"""Lowest value, whether it is included, highest, whether it is."""


@dataclass(frozen=True)
class State:
    """What has been settled: truths by name, and intervals of numbers."""

    truths: Mapping[str, bool]
    numbers: Mapping[str, Interval]


class Cells:
    """Search over one space; `budget` is how many formulas may be looked at for one question."""

    def __init__(self, space: Space, budget: int) -> None:
        self.space, self.budget = space, budget
        self.left = budget

    def prepare(self, formulas: Sequence[int]) -> None:
        """Nothing to do."""

    def find(self, formulas: Sequence[int]) -> Found | None:
        """Values under which all formulas and all axioms hold; None when there are none.

        Raises Undecided at the limit, and where only a comparison of two numbers with each other is still open.
        """
        self.left = self.budget
        goals = [*formulas, *self.relevant(formulas)]
        pending = [State({}, {})]
        while pending:
            if self.left <= 0:
                raise Undecided("too many cells without a solver")
            state = pending.pop()
            atom = self.open_atom(goals, state)
            if atom is None:
                return self.values(state)
            if atom:
                pending += [self.settle(state, atom, True), self.settle(state, atom, False)]
        return None

    def attempt(self, formulas: Sequence[int]) -> Found | list[int]:
        """The same, but where there are no values, formulas of which not all can hold: here, all of them."""
        found = self.find(formulas)
        return [*formulas] if found is None else found

    def relevant(self, formulas: Sequence[int]) -> list[int]:
        """The axioms about what the formulas rest on."""
        pool = self.space.pool
        atoms = set(pool.cone(formulas))
        rest = [(axiom, set(pool.cone([axiom]))) for axiom in self.space.axioms]
        taken: list[int] = []
        growing = True
        while growing:
            growing = False
            for axiom, own in rest:
                if axiom not in taken and own & atoms:
                    taken.append(axiom)
                    atoms |= own
                    growing = True
        return taken

    def open_atom(self, goals: Sequence[int], state: State) -> int | None:
        """An atom to settle next; None when all goals hold, 0 when one cannot."""
        memo: dict[int, bool | None] = {TRUE: True}
        found: int | None = None
        for goal in goals:
            value = self.value(goal, state, memo)
            if value is False:
                return 0
            if value is None and found is None:
                found = self.undecided(goal, state, memo)
        self.left -= len(memo)
        return found

    def value(self, formula: int, state: State, memo: dict[int, bool | None]) -> bool | None:
        """Truth of a formula as far as it is settled."""
        number = abs(formula)
        if number not in memo:
            part = self.space.pool.parts[number]
            if isinstance(part, tuple):
                values = [self.value(p, state, memo) for p in part]
                memo[number] = False if False in values else None if None in values else True
            else:
                memo[number] = self.atom(part, state)
        value = memo[number]
        return value if formula > 0 or value is None else not value

    def atom(self, part: Flag | Bound, state: State) -> bool | None:
        """Truth of an atom as far as it is settled."""
        if isinstance(part, Flag):
            return state.truths.get(part.name)
        low: Amount = 0
        high: Amount = 0
        with_low = with_high = True
        for name, factor in part.terms:
            least, with_least, most, with_most = self.interval(name, state)
            if factor < 0:
                least, with_least, most, with_most = most, with_most, least, with_least
            low, with_low = low + factor * least, with_low and with_least
            high, with_high = high + factor * most, with_high and with_most
        if high < part.limit or (high == part.limit and not (part.strict and with_high)):
            return True
        if low > part.limit or (low == part.limit and (part.strict or not with_low)):
            return False
        return None

    def interval(self, name: str, state: State) -> Interval:
        """What a number can still be."""
        known = self.space.pool.ranges[name]
        return state.numbers.get(name, (known.low, True, known.high, True))

    def undecided(self, formula: int, state: State, memo: dict[int, bool | None]) -> int:
        """An atom that keeps a formula open, one about a single fact before one that compares facts."""
        seen: set[int] = set()
        pending = [abs(formula)]
        while pending:
            number = pending.pop()
            part = self.space.pool.parts[number]
            if isinstance(part, tuple):
                pending += [abs(p) for p in part if abs(p) not in seen and self.value(p, state, memo) is None]
                seen.update(pending)
            elif isinstance(part, Flag) or len(part.terms) == 1:
                return number
        raise Undecided("two numbers are compared with each other, which needs a solver")

    def settle(self, state: State, number: int, truth: bool) -> State:
        """The state in which an atom has a truth."""
        part = self.space.pool.parts[number]
        if isinstance(part, Flag):
            return State({**state.truths, part.name: truth}, state.numbers)
        assert isinstance(part, Bound)
        name = part.terms[0][0]
        low, with_low, high, with_high = self.interval(name, state)
        if truth:
            interval: Interval = (low, with_low, part.limit, not part.strict)
        elif self.space.pool.ranges[name].whole:
            interval = (int(part.limit) + 1, True, high, with_high)
        else:
            interval = (part.limit, part.strict, high, with_high)
        return State(state.truths, {**state.numbers, name: interval})

    def values(self, state: State) -> Found:
        """Values inside what was settled; what is open is false, or as low as can be."""
        found: Found = dict(state.truths)
        for name, (low, with_low, high, with_high) in state.numbers.items():
            found[name] = low if with_low else high if with_high else Fraction(low + high) / 2
        return found
