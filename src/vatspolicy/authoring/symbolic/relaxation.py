"""Over-approximations of rule sets: an excluded outcome is impossible, an allowed one may be impossible too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from vatspolicy.authoring.symbolic.encoder import Encoder, SymbolicActivation
from vatspolicy.authoring.symbolic.mixed_bundle import named_by
from vatspolicy.authoring.symbolic.ruleset_encoder import SymbolicRuleSet
from vatspolicy.authoring.symbolic.structures import structure_of
from vatspolicy.authoring.symbolic.values import BoundedList, DualRail, KnownValue
from vatspolicy.cel.ast import Quantifier, walk
from vatspolicy.policies.model import Rule


@dataclass(frozen=True)
class Exact:
    """The parts of rules that are encoded exactly, with lists as long as these need; the others may have any value."""

    quantifiers: frozenset[bytes] = frozenset()
    """Structures of quantifiers over lists of objects."""
    instruments: frozenset[str] = frozenset()
    """Instruments that are held by the licenses that a profile lists."""
    all_quantifiers: bool = False

    def __bool__(self) -> bool:
        return bool(self.quantifiers or self.instruments or self.all_quantifiers)

    def __or__(self, other: Exact) -> Exact:
        quantifiers = self.quantifiers | other.quantifiers
        return Exact(quantifiers, self.instruments | other.instruments, self.all_quantifiers or other.all_quantifiers)

    def with_all_quantifiers(self) -> Exact:
        """Return the same with every quantifier."""
        return replace(self, quantifiers=frozenset(), all_quantifiers=True)


def read_by(rules: Iterable[Rule]) -> Exact:
    """Return the quantifiers and instruments that some rules read."""
    rules = tuple(rules)
    nodes = (node for rule in rules for expression in rule.compiled for node in walk(expression.tree))
    quantifiers = frozenset(structure_of(node).digest for node in nodes if isinstance(node, Quantifier))
    return Exact(quantifiers, frozenset[str]().union(*map(named_by, rules)))


@dataclass
class RelaxedRuleSet(SymbolicRuleSet):
    """Rule set in which any set of instruments may be held, whatever licenses the profile lists."""

    exact: frozenset[str] = frozenset()
    """Instruments that are held by the licenses that a profile lists."""
    free: dict[str, str] = field(default_factory=dict)
    """The other instruments, by the name of a variable for whether one is held."""

    def held(self, activation: SymbolicActivation, name: str, holder: str = "operator") -> DualRail:
        """Return a free truth, the same for questions that must have the same answer."""
        if name in self.exact:
            return super().held(activation, name, holder)
        pool = self.space.pool
        operator = dict(activation.subject).get("operator", "")
        truth = f"held {self.license_key(activation, name)} {holder} {operator}"
        self.free[truth] = self.free[f"{truth}?"] = name
        true, known = pool.flag(truth), pool.flag(f"{truth}?")
        return DualRail(pool.conjoin((known, true)), pool.conjoin((known, -true)))


@dataclass
class RelaxedEncoder(Encoder):
    """Encoder in which quantifiers over lists of objects may have any value, so that no list length matters."""

    exact: frozenset[bytes] = frozenset()
    """Structures of the quantifiers that are encoded exactly."""
    free: dict[str, bytes] = field(default_factory=dict)
    """Structures of the others over lists of objects, by the name of a variable for the truth of one."""

    def quantified(
        self, node: Quantifier, base: KnownValue, activation: SymbolicActivation, params: Mapping[str, Any]
    ) -> DualRail:
        """Return a free truth, the same for questions that must have the same answer."""
        if not isinstance(base, BoundedList) or structure_of(node).digest in self.exact:
            return super().quantified(node, base, activation, params)
        pool = self.space.pool
        name = f"{base.path} {self.keys.short(self.keys.of(node, activation, params))}"
        self.free[name] = self.free[f"{name}?"] = structure_of(node).digest
        true, known = pool.flag(name), pool.flag(f"{name}?")
        return DualRail(pool.conjoin((known, true)), pool.conjoin((known, -true)))
