"""compare_decisions(base, head): which changes of the decision word a change of the law can make."""

from __future__ import annotations

from dataclasses import replace

from vatspolicy.authoring.symbolic.assumptions import named
from vatspolicy.authoring.symbolic.difference import asked, differing
from vatspolicy.authoring.symbolic.duration import Calendar
from vatspolicy.authoring.symbolic.query import Answer
from vatspolicy.authoring.symbolic.recheck import Unconfirmed, confirmed, load_profile
from vatspolicy.authoring.symbolic.relaxation import PAIRS, TELLING, Pair
from vatspolicy.authoring.symbolic.search import BUDGET, Undecided, how
from vatspolicy.authoring.symbolic.times import Period
from vatspolicy.authoring.symbolic.two_rulesets import SHORT, TransitionProof, TwoRuleSetSearch
from vatspolicy.authoring.symbolic.values import Unsupported
from vatspolicy.authoring.symbolic.verdicts import IMPOSSIBLE, UNKNOWN, UNSUPPORTED, WITNESS, Transition, Transitions
from vatspolicy.errors import InvalidInput
from vatspolicy.policies.bundle import Bundle


def compare_decisions(base: Bundle, head: Bundle, as_of: str | None = None, budget: int = BUDGET) -> Transitions:
    """All twelve changes of the decision word: possible, with a witness, or proved impossible, or unknown."""
    period = asked(base, head, as_of)
    if period is None:
        return _all(UNKNOWN, "One of the bundles does not cover that day.")
    period = differing(base, head, period)
    if period is None:
        return _all(IMPOSSIBLE, "No rule that decides differs.")
    return _Question(base, head, period, budget).answer()


def _all(verdict: str, reason: str) -> Transitions:
    return Transitions(tuple(Transition(*pair, verdict, reason=reason) for pair in PAIRS))


class _Question:
    """Two bundles, on the days on which they may decide differently."""

    def __init__(self, base: Bundle, head: Bundle, period: Period, budget: int) -> None:
        self.base, self.head, self.period, self.budget = base, head, period, budget
        self.found: dict[Pair, Transition] = {}
        self.reason = "the search found no profile, and there is no proof that there is none"
        self.calendar: Calendar | None = None
        self.invariants: set[str] = set()

    def answer(self) -> Transitions:
        proof = TransitionProof(self.period, self.base, self.budget)
        try:
            self.exclude(proof, lists=False)
            for members in ({}, SHORT):
                self.search(members)
            self.exclude(proof, lists=True)
        except Unsupported as error:
            self.rest(UNSUPPORTED, f"This cannot be analysed exactly: {error}.")
        self.rest(UNKNOWN, f"No answer within the limit: {self.reason}.")
        assumptions = (*([named(self.invariants)] if self.invariants else []), *how())
        return Transitions(tuple(self.found[pair] for pair in PAIRS), assumptions)

    def open(self) -> list[Pair]:
        """What there is no answer to yet, the most telling first."""
        return [pair for pair in TELLING if pair not in self.found]

    def rest(self, verdict: str, reason: str) -> None:
        self.found |= {pair: Transition(*pair, verdict, reason=reason) for pair in self.open()}

    def exclude(self, proof: TransitionProof, lists: bool) -> None:
        """Prove what can be proved. `lists`: look at what stands in lists, which costs more."""
        if not self.open():
            return
        try:
            excluded = proof.exclude(self.head, self.open(), lists)
        except Undecided as error:
            self.reason = str(error)
            return
        self.invariants |= set(excluded.invariants)
        reason = "No profile can be decided so on any day."
        self.found |= {pair: Transition(*pair, IMPOSSIBLE, reason=reason) for pair in excluded.pairs}

    def search(self, members: dict[str, int]) -> None:
        """Find profiles for what is open, with lists of so many members."""
        if not self.open():
            return
        answers: dict[Pair, Answer] = {}
        try:
            TwoRuleSetSearch(self.period, self.base, self.budget, members).pairs(self.head, self.open(), answers)
        except Undecided as error:
            self.reason = str(error)
        for pair, answer in answers.items():
            try:
                self.found[pair] = self.shown(pair, answer)
            except (Unconfirmed, InvalidInput) as error:  # never shown as a finding
                self.found[pair] = Transition(
                    *pair, UNKNOWN, reason=f"Internal error: a witness was not confirmed ({error})."
                )

    def shown(self, pair: Pair, answer: Answer) -> Transition:
        """The transition with a witness that the evaluator has confirmed, and cannot be made smaller."""
        small = answer.justified()
        day = small.as_of
        data = confirmed(small.profile, [(self.base, pair[0]), (self.head, pair[1])], day)
        if self.calendar is None:
            self.calendar = Calendar(self.base, self.head)
        first, last = self.calendar.lasts(load_profile(data, schemas=self.base.schemas), day)
        transition = Transition(*pair, WITNESS, data, day, first, last)
        return replace(transition, reason="A profile is decided so.")
