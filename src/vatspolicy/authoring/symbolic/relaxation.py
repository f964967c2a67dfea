"""Over-approximations of rule sets: an excluded outcome is impossible, an allowed one may be impossible too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vatspolicy.authoring.symbolic.encoder import Encoder, SymbolicActivation
from vatspolicy.authoring.symbolic.ruleset_encoder import SymbolicRuleSet
from vatspolicy.authoring.symbolic.values import BoundedList, DualRail, KnownValue
from vatspolicy.cel.ast import Quantifier


class RelaxedRuleSet(SymbolicRuleSet):
    """Rule set in which any set of instruments may be held, whatever licenses the profile lists."""

    def held(self, activation: SymbolicActivation, name: str, holder: str = "operator") -> DualRail:
        """Return a free truth, the same for questions that must have the same answer."""
        pool = self.space.pool
        operator = dict(activation.subject).get("operator", "")
        name = f"held {self.license_key(activation, name)} {holder} {operator}"
        true, known = pool.flag(name), pool.flag(f"{name}?")
        return DualRail(pool.conjoin((known, true)), pool.conjoin((known, -true)))


@dataclass
class RelaxedEncoder(Encoder):
    """Encoder in which quantifiers over lists of objects may have any value, so that no list length matters."""

    def quantified(
        self, node: Quantifier, base: KnownValue, activation: SymbolicActivation, params: Mapping[str, Any]
    ) -> DualRail:
        """Return a free truth, the same for questions that must have the same answer."""
        if not isinstance(base, BoundedList):
            return super().quantified(node, base, activation, params)
        pool = self.space.pool
        name = f"{base.path} {self.keys.short(self.keys.of(node, activation, params))}"
        true, known = pool.flag(name), pool.flag(f"{name}?")
        return DualRail(pool.conjoin((known, true)), pool.conjoin((known, -true)))
