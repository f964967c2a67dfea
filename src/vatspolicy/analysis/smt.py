"""z3: formulas as terms of its own, asked one after the other in one solver. The only module that imports z3."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import z3

from vatspolicy.analysis.domain import Space
from vatspolicy.analysis.formula import TRUE, Amount, Bound, Flag
from vatspolicy.analysis.search import Found, Undecided


class Solver:
    """z3 over one space. `budget` is its resource limit for one question (deterministic, not wall time)."""

    def __init__(self, space: Space, budget: int) -> None:
        self.space = space
        self.solver = z3.Solver()
        self.solver.set("rlimit", budget)
        self.solver.set("random_seed", 0)
        self.terms: dict[int, Any] = {TRUE: z3.BoolVal(True)}
        self.flags: dict[str, Any] = {}
        self.numbers: dict[str, Any] = {}
        self.names: dict[int, Any] = {}
        self.asserted = 0

    def find(self, formulas: Sequence[int]) -> Found | None:
        """Values under which all formulas and all axioms hold; None when there are none. Raises Undecided."""
        self.take_axioms()
        questions = [self.named(formula) for formula in formulas if formula != TRUE]
        answer = self.solver.check(*questions)
        if answer == z3.unsat:
            return None
        if answer != z3.sat:
            raise Undecided("the solver reached its limit")
        model = self.solver.model()
        found: Found = {}
        for name, term in self.flags.items():
            found[name] = z3.is_true(model[term]) if model[term] is not None else False
        for name, term in self.numbers.items():
            value = model[term]
            if value is not None:
                found[name] = _amount(value)
        return found

    def take_axioms(self) -> None:
        """Assert the axioms that came up since the last question."""
        axioms = self.space.axioms
        for axiom in axioms[self.asserted :]:
            self.solver.add(self.term(axiom))
        self.asserted = len(axioms)

    def named(self, formula: int) -> Any:
        """A truth variable that stands for the formula: z3 takes those as assumptions."""
        name = self.names.get(abs(formula))
        if name is None:
            name = self.names[abs(formula)] = z3.Bool(f"!{abs(formula)}")
            self.solver.add(name == self.term(abs(formula)))
        return name if formula > 0 else z3.Not(name)

    def term(self, formula: int) -> Any:
        """The formula as a term."""
        pool = self.space.pool
        pending = [abs(formula)]
        while pending:
            number = pending[-1]
            if number in self.terms:
                pending.pop()
                continue
            part = pool.parts[number]
            if isinstance(part, tuple):
                missing = [abs(p) for p in part if abs(p) not in self.terms]
                if missing:
                    pending += missing
                    continue
                self.terms[number] = z3.And([self.signed(p) for p in part])
            elif isinstance(part, Flag):
                self.terms[number] = self.flags[part.name] = z3.Bool(part.name)
            else:
                self.terms[number] = self.bound(part)
        return self.signed(formula)

    def signed(self, formula: int) -> Any:
        """A made term, or its negation."""
        term = self.terms[abs(formula)]
        return term if formula > 0 else z3.Not(term)

    def bound(self, atom: Bound) -> Any:
        """A bound on a sum."""
        total = sum((factor * self.number(name) if factor != 1 else self.number(name)) for name, factor in atom.terms)
        limit = _constant(atom.limit)
        return total < limit if atom.strict else total <= limit

    def number(self, name: str) -> Any:
        """A number variable; its range is asserted with it."""
        if name not in self.numbers:
            known = self.space.pool.ranges[name]
            term = z3.Int(name) if known.whole else z3.Real(name)
            self.numbers[name] = term
            self.solver.add(term >= _constant(known.low), term <= _constant(known.high))
        return self.numbers[name]


def _constant(value: Amount) -> Any:
    if isinstance(value, Fraction) and value.denominator != 1:
        return z3.RealVal(f"{value.numerator}/{value.denominator}")
    return int(value)


def _amount(value: Any) -> Amount:
    if z3.is_int_value(value):
        return int(value.as_long())
    return Fraction(value.numerator_as_long(), value.denominator_as_long())
