"""All rules over all profiles and all days at once: many questions asked of one solver, and each answer tried on all.

Lists are as short as can be here. So what is found is found, and what is not found is still to be proved.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence

from vatspolicy.authoring.symbolic.decision_encoder import SymbolicOutcome, encode_classes, encode_decision
from vatspolicy.authoring.symbolic.encoder import SymbolicActivation
from vatspolicy.authoring.symbolic.formula import FALSE, TRUE
from vatspolicy.authoring.symbolic.query import NoSolution, Query, Solution, assume_invariants, solve
from vatspolicy.authoring.symbolic.relaxation import RelaxedEncoder, RelaxedRuleSet
from vatspolicy.authoring.symbolic.rule_state import CLASS, subject
from vatspolicy.authoring.symbolic.ruleset_encoder import SymbolicRuleSet
from vatspolicy.authoring.symbolic.solver import BUDGET, Model, open_solver
from vatspolicy.authoring.symbolic.timeline import END, Period, RuleSetHistory
from vatspolicy.authoring.symbolic.two_rulesets import SHORT
from vatspolicy.authoring.symbolic.values import DualRail, Unsupported
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Route, Rule
from vatspolicy.profile.vocabulary import words

Scene = tuple[list[int], SymbolicActivation]
"""Formulas that a subject exists, and its variables."""


def all_days(bundle: Bundle) -> Period:
    """Every day that a bundle covers."""
    return Period(bundle.covers_from, END)


def scene(query: Query, ruleset: SymbolicRuleSet, each: str, certain: bool = True) -> Scene:
    """One subject of a kind. `certain`: an activity whose class the rules find, and not one that they leave open."""
    if each != "activity" or not certain:
        there, (activation, _) = subject(query, each, (ruleset, ruleset), each == "activity")
        return there, activation
    exists, service = query.services[0]
    choice = query.space.choice(CLASS, tuple(sorted(words("class", query.schemas))))
    found = encode_classes(ruleset, ruleset.service_activation(service)).certain
    pool = query.space.pool
    classed = pool.disjoin(pool.conjoin((query.encoder.one_of(choice, "==", cls), held)) for cls, held in found.items())
    return [exists, classed], ruleset.activity_activation(service, ((TRUE, choice),), "any")


def applies(ruleset: SymbolicRuleSet, rule: Rule, activation: SymbolicActivation) -> DualRail:
    """Whether a rule applies to a subject on the day; a route, whether it is open."""
    if isinstance(rule.effect, Route):
        route = ruleset.route(activation, rule)
        return DualRail(route.opened, -route.usable)
    return ruleset.holds(rule, activation)


class BoundedSearch:
    """The rules of a bundle on the days of a period."""

    def __init__(self, bundle: Bundle, period: Period, budget: int = BUDGET) -> None:
        self.query = Query(period, {}, schemas=bundle.schemas)
        self.ruleset = self.query.encode(bundle)
        self.history: RuleSetHistory = self.ruleset.history
        self.scenes: dict[str, Scene] = {}
        self.rails: dict[str, DualRail] = {}
        self.unsupported: dict[str, str] = {}
        for rules in self.history.rules.values():
            for rule in rules:
                try:
                    self.rails[rule.name] = applies(self.ruleset, rule, self.scene(rule.each)[1])
                except Unsupported as error:
                    self.unsupported[rule.name] = str(error)
        self.solver = open_solver(self.query.space, budget)
        self.models: list[tuple[Model, dict[int, bool]]] = []

    def scene(self, each: str) -> Scene:
        """The subject of that kind, made once."""
        if each not in self.scenes:
            self.scenes[each] = scene(self.query, self.ruleset, each)
        return self.scenes[each]

    def fires(self, rule: Rule) -> list[int]:
        """Formulas that a rule applies to a subject that exists."""
        return [*self.scene(rule.each)[0], self.rails[rule.name].true]

    def find(self, formulas: Sequence[int]) -> bool:
        """Whether there are facts under which all formulas hold: first among those found before. Raises Undecided."""
        pool = self.query.space.pool
        for found, memo in self.models:
            if all(pool.evaluate(formula, found, memo) for formula in formulas):
                return True
        answer = self.solver.find([*formulas, *self.real()])
        if answer is None:
            return False
        self.models.append((answer, {}))
        return True

    def real(self) -> list[int]:
        """The invariants of what was read so far."""
        return assume_invariants(self.query.space, self.query.encoder)[0]

    def prepare(self, formulas: Iterable[int]) -> None:
        """Tell the solver what will be asked."""
        self.solver.prepare([*formulas, *self.real()])

    def levels(self, name: str = "") -> SymbolicOutcome:
        """How strict the decision is for the product and one service; `name`: a rule that is left out."""
        ruleset = self.ruleset
        if name:
            ruleset = dataclasses.replace(ruleset, history=without(self.history, name))
            for cached in ("licensing_key", "access_instruments"):
                ruleset.__dict__.pop(cached, None)
        return encode_decision(ruleset, self.query.services[:1])


def without(history: RuleSetHistory, name: str) -> RuleSetHistory:
    """The law with one rule left out."""
    rules = {key: tuple(rule for rule in found if rule.name != name) for key, found in history.rules.items()}
    return dataclasses.replace(history, rules=rules)


def look(
    bundle: Bundle, period: Period, build: Callable[[Query, SymbolicRuleSet], Sequence[int]], budget: int = BUDGET
) -> Solution | None:
    """The same among profiles with short lists; None says nothing of longer ones."""
    answer = solve(period, lambda query: build(query, query.encode(bundle)), budget, SHORT, schemas=bundle.schemas)
    return answer if isinstance(answer, Solution) else None


def ask(
    bundle: Bundle, period: Period, build: Callable[[Query, SymbolicRuleSet], Sequence[int]], budget: int = BUDGET
) -> Solution | None:
    """Facts and a day under which what `build` makes holds; None when it is proved that there are none.

    First with short lists, where most answers are; then with what is said of lists left free, which proves most
    questions that have none; then with lists that grow. Raises Unsupported and Undecided.
    """

    def exact(query: Query) -> Sequence[int]:
        return build(query, query.encode(bundle))

    answer = solve(period, exact, budget, SHORT, schemas=bundle.schemas)
    if isinstance(answer, Solution):
        return answer
    loose = Query(period, {}, RelaxedEncoder, bundle.schemas)
    formulas = [*build(loose, loose.encode(bundle, RelaxedRuleSet))]
    formulas += assume_invariants(loose.space, loose.encoder)[0]
    if FALSE in formulas or open_solver(loose.space, budget).find(formulas) is None:
        return None
    answer = solve(period, exact, budget, schemas=bundle.schemas)
    return None if isinstance(answer, NoSolution) else answer
