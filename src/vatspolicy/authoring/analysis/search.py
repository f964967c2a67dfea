"""Searches over all rules of a bundle and days of a period.

`ShortSearch` shares one solver between many questions over short lists: what it finds is certain, what it does not find
is not proved. `find_solution` answers one question for lists of any length.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from vatspolicy.core.cel.ast import Node
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Expression, Route, Rule
from vatspolicy.core.profile.vocabulary import words
from vatspolicy.proofs.change_search import SHORT
from vatspolicy.proofs.decision_encoder import (
    ACTIVITY_CLASS,
    encode_classes,
    encode_subject_pair,
)
from vatspolicy.proofs.encoder import SymbolicActivation
from vatspolicy.proofs.formula import FALSE, TRUE, Bound, Flag, Part
from vatspolicy.proofs.query import NoSolution, Query, Solution, solve
from vatspolicy.proofs.ruleset_encoder import (
    RelaxedEncoder,
    RelaxedRuleSet,
    SymbolicRuleSet,
)
from vatspolicy.proofs.solver import BUDGET, Undecided, open_solver
from vatspolicy.proofs.timeline import END, Period
from vatspolicy.proofs.values import DualRail, Unsupported


def names_of(part: Part) -> list[str]:
    """Return the variables of an atom; none of another formula."""
    if isinstance(part, Flag):
        return [part.name]
    return [name for name, _ in part.terms] if isinstance(part, Bound) else []


Build = Callable[[Query, SymbolicRuleSet], Sequence[int]]
"""Builds the formulas of a question about the rule sets of a query."""

SymbolicSubject = tuple[list[int], SymbolicActivation]
"""Formulas that a subject exists, and its activation."""


def all_days(bundle: Bundle) -> Period:
    """Return the period that a bundle covers."""
    return Period(bundle.covers_from, END)


def encode_subject(query: Query, ruleset: SymbolicRuleSet, each: str, certain: bool = True) -> SymbolicSubject:
    """Return a subject of a kind. `certain`: an activity of a class that the rules certainly find."""
    if each != "activity" or not certain:
        formulas, _, (activation, _) = encode_subject_pair(query, each, (ruleset, ruleset), each == "activity")
        return formulas, activation
    exists, service = query.services[0]
    choice = query.space.choice(ACTIVITY_CLASS, tuple(sorted(words("class", query.schemas))))
    found = encode_classes(ruleset, ruleset.service_activation(service)).certain
    pool = query.space.pool
    classed = pool.disjoin(pool.conjoin((query.encoder.one_of(choice, "==", cls), held)) for cls, held in found.items())
    return [exists, classed], ruleset.activity_activation(service, ((TRUE, choice),), "any")


def encode_applies(ruleset: SymbolicRuleSet, rule: Rule, activation: SymbolicActivation) -> DualRail:
    """Return whether a rule applies to a subject on the day; for a route, whether it is open."""
    if isinstance(rule.effect, Route):
        route = ruleset.route(activation, rule)
        return DualRail(route.opened, -route.usable)
    return ruleset.holds(rule, activation)


def encode_fires(query: Query, ruleset: SymbolicRuleSet, rule: Rule, certain: bool = False) -> list[int]:
    """Return the formulas that a rule applies to some subject."""
    exists, activation = encode_subject(query, ruleset, rule.each, certain)
    return [*exists, encode_applies(ruleset, rule, activation).true]


def encode_part(
    ruleset: SymbolicRuleSet, expression: Expression, part: Node, activation: SymbolicActivation
) -> DualRail:
    """Return the truth of a part of an expression."""
    return ruleset.encoder.choose(
        (held, ruleset.encoder.truth(part, activation, params)) for held, params in ruleset.versions(expression)
    )


class ShortSearch:
    """Search for profiles with short lists, over all rules of a bundle at once."""

    def __init__(self, bundle: Bundle, period: Period, budget: int = BUDGET) -> None:
        self.query = Query(period, {}, schemas=bundle.schemas)
        self.ruleset = self.query.encode(bundle)
        self.subjects: dict[str, SymbolicSubject] = {}
        self.applies: dict[str, DualRail] = {}
        """Truth of each rule for the subject of its kind, by rule name."""
        self.unsupported: dict[str, str] = {}
        """Names of the rules that cannot be encoded, with the reason."""
        for rules in self.ruleset.history.rules.values():
            for rule in rules:
                try:
                    self.applies[rule.name] = encode_applies(self.ruleset, rule, self.subject(rule.each)[1])
                except Unsupported as error:
                    self.unsupported[rule.name] = str(error)
        self.solver = open_solver(self.query.space, budget)

    def subject(self, each: str) -> SymbolicSubject:
        """Return the subject of a kind."""
        if each not in self.subjects:
            self.subjects[each] = encode_subject(self.query, self.ruleset, each)
        return self.subjects[each]

    def fires(self, rule: Rule) -> list[int]:
        """Return the formulas that a rule applies to a subject that exists."""
        return [*self.subject(rule.each)[0], self.applies[rule.name].true]

    def is_satisfiable(self, formulas: Sequence[int]) -> bool:
        """Return whether a profile satisfies all formulas. Raises Undecided."""
        return self.solver.find([*formulas, *self.query.invariant_formulas]) is not None


def find_solution(bundle: Bundle, period: Period, build: Build, budget: int = BUDGET) -> Solution | None:
    """Return a solution, or None if there is provably none. Raises Unsupported and Undecided.

    Short lists come first, since most solutions have them; then the relaxation, which proves most questions that have
    no solution; then lists that grow.
    """

    def exact(query: Query) -> Sequence[int]:
        return build(query, query.encode(bundle))

    answer = solve(period, exact, budget, SHORT, schemas=bundle.schemas)
    if isinstance(answer, Solution):
        return answer
    if not _may_hold_relaxed(bundle, period, build, budget):
        return None
    answer = solve(period, exact, budget, schemas=bundle.schemas)
    return None if isinstance(answer, NoSolution) else answer


def _may_hold_relaxed(bundle: Bundle, period: Period, build: Build, budget: int) -> bool:
    """Return False only if no profile satisfies the formulas for any members of lists."""
    bounds: dict[str, int] = {}
    while True:
        question = RelaxedSearch(bundle, period, budget, bounds)
        if question.may_hold(build):
            return True
        missing = question.query.space.missing_bounds()  # the length of a list is compared with a number
        if not missing:
            return False
        bounds |= missing


class RelaxedSearch:
    """Relaxed encoding of a bundle, which may serve several questions."""

    def __init__(self, bundle: Bundle, period: Period, budget: int, bounds: Mapping[str, int] | None = None) -> None:
        self.query = Query(period, dict(bounds or {}), RelaxedEncoder, bundle.schemas)
        self.ruleset = self.query.encode(bundle, RelaxedRuleSet)
        self.solver = open_solver(self.query.space, budget)

    def may_hold(self, build: Build) -> bool:
        """Return False only if no profile satisfies the formulas; lists may need longer bounds for a proof."""
        formulas = [*build(self.query, self.ruleset), *self.query.invariant_formulas]
        return FALSE not in formulas and self.solver.find(formulas) is not None

    def excludes(self, build: Build) -> bool:
        """Return True only if it is proved that no profile satisfies the formulas."""
        try:
            return not self.may_hold(build) and not self.query.space.missing_bounds()
        except Undecided:
            return False
