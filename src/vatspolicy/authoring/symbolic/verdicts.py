"""What is said of a changed rule, and of a change as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

EQUIVALENT, MASKED, WITNESS, UNSUPPORTED, UNKNOWN = "proved-equivalent", "masked", "witness", "unsupported", "unknown"
IMPOSSIBLE = "proved-impossible"

UNSETTLED = "The search found no profile, and there is no proof that none exists."
"""Reason of a question that neither a witness nor a proof settles."""

DECISIONS = ("allow", "needs-license", "incomplete", "deny")
"""The decision words from the mildest to the strictest, with `incomplete` where it stands in reports."""

Pair = tuple[str, str]
"""A decision word before a change, and one after it."""

PAIRS: tuple[Pair, ...] = tuple((a, b) for a in DECISIONS for b in DECISIONS if a != b)
"""All changes of the decision word, in the order of `DECISIONS`."""

_BY_STRICTNESS = ("allow", "needs-license", "deny", "incomplete")

MOST_TELLING_FIRST: tuple[Pair, ...] = tuple(
    sorted(
        PAIRS,
        key=lambda pair: (
            "incomplete" in pair,
            -abs(_BY_STRICTNESS.index(pair[0]) - _BY_STRICTNESS.index(pair[1])),
            pair,
        ),
    )
)
"""All changes, those between distant words first and those with `incomplete` last."""


@dataclass(frozen=True)
class RuleVerdict:
    """What changing one rule changes, over all profiles and all days.

    `proved-equivalent`: the rule says the same of every profile. `masked`: it says something else (of `witness`), and
    this alone never changes the decision word, which is proved. `witness`: a profile of which it says something else;
    where a decision word changes too, `transitions` names the changes that were found (`deny->allow`), and `before`
    and `after` differ. `unsupported` and `unknown` claim nothing beyond the witness, if there is one.
    """

    rule: str
    verdict: str
    transitions: tuple[str, ...] = ()
    witness: Mapping[str, Any] | None = None
    """A profile; the evaluator has confirm_decisions it."""
    as_of: str | None = None
    """A day on which the witness shows the change."""
    before: str | None = None
    """Decision word of the witness under the base."""
    after: str | None = None
    """The same when this rule alone is the head's."""
    reason: str = ""
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Transition:
    """Whether a change of the law can turn one decision word into another, for some profile on some day.

    `witness`: it can, and `witness` is a profile that the evaluator decides so. `proved-impossible`: it cannot, for
    any profile that the schema and its invariants allow, however long its lists are, on any of the days asked about.
    `unknown` and `unsupported` claim nothing; `reason` says why there is no answer.
    """

    before: str
    after: str
    verdict: str
    witness: Mapping[str, Any] | None = None
    """A profile with as few facts as can be; the evaluator has confirm_decisions it under both laws."""
    as_of: str | None = None
    """The day on which the witness is decided `before` under the base and `after` under the head."""
    first_day: str | None = None
    """First day from which on, up to `as_of` and beyond, the base and the head decide the witness differently."""
    last_day: str | None = None
    """Last such day; None when no end is known."""
    reason: str = ""

    @property
    def name(self) -> str:
        """The transition as it is written: `deny->allow`."""
        return f"{self.before}->{self.after}"


@dataclass(frozen=True)
class Transitions:
    """All changes of the decision word that a change of the law could make: every ordered pair, once each."""

    found: tuple[Transition, ...]
    """Twelve, in the order of `DECISIONS` before, then after."""
    assumptions: tuple[str, ...] = ()
    """Assumptions of the proofs: the invariants that were used."""

    def having(self, *verdicts: str) -> tuple[Transition, ...]:
        """Those with one of the verdicts."""
        return tuple(transition for transition in self.found if transition.verdict in verdicts)

    @property
    def possible(self) -> tuple[Transition, ...]:
        """Those that a confirm_decisions witness shows."""
        return self.having(WITNESS)

    @property
    def impossible(self) -> tuple[Transition, ...]:
        """Those that are proved never to happen."""
        return self.having(IMPOSSIBLE)

    @property
    def undecided(self) -> tuple[Transition, ...]:
        """Those of which nothing is known, with the reason."""
        return self.having(UNKNOWN, UNSUPPORTED)
