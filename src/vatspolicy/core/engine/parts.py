"""Parts of a product: findings about the product itself, a service or an activity, and the possible outcomes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.engine.decision import Finding, MissingFact, Outcome, RouteResult, ServiceResult, Subject
from vatspolicy.core.policies.model import VERIFICATIONS, Rule
from vatspolicy.core.policies.ruleset import Match

Waiting: TypeAlias = Callable[[], list[Finding]]
"""Makes findings that nobody may ever read."""
Question: TypeAlias = tuple[Outcome, Finding | MissingFact]
"""The strictest outcome that missing facts can cause, and the finding that they settle, or the fact itself."""


class ProductPart:
    """Findings about one subject (the product, a service or an activity) and the outcomes that they leave possible."""

    def __init__(self, activation: Activation, matches: Sequence[Match] = (), certain: bool = True) -> None:
        """Take the activation of the subject and the rules that match it.

        Nothing is `certain` of an activity whose class is only possible.
        """
        self.subject, self.activation, self.matches, self.certain = Subject.of(activation), activation, matches, certain
        self.low, self.high = Outcome.ALLOW, Outcome.ALLOW
        self.ranges: list[tuple[Outcome, Outcome, bool]] = []
        """Per finding that can affect the outcome: (mildest, strictest, subject is certain)."""
        self.questions: list[Question] = []
        """Questions whose answers could still change the outcome."""
        self.possible: list[Question] = []
        """Questions about possible classes, after the questions about the class."""
        self.denials: list[Finding] = []
        self.closed: list[Finding] = []
        self.unmet: list[Finding] = []
        self.met: list[Finding] = []
        self.duties: list[Finding] = []
        self.advice: list[Finding] = []
        self.unknown: list[Finding | Waiting] = []
        self.routes: list[RouteResult] = []
        self.contested: list[tuple[Rule, Subject]] = []
        """Contested rules that hold or may hold."""
        self.services: list[ServiceResult] = []

    def widen(self, low: Outcome, high: Outcome, about: Finding | MissingFact) -> None:
        """Apply a finding, or a fact that no rule needs, that leaves a range of outcomes possible."""
        self.ranges.append((low, high, self.certain))
        self.high = max(self.high, high)
        if self.certain:  # for a possible subject, ask for its class first
            self.low = max(self.low, low)
            if low < high:
                self.questions.append((high, about))
        elif high > Outcome.ALLOW:
            self.possible.append((high, about))

    def add(self, part: ProductPart) -> None:
        """Add the findings of another part."""
        self.low, self.high = max(self.low, part.low), max(self.high, part.high)
        self.ranges += part.ranges
        self.questions += part.questions
        self.possible += part.possible
        self.denials += part.denials
        self.closed += part.closed
        self.unmet += part.unmet
        self.met += part.met
        self.duties += part.duties
        self.advice += part.advice
        self.unknown += part.unknown
        self.contested += part.contested
        self.services += part.services

    def find_undecided(self) -> Iterator[Finding]:
        """Yield the findings that missing facts leave undecided."""
        for item in self.unknown:
            yield from (item,) if isinstance(item, Finding) else item()


def merge_parts(parts: Sequence[ProductPart]) -> ProductPart:
    """Return one part with the findings of all; the first is about the product."""
    whole = ProductPart(parts[0].activation)
    for part in parts:
        whole.add(part)
    return whole


def _verifications(whole: ProductPart) -> Iterator[str | None]:
    """Yield the verifications of the law that denials, classifications, needs and their routes rest on."""
    yield from (finding.rule.verification for finding in whole.denials)
    yield from (finding.rule.verification for service in whole.services for finding in service.classified_by)
    for finding in (*whole.closed, *whole.unmet, *whole.met):
        yield finding.rule.verification
        for route in finding.routes:
            yield route.rule.verification
            if route.state == "open":
                effect = route.rule.effect
                yield from (condition.verification for condition in getattr(effect, "conditions", ()))


def weakest_verification(whole: ProductPart) -> str | None:
    """Return the weakest verification among the articles that the findings rest on; None if they rest on none."""
    places = [VERIFICATIONS.index(verification) for verification in _verifications(whole) if verification is not None]
    return VERIFICATIONS[max(places)] if places else None
