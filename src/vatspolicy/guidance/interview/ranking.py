"""Which fact to ask next: the one whose answers leave, on average, the fewest outcomes possible.

An outcome is a finding that could still make the decision stricter. For each fact that the undecided rules read, a few
answers are tried (see `answers`), each as likely as the next, and the outcomes that are left are counted; a decision
that is settled leaves none.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vatspolicy.documents import Document, Path
from vatspolicy.documents.schemas import SchemaSet
from vatspolicy.engine.decision import MissingFact
from vatspolicy.engine.evaluator import PossibleOutcomes, possible_outcomes
from vatspolicy.guidance.interview.answers import ordinary, possible_answers
from vatspolicy.guidance.interview.memo import RememberingEvaluator, remembering, share
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.ruleset import RuleSet
from vatspolicy.profile.profile import Profile, broken_invariant, facts_of, trust_profile
from vatspolicy.profile.vocabulary import fact_schemas

FACTS = 6
"""Facts that are compared: the first of the inquiry's own order."""
TRIALS = 30
"""Evaluations that one question may cost."""
FARTHEST = 25
"""Questions that an estimate looks ahead."""


@dataclass(frozen=True)
class InformationGain:
    """What the answer to a question eliminates, in outcomes."""

    expected: float
    """On average over the answers that were tried."""
    worst: int
    """After the answer that eliminates least."""
    of: int
    """Outcomes that are possible now."""
    answers: int
    """Answers that were tried; none for a question that is asked whatever it eliminates."""


NO_GAIN = InformationGain(0.0, 0, 0, 0)


@dataclass(frozen=True)
class InterviewState:
    """What is known, under which law."""

    bundle: Bundle
    law: RuleSet
    document: Document
    data: Mapping[str, Any]
    as_of: str
    before: InterviewState | None = dataclasses.field(default=None, repr=False, compare=False)
    """The scene that an answer led on from."""

    def with_fact(self, path: Path, value: Any) -> InterviewState:
        """The scene after an answer."""
        return dataclasses.replace(self, data=put(self.data, path, value), before=self)

    def remembering(self) -> InterviewState:
        """The scene for many trials."""
        return dataclasses.replace(self, law=remembering(self.law), before=None)

    @property
    def schemas(self) -> SchemaSet:
        """Schemas of the law."""
        return self.law.schemas

    @functools.cached_property
    def facts(self) -> Mapping[str, Any]:
        """What is known as expressions read it, sharing with the scene before."""
        facts = facts_of(self.data, self.law.schemas)
        if self.before is not None:
            facts = share(facts, self.before.facts)
        if isinstance(self.law.evaluator, RememberingEvaluator):
            self.law.evaluator.keep(facts)
        return facts

    def possible_outcomes(self, duties: bool = False) -> PossibleOutcomes | None:
        """What is still possible, without what is missing; None for facts that no real profile has together."""
        if broken_invariant(self.facts, self.law.schemas):
            return None
        return possible_outcomes(
            self.law, Profile(self.facts, self.document, {}, self.law.schemas), self.as_of, False, duties
        )

    def missing(self) -> tuple[MissingFact, ...]:
        """Facts that could still change the decision word, in the inquiry's own order."""
        profile = trust_profile(dataclasses.replace(self.document, data=self.data), self.law.schemas)
        return possible_outcomes(self.law, profile, self.as_of).missing


def put(data: Any, path: Path, value: Any) -> Any:
    """A copy of the data with a fact, sharing what is not on the way to it. A bare place becomes an object."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        members = list(data or [])
        if step == len(members):
            members.append(None)
        members[step] = put(members[step], rest, value)
        return members
    entries = {"at": data} if isinstance(data, str) else dict(data or {})
    entries[step] = put(entries.get(step), rest, value)
    return entries


def get(data: Any, path: Path) -> Any:
    """The fact at a path; None where there is none."""
    for step in path:
        if isinstance(data, dict) and isinstance(step, str):
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return None
    return data


def rank(
    scene: InterviewState, asks: Sequence[MissingFact], duties: bool = False
) -> list[tuple[MissingFact, InformationGain]]:
    """The facts, the one that eliminates most first: on average, then in the worst case, then by the schema's order.

    `duties`: count undetermined duties rather than findings about the decision.
    """
    asks = asks[:FACTS]
    scene = scene.remembering()
    now = scene.possible_outcomes(duties)
    if now is None:
        return [(ask, NO_GAIN) for ask in asks]
    total = now.duties if duties else now.open
    each = max(2, TRIALS // max(1, len(asks)))
    gains = [(ask, _gain(scene, ask, total, each, duties)) for ask in asks]
    order = schema_order(scene.schemas)
    return sorted(gains, key=lambda pair: (-pair[1].expected, -pair[1].worst, _place(order, pair[0].path)))


def _gain(scene: InterviewState, ask: MissingFact, total: int, most: int, duties: bool) -> InformationGain:
    left: list[int] = []
    for answer in possible_answers(scene.bundle, scene.law, ask.path, ask.rules, scene.as_of)[:most]:
        after = scene.with_fact(ask.path, answer).possible_outcomes(duties)
        if after is not None:
            left.append(after.duties if duties else 0 if after.range[0] == after.range[1] else after.open)
    if not left:
        return InformationGain(0.0, 0, total, 0)
    return InformationGain(round(total - sum(left) / len(left), 2), total - max(left), total, len(left))


def schema_order(schemas: SchemaSet) -> Mapping[tuple[str, ...], int]:
    """The place of each fact in the schema."""
    return {path: position for position, (path, _) in enumerate(fact_schemas(schemas))}


def _place(order: Mapping[tuple[str, ...], int], path: Path) -> tuple[int, Path]:
    names = tuple(step for step in path if isinstance(step, str))
    return order.get(names, len(order)), tuple(step for step in path if isinstance(step, int))


def estimate(scene: InterviewState, unknown: Iterable[Path]) -> int:
    """About how many questions are left: as many as it takes when each answer is an ordinary one.

    `unknown`: facts that were asked for in vain.
    """
    passed, count = set(unknown), 0
    while count < FARTHEST:
        ask = next((ask for ask in scene.missing() if ask.path not in passed), None)
        if ask is None:
            break
        count += 1
        passed.add(ask.path)
        answers = possible_answers(scene.bundle, scene.law, ask.path, ask.rules, scene.as_of)
        tries = [ordinary(answers), *answers] if answers else []
        following = (scene.with_fact(ask.path, answer) for answer in tries)
        schemas = scene.law.schemas
        possible = (one for one in following if broken_invariant(facts_of(one.data, schemas), schemas) is None)
        scene = next(possible, scene)
    return count
