"""Decision words of laws over the same facts, and laws read so loosely that what they exclude is excluded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vatspolicy.authoring.symbolic.decision_encoder import Levels, SymbolicRuleSet
from vatspolicy.authoring.symbolic.encoder import Encoder
from vatspolicy.authoring.symbolic.questions import SymbolicActivation
from vatspolicy.authoring.symbolic.values import Base, DualRail, Slots
from vatspolicy.authoring.symbolic.verdicts import DECISIONS
from vatspolicy.cel.ast import Quantifier

Pair = tuple[str, str]
"""A decision word before a change, and one after it."""

_WEIGHT = ("allow", "needs-license", "deny", "incomplete")

PAIRS: tuple[Pair, ...] = tuple((a, b) for a in DECISIONS for b in DECISIONS if a != b)
"""All changes of the decision word, in the order of `DECISIONS`."""

TELLING: tuple[Pair, ...] = tuple(
    sorted(
        PAIRS,
        key=lambda pair: ("incomplete" in pair, -abs(_WEIGHT.index(pair[0]) - _WEIGHT.index(pair[1])), pair),
    )
)
"""The same, the most telling first."""


def word(reading: SymbolicRuleSet, levels: Levels) -> dict[str, int]:
    """For every decision word the formula that it is the decision."""
    pool = reading.space.pool
    deny = levels.low[1]
    allow = -levels.high[0]
    needs = pool.conjoin((levels.low[0], -levels.high[1]))
    rest = pool.conjoin((-deny, -allow, -needs))
    return {"allow": allow, "needs-license": needs, "deny": deny, "incomplete": rest}


def within(levels: Levels, name: str, pool: Any) -> int:
    """That levels can be those of a part of a product whose decision is that word: a part is never stricter.

    The decision is the strictest of its parts, so where the whole is allowed every part is, where a licence is needed
    no part can be denied, and where the whole is incomplete no part is denied.
    """
    match name:
        case "allow":
            return -levels.high[0]
        case "needs-license":
            return -levels.high[1]
        case "incomplete":
            return -levels.low[1]
    return pool.conjoin(())  # type: ignore[no-any-return]


class RelaxedRuleSet(SymbolicRuleSet):
    """A reading in which whether an instrument is held is free: more than can be, so that what it proves holds."""

    def held(self, scope: Any, name: str, holder: str = "operator") -> DualRail:
        """A free truth, the same for questions that must have the same answer."""
        pool = self.space.pool
        name = f"held {self.question(scope, name)} {holder} {dict(scope.subject).get('operator', '')}"
        true, known = pool.flag(name), pool.flag(f"{name}?")
        return DualRail(pool.conjoin((known, true)), pool.conjoin((known, -true)))


@dataclass
class RelaxedEncoder(Encoder):
    """An encoder for which what is said of the members of a list is free, whatever its length: more than can be."""

    def quantified(
        self, node: Quantifier, base: Base, scope: SymbolicActivation, params: Mapping[str, Any]
    ) -> DualRail:
        """A free truth, the same for questions that must have the same answer."""
        if not isinstance(base, Slots):
            return super().quantified(node, base, scope, params)
        pool = self.space.pool
        name = f"{base.path} {self.questions.number(self.questions.of(node, scope, params))}"
        true, known = pool.flag(name), pool.flag(f"{name}?")
        return DualRail(pool.conjoin((known, true)), pool.conjoin((known, -true)))
