"""Looking for facts that make formulas true: what every solver offers, and how a witness is made small."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Sequence
from typing import Protocol

from vatspolicy.authoring.symbolic.domain import Space
from vatspolicy.authoring.symbolic.formula import Amount, Bound, Flag

Found = dict[str, bool | Amount]
"""Values of the variables that the formulas rest on."""


class Undecided(Exception):
    """The limit was reached before an answer. The text says which."""


class Search(Protocol):
    """A solver over one space."""

    def prepare(self, formulas: Sequence[int]) -> None:
        """Take in formulas that will be asked together with others: cheaper than one by one."""

    def find(self, formulas: Sequence[int]) -> Found | None:
        """Values under which all formulas and all axioms hold; None when there are none. Raises Undecided."""

    def attempt(self, formulas: Sequence[int]) -> Found | list[int]:
        """The same, but where there are no values, formulas of which not all can hold. Raises Undecided."""


BUDGET = 20_000_000
"""Work that one question may cost, in the solver's own units, so that the same question always ends alike."""


def open_search(space: Space, budget: int = BUDGET) -> Search:
    """The solver z3 where it is installed, else the search by cells."""
    if has_solver():
        from vatspolicy.authoring.symbolic.solver import Solver

        return Solver(space, budget)
    from vatspolicy.authoring.symbolic.cells import Cells

    return Cells(space, budget // 50)


def has_solver() -> bool:
    """Whether z3 is installed (the extra `smt`)."""
    return importlib.util.find_spec("z3") is not None


def how() -> tuple[str, ...]:
    """What is said of answers that were found without a solver."""
    return () if has_solver() else ("searched by cells, without a solver",)


def minimize(space: Space, search: Search, formulas: Iterable[int], found: Found) -> Found:
    """Values for the same formulas from which no fact, no word and no truth can be left out alone.

    Facts go before words in lists, those before truths and numbers. Equal questions give equal witnesses.
    """
    pool = space.pool
    fixed = list(formulas)
    for layer in _layers(space, [*fixed, *space.axioms]):
        gone = [-formula for formula in layer]
        given: list[int] = []
        while True:
            try:
                answer = search.attempt([*fixed, *gone])
            except Undecided:
                gone = [formula for formula in gone if pool.evaluate(formula, found)]  # it stays as it is
                break
            if not isinstance(answer, list):
                found = answer
                break
            clash = set(answer)  # what the last values need most is given back, one by one
            kept = next(f for f in gone if f in clash and not pool.evaluate(f, found))
            gone.remove(kept)
            given.append(kept)
        for wish in given:  # what was given back for nothing
            try:
                answer = search.attempt([*fixed, *gone, wish])
            except Undecided:
                continue
            if not isinstance(answer, list):
                found = answer
                gone.append(wish)
        fixed += gone
    return found


def _layers(space: Space, formulas: Iterable[int]) -> list[list[int]]:
    """Formulas that a plain profile does without, the most burdensome first."""
    pool = space.pool
    facts: list[int] = []
    words: list[int] = []
    truths: list[int] = []
    amounts: list[int] = []
    for number in pool.cone(formulas):
        atom = pool.parts[number]
        if isinstance(atom, Flag):
            if atom.name.endswith("?"):
                facts.append(number)
            else:
                (words if "=" in atom.name else truths).append(number)
        elif isinstance(atom, Bound) and len(atom.terms) == 1 and atom.terms[0][0] in space.amounts:
            amounts.append(-number)
    return [facts, words, [*truths, *amounts]]
