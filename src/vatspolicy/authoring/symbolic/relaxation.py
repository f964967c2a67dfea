"""Over-approximations of rule sets: an excluded outcome is impossible, an allowed one may be impossible too."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field, replace

from vatspolicy.authoring.symbolic.encoder import Encoder, SymbolicActivation
from vatspolicy.authoring.symbolic.mixed_bundle import named_by
from vatspolicy.authoring.symbolic.ruleset_encoder import SymbolicRuleSet
from vatspolicy.authoring.symbolic.structures import structure_of
from vatspolicy.authoring.symbolic.values import BoundedList, DualRail, KnownValue
from vatspolicy.core.cel.ast import Or, Quantifier, walk
from vatspolicy.core.cel.interpreter import Params
from vatspolicy.core.policies.model import Expression, Rule


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
    holdings: dict[Hashable, DualRail] = field(default_factory=dict)
    """Truths that one of them is held, by instrument, holder and subject."""

    def held(self, activation: SymbolicActivation, name: str, holder: str = "operator") -> DualRail:
        """Return a free truth, the same for questions that must have the same answer."""
        if name in self.exact:
            return super().held(activation, name, holder)
        operator = dict(activation.subject).get("operator", "")
        truth = f"held {self.license_key(activation, name)} {holder} {operator}"
        if truth in self.free:
            return self._rails(truth)
        self.free[truth] = self.free[f"{truth}?"] = name
        subject = tuple(pair for pair in activation.subject if pair[0] != "licensed")
        rails = self.holdings[name, holder, subject] = self._rails(truth)
        if isinstance(self.like, RelaxedRuleSet):
            self._relate(name, self.like, rails, self.like.holdings.get((name, holder, subject)))
        return rails

    def _rails(self, truth: str) -> DualRail:
        true, known = self.space.pool.flag(truth), self.space.pool.flag(f"{truth}?")
        return DualRail(self.space.pool.conjoin((known, true)), self.space.pool.conjoin((known, -true)))

    def _relate(self, name: str, other: RelaxedRuleSet, own: DualRail, others: DualRail | None) -> None:
        """State that whoever holds an instrument that covers less also holds the one that covers more."""
        sides = (self, own), (other, others)
        for (wide, more), (narrow, less) in (sides, sides[::-1]):
            if more is not None and less is not None and more != less and wide.covers_all_of(narrow, name):
                self.space.axioms.append(self.space.pool.disjoin((-less.true, more.true)))
                self.space.axioms.append(self.space.pool.disjoin((-more.false, less.false)))

    def covers_all_of(self, other: RelaxedRuleSet, name: str) -> bool:
        """Return True if the texts show that an instrument covers all that it covers under another rule set."""
        own, others = (side.history.instruments[name] for side in (self, other))
        if own.no_term != others.no_term:
            return False
        if own.covers is None or others.covers is None:
            return own.covers is None
        if any("licensed" in structure_of(one.covers.tree).names for one in (own, others) if one.covers is not None):
            return False
        return other._alternatives(others.covers) <= self._alternatives(own.covers)

    def _alternatives(self, covers: Expression) -> set[str]:
        """Return keys of the operands of a disjunction, or of an expression that is none."""
        tree, keys = covers.tree, self.encoder.keys
        parts = tree.parts if isinstance(tree, Or) else (tree,)
        versions = self.versions(covers)
        return {keys.short([(held, keys.of(one, SymbolicActivation({}), p)) for held, p in versions]) for one in parts}


@dataclass
class RelaxedEncoder(Encoder):
    """Encoder in which quantifiers over lists of objects may have any value, so that no list length matters."""

    exact: frozenset[bytes] = frozenset()
    """Structures of the quantifiers that are encoded exactly."""
    free: dict[str, bytes] = field(default_factory=dict)
    """Structures of the others over lists of objects, by the name of a variable for the truth of one."""

    def quantified(
        self, node: Quantifier, base: KnownValue, activation: SymbolicActivation, params: Params
    ) -> DualRail:
        """Return a free truth, the same for questions that must have the same answer."""
        if not isinstance(base, BoundedList) or structure_of(node).digest in self.exact:
            return super().quantified(node, base, activation, params)
        pool = self.space.pool
        name = f"{base.path} {self.keys.short(self.keys.of(node, activation, params))}"
        self.free[name] = self.free[f"{name}?"] = structure_of(node).digest
        true, known = pool.flag(name), pool.flag(f"{name}?")
        return DualRail(pool.conjoin((known, true)), pool.conjoin((known, -true)))
