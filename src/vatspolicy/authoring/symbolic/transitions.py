"""compare_decisions(base, head): which changes of the decision word a change of the law can make."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from vatspolicy.authoring.symbolic.domain import iso, ordinal
from vatspolicy.authoring.symbolic.query import Solution, describe_invariants
from vatspolicy.authoring.symbolic.solver import BUDGET, Undecided, reason_of
from vatspolicy.authoring.symbolic.timeline import Period
from vatspolicy.authoring.symbolic.two_rulesets import (
    SHORT,
    TransitionProof,
    TwoRuleSetSearch,
    change_days,
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
    Pair,
    Transition,
    Transitions,
)
from vatspolicy.authoring.symbolic.witness import Unconfirmed, confirm_decisions, decision_of
from vatspolicy.cel.ast import Literal, walk
from vatspolicy.errors import InvalidInput
from vatspolicy.policies.bundle import Bundle
from vatspolicy.profile.profile import Profile, load_profile


def compare_decisions(base: Bundle, head: Bundle, as_of: str | None = None, budget: int = BUDGET) -> Transitions:
    """All twelve changes of the decision word: possible, with a witness, or proved impossible, or unknown."""
    period = comparison_period(base, head, as_of)
    if period is None:
        return _all(UNKNOWN, "One of the bundles does not cover that day.")
    period = differing_period(base, head, period)
    if period is None:
        return _all(IMPOSSIBLE, "No rule that decides differs.")
    return _DecisionComparison(base, head, period, budget).answer()


def _all(verdict: str, reason: str) -> Transitions:
    return Transitions(tuple(Transition(*pair, verdict, reason=reason) for pair in PAIRS))


class _DecisionComparison:
    """Two bundles, on the days on which they may decide differently."""

    def __init__(self, base: Bundle, head: Bundle, period: Period, budget: int) -> None:
        self.base, self.head, self.period, self.budget = base, head, period, budget
        self.found: dict[Pair, Transition] = {}
        self.reason = UNSETTLED
        self.calendar: ChangeCalendar | None = None
        self.invariants: set[str] = set()

    def answer(self) -> Transitions:
        proof = TransitionProof(self.period, self.base, self.budget)
        try:
            self.exclude(proof, lists=False)
            for members in ({}, SHORT):
                self.search(members)
            self.exclude(proof, lists=True)
        except Unsupported as error:
            self.rest(UNSUPPORTED, reason_of(error))
        self.rest(UNKNOWN, self.reason)
        assumptions = describe_invariants(self.invariants)
        return Transitions(tuple(self.found[pair] for pair in PAIRS), assumptions)

    def open(self) -> list[Pair]:
        """What there is no answer to yet, the most telling first."""
        return [pair for pair in MOST_TELLING_FIRST if pair not in self.found]

    def rest(self, verdict: str, reason: str) -> None:
        self.found |= {pair: Transition(*pair, verdict, reason=reason) for pair in self.open()}

    def exclude(self, proof: TransitionProof, lists: bool) -> None:
        """Prove what can be proved. `lists`: look at what stands in lists, which costs more."""
        if not self.open():
            return
        try:
            excluded = proof.exclude(self.head, self.open(), lists)
        except Undecided as error:
            self.reason = reason_of(error)
            return
        self.invariants |= set(excluded.invariants)
        reason = "No profile can be decided so on any day."
        self.found |= {pair: Transition(*pair, IMPOSSIBLE, reason=reason) for pair in excluded.pairs}

    def search(self, members: dict[str, int]) -> None:
        """Find profiles for what is open, with lists of so many members."""
        if not self.open():
            return
        answers: dict[Pair, Solution] = {}
        try:
            TwoRuleSetSearch(self.period, self.base, self.budget, members).pairs(self.head, self.open(), answers)
        except Undecided as error:
            self.reason = reason_of(error)
        for pair, answer in answers.items():
            try:
                self.found[pair] = self.shown(pair, answer)
            except (Unconfirmed, InvalidInput) as error:  # never shown as a finding
                self.found[pair] = Transition(
                    *pair, UNKNOWN, reason=f"Internal error: a witness was not confirmed ({error})."
                )

    def shown(self, pair: Pair, answer: Solution) -> Transition:
        """The transition with a witness that the evaluator has confirm_decisions, and cannot be made smaller."""
        small = answer.reduced()
        day = small.as_of
        data = confirm_decisions(small.profile, [(self.base, pair[0]), (self.head, pair[1])], day)
        if self.calendar is None:
            self.calendar = ChangeCalendar(self.base, self.head)
        first, last = self.calendar.lasts(load_profile(data, schemas=self.base.schemas), day)
        transition = Transition(*pair, WITNESS, data, day, first, last)
        return replace(transition, reason="A profile is decided so.")


_DAY = re.compile(r"\d{4}-\d\d-\d\d")


class ChangeCalendar:
    """The days on which the decision of some profile may turn, under one of two bundles."""

    def __init__(self, base: Bundle, head: Bundle) -> None:
        self.base, self.head = base, head
        self.since = max(base.covers_from, head.covers_from)
        self.days = change_days(base) | change_days(head) | {self.since}
        for bundle in (base, head):
            for expression in bundle.expressions():  # days that a policy writes down are compared with the day
                written = (node.value for node in walk(expression.tree) if isinstance(node, Literal))
                self.days |= set(_around(written))
            for policy in bundle.policies.values():
                for parameter in policy.parameters.values():
                    self.days |= set(_around(value.value for value in parameter.values))

    def lasts(self, profile: Profile, as_of: str) -> tuple[str, str | None]:
        """First and last day of the stretch around `as_of` on which the words differ; None for no known end."""
        days = sorted(day for day in {*self.days, *_around([profile.facts])} if self.since <= day < "9999")
        first = as_of
        for day in reversed([day for day in days if day <= as_of]):
            # between two turning days nothing turns: what holds on the first holds up to the second
            if not self.differ(profile, day):
                break
            first = day
        for day in (day for day in days if day > as_of):
            if not self.differ(profile, day):
                return first, iso(ordinal(day) - 1)
        return first, None

    def differ(self, profile: Profile, day: str) -> bool:
        """Whether the two decide the profile by different words on a day."""
        return decision_of(self.base, profile, day) != decision_of(self.head, profile, day)


def _around(things: Iterable[Any]) -> Iterator[str]:
    """Every day among some values, at any depth, and the day after it."""
    for thing in things:
        if isinstance(thing, str) and _DAY.fullmatch(thing):
            yield thing
            if thing < "9999":
                yield (datetime.date.fromisoformat(thing) + datetime.timedelta(days=1)).isoformat()
        elif isinstance(thing, dict):
            yield from _around(thing.values())
        elif isinstance(thing, list | tuple):
            yield from _around(thing)
