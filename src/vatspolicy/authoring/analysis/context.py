"""Shared state of the rule checks: the bundle, the search over it, and the questions that stay open."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from vatspolicy.authoring.analysis.bounded_search import BoundedSearch, Build, find_solution
from vatspolicy.authoring.analysis.findings import NOT_SHOWN, AnalysisFinding, NotEvaluated
from vatspolicy.authoring.analysis.witness import Witness
from vatspolicy.authoring.symbolic.query import Solution
from vatspolicy.authoring.symbolic.solver import BUDGET, Undecided, reason_of
from vatspolicy.authoring.symbolic.timeline import Period
from vatspolicy.authoring.symbolic.values import Unsupported
from vatspolicy.authoring.symbolic.witness import Unconfirmed
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import NEVER, Rule
from vatspolicy.errors import InvalidInput
from vatspolicy.i18n import LocalizedText


@dataclass
class AnalysisContext:
    """A bundle, the days analyzed, and the questions left unanswered."""

    bundle: Bundle
    period: Period
    budget: int = BUDGET
    touched: frozenset[str] | None = None
    """Names of the rules that a change touches; None to look at all rules."""
    not_evaluated: list[NotEvaluated] = field(default_factory=list)

    def concerns(self, *rules: Rule) -> bool:
        """Return whether one of the rules is to be looked at."""
        return self.touched is None or any(rule.name in self.touched for rule in rules)

    @functools.cached_property
    def search(self) -> BoundedSearch:
        """Search over all rules with short lists."""
        return BoundedSearch(self.bundle, self.period, self.budget)

    def attempt(
        self, kind: str, about: tuple[str, ...], check: Callable[[], AnalysisFinding | None]
    ) -> Iterator[AnalysisFinding]:
        """Yield the finding of a check; note a check that ends without an answer."""
        try:
            found = check()
        except (Undecided, Unsupported) as error:
            self.not_evaluated.append(NotEvaluated(kind, about, reason_of(error)))
        except (Unconfirmed, InvalidInput) as error:
            reason = f"Internal error: a witness was not confirmed ({error})."
            self.not_evaluated.append(NotEvaluated(kind, about, reason))
        else:
            if found is not None:
                yield found

    def find_solution(self, build: Build) -> Solution | None:
        """Return facts and a day that satisfy the formulas, or None if it is proved that there are none."""
        return find_solution(self.bundle, self.period, build, self.budget)

    def is_satisfiable(self, formulas: Sequence[int]) -> bool | None:
        """Return whether a profile with short lists satisfies the formulas, or None if that is not known."""
        try:
            return self.search.is_satisfiable(formulas)
        except Undecided:
            return None

    def finding(
        self, kind: str, rules: Sequence[Rule], message: LocalizedText, shown: Witness | None
    ) -> AnalysisFinding:
        """Return a finding about rules, placed at the first of them."""
        first = rules[0]
        since, until = max(rule.since for rule in rules), min(rule.until for rule in rules)
        return AnalysisFinding(
            kind,
            tuple(rule.name for rule in rules),
            self.bundle.policies[first.policy].file,
            first.line,
            message,
            since,
            None if until == NEVER else until,
            *((shown.profile, shown.as_of, shown.case, shown.case_for, None) if shown else NOT_SHOWN),
        )
