"""The answer about one profile of a portfolio: the decision, the classes, and the names of the rules that hold.

The evaluator decides, but evaluates nothing that could not change the answer: no explanations, no undecided duties, and
no further undecided rules or possible classes once a denial is possible.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from vatspolicy.core.documents import Document, parse_document
from vatspolicy.core.documents.plain import Facts
from vatspolicy.core.engine.classification import Classification
from vatspolicy.core.engine.decision import Outcome, Subject, word_of
from vatspolicy.core.engine.evaluator import Evaluator, possible_outcomes
from vatspolicy.core.engine.opinions import settle
from vatspolicy.core.engine.parts import ProductPart, merge_parts
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile, trust_profile

AnsweredActivity = TypedDict("AnsweredActivity", {"class": str, "decision": str})
"""The decision about a service in one class."""


class AnsweredService(TypedDict):
    """The decision about a service."""

    id: str
    state: str
    decision: str
    activities: list[AnsweredActivity]
    """By class."""


class Answer(TypedDict):
    """The answer about one profile, as it is written."""

    id: str
    decision: str
    range: list[str]
    services: list[AnsweredService]
    rules: list[str]
    """Sorted names of the rules that hold."""


def answer(ruleset: RuleSet, facts: Facts, day: str) -> Answer:
    """Return the answer about completed facts, whose opinions are all granted."""
    evaluator = _AnswerEvaluator(ruleset, Profile(facts, _NOWHERE, {}).grant_all(), day)
    parts = list(evaluator.parts())
    whole = merge_parts(parts)
    services: list[AnsweredService] = [
        {
            "id": service.id,
            "state": service.state,
            "decision": word_of(part.low, part.high),
            "activities": [
                {"class": cls, "decision": word}
                for cls, word in sorted((activity.cls, activity.outcome) for activity in service.activities)
            ],
        }
        for service, part in zip(whole.services, parts[1:], strict=True)
    ]
    classified = {finding.rule.name for service in whole.services for finding in service.classified_by}
    return {
        "id": facts["product"]["id"],
        "decision": word_of(whole.low, whole.high),
        "range": [whole.low.word, whole.high.word],
        "services": services,
        "rules": sorted(evaluator.holding | classified),
    }


def missing_facts(ruleset: RuleSet, data: Facts, day: str) -> list[str]:
    """Return dotted paths of the missing facts to ask for next, the most decisive first.

    `data`: a valid profile as it was written, with the opinions that are granted alone.
    """
    profile = trust_profile(Document("<row>", data, "", _NOWHERE.root), ruleset.schemas).grant_all()
    return [".".join(map(str, ask.path)) for ask in possible_outcomes(ruleset, profile, day).missing]


_NOWHERE = parse_document("{}", "<row>.json")


class _AnswerEvaluator(Evaluator):
    """The evaluator, which stops where nothing further can change the answer."""

    def __init__(self, ruleset: RuleSet, profile: Profile, day: str) -> None:
        super().__init__(ruleset, profile, day)
        self.holding: set[str] = set()
        """Names of the rules that hold, without those that classify."""

    def possible_classes(self, part: ProductPart, classification: Classification, is_settled: bool) -> Iterable[str]:
        """Yield possible classes until the service may be denied: they can only make it stricter."""
        for cls in classification.possible if is_settled else ():  # one that is not settled may be denied
            if part.high is Outcome.DENY:
                return
            yield cls

    def part(self, subject: Subject, certain: bool = True) -> ProductPart:
        """Evaluate the rules that hold, and then undecided ones until the subject may be denied."""
        activation = self.activations.of(subject)
        own = _FIRST.get(subject.each)
        matches = self.ruleset.match(subject.each, activation, own) if own else ()
        part = ProductPart(activation, settle(matches, activation), certain)
        holding, undecided = self.ruleset.match_lazily(subject.each, activation, _REST, _OPEN)
        certainly = settle(holding, activation)
        if certain:
            self.holding.update([rule.name for rule, holds, _ in certainly if holds])
        self.apply(part, [match for match in certainly if match[0].kind in _OPEN])  # no others change a decision
        for match in undecided:
            if part.high is Outcome.DENY:
                break
            self.apply(part, settle((match,), activation))
        return part


_FIRST = {"service": ("classify",), "activity": ("route",)}
"""Kinds of rules whose undecided ones always count."""
_OPEN = ("deny", "need")
"""Kinds of rules whose undecided ones can make the decision stricter."""
_REST = (*_OPEN, "duty", "advise")
INDEXED = (_REST, *_FIRST.values())
"""Kinds that are matched together, for `RuleSet.build_indexes`."""
