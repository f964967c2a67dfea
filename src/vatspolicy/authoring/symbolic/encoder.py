"""Encoder of expressions: the typed tree under Kleene logic, over all profiles.

Mirrors `cel.interpreter` node by node; tests hold the two together. An expression that cannot be encoded exactly is
`Unsupported`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field

from vatspolicy.authoring.symbolic.formula import FALSE, TRUE
from vatspolicy.authoring.symbolic.operations import SymbolicOperations
from vatspolicy.authoring.symbolic.structures import structure_of
from vatspolicy.authoring.symbolic.values import (
    UNKNOWN,
    BoundedList,
    Cases,
    Constant,
    DualRail,
    KnownValue,
    SymbolicValue,
    Unsupported,
    constant,
)
from vatspolicy.core.cel.ast import (
    And,
    Arithmetic,
    Compare,
    Fact,
    In,
    Literal,
    Node,
    Not,
    Or,
    Param,
    Quantifier,
    Size,
    Term,
    TextTest,
)
from vatspolicy.core.cel.interpreter import Params
from vatspolicy.core.cel.types import Bool


@dataclass(slots=True)
class SymbolicActivation:
    """Variables by name, with an identity for each that distinguishes one subject from another."""

    values: Mapping[str, SymbolicValue]
    subject: tuple[tuple[str, str], ...] = ()
    """Name and identity of the variables that differ between subjects."""

    def bind(self, name: str, value: SymbolicValue, identity: str) -> SymbolicActivation:
        """Return the activation with one more variable."""
        kept = tuple(pair for pair in self.subject if pair[0] != name)
        return SymbolicActivation({**self.values, name: value}, (*kept, (name, identity)))


@dataclass
class ExpressionKeys:
    """Keys of expressions: equal keys have equal values in every profile, however long its lists are."""

    _numbers: dict[str, int] = field(default_factory=dict)
    _texts: dict[tuple[str, int], tuple[Params, str]] = field(default_factory=dict)

    def of(self, node: Node, activation: SymbolicActivation, params: Params) -> Hashable:
        """Return the key of a node in an activation."""
        structure, names, keys = structure_of(node)
        subject = tuple([pair for pair in activation.subject if pair[0] in names])
        return structure, subject, tuple([(key, self._value_text(key, params)) for key in keys])

    def short(self, thing: object) -> str:
        """Return a short text that is equal for equal things."""
        return str(self._numbers.setdefault(repr(thing), len(self._numbers)))

    def _value_text(self, key: str, params: Params) -> str:
        """Return the value of a parameter as text; no expression can tell the order of a list."""
        kept = self._texts.get((key, id(params)))
        if kept is None:
            value = params[key]
            text = repr(sorted(map(repr, value)) if isinstance(value, list | tuple) else value)
            kept = self._texts[key, id(params)] = (params, text)
        return kept[1]


@dataclass
class Encoder(SymbolicOperations):
    """Encoder of expressions over one space. Equal subexpressions become equal formulas."""

    keys: ExpressionKeys = field(default_factory=ExpressionKeys)
    held: dict[Hashable, DualRail] = field(default_factory=dict)
    """Truths that instruments are held, by key: rule sets over the same facts share them."""
    _values: dict[Hashable, SymbolicValue] = field(default_factory=dict)

    def truth(self, node: Node, activation: SymbolicActivation, params: Params) -> DualRail:
        """Return the truth of a boolean node. Raises Unsupported."""
        value = self.value(node, activation, params)
        assert isinstance(value, DualRail)
        return value

    def value(self, node: Node, activation: SymbolicActivation, params: Params) -> SymbolicValue:
        """Return the value of a node. Raises Unsupported."""
        match node:
            case Literal(value=value):
                return constant(list(value) if isinstance(value, tuple) else value)
            case Fact():
                return self.fact(node, activation)
            case Param(key=key):
                return constant(params[key])
            case Term(body=body):
                return self.once(node, activation, params, lambda: self.value(body, activation, params))
            case Quantifier():
                return self.once(node, activation, params, lambda: self.quantifier(node, activation, params))
            case Not(body=body):
                inner = self.truth(body, activation, params)
                return DualRail(inner.false, inner.true)
            case And(parts=parts):
                return self.every(self.truth(part, activation, params) for part in parts)
            case Or(parts=parts):
                return self.some(self.truth(part, activation, params) for part in parts)
            case Compare(op=op, left=left, right=right):
                return self.comparison(op, self.value(left, activation, params), self.value(right, activation, params))
            case Arithmetic(op=op, left=left, right=right):
                return self.arithmetic(op, self.cases(left, activation, params), self.cases(right, activation, params))
            case In(item=item, list=over):
                return self.membership(node, item, over, activation, params)
            case Size(list=over):
                return self.size(self.cases(over, activation, params))
            case TextTest(kind=kind, text=text, pattern=pattern):
                return self.text_test(kind, self.cases(text, activation, params), pattern)
        raise TypeError(f"unknown node: {node!r}")

    def cases(self, node: Node, activation: SymbolicActivation, params: Params) -> Cases:
        """Return the value of a node that is not boolean."""
        value = self.value(node, activation, params)
        assert not isinstance(value, DualRail)
        return value

    # --- leaves

    def fact(self, node: Fact, activation: SymbolicActivation) -> SymbolicValue:
        """Return the fact at a path; unknown if an object above it is missing."""
        is_truth = isinstance(node.type, Bool)
        value: SymbolicValue | None = activation.values.get(node.root)
        if value is None:
            return UNKNOWN if is_truth else ()
        for name in node.names:
            value = self.read(value, name)
        if isinstance(value, DualRail):
            return value
        return UNKNOWN if is_truth else value

    # --- lists

    def membership(self, node: In, item: Node, over: Node, activation: SymbolicActivation, params: Params) -> DualRail:
        """Return whether a value is in a list; unknown unless both are known."""
        pool = self.space.pool
        value = self.value(item, activation, params)
        lists = self.cases(over, activation, params)
        options = []
        if isinstance(value, DualRail):
            for held, base in lists:
                if not isinstance(base, Constant):
                    raise Unsupported("a list of truths")
                for truth, formula in ((True, value.true), (False, value.false)):
                    options.append(self.decided(pool.conjoin((held, formula)), TRUE if truth in base.value else FALSE))
            return self.choose(options)
        for held, one in value:
            for other, base in lists:
                options.append(self.decided(pool.conjoin((held, other)), self.member(one, base)))
        return self.choose(options)

    def quantifier(self, node: Quantifier, activation: SymbolicActivation, params: Params) -> DualRail:
        """Return whether some or all members satisfy the body; unknown if the list is missing."""
        lists = self.cases(node.list, activation, params)
        return self.choose((held, self.quantified(node, base, activation, params)) for held, base in lists)

    def quantified(
        self, node: Quantifier, base: KnownValue, activation: SymbolicActivation, params: Params
    ) -> DualRail:
        """Return whether some or all members of a known list satisfy the body."""
        pool = self.space.pool
        if isinstance(base, BoundedList):
            self.space.need_members(base.path, self.keys.of(node, activation, params))
        inner = []
        for exists, value, identity in self.members(base):
            body = self.truth(node.body, activation.bind(node.variable, value, identity), params)
            absent = -exists  # a missing member does not affect the result
            if node.kind == "exists":
                body = DualRail(pool.conjoin((exists, body.true)), pool.disjoin((absent, body.false)))
            else:
                body = DualRail(pool.disjoin((absent, body.true)), pool.conjoin((exists, body.false)))
            inner.append(body)
        return self.some(inner) if node.kind == "exists" else self.every(inner)

    # --- which question is asked

    def once(
        self, node: Node, activation: SymbolicActivation, params: Params, make: Callable[[], SymbolicValue]
    ) -> SymbolicValue:
        """Return the value of a node, encoded once for each key."""
        key = self.keys.of(node, activation, params)
        if key not in self._values:
            self._values[key] = make()
        return self._values[key]
