"""A witness of a proof, decided by the evaluator under both sides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vatspolicy.authoring.diff.result import Answer, ListedItem
from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.engine.snapshot import say_value
from vatspolicy.core.profile.profile import Profile
from vatspolicy.i18n.words import say_both

if TYPE_CHECKING:
    from vatspolicy.authoring.symbolic.transitions import DecidingRules


class UnconfirmedProof(Exception):
    """The evaluator does not decide a witness as the solver says, so no answer of it may be shown."""


class DecidedWitness:
    """A profile of a witness, decided by both sides on any day."""

    def __init__(self, sides: tuple[DecidingRules, DecidingRules], profile: Profile) -> None:
        from vatspolicy.authoring.symbolic.transitions import RelevantRules, days_in

        self.base, self.head = (side.bundle for side in sides)
        self.profile = profile
        self.relevant = [RelevantRules(side, profile) for side in sides]
        self.days: frozenset[str] = frozenset(days_in([profile.facts])).union(*(rules.days for rules in self.relevant))
        """Days on which an answer may change."""
        self._decided: dict[str, tuple[Decision, Decision]] = {}

    def on(self, day: str) -> tuple[Decision, Decision]:
        """Return the decisions of both sides on a day."""
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

    def listed(self, names: Sequence[str], day: str) -> tuple[ListedItem, ...]:
        """Return the items of some rules that differ."""
        from vatspolicy.authoring.symbolic.two_rulesets import ListedItems

        found = ListedItems(self.base, self.head, names, day).differing(self.profile)
        return tuple(
            ListedItem(
                kind=kind,
                name=item_name,
                before=old.value if old else None,
                after=new.value if new else None,
                before_text=say_both(text) if old and (text := say_value(old, self.base)) else None,
                after_text=say_both(text) if new and (text := say_value(new, self.head)) else None,
            )
            for (kind, item_name, _, _), (old, new) in found.items()
        )
