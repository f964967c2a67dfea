"""Proofs as plain data: each witness decided again by the evaluator, dated, and told in the words of the schemas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vatspolicy.authoring.diff.decisions import Answer, direction
from vatspolicy.authoring.diff.items import differing, items
from vatspolicy.authoring.diff.revision import LawRevision
from vatspolicy.authoring.diff.rules import Differences
from vatspolicy.authoring.diff.semantic import Proof
from vatspolicy.engine.decision import WORDS, Decision
from vatspolicy.engine.evaluator import evaluate
from vatspolicy.policies.bundle import Bundle
from vatspolicy.profile.profile import Profile, load_profile
from vatspolicy.profile.wording import facts_of

_LISTED = 6
"""Most items of a witness that are told."""
Cause = Callable[[str, str], Mapping[str, Any]]
"""Gives a rule with its law, by its name and a day."""


class Unconfirmed(Exception):
    """The evaluator does not decide a witness as the engine says: nothing that it said may be shown."""


def semantic_data(proof: Proof, head: LawRevision, differences: Differences, cause: Cause) -> dict[str, Any]:
    """The semantic layer as the comparison holds it. Raises Unconfirmed."""
    data: dict[str, Any] = {
        "status": proof.status,
        "engine": proof.engine,
        "transitions": [],
        "rules": [],
        "assumptions": [],
    }
    if proof.status == "evaluated":
        assert proof.base is not None
        maker = _Maker(proof.base, head.bundle, differences, cause)
        data["transitions"] = [maker.transition(found) for found in proof.transitions.found]
        data["rules"] = [maker.rule(found) for found in proof.rules]
        data["assumptions"] = list(proof.transitions.assumptions)
    return data


@dataclass
class _Witness:
    """A profile that both sides decide, on any day."""

    base: Bundle
    head: Bundle
    profile: Profile

    def __post_init__(self) -> None:
        self._decided: dict[str, tuple[Decision, Decision]] = {}

    def on(self, day: str) -> tuple[Decision, Decision]:
        if day not in self._decided:
            self._decided[day] = evaluate(self.base, self.profile, day), evaluate(self.head, self.profile, day)
        return self._decided[day]

    def answers(self, day: str) -> tuple[Answer, Answer]:
        before, after = self.on(day)
        return Answer(before.decision, before.range), Answer(after.decision, after.range)

    def listed(self, name: str, day: str) -> list[dict[str, Any]]:
        """What a rule lists otherwise."""
        before, after = self.on(day)
        return [
            {
                "kind": key.kind,
                "name": key.name,
                "before": old.value if old else None,
                "after": new.value if new else None,
            }
            for key, (old, new) in differing(items(before), items(after)).items()
            if name in {item.rule for item in (old, new) if item is not None}
        ]


class _Maker:
    def __init__(self, base: Bundle, head: Bundle, differences: Differences, cause: Cause) -> None:
        self.base, self.head, self.differences, self.cause = base, head, differences, cause
        first = max(base.covers_from, head.covers_from)
        self.days = [day for day in sorted({first, *base.boundaries, *head.boundaries}) if day >= first]

    def transition(self, found: Any) -> dict[str, Any]:
        """One change of the decision word: whether the whole change can make it."""
        witness, turn = None, direction(_answer(found.before), _answer(found.after))
        if found.witness is not None:
            shown = _Witness(self.base, self.head, load_profile(found.witness, schemas=self.head.schemas))
            answers = shown.answers(found.as_of)
            if (answers[0].decision, answers[1].decision) != (found.before, found.after):
                raise Unconfirmed(f"{found.before}->{found.after}")
            since = self.since(found.as_of, lambda day: shown.answers(day) == answers)
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
        """One rule, changed alone."""
        witness, day = None, found.as_of
        if found.witness is not None:
            shown = _Witness(self.base, self.head, load_profile(found.witness, schemas=self.head.schemas))
            answers = shown.answers(found.as_of)
            if found.before is not None and answers[0].decision != found.before:
                raise Unconfirmed(found.rule)
            same = answers[0] == answers[1]
            day = self.since(
                found.as_of,
                lambda day: (
                    found.rule in self.differences.on(day)
                    and shown.answers(day) == answers
                    and not (same and shown.listed(found.rule, found.as_of) != shown.listed(found.rule, day))
                ),
            )
            witness = self.witness(found, shown, day) | {"listed": shown.listed(found.rule, day)[:_LISTED]}
        return {
            **self.cause(found.rule, day or self.days[-1]),
            "verdict": found.verdict,
            "transitions": list(found.transitions),
            "before": found.before,
            "after": found.after,
            "witness": witness,
            "reason": found.reason,
            "assumptions": list(found.assumptions),
        }

    def witness(self, found: Any, shown: _Witness, since: str) -> dict[str, Any]:
        """The profile, its facts in words, and how both sides decide it as a whole."""
        before, after = shown.answers(since)
        return {
            "profile": found.witness,
            "facts": facts_of(found.witness, self.head),
            "as_of": found.as_of,
            "since": since,
            "until": None,
            "before": {"decision": before.decision, "range": list(before.range)},
            "after": {"decision": after.decision, "range": list(after.range)},
            "listed": [],
        }

    def since(self, as_of: str, shows: Callable[[str], bool]) -> str:
        """The first of the days up to `as_of`, without a gap, on which a witness shows the same."""
        since = as_of
        for day in reversed([day for day in self.days if day < as_of]):
            if not shows(day):
                break
            since = day
        return since


def _answer(word: str) -> Answer:
    """`incomplete` alone does not say what is left open: it could be anything."""
    return Answer(word, (word, word) if word in WORDS else (WORDS[0], WORDS[-1]))
