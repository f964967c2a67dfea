"""Possible changes of the decision word when one bundle replaces another (`compare_decisions`)."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from vatspolicy.authoring.symbolic.change_calendar import ChangeCalendar
from vatspolicy.authoring.symbolic.change_period import find_period
from vatspolicy.authoring.symbolic.query import Solution, describe_invariants
from vatspolicy.authoring.symbolic.solver import BUDGET, Undecided, reason_of
from vatspolicy.authoring.symbolic.timeline import Period
from vatspolicy.authoring.symbolic.two_rulesets import (
    SHORT,
    TransitionProof,
    TwoRuleSetSearch,
    comparison_period,
    differing_period,
)
from vatspolicy.authoring.symbolic.values import Unsupported
from vatspolicy.authoring.symbolic.verdicts import (
    IMPOSSIBLE,
    MOST_TELLING_FIRST,
    PAIRS,
    UNKNOWN,
    UNSETTLED,
    UNSUPPORTED,
    WITNESS,
    ChangePeriod,
    Pair,
    Transition,
    Transitions,
)
from vatspolicy.authoring.symbolic.witness import Unconfirmed, confirm_decisions
from vatspolicy.errors import InvalidInput
from vatspolicy.policies.bundle import Bundle
from vatspolicy.profile.profile import load_profile


def compare_decisions(base: Bundle, head: Bundle, as_of: str | None = None, budget: int = BUDGET) -> Transitions:
    """Return all twelve changes of the decision word: possible with a witness, proved impossible, or unknown."""
    period = comparison_period(base, head, as_of)
    if period is None:
        return all_transitions(UNKNOWN, "One of the bundles does not cover that day.")
    period = differing_period(base, head, period)
    if period is None:
        return all_transitions(IMPOSSIBLE, "No rule that decides differs.")
    return _DecisionComparison(base, head, period, budget).run()


def all_transitions(verdict: str, reason: str) -> Transitions:
    """Return the same verdict on every transition."""
    return Transitions(tuple(Transition(*pair, verdict, reason=reason) for pair in PAIRS))


class _DecisionComparison:
    """Comparison of the decisions of two bundles on the days on which they may differ."""

    def __init__(self, base: Bundle, head: Bundle, period: Period, budget: int) -> None:
        self.base, self.head, self.period, self.budget = base, head, period, budget
        self.found: dict[Pair, Transition] = {}
        self.search: TwoRuleSetSearch | None = None
        """The last search that found a witness."""
        self.reason = UNSETTLED
        self.invariants: set[str] = set()

    @functools.cached_property
    def calendar(self) -> ChangeCalendar:
        """Calendar of the changes of both bundles."""
        return ChangeCalendar(self.base, self.head)

    def run(self) -> Transitions:
        """Alternate proofs and searches, the cheap ones first, until every transition is settled."""
        proof = TransitionProof(self.period, self.base, self.budget)
        try:
            self._prove(proof, lists=False)
            for members in ({}, SHORT):
                self._search(members)
            self._prove(proof, lists=True)
        except Unsupported as error:
            self._settle_rest(UNSUPPORTED, reason_of(error))
        self._settle_rest(UNKNOWN, self.reason)
        found = tuple(self.found[pair] for pair in PAIRS)
        return Transitions(found, describe_invariants(self.invariants), self._period(found, proof))

    def _period(self, found: Sequence[Transition], proof: TransitionProof) -> ChangePeriod | None:
        """Return the days on which decisions change."""
        shown = [one for one in found if one.as_of is not None]
        if self.search is None or not shown:
            return None
        pairs = [(one.before, one.after) for one in shown]
        try:
            return find_period(self.search, proof, (self.base, self.head), pairs, str(shown[0].as_of))
        except (Undecided, Unsupported):
            return None

    def _open(self) -> list[Pair]:
        """Return the transitions without an answer, the most telling first."""
        return [pair for pair in MOST_TELLING_FIRST if pair not in self.found]

    def _settle_rest(self, verdict: str, reason: str) -> None:
        self.found |= {pair: Transition(*pair, verdict, reason=reason) for pair in self._open()}

    def _prove(self, proof: TransitionProof, lists: bool) -> None:
        """Prove transitions impossible. `lists`: with exact lists, which costs more."""
        if not self._open():
            return
        try:
            excluded = proof.exclude(self.head, self._open(), lists)
        except Undecided as error:
            self.reason = reason_of(error)
            return
        self.invariants |= set(excluded.invariants)
        reason = "No profile can be decided so on any day."
        self.found |= {pair: Transition(*pair, IMPOSSIBLE, reason=reason) for pair in excluded.pairs}

    def _search(self, members: dict[str, int]) -> None:
        """Search for witnesses of the open transitions, with lists of these lengths."""
        if not self._open():
            return
        solutions: dict[Pair, Solution] = {}
        search = TwoRuleSetSearch(self.period, self.base, self.budget, members)
        try:
            search.find_pairs(self.head, self._open(), solutions)
        except Undecided as error:
            self.reason = reason_of(error)
        self.search = search if solutions else self.search
        for pair, solution in solutions.items():
            try:
                self.found[pair] = self._confirm(pair, solution)
            except (Unconfirmed, InvalidInput) as error:  # never shown as a finding
                reason = f"Internal error: a witness was not confirmed ({error})."
                self.found[pair] = Transition(*pair, UNKNOWN, reason=reason)

    def _confirm(self, pair: Pair, solution: Solution) -> Transition:
        """Return the transition with a minimal witness that the evaluator confirms."""
        solution = solution.reduced()
        day = solution.as_of
        data = confirm_decisions(solution.profile, [(self.base, pair[0]), (self.head, pair[1])], day)
        first, last = self.calendar.differing_days(load_profile(data, schemas=self.base.schemas), day)
        return Transition(*pair, WITNESS, data, day, first, last, "A profile is decided so.")
