"""Ranking of missing facts: first the one whose answers leave the fewest possible decisions."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from vatspolicy.core.documents import Document, Path
from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.engine.decision import MissingFact
from vatspolicy.core.engine.evaluator import PossibleOutcomes, possible_outcomes
from vatspolicy.core.engine.possible_values import possible_answers, typical_answer
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.edits import set_fact
from vatspolicy.core.profile.invariants import broken_invariant
from vatspolicy.core.profile.profile import trust_profile
from vatspolicy.core.profile.vocabulary import asked_together, describe, fact_schemas

# An outcome is a finding that could still make the decision stricter. For each fact that the undecided rules read, a
# few answers are tried (see `answers`), each as likely as the next, and the outcomes that are left are counted; a
# decision that is settled leaves none.


FACTS = 6
"""Maximum number of compared facts, in the evaluator's order."""
TRIALS = 30
"""Maximum number of evaluations per question."""
EASY = 2
"""Maximum cost of an easily changed fact (`x-mutable` in the schema)."""
LAST = 3
"""Turn of a minor fact whose answers do not eliminate outcomes: easy facts may settle the decision first."""
NEED = 0.25
"""Weight of a possible need, because one certain need makes the others irrelevant. A possible denial has weight 1."""
MAX_AHEAD = 25
"""Maximum number of questions that an estimate looks ahead."""


@dataclass(frozen=True)
class InformationGain:
    """Outcomes that the answer to a question eliminates."""

    expected: float
    """Average over the answers tried."""
    worst: int
    """Number eliminated by the least informative answer."""
    of: int
    """Number of outcomes currently possible."""
    answers: int
    """Number of answers tried; 0 for a mandatory question."""
    weight: float = 0.0
    """Average weight of the eliminated outcomes."""


NO_GAIN = InformationGain(0.0, 0, 0, 0)


@dataclass(frozen=True)
class InterviewState:
    """Known facts and the law that applies to them."""

    bundle: Bundle
    ruleset: RuleSet
    document: Document
    data: Facts
    as_of: str
    known: dict[tuple[str, bool, bool], PossibleOutcomes | None] = dataclasses.field(default_factory=dict, repr=False)
    """Outcomes found so far by the facts, whether missing facts are included, and whether duties are counted.

    States after an answer share it.
    """
    screened: tuple[Path, ...] = ()
    """Lists that are not empty, according to the answer to their screen."""

    def with_fact(self, path: Path, value: Tree) -> InterviewState:
        """Return the state after an answer."""
        return dataclasses.replace(self, data=set_fact(self.data, path, value))

    @property
    def schemas(self) -> SchemaSet:
        """Schemas of the law."""
        return self.ruleset.schemas

    def possible_outcomes(self, asking: bool = False, duties: bool = False) -> PossibleOutcomes | None:
        """Return the outcomes that are still possible, or None for facts that break an invariant.

        Missing facts are omitted unless `asking`; duties are counted if `duties`.
        """
        key = repr(self.data), asking, duties
        if key not in self.known:
            profile = trust_profile(dataclasses.replace(self.document, data=self.data), self.schemas)
            broken = broken_invariant(profile.facts, self.schemas)
            found = None if broken else possible_outcomes(self.ruleset, profile, self.as_of, asking, duties)
            self.known[key] = found
        return self.known[key]

    def missing(self) -> tuple[MissingFact, ...]:
        """Return the facts that could still change the outcome, in the evaluator's order."""
        found = self.possible_outcomes(asking=True)
        return () if found is None else found.missing


