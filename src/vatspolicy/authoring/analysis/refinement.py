"""Proof that a profile that says more never leaves the range of decisions that it had.

The range is that of the strictest part of a product: of the rules on the product and on each service, and of those on
each activity. It stays in itself if each part does, if a class that is certain stays certain, and if one that is
impossible stays impossible. Each part is a formula over what is said, so that its direction mostly follows from how it
is built (`Directions`): Kleene's logic, comparisons, and lists of any length only ever refine an answer. What does not
follow in this way is a fact that is derived from others: whether a company without a word on it is a mainland entity,
and the foreign share of an operator. Of these the solver proves it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

from vatspolicy.authoring.analysis.directions import Directions
from vatspolicy.authoring.analysis.self_composition import SAID, ProfilePair, services_of
from vatspolicy.authoring.symbolic.decision_encoder import encode_activities, encode_rules, encode_service
from vatspolicy.authoring.symbolic.formula import FALSE, TRUE, Bound, Flag, Part
from vatspolicy.authoring.symbolic.query import assume_invariants
from vatspolicy.authoring.symbolic.solver import Solver, open_solver

LENGTHS = {"deals": 2}
"""Lengths of lists. The foreign share of an operator is that of one source, and another deal can only make it unknown
or replace it: so two deals show whatever any number can. Of other lists each member adds the same formulas again."""

MOST_ATOMS = 60
"""Atoms of a formula of which the solver is asked."""

_MEMBER = re.compile(r"(?<!^services)(?<!^deals)\.\d+\b")
"""A member of a list, other than the service and the deals."""


class RefinementProof:
    """Proof about two profiles of which the first leaves out facts of the second."""

    def __init__(self, pair: ProfilePair, budget: int) -> None:
        self.pair, self.budget = pair, budget
        self.pool = pair.query.space.pool
        self.parts = list(self._find_parts())
        said = {number for number, part in enumerate(self.pool.parts) if _is_said(part)}
        self.directions = Directions(self.pool, rising=said)
        self._in_second: dict[int, int] = {TRUE: TRUE}

    def is_proved(self) -> bool:
        """Return whether every part stays in its range. Raises SolverMissing."""
        open_parts = [formula for formula in self.parts if not self.directions.rises(formula)]
        if open_parts:
            self._ask_solver(open_parts)
        return all(self.directions.rises(formula) for formula in open_parts)

    def _find_parts(self) -> Iterator[int]:
        """Yield the formulas that must rise: certain consequences, and the negations of possible ones."""
        ruleset = self.pair.first
        _, service = services_of(ruleset)[0]
        outcomes = [encode_rules(ruleset, "product", ruleset.product_activation()), encode_service(ruleset, service)]
        for certain, possible, outcome in encode_activities(ruleset, service):
            yield from (certain, -possible)
            outcomes.append(outcome)
        for outcome in outcomes:
            yield from outcome.low
            yield from (-high for high in outcome.high)

    def _ask_solver(self, formulas: list[int]) -> None:
        """Find the directions of small formulas below some, from the smallest on."""
        asked = sorted(self._find_open(formulas), key=abs)
        solver = open_solver(self.pair.query.space, self.budget)
        for formula in asked:
            self.directions.renew(abs(formula))
            if not self.directions.rises(formula) and self._is_small(formula) and self._rises(solver, formula):
                self.directions.settle(formula)

    def _find_open(self, formulas: list[int]) -> set[int]:
        """Return the formulas that must rise for some to rise, and do not yet: those below them, too."""
        found: set[int] = set()
        pending = list(formulas)
        while pending:
            formula = pending.pop()
            part = self.pool.parts[abs(formula)]
            if formula not in found and not self.directions.rises(formula):
                found.add(formula)
                if isinstance(part, tuple):
                    pending += part if formula > 0 else [-operand for operand in part]
        return found

    def _is_small(self, formula: int) -> bool:
        """Return whether a formula has few atoms, and none about a member of a list other than a deal."""
        atoms = [self.pool.parts[number] for number in self.pool.cone([formula])]
        names = [name for atom in atoms for name in _names(atom)]
        return len(atoms) <= MOST_ATOMS and not any(_MEMBER.search(name.removeprefix(SAID)) for name in names)

    def _rises(self, solver: Solver, formula: int) -> bool:
        """Return whether it is proved that a formula holds of the second profile wherever it holds of the first."""
        asked = [formula, -self._second(formula), *self._invariants]
        return FALSE in asked or solver.find(asked) is None

    @functools.cached_property
    def _invariants(self) -> list[int]:
        """Invariants of both profiles."""
        first, _ = assume_invariants(self.pair.first.space, self.pair.first.encoder)
        return [*first, *map(self._second, first)]

    def _second(self, formula: int) -> int:
        """Return a formula as it is of the second profile: everything is said there."""
        found, pending = self._in_second, [abs(formula)]
        while pending:
            part = self.pool.parts[pending[-1]]
            below = [abs(operand) for operand in part] if isinstance(part, tuple) else []
            missing = [one for one in below if one not in found]
            if missing:
                pending += missing
                continue
            one = pending.pop()
            if isinstance(part, tuple):
                found[one] = self.pool.conjoin([found[p] if p > 0 else -found[-p] for p in part])
            else:
                found[one] = TRUE if _is_said(part) else one
        return found[abs(formula)] if formula > 0 else -found[-formula]


def _is_said(part: Part) -> bool:
    return isinstance(part, Flag) and part.name.startswith(SAID)


def _names(atom: Part) -> list[str]:
    """Return the variables of an atom."""
    return (
        [atom.name] if isinstance(atom, Flag) else [name for name, _ in atom.terms] if isinstance(atom, Bound) else []
    )
