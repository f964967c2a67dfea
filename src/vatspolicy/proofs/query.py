"""A query over all profiles and days of a period, with growing lists until the answer is certain."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from vatspolicy.core.cel.ast import Node
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.modelled import PROOFS, UnknownField, parts_of
from vatspolicy.core.profile.invariants import invariants
from vatspolicy.proofs.domain import AS_OF, ProfileSpace
from vatspolicy.proofs.encoder import Encoder, SymbolicActivation
from vatspolicy.proofs.formula import FALSE, TRUE, Range
from vatspolicy.proofs.ruleset_encoder import SymbolicRuleSet
from vatspolicy.proofs.solver import BUDGET, Budget, Model, Solver, Undecided, open_solver
from vatspolicy.proofs.timeline import MixedBundle, Period, build_history, find_rule, named_by
from vatspolicy.proofs.values import LinearSum, SymbolicRecord, Unsupported
from vatspolicy.proofs.witness import day_of, drop_irrelevant, minimize, profile_of


@dataclass
class Query:
    """All profiles with lists of bounded length, and a day of the period for evaluating rule sets."""

    period: Period
    bounds: Mapping[str, int]
    """Maximum numbers of members of object lists by path, as in `ProfileSpace`."""
    encoder_class: Callable[[ProfileSpace], Encoder] = Encoder
    schemas: SchemaSet = field(default_factory=SchemaSet.shipped)
    """Schemas that define which profiles exist."""
    space: ProfileSpace = field(init=False)
    encoder: Encoder = field(init=False)
    day: LinearSum = field(init=False)
    _assumed: tuple[int, list[int], tuple[str, ...]] = (-1, [], ())
    """Number of read facts at the last collection of relevant invariants, with their formulas and ids."""

    def __post_init__(self) -> None:
        self.space = ProfileSpace(self.bounds, self.schemas)
        self.encoder = self.encoder_class(self.space)
        self.day = self.space.number(AS_OF, Range(self.period.first, self.period.last), day=True)

    def encode(
        self,
        bundle: Bundle,
        kind: Callable[..., SymbolicRuleSet] = SymbolicRuleSet,
        base: SymbolicRuleSet | None = None,
    ) -> SymbolicRuleSet:
        """Return the symbolic rule set of a bundle over the period.

        With `base`, the rule set of the base of a mix, both share what the changed rules do not touch.

        Raises:
            Unsupported: for a law with a field that proofs do not know.
        """
        refuse_unknown_fields(bundle)
        found = kind(self.space, self.encoder, build_history(bundle, self.period), ((TRUE, self.day),))
        if isinstance(bundle, MixedBundle) and base is not None:
            known, named = base.history.instruments, set[str]().union(*map(named_by, bundle.changed))
            same = all(found.instrument_key(name) == base.instrument_key(name) for name in named if name in known)
            if same and base.history is build_history(bundle.base, self.period):
                old = (find_rule(bundle.base, name) for name in bundle.names)
                found.share(base, [*bundle.changed, *filter(None, old)])
        return found

    @property
    def invariant_formulas(self) -> list[int]:
        """Formulas of the profile invariants that concern the facts read so far."""
        return self._assume()[1]

    @property
    def invariant_ids(self) -> tuple[str, ...]:
        """Ids of those invariants."""
        return self._assume()[2]

    def _assume(self) -> tuple[int, list[int], tuple[str, ...]]:
        if self._assumed[0] != len(self.space.read):
            formulas, ids = assume_invariants(self.space, self.encoder)
            self._assumed = (len(self.space.read), formulas, ids)
        return self._assumed

    @property
    def services(self) -> list[tuple[int, SymbolicRecord]]:
        """Services of the profile (`ProfileSpace.services`)."""
        return self.space.services


@functools.lru_cache(maxsize=8)
def refuse_unknown_fields(law: Bundle) -> None:
    """Raise Unsupported if the law has a field that proofs do not support."""
    if isinstance(law, MixedBundle):
        refuse_unknown_fields(law.base)
        refuse_unknown_fields(law.head)
        return
    try:
        PROOFS.check(parts_of(law))
    except UnknownField as error:
        raise Unsupported(str(error)) from None


@dataclass
class Solution:
    """Facts and a day that satisfy a query."""

    query: Query
    solver: Solver
    formulas: list[int]
    model: Model
    invariants: tuple[str, ...]
    """Ids of the invariants that the query assumed."""
    _truths: list[bool] = field(default_factory=list)

    def reduced(self) -> Solution:
        """Return the solution without values that its formulas do not need. Does not use the solver."""
        return replace(self, model=drop_irrelevant(self.query.space, self.formulas, self.model), _truths=[])

    def minimized(self) -> Solution:
        """Return a solution in which each fact is necessary. Uses the solver."""
        model = minimize(self.query.space, self.solver, self.formulas, self.model)
        return replace(self, model=model, _truths=[])

    @property
    def profile(self) -> dict[str, Tree]:
        """Facts as a profile."""
        return profile_of(self.query.space, self.model)

    @property
    def as_of(self) -> str:
        """Day of the solution (ISO text)."""
        return day_of(self.query.space, self.model)

    def holds(self, formula: int) -> bool:
        """Return whether a formula over the space holds."""
        if abs(formula) >= len(self._truths):  # formulas may have been added since
            self._truths = self.query.space.pool.truths(self.model)
        return self._truths[abs(formula)] is (formula > 0)


@dataclass(frozen=True)
class NoSolution:
    """Proof that no profile satisfies a query."""

    bounds: Mapping[str, int]
    """List lengths that are sufficient for the proof."""
    invariants: tuple[str, ...]
    """Ids of the invariants that the query assumed."""


def find_model(query: Query, solver: Solver, formulas: Sequence[int], wish: int = TRUE) -> Model | None:
    """Return a model of formulas over a query, or None.

    Prefers a model that satisfies `wish`, and then one without opinions of authorities.

    Raises:
        Undecided
    """
    pool = query.space.pool
    if wish not in (TRUE, FALSE):
        try:
            model = find_model(query, solver, [wish, *formulas])
        except Undecided:
            model = None
        if model is not None:
            return model
    none = pool.conjoin(-pool.flag(f"{name}?") for name in query.space.opinions)
    if none != TRUE:
        try:
            answer = solver.check([none, *formulas])
        except Undecided:
            return solver.find(formulas)
        if not isinstance(answer, list):
            return answer
        if none not in answer:
            return None
    return solver.find(formulas)


Build = Callable[[Query], Sequence[int]]
"""Builds the formulas of a question, which must be the same for every list length."""


def solve(
    period: Period,
    build: Build,
    budget: int | Budget = BUDGET,
    fixed: Mapping[str, int] | None = None,
    start: Mapping[str, int] | None = None,
    schemas: SchemaSet | None = None,
    wish: Callable[[], int] = lambda: TRUE,
) -> Solution | NoSolution:
    """Return facts that satisfy every formula, preferably without opinions, or a proof that there are none.

    Lists begin short, or with `start`, and grow to as many members as the question can tell apart, so that
    `NoSolution` holds for lists of any length. With `fixed`, lists have these lengths (1 for a list not named), and
    `NoSolution` holds for such profiles only. `wish` returns, once the question is built, a formula that holds of the
    solution if it can.

    Raises:
        Unsupported, Undecided
    """
    bounds: dict[str, int] = dict(fixed or start or {})
    question = Budget(budget) if isinstance(budget, int) else budget
    question.renew()
    while True:
        query = Query(period, dict(bounds), schemas=schemas or SchemaSet.shipped())
        formulas = [*build(query)]
        ids: tuple[str, ...] = ()
        if FALSE not in formulas:  # else neither an invariant nor a solver is needed
            formulas += query.invariant_formulas
            ids = query.invariant_ids
            solver = open_solver(query.space, question)
            model = find_model(query, solver, formulas, wish())
            if model is not None:
                return Solution(query, solver, formulas, model, ids)
        missing = query.space.missing_bounds()
        if fixed is not None or not missing:
            return NoSolution(query.space.limits, ids)
        bounds |= missing


# --- invariants of real profiles


def assume_invariants(space: ProfileSpace, encoder: Encoder) -> tuple[list[int], tuple[str, ...]]:
    """Return formulas and ids of the schema's invariants that use a fact read so far.

    The others hold of a profile that leaves their facts out, so that omitting them excludes no profile.
    """
    entries = space.schemas.load("profile")["x-invariants"]
    relevant = set(space.read)
    taken: dict[str, Node] = {}
    growing = True
    while growing:
        growing = False
        for entry, (node, _) in zip(entries, invariants(space.schemas), strict=True):
            facts = space.schemas.derived((_facts_read, entry["check"]), partial(_facts_read, node, space.schemas))
            if entry["id"] not in taken and facts & relevant:
                taken[entry["id"]] = node
                relevant |= facts
                growing = True
    activation = SymbolicActivation(space.roots)
    return [-encoder.truth(node, activation, {}).false for node in taken.values()], tuple(taken)


def _facts_read(node: Node, schemas: SchemaSet) -> frozenset[str]:
    """Return the paths of the facts that an invariant reads."""
    space = ProfileSpace(schemas=schemas)
    Encoder(space).truth(node, SymbolicActivation(space.roots), {})
    return frozenset(space.read)


def describe_invariants(ids: Iterable[str]) -> tuple[str, ...]:
    """Return the assumption of a proof that used these invariants, if any."""
    return ("invariants: " + ", ".join(sorted(ids)),) if ids else ()
