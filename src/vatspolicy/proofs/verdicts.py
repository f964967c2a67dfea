"""Verdicts on a changed rule, and on a change as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from vatspolicy.core.documents.plain import Facts

EQUIVALENT, MASKED, WITNESS, UNSUPPORTED, UNKNOWN = "proved-equivalent", "masked", "witness", "unsupported", "unknown"
IMPOSSIBLE = "proved-impossible"

UNSETTLED = "The search found no profile, and there is no proof that none exists."
"""Reason for a question without a witness or proof."""

DECISIONS = ("allow", "needs-license", "incomplete", "deny")
"""Decision words from the mildest to the strictest, with `incomplete` where it stands in reports."""

Pair = tuple[str, str]
"""Decision word before a change, and the one after it."""

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

STRICTER_PAIRS = frozenset(
    pair
    for pair in PAIRS
    if pair in (("allow", "incomplete"), ("needs-license", "incomplete"), ("incomplete", "needs-license"))
    or (DECISIONS.index(pair[0]) < DECISIONS.index(pair[1]) and "incomplete" not in pair)
    or pair == ("incomplete", "deny")
)
"""Possible changes by a rule set whose outcomes, certain and possible, are never milder than before."""

MILDER_PAIRS = frozenset((after, before) for before, after in STRICTER_PAIRS)
"""Changes of a rule set in which no outcome becomes stricter."""


@dataclass(frozen=True)
class RuleVerdict:
    """Effect of changing one rule, or several together, over all profiles and all days.

    `proved-equivalent`: both versions state the same for every profile. `masked`: they differ (on `witness`), and it is
    proved that this change alone never changes the decision word. `witness`: a profile on which they differ; if a
    decision word changes too, `transitions` names one change in each direction that was found (`deny->allow`), and
    `before` and `after` differ. `unsupported` and `unknown` claim nothing beyond the witness, if there is one.
    """

    rule: str
    """The rule, or the first of several rules that change together."""
    verdict: str
    transitions: tuple[str, ...] = ()
    witness: Facts | None = None
    """Profile confirmed by the evaluator."""
    as_of: str | None = None
    """Day on which the witness shows the change."""
    before: str | None = None
    """Decision word of the witness under the base."""
    after: str | None = None
    """Decision word of the witness under the base with the head's rules."""
    reason: str = ""
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Transition:
    """Verdict on whether a change can turn one decision word into another, for some profile on some day.

    `witness`: it can; the evaluator confirmed the profile `witness`. `proved-impossible`: it cannot, for any
    profile that the schema and its invariants allow, with lists of any length, on any day in question. `unknown` and
    `unsupported` claim nothing; `reason` explains the missing answer.
    """

    before: str
    after: str
    verdict: str
    witness: Facts | None = None
    """Profile with as few facts as possible; the evaluator has confirmed it under both bundles."""
    as_of: str | None = None
    """Day on which the witness has decision `before` under the base and `after` under the head."""
    first_day: str | None = None
    """First day, up to `as_of`, from which the base and the head decide the witness differently."""
    last_day: str | None = None
    """Last such day; None if no end is known."""
    reason: str = ""

    @property
    def name(self) -> str:
        """Transition as text: `deny->allow`."""
        return f"{self.before}->{self.after}"


@dataclass(frozen=True)
class ChangePeriod:
    """The days from the first to the last on which some profile is decided differently."""

    first: str
    last: str | None
    """None if no end is known."""
    proved: bool
    """True if no decision of any profile changes on another day."""


@dataclass(frozen=True)
class Transitions:
    """Verdicts on all changes of the decision word, one for each ordered pair."""

    found: tuple[Transition, ...]
    """Twelve transitions, in the order of `DECISIONS` before, then after."""
    assumptions: tuple[str, ...] = ()
    """Assumptions of the proofs: the invariants that were used."""
    period: ChangePeriod | None = None
    """Days with changed decisions; None if there are none or the days are unknown."""

    def having(self, *verdicts: str) -> tuple[Transition, ...]:
        """Return the transitions with one of the verdicts."""
        return tuple(transition for transition in self.found if transition.verdict in verdicts)

    @property
    def possible(self) -> tuple[Transition, ...]:
        """Transitions that a confirmed witness shows."""
        return self.having(WITNESS)

    @property
    def impossible(self) -> tuple[Transition, ...]:
        """Provably impossible transitions."""
        return self.having(IMPOSSIBLE)

    @property
    def undecided(self) -> tuple[Transition, ...]:
        """Open transitions, with the reason."""
        return self.having(UNKNOWN, UNSUPPORTED)
