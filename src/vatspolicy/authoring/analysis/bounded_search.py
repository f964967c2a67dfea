"""Searches over all rules of a bundle on the days of a period.

`BoundedSearch` shares one solver between many questions over short lists: what it finds is certain, what it does not
find is not proved. `find_solution` answers one question for lists of any length.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence

from vatspolicy.authoring.analysis.model_block import ModelStore
from vatspolicy.authoring.symbolic.change_search import SHORT
from vatspolicy.authoring.symbolic.decision_encoder import (
    ACTIVITY_CLASS,
    encode_classes,
    encode_decision,
    encode_subject_pair,
)
from vatspolicy.authoring.symbolic.encoder import SymbolicActivation
from vatspolicy.authoring.symbolic.formula import FALSE, TRUE
from vatspolicy.authoring.symbolic.query import NoSolution, Query, Solution, solve
from vatspolicy.authoring.symbolic.ruleset_encoder import (
    RelaxedEncoder,
    RelaxedRuleSet,
    SymbolicOutcome,
    SymbolicRuleSet,
)
from vatspolicy.authoring.symbolic.solver import BUDGET, Model, Undecided, open_solver
from vatspolicy.authoring.symbolic.timeline import END, Period, RuleSetHistory
from vatspolicy.authoring.symbolic.values import DualRail, Unsupported
from vatspolicy.core.cel.ast import Node
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Expression, Route, Rule
from vatspolicy.core.profile.vocabulary import words

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


TOGETHER = 24
"""Questions that one profile is asked to satisfy at once."""


class BoundedSearch:
    """Search for profiles with short lists, over all rules of a bundle at once."""

    def __init__(
        self, bundle: Bundle, period: Period, budget: int = BUDGET, lengths: Mapping[str, int] | None = None
    ) -> None:
        self.query = Query(period, lengths or {}, schemas=bundle.schemas)
        self.ruleset = self.query.encode(bundle)
        self.history: RuleSetHistory = self.ruleset.history
        self.subjects: dict[str, SymbolicSubject] = {}
        self.applies: dict[str, DualRail] = {}
        """Truth of each rule for the subject of its kind, by rule name."""
        self.unsupported: dict[str, str] = {}
        """Names of the rules that cannot be encoded, with the reason."""
        for rules in self.history.rules.values():
            for rule in rules:
                try:
                    self.applies[rule.name] = encode_applies(self.ruleset, rule, self.subject(rule.each)[1])
                except Unsupported as error:
                    self.unsupported[rule.name] = str(error)
        self.solver = open_solver(self.query.space, budget)
        self.models = ModelStore(self.query.space.pool)

    def subject(self, each: str) -> SymbolicSubject:
        """Return the subject of a kind."""
        if each not in self.subjects:
            self.subjects[each] = encode_subject(self.query, self.ruleset, each)
        return self.subjects[each]

    def fires(self, rule: Rule) -> list[int]:
        """Return the formulas that a rule applies to a subject that exists."""
        return [*self.subject(rule.each)[0], self.applies[rule.name].true]

    def known_model(self, formulas: Sequence[int]) -> Model | None:
        """Return a model found before that satisfies all formulas, if there is one."""
        return self.models.find(formulas)

    def is_satisfiable(self, formulas: Sequence[int]) -> bool:
        """Return whether a profile satisfies all formulas; models found before are tried first. Raises Undecided."""
        if self.known_model(formulas) is not None:
            return True
        model_found = self.solver.find([*formulas, *self.invariants()])
        if model_found is None:
            return False
        self.models.add(model_found)
        return True

    def may_be_satisfiable(self, formulas: Sequence[int]) -> bool | None:
        """Return False only if no profile satisfies all formulas, None at the limit; sums of numbers are not looked at.

        No model is made, which takes most of the time of `is_satisfiable`.
        """
        if self.known_model(formulas) is not None:
            return True
        return self.solver.may_hold([*formulas, *self.invariants()])

    def explore(self, questions: Iterable[Sequence[int]]) -> None:
        """Find profiles each of which satisfies many questions at once, so that few have to be asked alone."""
        pool = self.query.space.pool
        left = [whole for whole in dict.fromkeys(map(pool.conjoin, questions)) if whole != FALSE]
        left = [whole for whole in left if self.models.find([whole]) is None]
        self.prepare(left)
        assumed = self.invariants()
        while left:
            together = left[:TOGETHER]
            while together:
                try:
                    answer = self.solver.check([*together, *assumed])
                except Undecided:
                    answer = []
                if not isinstance(answer, list):
                    self.models.add(answer)
                    memo: dict[int, bool] = {}
                    left = [whole for whole in left if not pool.evaluate(whole, answer, memo)]
                    break
                clash = {*answer}
                dropped = next((whole for whole in reversed(together) if whole in clash), together[-1])
                together.remove(dropped)
                if not together:  # no short profile satisfies it, or the solver gave up: it is asked alone
                    left.remove(dropped)

    def invariants(self) -> list[int]:
        """Return the formulas of the invariants that concern the facts read so far."""
        return self.query.invariant_formulas

    def prepare(self, formulas: Iterable[int]) -> None:
        """Pass formulas to the solver that later questions use."""
        self.solver.prepare([*formulas, *self.invariants()])

    def outcome(self, without_rule: str = "") -> SymbolicOutcome:
        """Return the outcome for the product and one service, without one rule if it is named."""
        ruleset = self.ruleset
        if without_rule:
            ruleset = dataclasses.replace(ruleset, history=self.history.without(without_rule))
        return encode_decision(ruleset, self.query.services[:1])


def find_bounded_solution(bundle: Bundle, period: Period, build: Build, budget: int = BUDGET) -> Solution | None:
    """Return a solution with short lists; None proves nothing about longer ones. Raises Unsupported, Undecided."""
    answer = solve(period, lambda query: build(query, query.encode(bundle)), budget, SHORT, schemas=bundle.schemas)
    return answer if isinstance(answer, Solution) else None


def find_solution(bundle: Bundle, period: Period, build: Build, budget: int = BUDGET) -> Solution | None:
    """Return a solution, or None if it is proved that there is none. Raises Unsupported and Undecided.

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
    """Return False only if no profile satisfies the formulas, whatever holds of the members of lists."""
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