def rank_facts(
    state: InterviewState, facts: Sequence[MissingFact], duties: bool = False
) -> list[tuple[MissingFact, InformationGain]]:
    """Rank facts by eliminated outcomes: on average, then in the worst case, then by the order of the schema.

    About the decision, the facts of a license that is named come before all others, and what is easy to put in order
    comes last, for its answer is rarely the one that denies. `duties`: count undetermined duties
    rather than findings about the decision.
    """
    if not duties:
        facts = sorted(facts, key=lambda fact: _turn(fact.path, state.schemas))
    facts = facts[:FACTS]
    now = state.possible_outcomes(duties=duties)
    if now is None:
        return [(fact, NO_GAIN) for fact in facts]
    each = max(2, TRIALS // max(1, len(facts)))
    gains = [(fact, _information_gain(state, fact, now, each, duties)) for fact in facts]
    order = schema_order(state.schemas)

    def rank(pair: tuple[MissingFact, InformationGain]) -> tuple[object, ...]:
        fact, gain = pair
        idle = gain.answers and not gain.weight and _is_minor(fact.path, state.schemas)
        turn = 0 if duties else LAST if idle else _turn(fact.path, state.schemas)
        return (turn, -gain.weight, -gain.expected, -gain.worst, _place(order, fact.path))

    return sorted(gains, key=rank)


def is_easy(path: Path, schemas: SchemaSet) -> bool:
    """Return whether a fact of the company, or the place of hosting, is easy to change: capital, means."""
    return (path[0] == "company" or path[-1] == "hosting") and _is_cheap(path, schemas)


def _is_cheap(path: Path, schemas: SchemaSet) -> bool:
    return bool(describe(path, schemas).get("x-mutable", {}).get("cost", EASY + 1) <= EASY)


def _is_minor(path: Path, schemas: SchemaSet) -> bool:
    """Return whether a fact is part of a place, such as a district, or an easily changed fact of a service."""
    return "at" in describe(path[:-1], schemas).get("properties", {}) or (
        path[0] == "services" and _is_cheap(path, schemas)
    )


def _turn(path: Path, schemas: SchemaSet) -> int:
    """Return the turn of a fact: facts of a selected license first, then all others, then easily changed facts."""
    return 0 if "licenses" in path[:-1] else 2 if is_easy(path, schemas) else 1


def _weight(outcomes: PossibleOutcomes) -> float:
    return outcomes.denials + NEED * (outcomes.open - outcomes.denials)


def _information_gain(
    state: InterviewState, fact: MissingFact, now: PossibleOutcomes, most: int, duties: bool
) -> InformationGain:
    total = now.duties if duties else now.open
    left: list[int] = []
    weights: list[float] = []
    for answer in possible_answers(state.bundle, state.ruleset, state.data, fact.path, fact.rules, state.as_of)[:most]:
        after = state.with_fact(fact.path, answer).possible_outcomes(duties=duties)
        if after is None:
            continue
        settled = not duties and after.range[0] == after.range[1]
        left.append(after.duties if duties else 0 if settled else after.open)
        weights.append(after.duties if duties else 0 if settled else _weight(after))
    if not left:
        return InformationGain(0.0, 0, total, 0)
    before = total if duties else _weight(now)
    expected, weight = total - sum(left) / len(left), before - sum(weights) / len(weights)
    return InformationGain(round(expected, 2), total - max(left), total, len(left), round(weight, 4))


def schema_order(schemas: SchemaSet) -> Mapping[tuple[str, ...], int]:
    """Return the position of each fact in the schema."""
    return {path: position for position, (path, _) in enumerate(fact_schemas(schemas))}


def _place(order: Mapping[tuple[str, ...], int], path: Path) -> tuple[int, Path]:
    names = tuple(step for step in path if isinstance(step, str))
    return order.get(names, len(order)), tuple(step for step in path if isinstance(step, int))


def question_of(path: Path, schemas: SchemaSet) -> str | Path:
    """Return what identifies the question about a fact: the first fact that it asks for together, or the path."""
    group = asked_together(path, schemas)
    return path if group is None else str(group["facts"][0])


def estimate_remaining(state: InterviewState, unknown: Iterable[Path]) -> int:
    """Estimate the number of questions left if each answer is a typical one.

    `unknown`: facts that the user does not know.
    """
    passed, asked = set(unknown), set[str | Path]()
    while len(asked) < MAX_AHEAD:
        fact = next((fact for fact in state.missing() if fact.path not in passed), None)
        if fact is None:
            break
        asked.add(question_of(fact.path, state.schemas))
        passed.add(fact.path)
        answers = possible_answers(state.bundle, state.ruleset, state.data, fact.path, fact.rules, state.as_of)
        tries = [typical_answer(answers), *answers] if answers else []
        following = (state.with_fact(fact.path, answer) for answer in tries)
        state = next((one for one in following if one.possible_outcomes(asking=True) is not None), state)
    return len(asked)
