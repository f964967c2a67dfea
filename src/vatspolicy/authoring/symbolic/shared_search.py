"""Searches and proofs that several comparisons of rules share."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from vatspolicy.authoring.symbolic.timeline import Period
from vatspolicy.authoring.symbolic.transition_proof import TransitionProof
from vatspolicy.authoring.symbolic.two_rulesets import TwoRuleSetSearch
from vatspolicy.core.policies.bundle import Bundle


class SharedSearch:
    """Searches and proofs over the decisions of the base, encoded once for all rules of a chunk."""

    def __init__(self, base: Bundle, period: Period, budget: int) -> None:
        self.base, self.period, self.budget = base, period, budget
        self.proof = TransitionProof(period, base, budget)

    @functools.cached_property
    def shortest(self) -> TwoRuleSetSearch:
        """Search with one member of each list."""
        return self.with_lengths({})

    def with_lengths(self, members: Mapping[str, int]) -> TwoRuleSetSearch:
        """Return a search with lists of these lengths."""
        return TwoRuleSetSearch(self.period, self.base, self.budget, members)
