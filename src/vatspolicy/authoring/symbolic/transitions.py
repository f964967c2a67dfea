"""Possible changes of the decision word when one bundle replaces another (`compare_decisions`)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from vatspolicy.authoring.granted_profiles import load_granted
from vatspolicy.authoring.symbolic.change_calendar import ChangeCalendar
from vatspolicy.authoring.symbolic.change_period import find_period
from vatspolicy.authoring.symbolic.changed_parts import ALL_KINDS, Kinds, touched_kinds
from vatspolicy.authoring.symbolic.domain import iso
from vatspolicy.authoring.symbolic.list_lengths import lengths_for, search_lengths
from vatspolicy.authoring.symbolic.mixed_bundle import find_rule
from vatspolicy.authoring.symbolic.query import describe_invariants
from vatspolicy.authoring.symbolic.relaxation import Exact, read_by
from vatspolicy.authoring.symbolic.solver import BUDGET, Undecided, reason_of
from vatspolicy.authoring.symbolic.timeline import Period, build_history
from vatspolicy.authoring.symbolic.transition_proof import ExcludedPairs, TransitionProof
from vatspolicy.authoring.symbolic.two_rulesets import (
    Classes,
    TwoRuleSetSearch,
    comparison_period,
    differing_rules,
    period_of,
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
    RuleVerdict,
    Transition,
    Transitions,
)
from vatspolicy.authoring.symbolic.witness import Unconfirmed, confirm_decisions, decision_of
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.errors import InvalidInput
from vatspolicy.workers import Apart


def compare_decisions(
    base: Bundle, head: Bundle, as_of: str | None = None, budget: int = BUDGET, apart: bool = False
) -> Transitions:
    """Return all twelve changes of the decision word: possible with a witness, proved impossible, or unknown.

    `apart`: another process confirms each witness while this one looks for the next; the answers are the same.
    """
    period = comparison_period(base, head, as_of)
    if period is None:
        return all_transitions(UNKNOWN, "One of the bundles does not cover that day.")
    rules = differing_rules(base, head, period)
    period = period_of(rules, period)
    if period is None:
        return all_transitions(IMPOSSIBLE, "No rule that decides differs.")
    with Apart(_Confirmation(base, head).confirm, fork=apart) as confirmation:
        return _DecisionComparison(base, head, period, budget, rules, confirmation).run()


def all_transitions(verdict: str, reason: str) -> Transitions:
    """Return the same verdict on every transition."""
    return Transitions(tuple(Transition(*pair, verdict, reason=reason) for pair in PAIRS))


def add_shown(
    base: Bundle, head: Bundle, transitions: Transitions, shown_by: Iterable[RuleVerdict | Transition]
) -> Transitions:
    """Return the transitions with those added that one of the witnesses shows and that no search has settled."""
    for one in shown_by:
        if not transitions.undecided:
            break
        if one.witness is None or one.as_of is None:
            continue
        profile, day = load_granted(dict(one.witness), schemas=base.schemas), one.as_of
        pair = (decision_of(base, profile, day), decision_of(head, profile, day))
        if pair in {(left.before, left.after) for left in transitions.undecided}:
            first, last = ChangeCalendar(base, head).differing_days(profile, day)
            shown = Transition(*pair, WITNESS, one.witness, day, first, last, "A profile is decided so.")
            transitions = _replace(transitions, shown)
    return transitions


def _replace(transitions: Transitions, shown: Transition) -> Transitions:
    """Return the transitions with one in the place of that of its words, and their days with its days."""
    found = tuple(shown if one.name == shown.name else one for one in transitions.found)
    days, first = transitions.period, str(shown.first_day or shown.as_of)
    if days is None:
        return replace(transitions, found=found, period=ChangePeriod(first, shown.last_day, proved=False))
    last = None if None in (days.last, shown.last_day) else max(str(days.last), str(shown.last_day))
    return replace(transitions, found=found, period=ChangePeriod(min(days.first, first), last, days.proved))


Found = tuple[Pair, dict[str, Tree], str]
"""A change of the decision word, with a profile that shows it and the day, as the solver says."""


class _Confirmation:
    """Confirms by the evaluator what the solver found."""

    def __init__(self, base: Bundle, head: Bundle) -> None:
        self.base, self.head = base, head

    @functools.cached_property
    def calendar(self) -> ChangeCalendar:
        """Calendar of the changes of both bundles."""
        return ChangeCalendar(self.base, self.head)

    def confirm(self, found: Found) -> Transition:
        """Return the transition with a minimal witness; an unknown one if the evaluator does not confirm it."""
        pair, profile, day = found
        try:
            data = confirm_decisions(profile, [(self.base, pair[0]), (self.head, pair[1])], day)
            first, last = self.calendar.differing_days(load_granted(data, schemas=self.base.schemas), day)
        except (Unconfirmed, InvalidInput) as error:  # never shown as a finding
            return Transition(*pair, UNKNOWN, reason=f"Internal error: a witness was not confirmed ({error}).")
        return Transition(*pair, WITNESS, data, day, first, last, "A profile is decided so.")


class _DecisionComparison:
    """Comparison of the decisions of two bundles on the days on which they may differ."""

    def __init__(
        self,
        base: Bundle,
        head: Bundle,
        period: Period,
        budget: int,
        names: Iterable[str] | None,
        confirmation: Apart[Found, Transition],
    ) -> None:
        """Take the bundles, and the names of the rules that differ; None if others may differ, too."""
        self.confirmation = confirmation
        self.base, self.head, self.period, self.budget = base, head, period, budget
        found = [find_rule(bundle, name) for name in names or () for bundle in (base, head)]
        self.rules = [rule for rule in found if rule is not None]
        self.exact = read_by(self.rules)
        """Quantifiers and instruments of these rules."""
        histories = [build_history(bundle, period) for bundle in (base, head)]
        self.parts: Kinds = ALL_KINDS if names is None else touched_kinds(histories, self.rules)
        """Kinds of parts of a product that the rules can touch."""
        self.found: dict[Pair, Transition] = {}
        self.searches: dict[tuple[tuple[str, int], ...], TwoRuleSetSearch] = {}
        """Searches by the lengths of their lists."""
        self.search: TwoRuleSetSearch | None = None
        """The last search that found a witness: no list of an earlier one is longer."""
        self.classes: Classes = None
        """Classes of services among which every witness was found; None for any."""
        self.reason = UNSETTLED
        self.invariants: set[str] = set()

    @functools.cached_property
    def lengths(self) -> dict[str, int]:
        """Lengths of the lists that the rules that differ can tell apart. Raises Unsupported."""
        return lengths_for((self.base, self.head), self.rules, self.period)

    def run(self) -> Transitions:
        """Alternate proofs and searches, the cheap ones first, until every transition is settled."""
        proof = TransitionProof(self.period, self.base, self.budget)
        try:
            self._prove(proof, Exact(), self.parts)
            self._search_few_classes(proof, {})
            if self.exact:
                self._prove(proof, self.exact, self.parts)
            if self._open() and self.lengths:
                self._search_few_classes(proof, self.lengths)
            self._prove_by_need(proof, self.parts)
            self._prove(proof, Exact())
            self._search({})
            if self._open():
                self._search(search_lengths(self.lengths))
            self._prove_by_need(proof)
            self._prove(proof, self.exact.with_all_quantifiers())
        except Unsupported as error:
            self._settle_rest(UNSUPPORTED, reason_of(error))
        self._settle_rest(UNKNOWN, self.reason)
        found = tuple(self.found[pair] for pair in PAIRS)
        return Transitions(found, describe_invariants(self.invariants), self._period(found, proof))

    def _period(self, found: Sequence[Transition], proof: TransitionProof) -> ChangePeriod | None:
        """Return the days on which decisions change: at least those on which the witnesses are decided otherwise."""
        shown = [one for one in found if one.as_of is not None]
        if self.search is None or not shown:
            return None
        pairs = [(one.before, one.after) for one in shown]
        start, end = self.period.start, iso(self.period.last)
        first = max(start, min(str(one.first_day or one.as_of) for one in shown))
        last = min(end, max(one.last_day or end for one in shown))
        try:
            sides = self.base, self.head
            rules = self.parts, self.exact
            period = find_period(self.search, proof, sides, pairs, (first, last), *rules, self.classes)
            settled = all(one.verdict in (WITNESS, IMPOSSIBLE) for one in found)
            return period if settled else replace(period, proved=False)  # an open transition may happen on any day
        except (Undecided, Unsupported):
            return None

    def _open(self) -> list[Pair]:
        """Return the transitions without an answer, the most telling first."""
        return [pair for pair in MOST_TELLING_FIRST if pair not in self.found]

    def _settle_rest(self, verdict: str, reason: str) -> None:
        self.found |= {pair: Transition(*pair, verdict, reason=reason) for pair in self._open()}

    def _prove(self, proof: TransitionProof, exact: Exact, parts: Kinds | None = None) -> None:
        """Prove transitions impossible. The more is exact, the more it costs; `parts`: part by part."""
        if not self._open():
            return
        self._exclude(lambda: proof.exclude(self.head, self._open(), exact, parts=parts))

    def _prove_by_need(self, proof: TransitionProof, parts: Kinds | None = None) -> None:
        """Prove transitions impossible, with as much exact as the proof needs. `parts`: part by part."""
        if self._open():
            self._exclude(lambda: proof.exclude_by_need(self.head, self._open(), self.exact, parts))

    def _exclude(self, prove: Callable[[], ExcludedPairs]) -> None:
        try:
            excluded = prove()
        except Undecided as error:
            self.reason = reason_of(error)
            return
        self.invariants |= set(excluded.invariants)
        reason = "No profile can be decided so on any day."
        self.found |= {pair: Transition(*pair, IMPOSSIBLE, reason=reason) for pair in excluded.pairs}

    def _search_few_classes(self, proof: TransitionProof, members: Mapping[str, int]) -> None:
        """Search for witnesses of the open transitions among the services of few classes, which is fast."""
        if not self._open():
            return
        try:
            classes = frozenset(proof.find_classes(self.head, self._open()) if "activity" in self.parts else ())
        except Undecided:
            return
        self._search(members, classes)

    def _search(self, members: Mapping[str, int], classes: Classes = None) -> None:
        """Search for witnesses of the open transitions, with lists of these lengths."""
        if not self._open():
            return
        waiting: dict[Pair, Callable[[], Transition]] = {}
        lengths = tuple(sorted(members.items()))
        if lengths not in self.searches:
            self.searches[lengths] = TwoRuleSetSearch(self.period, self.base, self.budget, members)
        search = self.searches[lengths]
        try:
            for pair, solution in search.solve_pairs(self.head, self._open(), classes):
                small = solution.reduced()
                waiting[pair] = self.confirmation.submit((pair, small.profile, small.as_of))
        except Undecided as error:
            self.reason = reason_of(error)
        if waiting:
            earlier = classes if self.search is None else self.classes
            self.search = search
            self.classes = None if classes is None or earlier is None else classes | earlier
        self.found |= {pair: wait() for pair, wait in waiting.items()}
