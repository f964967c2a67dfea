"""Proofs over all profiles of every changed rule and of the change as a whole, as plain data.

Each witness is decided again by the evaluator before it is shown, dated, and worded by the schemas.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from vatspolicy.authoring.diff.decisions import Answer, direction
from vatspolicy.authoring.diff.rules import Differences
from vatspolicy.authoring.diff.sources import LawRevision, load_side
from vatspolicy.engine.decision import WORDS, Decision
from vatspolicy.engine.evaluator import evaluate
from vatspolicy.errors import InvalidInput
from vatspolicy.policies.bundle import Bundle
from vatspolicy.profile.profile import Profile, load_profile
from vatspolicy.profile.wording import FactWording

ENGINES = ("auto", "z3", "off")
"""Solvers to choose from: z3 if it is installed, z3 or no report, none.

Without z3, `auto` proves what the texts of the rules alone settle, and reports the rest as unknown.
"""


@dataclass(frozen=True)
class Proof:
    """The answers of the solver."""

    status: str
    """evaluated; not-needed (no rule differs); off; unavailable; failed."""
    engine: str | None = None
    """z3, or None if it is not installed or was not asked."""
    reason: str = ""
    """Reason for a missing evaluation: engine (not installed), schemas (the base does not fit the head's), failed."""
    broke: str = ""
    """The type of the error that stopped the solver."""
    rules: tuple[Any, ...] = ()
    """One vatspolicy.authoring.symbolic.RuleVerdict per rule."""
    transitions: Any = None
    """The vatspolicy.authoring.symbolic.Transitions of the change as a whole."""
    base: Bundle | None = None
    """The base under the schemas of the head."""


def prove(base: LawRevision, head: LawRevision, differences: Differences, wanted: str, workers: int = 1) -> Proof:
    """Prove or refute each rule that differs, and all together, over all profiles of the head's schemas and all days.

    `wanted` is one of ENGINES. `workers` are processes that share the queries; the answers do not depend on it.
    """
    names = sorted(differences.names)
    if not names:
        return Proof("not-needed")
    if wanted == "off":
        return Proof("off")
    solver = importlib.util.find_spec("z3") is not None
    if wanted == "z3" and not solver:
        return Proof("unavailable", reason="engine")
    engine = "z3" if solver else None
    try:
        left = (base if base.schemas == head.schemas else load_side(base.source, head.schemas)).bundle
    except InvalidInput:  # an old state that does not fit the new schemas
        return Proof("unavailable", engine, "schemas")
    try:
        analysis = importlib.import_module("vatspolicy.authoring.symbolic")
        rules, transitions = analysis.compare_change(left, head.bundle, names, workers=workers)
    except Exception as error:  # on any error, keep the rest of the report and mark it as incomplete
        return Proof("failed", engine, "failed", type(error).__name__)
    return Proof("evaluated", engine, rules=tuple(rules), transitions=transitions, base=left)


_LISTED = 6
"""Most items of a witness that are shown."""
Cause = Callable[[str, str], Mapping[str, Any]]
"""Returns a rule with its citations, by its name and a day."""


class UnconfirmedProof(Exception):
    """The evaluator does not decide a witness as the solver says, so no answer of it may be shown."""


def semantic_data(proof: Proof, head: LawRevision, differences: Differences, cause: Cause) -> dict[str, Any]:
    """Return the semantic layer of a comparison. Raises UnconfirmedProof."""
    data: dict[str, Any] = {
        "status": proof.status,
        "engine": proof.engine,
        "transitions": [],
        "rules": [],
        "assumptions": [],
    }
    if proof.status == "evaluated":
        assert proof.base is not None
        serializer = _ProofSerializer(proof.base, head.bundle, differences, cause)
        data["transitions"] = [serializer.transition(found) for found in proof.transitions.found]
        data["rules"] = [serializer.rule(found) for found in proof.rules]
        data["assumptions"] = list(proof.transitions.assumptions)
    return data


class _DecidedWitness:
    """A profile of a witness, decided by both sides on any day."""

    def __init__(self, sides: tuple[Any, Any], profile: Profile) -> None:
        """Take the deciding rules of both sides (`change_calendar.DecidingRules`)."""
        from vatspolicy.authoring.symbolic.change_calendar import RelevantRules, days_in

        self.base, self.head = (side.bundle for side in sides)
        self.profile = profile
        self.relevant = [RelevantRules(side, profile) for side in sides]
        self.days: frozenset[str] = frozenset(days_in([profile.facts])).union(*(rules.days for rules in self.relevant))
        """Days on which an answer may change."""
        self._decided: dict[str, tuple[Decision, Decision]] = {}

    def on(self, day: str) -> tuple[Decision, Decision]:
        if day not in self._decided:
            self._decided[day] = evaluate(self.base, self.profile, day), evaluate(self.head, self.profile, day)
        return self._decided[day]

    def answers(self, day: str) -> tuple[Answer, Answer]:
        """Return the answers of both sides, without findings and so in a part of the time."""
        before, after = (
            Answer(low if low == high else "incomplete", (low, high))
            for low, high in (rules.range(day) for rules in self.relevant)
        )
        return before, after

    def confirmed(self, day: str) -> tuple[Answer, Answer]:
        """Return the answers of the full decisions of both sides. Raises UnconfirmedProof."""
        before, after = (Answer(decision.decision, decision.range) for decision in self.on(day))
        if (before, after) != self.answers(day):
            raise UnconfirmedProof(day)
        return before, after

    def states(self, name: str, day: str) -> tuple[Any, Any]:
        """Return what both versions of a rule state of the profile."""
        from vatspolicy.authoring.symbolic.mixed_bundle import find_rule
        from vatspolicy.authoring.symbolic.rule_state import rule_states

        before, after = (
            rule_states(bundle, find_rule(bundle, name), self.profile, day) for bundle in (self.base, self.head)
        )
        return before, after

    def listed(self, name: str, day: str) -> list[dict[str, Any]]:
        """Return the items of a rule that differ."""
        from vatspolicy.authoring.symbolic.rule_state import listed_otherwise

        found = listed_otherwise(self.base, self.head, name, self.profile, day)
        return [
            {
                "kind": kind,
                "name": item_name,
                "before": old.value if old else None,
                "after": new.value if new else None,
                "before_text": old.text if old else None,
                "after_text": new.text if new else None,
            }
            for (kind, item_name, _, _), (old, new) in found.items()
        ]


class _ProofSerializer:
    def __init__(self, base: Bundle, head: Bundle, differences: Differences, cause: Cause) -> None:
        self.base, self.head, self.differences, self.cause = base, head, differences, cause
        self.sides: tuple[Any, Any] | None = None
        titles = {name: instrument.title for name, instrument in head.instruments.items()}
        self.wording = FactWording(head.schemas, titles)
        self.first = max(base.covers_from, head.covers_from)
        self.boundaries = sorted({*base.boundaries, *head.boundaries})

    def transition(self, found: Any) -> dict[str, Any]:
        """Return one transition of the outcome, with the verdict on whether the whole change can cause it."""
        witness, turn = None, direction(_answer(found.before), _answer(found.after))
        if found.witness is not None:
            shown = self.decide(found.witness)
            answers = shown.confirmed(found.as_of)
            if (answers[0].decision, answers[1].decision) != (found.before, found.after):
                raise UnconfirmedProof(f"{found.before}->{found.after}")
            since = self.since(found.as_of, shown.days, lambda day: shown.answers(day) == answers)
            witness = self.witness(found, shown, since) | {"until": found.last_day}
            turn = direction(*answers)
        return {
            "before": found.before,
            "after": found.after,
            "verdict": found.verdict,
            "direction": turn,
            "witness": witness,
            "reason": found.reason,
        }

    def rule(self, found: Any) -> dict[str, Any]:
        """Return the verdict on one rule, changed alone."""
        witness, day = None, found.as_of
        if found.witness is not None:
            shown = self.decide(found.witness)
            answers = shown.confirmed(found.as_of)
            if found.before is not None and answers[0].decision != found.before:
                raise UnconfirmedProof(found.rule)
            same = answers[0] == answers[1]
            states = shown.states(found.rule, found.as_of) if same else None
            day = self.since(
                found.as_of,
                shown.days | self.days_of(found.rule),
                lambda day: (
                    found.rule in self.differences.on(day)
                    and not (same and shown.states(found.rule, day) != states)
                    and shown.answers(day) == answers
                ),
            )
            if same and shown.listed(found.rule, found.as_of) != shown.listed(found.rule, day):
                day = found.as_of
            witness = self.witness(found, shown, day) | {"listed": shown.listed(found.rule, day)[:_LISTED]}
        return {
            **self.cause(found.rule, day or self.boundaries[-1]),
            "verdict": found.verdict,
            "transitions": list(found.transitions),
            "before": found.before,
            "after": found.after,
            "witness": witness,
            "reason": found.reason,
            "assumptions": list(found.assumptions),
        }

    def witness(self, found: Any, shown: _DecidedWitness, since: str) -> dict[str, Any]:
        """Return the profile, its facts in words, and the decisions of both sides."""
        before, after = shown.answers(since)
        return {
            "profile": found.witness,
            "facts": self.wording.facts(found.witness),
            "as_of": found.as_of,
            "since": since,
            "until": None,
            "before": {"decision": before.decision, "range": list(before.range)},
            "after": {"decision": after.decision, "range": list(after.range)},
            "listed": [],
        }

    def decide(self, witness: Mapping[str, Any]) -> _DecidedWitness:
        """Return a witness that both sides decide."""
        from vatspolicy.authoring.symbolic.change_calendar import DecidingRules

        if self.sides is None:
            self.sides = DecidingRules(self.base), DecidingRules(self.head)
        return _DecidedWitness(self.sides, load_profile(witness, schemas=self.head.schemas))

    def days_of(self, name: str) -> set[str]:
        """Return the days on which a version of a rule begins, ends, or reads another value."""
        found: set[str] = set()
        for side in (self.differences.base, self.differences.head):
            last: Any = None
            for day in self.boundaries:
                signature = side.signature_on(name, day) if day >= side.bundle.covers_from else None
                found |= set() if signature == last else {day}
                last = signature
        return found

    def since(self, as_of: str, days: AbstractSet[str], shows: Callable[[str], bool]) -> str:
        """Return the first of the days up to `as_of`, without a gap, on which a witness shows the same.

        `days` are those on which something may change.
        """
        since = as_of
        for day in sorted((day for day in {self.first, *days} if self.first <= day < as_of), reverse=True):
            if not shows(day):
                break
            since = day
        return since


def _answer(word: str) -> Answer:
    """Return an outcome as an answer; `incomplete` alone leaves everything open."""
    return Answer(word, (word, word) if word in WORDS else (WORDS[0], WORDS[-1]))
