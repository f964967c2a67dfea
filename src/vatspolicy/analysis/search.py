"""Looking for facts that make formulas true: what every solver offers, and how a witness is made small."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Sequence
from typing import Protocol

from vatspolicy.analysis.domain import Space
from vatspolicy.analysis.formula import TRUE, Amount, Bound, Flag

Found = dict[str, bool | Amount]
"""Values of the variables that the formulas rest on."""


class Undecided(Exception):
    """The limit was reached before an answer. The text says which."""


class Search(Protocol):
    """A solver over one space."""

    def find(self, formulas: Sequence[int]) -> Found | None:
        """Values under which all formulas and all axioms hold; None when there are none. Raises Undecided."""


BUDGET = 20_000_000
"""Work that one question may cost, in the solver's own units, so that the same question always ends alike."""


def open_search(space: Space, budget: int = BUDGET) -> Search:
    """The solver z3 where it is installed, else the search by cells."""
    if has_solver():
        from vatspolicy.analysis.smt import Solver

        return Solver(space, budget)
    from vatspolicy.analysis.cells import Cells

    return Cells(space, budget // 1000)


def has_solver() -> bool:
    """Whether z3 is installed (the extra `smt`)."""
    return importlib.util.find_spec("z3") is not None


def simplest(space: Space, search: Search, formulas: Iterable[int], found: Found) -> Found:
    """Values for the same formulas with as few facts as can be, and as plain ones. Raises Undecided.

    Facts are given up one by one in a fixed order, so equal questions give equal witnesses.
    """
    fixed = list(formulas)
    for wish in _wishes(space, [*fixed, *space.axioms]):
        if space.pool.evaluate(wish, found):
            fixed.append(wish)
            continue
        try:
            better = search.find([*fixed, wish])
        except Undecided:
            continue  # it stays as it is
        if better is not None:
            found = better
            fixed.append(wish)
        else:
            fixed.append(-wish)
    return found


def _wishes(space: Space, formulas: Iterable[int]) -> list[int]:
    """Formulas that hold of plain profiles, the strongest wishes first."""
    pool = space.pool
    flags: list[tuple[tuple[int, int, str], int]] = []
    limits: dict[str, set[Amount]] = {}
    for number in pool.cone(formulas):
        atom = pool.parts[number]
        if isinstance(atom, Flag):
            name = atom.name
            depth = name.count(".")
            kind = 0 if name.endswith("?") else 1 if "=" in name else 2
            flags.append(((depth if kind == 0 else 9, kind, name), -number))
        elif isinstance(atom, Bound) and len(atom.terms) == 1:
            limits.setdefault(atom.terms[0][0], set()).add(atom.limit)
    wishes = [wish for _, wish in sorted(flags)]
    for name in sorted(limits):
        known = pool.ranges[name]
        step = 1 if known.whole else 0
        marks = {known.low, *limits[name], *(limit + step for limit in limits[name])}
        for mark in sorted(m for m in marks if known.low <= m <= known.high):
            wish = pool.conjoin((pool.at_most({name: 1}, mark), -pool.at_most({name: 1}, mark, strict=True)))
            if wish != TRUE:
                wishes.append(wish)
    return wishes
