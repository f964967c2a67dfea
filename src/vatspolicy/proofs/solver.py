"""Satisfiability of formulas through z3. Only this module imports z3.

Bounds on one number variable are ordered propositions (below 5 implies below 6), so that nearly every question is
purely propositional. Bounds on sums of several variables are checked for each model: where no numbers fit, the
conflict is added as a clause, and the solver is asked again.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import TypeAlias

from vatspolicy.origin import install
from vatspolicy.proofs.domain import ProfileSpace
from vatspolicy.proofs.formula import (
    FALSE,
    TRUE,
    Amount,
    Bound,
    Clause,
    Flag,
    Step,
    Undecided,
    relate_variables,
)
from vatspolicy.proofs.values import Unsupported

try:
    import z3
except ImportError:  # without the optional extra `smt`, questions that need a proof are reported as unknown
    z3 = None

Model = dict[str, bool | Amount]
"""Values of the variables that satisfy the formulas."""

Variable: TypeAlias = "tuple[z3.ArithRef, z3.RatNumRef | int, z3.RatNumRef | int]"
"""A number in z3, with the ends of its range."""

BUDGET = 400_000_000
"""Work limit of a question, in z3 units. Unlike a time limit, it is deterministic.

A proof that ends early is followed by searches that cost more: a smaller budget takes longer and proves less.
"""

QUESTIONS = 1
"""Budgets of a question that the questions about single edits may use together: those about edits that bear on
decisions, and those about other edits.
"""

FORMULA = 20
"""Cost of a formula in units, which corresponds to its construction time."""

CONFLICT = 1_000
"""Least units that a conflict costs: where z3 counts some twenty, a question that is all conflicts takes minutes."""

OF_SUMS = 20
"""Times that a unit of work on sums takes as long as another one."""

MEMORY = 2_000
"""Megabytes that z3 may hold in this process."""


FAILURES: tuple[type[Exception], ...] = () if z3 is None else (z3.Z3Exception,)
"""Errors with which the solver stops, for example when memory is exhausted."""


__all__ = ["BUDGET", "FAILURES", "Budget", "Model", "Solver", "SolverMissing", "Undecided", "has_solver"]
__all__ += ["open_solver", "reason_of"]


class SolverMissing(Undecided):
    """The question needs z3, which is not installed."""


def reason_of(error: Undecided | Unsupported) -> str:
    """Return a sentence for the user with the reason for a missing answer."""
    if isinstance(error, SolverMissing):
        return f"Proofs need a solver: {install('smt')}."
    if isinstance(error, Unsupported):
        return f"This cannot be analyzed exactly: {error}."
    return f"No answer within the limit: {error}."


def has_solver() -> bool:
    """Return whether z3 is installed (the extra `smt`)."""
    return z3 is not None


@dataclass
class Budget:
    """Work limit of a question, including all its checks and their formulas."""

    units: int = BUDGET
    whole: int | None = None
    """Work limit of all questions together; None if only each one has a limit."""
    left: int = field(default=0, init=False)
    _given: int = field(default=0, init=False)
    _used: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._given = self.left = self.units if self.whole is None else min(self.units, self.whole)

    def renew(self, part: int = 1) -> None:
        """Start a new question, which may use a part of the budget. Raises Undecided if nothing is left for it."""
        self._used += self._given - self.left
        rest = self.units if self.whole is None else self.whole - self._used
        self._given = self.left = max(min(self.units, rest), 0) // part
        if rest <= 0:
            raise Undecided(f"the edits examined together used their budget of {self.whole:,} units")

    def exhausted(self) -> Undecided:
        """Return the error for a question that exceeded the limit."""
        return Undecided(f"the question used its budget of {self.units:,} units")


def open_solver(space: ProfileSpace, budget: int | Budget = BUDGET) -> Solver:
    """Return a solver over a space. A number is the budget of each check. Raises SolverMissing."""
    if not has_solver():
        raise SolverMissing("the solver is not installed")
    return Solver(space, budget)


class Solver:
    """Solver z3 over one space. `budget` limits its work (deterministic, not wall time)."""

    def __init__(self, space: ProfileSpace, budget: int | Budget) -> None:
        self.space = space
        self.budget = budget if isinstance(budget, Budget) else Budget(budget)
        self.each_check = not isinstance(budget, Budget)
        """True if each check is a separate question."""
        self.paid = 0
        """Formulas of the pool already charged to a budget."""
        self.spent = 0
        """Units counted by the context."""
        self.conflicts = 0
        """Conflicts that the solver has counted."""
        self.closed = False
        """True once nothing more is asked, or memory has run out, which leaves the memory to others."""
        self.context = z3.Context()  # own context: earlier questions must not change an answer
        self.solver = z3.SolverFor("QF_FD", ctx=self.context)
        self.solver.set("phase", "always_false")  # prefer models with few facts
        self.solver.set("max_memory", MEMORY)
        self.terms: dict[int, z3.BoolRef] = {TRUE: z3.BoolVal(True, ctx=self.context)}
        """Propositions for the checked formulas."""
        self.defined: set[int] = {TRUE}
        """Formulas that the solver knows."""
        self.atoms: list[int] = []
        self.reader = AtomReader(self.context)
        self.steps: dict[str, list[Step]] = {}
        """Bounds by number variable, in order: limit, whether the bound includes it, and the formula."""
        self.sums: list[int] = []
        """Bounds on sums of several variables."""
        self.numbers: dict[str, Variable] = {}
        self.comparisons: dict[int, tuple[z3.BoolRef, z3.BoolRef, z3.BoolRef]] = {}
        self.related: set[Clause] = set()
        """Clauses on comparisons that the solver knows."""
        self.asserted = 0

    def find(self, formulas: Sequence[int]) -> Model | None:
        """Return a model of all formulas and axioms, or None if there is none. Raises Undecided."""
        answer = self.check(formulas)
        return None if isinstance(answer, list) else answer

    def may_hold(self, formulas: Sequence[int]) -> bool | None:
        """Return False only if formulas and axioms conflict, and None at the limit. Ignores numbers in sums."""
        self.prepare(formulas)
        answer = self._ask(formulas)
        return None if answer == z3.unknown else bool(answer == z3.sat)

    def core(self, formulas: Sequence[int]) -> set[int] | None:
        """Return formulas that conflict with each other and the axioms, or None without a conflict or at the limit.

        No model is made, and numbers in sums are not looked at.
        """
        self.prepare(formulas)
        return set(self._core(formulas)) if self._ask(formulas) == z3.unsat else None

    def _ask(self, formulas: Sequence[int]) -> z3.CheckSatResult:
        """Check whether prepared formulas and axioms conflict, without z3.py's check of each formula's sort."""
        if FALSE in formulas:
            return z3.unsat
        if self.each_check:
            self.budget.renew()
        self.budget.left -= FORMULA * (len(self.space.pool.parts) - self.paid)
        self.paid = len(self.space.pool.parts)
        if self.closed or self.budget.left <= 0:
            return z3.unknown
        self.solver.set("rlimit", self.budget.left)
        self.solver.set("max_conflicts", self.budget.left // CONFLICT)
        asked = [self._literal(formula).ast for formula in formulas if formula != TRUE]  # an older z3 takes no `true`
        context, solver = self.context.ref(), self.solver.solver
        try:
            answer = z3.Z3_solver_check_assumptions(context, solver, len(asked), (z3.Ast * len(asked))(*asked))
        except z3.Z3Exception:
            if not self._close_if_full():
                raise
            return z3.unknown
        found = z3.CheckSatResult(answer)
        if found == z3.unknown and self._close_if_full():
            return found
        self._charge(self.solver)
        return found

    def _close_if_full(self) -> bool:
        """Close the solver if memory has run out; return whether it has."""
        full = z3.Z3_get_estimated_alloc_size() >= MEMORY << 20 or "memory" in self.solver.reason_unknown()
        if full:
            self.close()
        return full

    def close(self) -> None:
        """Let go of what the solver holds. It answers no further question."""
        self.closed = True
        self.terms, self.numbers, self.comparisons = {}, {}, {}
        del self.reader, self.solver, self.context

    def _charge(self, solver: z3.Solver) -> None:
        """Charge the cost of a check to the budget."""
        statistics = solver.statistics()
        names, counted = statistics.keys(), int(statistics.get_key_value("rlimit count"))
        cost, self.spent = counted - self.spent, counted
        if solver is not self.solver:
            cost *= OF_SUMS
        elif "sat conflicts" in names:
            conflicts = int(statistics.get_key_value("sat conflicts"))
            cost, self.conflicts = max(cost, CONFLICT * (conflicts - self.conflicts)), conflicts
        self.budget.left -= cost

    def _exhausted(self) -> Undecided:
        """Return the error for a question that used up its memory or its budget."""
        return Undecided(f"z3 used {MEMORY:,} megabytes") if self.closed else self.budget.exhausted()

    def _core(self, formulas: Sequence[int]) -> list[int]:
        """Return the conflicting formulas after `_ask` found a conflict."""
        if FALSE in formulas:
            return [FALSE]
        context = self.context.ref()
        asked = {self._literal(formula).ast.value: formula for formula in formulas}  # equal terms have the same address
        core = z3.Z3_solver_get_unsat_core(context, self.solver.solver)
        z3.Z3_ast_vector_inc_ref(context, core)
        try:
            size = z3.Z3_ast_vector_size(context, core)
            return [asked[z3.Z3_ast_vector_get(context, core, index).value] for index in range(size)]
        finally:
            z3.Z3_ast_vector_dec_ref(context, core)

    def check(self, formulas: Sequence[int]) -> Model | list[int]:
        """Return a model of all formulas and axioms, or conflicting formulas (an unsat core). Raises Undecided."""
        self.prepare(formulas)
        while True:
            answer = self._ask(formulas)
            if answer == z3.unsat:
                return self._core(formulas)
            if answer != z3.sat:
                raise self._exhausted()
            found, clash = self._complete(self.solver.model())
            if not clash:
                return found
            self.solver.add(z3.Or([z3.Not(self._literal(formula)) for formula in clash]))

    # --- formulas to propositions

    def prepare(self, formulas: Iterable[int]) -> None:
        """Declare the formulas and the axioms to the solver, as SMT-LIB text."""
        if self.closed:
            return
        axioms = self.space.axioms[self.asserted :]
        self.asserted += len(axioms)
        lines: list[str] = []
        for formula in (*axioms, *formulas):
            self._define(abs(formula), lines)
        lines += [f"(assert {_signed(axiom)})" for axiom in axioms]
        for formula in formulas:
            if abs(formula) not in self.terms and isinstance(self.space.pool.parts[abs(formula)], tuple):
                name = f"q{abs(formula)}"
                self.terms[abs(formula)] = z3.Bool(name, ctx=self.context)
                lines.append(f"(declare-const {name} Bool) (assert (= {name} p{abs(formula)}))")
        lines += self._relate_variables()
        if lines:
            self.solver.from_string("\n".join(lines))

    def _relate_variables(self) -> list[str]:
        """Return the new clauses that relate comparisons of two variables to bounds and to each other.

        Each holds for all numbers. Without them the solver learns them one model at a time.
        """
        clauses = relate_variables(self.space.pool, self.sums, self.steps)
        new = [clause for clause in dict.fromkeys(clauses) if clause not in self.related]
        self.related.update(new)
        return [f"(assert (or {' '.join(map(_signed, clause))}))" for clause in new]

    def _define(self, formula: int, lines: list[str]) -> None:
        """Append the definitions of a formula and of everything below it."""
        pool = self.space.pool
        pending = [formula]
        while pending:
            number = pending[-1]
            part = pool.parts[number]
            missing = [abs(p) for p in part if abs(p) not in self.defined] if isinstance(part, tuple) else []
            if number in self.defined or missing:
                pending = pending[:-1] if number in self.defined else [*pending, *missing]
                continue
            self.defined.add(number)
            if isinstance(part, tuple):
                lines.append(
                    f"(declare-const p{number} Bool)(assert (= p{number} (and {' '.join(map(_signed, part))})))"
                )
                continue
            lines.append(f"(declare-const p{number} Bool)")
            self.atoms.append(number)
            if isinstance(part, Bound):
                lines += self._order_bound(number, part)

    def _order_bound(self, number: int, atom: Bound) -> list[str]:
        """Order a bound among those on the same variable: `below 5` implies `at most 5` implies `below 6`."""
        if len(atom.terms) > 1 or atom.terms[0][1] != 1:
            self.sums.append(number)
            return []
        steps = self.steps.setdefault(atom.terms[0][0], [])
        step = (atom.limit, not atom.strict, number)
        index = bisect_left(steps, step)
        steps.insert(index, step)
        near = steps[max(index - 1, 0) : index + 2]
        return [f"(assert (or (not p{low[2]}) p{high[2]}))" for low, high in pairwise(near)]

    def _literal(self, formula: int) -> z3.BoolRef:
        """Return the literal of a formula: an atom, a prepared formula, or a negation of either."""
        term = self.terms.get(formula)
        if term is None and formula > 0:
            term = self.terms[formula] = z3.Bool(f"p{formula}", ctx=self.context)
        elif term is None:
            term = self.terms[formula] = z3.Not(self._literal(-formula))
        return term

    # --- propositions to numbers

    def _complete(self, model: z3.ModelRef) -> tuple[Model, list[int]]:
        """Return values of all variables, or the bounds that conflict."""
        pool = self.space.pool
        true = self.reader.true_atoms(model, self.atoms)
        found: Model = {}
        for number in self.atoms:
            part = pool.parts[number]
            if isinstance(part, Flag):
                found[part.name] = number in true
        for name, steps in self.steps.items():
            found[name] = self._value_between(name, steps, true)
        if all(pool.evaluate(number, found) is (number in true) for number in self.sums):
            return found, []
        joined = {name for number in self.sums for name, _ in _bound(pool.parts[number]).terms}
        solved, clash = self._solve_sums(joined, true)
        return found | solved, clash

    def _value_between(self, name: str, steps: Iterable[Step], true: set[int]) -> Amount:
        """Return a value between the highest bound that does not hold and the lowest that does."""
        known = self.space.pool.ranges[name]
        below: tuple[Amount, bool] | None = None
        for limit, included, number in steps:
            if number in true:
                if below is None:
                    return known.low
                if known.whole:
                    return int(below[0]) + 1
                # between the two bounds
                if not below[1]:
                    return below[0]
                return limit if included else (Fraction(below[0]) + Fraction(limit)) / 2
            below = (limit, included)
        if below is None:
            return known.low
        if known.whole:
            return int(below[0]) + 1
        return below[0] if not below[1] else known.high

    def _constant(self, value: Amount) -> z3.RatNumRef | int:
        """Return a number as a z3 value."""
        if isinstance(value, Fraction) and value.denominator != 1:
            return z3.RealVal(f"{value.numerator}/{value.denominator}", ctx=self.context)
        return int(value)

    def _solve_sums(self, names: set[str], true: set[int]) -> tuple[Model, list[int]]:
        """Return values of the variables in sums, or the bounds that conflict."""
        solver = z3.Solver(ctx=self.context)
        solver.set("rlimit", max(self.budget.left // OF_SUMS, 1))
        solver.set("max_memory", MEMORY)
        variables = {name: self._variable(name) for name in sorted(names)}
        for variable, low, high in variables.values():
            solver.add(variable >= low, variable <= high)
        asked: dict[str, int] = {}
        numbers = [*self.sums, *(step[2] for name in sorted(names) for step in self.steps.get(name, ()))]
        for number in numbers:
            proxy, term, opposite = self._comparison(number)
            asked[f"p{number}"] = number if number in true else -number
            solver.assert_and_track(term if number in true else opposite, proxy)
        answer = solver.check()
        self._charge(solver)
        if answer == z3.unsat:
            return {}, [asked[str(name)] for name in solver.unsat_core()]
        if answer != z3.sat:
            raise self._exhausted()
        model = solver.model()
        return {name: _amount(model.eval(own[0], model_completion=True)) for name, own in variables.items()}, []

    def _variable(self, name: str) -> Variable:
        """Return a number variable in z3, with the ends of its range."""
        if name not in self.numbers:
            known = self.space.pool.ranges[name]
            variable = (z3.Int if known.whole else z3.Real)(name, self.context)
            self.numbers[name] = variable, self._constant(known.low), self._constant(known.high)
        return self.numbers[name]

    def _comparison(self, number: int) -> tuple[z3.BoolRef, z3.BoolRef, z3.BoolRef]:
        """Return a bound in z3: its proposition, the comparison of numbers, and its negation."""
        if number not in self.comparisons:
            atom = _bound(self.space.pool.parts[number])
            total = z3.Sum([factor * self._variable(name)[0] for name, factor in atom.terms])
            limit = self._constant(atom.limit)
            term = total < limit if atom.strict else total <= limit
            self.comparisons[number] = z3.Bool(f"p{number}", ctx=self.context), term, z3.Not(term)
        return self.comparisons[number]


class AtomReader:
    """Reads the true atoms of models. It calls z3's C functions directly, because there are thousands of atoms."""

    def __init__(self, context: z3.Context) -> None:
        self.context = context
        self.sort = z3.BoolSort(ctx=context)
        self.true = z3.BoolVal(True, ctx=context)
        self.declared: dict[int, z3.FuncDecl] = {}
        """Declarations of the atoms in z3."""

    def true_atoms(self, model: z3.ModelRef, atoms: Sequence[int]) -> set[int]:
        """Return the atoms that are true in a model."""
        value_of, context, inside = z3.Z3_model_get_const_interp, self.context.ref(), model.model
        true = self.true.as_ast().value  # equal terms of a context have the same address
        return {atom for atom in atoms if value_of(context, inside, self._declaration(atom)).value == true}

    def _declaration(self, atom: int) -> z3.FuncDecl:
        declaration = self.declared.get(atom)
        if declaration is None:
            context = self.context.ref()
            constant = z3.Z3_mk_const(context, z3.Z3_mk_string_symbol(context, f"p{atom}"), self.sort.ast)
            z3.Z3_inc_ref(context, constant)  # it lives as long as the context
            declaration = self.declared[atom] = z3.Z3_get_app_decl(context, constant)
        return declaration


def _signed(formula: int) -> str:
    if abs(formula) == TRUE:
        return "true" if formula == TRUE else "false"
    return f"p{formula}" if formula > 0 else f"(not p{-formula})"


def _bound(part: object) -> Bound:
    assert isinstance(part, Bound)
    return part


def _amount(value: z3.RatNumRef) -> Amount:
    if z3.is_int_value(value):
        return int(value.as_long())
    return Fraction(value.numerator_as_long(), value.denominator_as_long())
