"""Expressions to formulas: the typed tree under Kleene's logic, for all profiles at once.

It mirrors `expression.kleene` node by node; tests hold the two together. What it cannot say exactly is `Unsupported`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vatspolicy.authoring.symbolic.formula import FALSE, TRUE
from vatspolicy.authoring.symbolic.operations import SymbolicOperations
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
from vatspolicy.cel.ast import (
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
    children,
)
from vatspolicy.cel.types import Bool


@dataclass(frozen=True)
class SymbolicActivation:
    """Variables by name, and what each stands for, for telling questions about lists apart."""

    values: Mapping[str, SymbolicValue]
    subject: tuple[tuple[str, str], ...] = ()
    """Name and identity of the variables that differ from one question to the next."""

    def bind(self, name: str, value: SymbolicValue, identity: str) -> SymbolicActivation:
        """The activation with one more variable."""
        kept = tuple(pair for pair in self.subject if pair[0] != name)
        return SymbolicActivation({**self.values, name: value}, (*kept, (name, identity)))


@dataclass
class ExpressionKeys:
    """Numbers for questions: equal ones for those that must have the same answer."""

    _shapes: dict[int, tuple[Node, tuple[int, frozenset[str], frozenset[str]]]] = field(default_factory=dict)
    _signatures: dict[Any, int] = field(default_factory=dict)
    _texts: dict[tuple[str, int], tuple[Mapping[str, Any], str]] = field(default_factory=dict)

    def of(self, node: Node, activation: SymbolicActivation, params: Mapping[str, Any]) -> Any:
        """The same for two nodes that must have the same value in every profile, however long its lists are."""
        shape, names, keys = self.shape(node)
        subject = tuple(pair for pair in activation.subject if pair[0] in names)
        return shape, subject, tuple((key, self.text_of(key, params)) for key in sorted(keys))

    def short(self, thing: Any) -> str:
        """A short text for a thing: equal things, equal texts."""
        return str(self._signatures.setdefault(repr(thing), len(self._signatures)))

    def shape(self, node: Node) -> tuple[int, frozenset[str], frozenset[str]]:
        """A number for what the node says wherever it stands, the names it reads, and its parameters."""
        kept = self._shapes.get(id(node))
        if kept is not None:
            return kept[1]
        inner = [self.shape(child) for child in children(node)]
        names = frozenset[str]().union(*(part[1] for part in inner))
        keys = frozenset[str]().union(*(part[2] for part in inner))
        own: tuple[Any, ...] = ()
        match node:
            case Literal(value=value):
                own = (repr(value),)
            case Fact(root=root, names=fields):
                own, names = (root, fields), names | {root} | ({"licensed"} if fields == ("licensed",) else frozenset())
            case Param(key=key):
                own, keys = (key,), keys | {key}
            case Compare(op=op) | Arithmetic(op=op):
                own = (op,)
            case TextTest(kind=kind, pattern=pattern):
                own = (kind, pattern)
            case Quantifier(kind=kind, variable=variable):
                own, names = (kind, variable), names - {variable} | inner[0][1]
        signature = (type(node).__name__, own, tuple(part[0] for part in inner))
        number = self._signatures.setdefault(signature, len(self._signatures))
        self._shapes[id(node)] = (node, (number, names, keys))  # the node is kept, so that its id stays its own
        return number, names, keys

    def text_of(self, key: str, params: Mapping[str, Any]) -> str:
        """The value of a parameter as text."""
        kept = self._texts.get((key, id(params)))
        if kept is None:
            kept = self._texts[key, id(params)] = (params, repr(params[key]))
        return kept[1]


@dataclass
class Encoder(SymbolicOperations):
    """Encodes expressions over one space. Equal sub-questions become equal formulas."""

    keys: ExpressionKeys = field(default_factory=ExpressionKeys)
    held: dict[Any, DualRail] = field(default_factory=dict)
    """Whether instruments are held, by question: laws over the same facts share the answers."""
    _values: dict[Any, SymbolicValue] = field(default_factory=dict)

    def truth(self, node: Node, activation: SymbolicActivation, params: Mapping[str, Any]) -> DualRail:
        """The truth of a node that is true or false. Raises Unsupported."""
        value = self.value(node, activation, params)
        assert isinstance(value, DualRail)
        return value

    def value(self, node: Node, activation: SymbolicActivation, params: Mapping[str, Any]) -> SymbolicValue:
        """The value of a node. Raises Unsupported."""
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
        raise TypeError(f"no such node: {node!r}")

    def cases(self, node: Node, activation: SymbolicActivation, params: Mapping[str, Any]) -> Cases:
        """The value of a node that is no truth."""
        value = self.value(node, activation, params)
        assert not isinstance(value, DualRail)
        return value

    # --- Kleene's logic

    # --- leaves

    def fact(self, node: Fact, activation: SymbolicActivation) -> SymbolicValue:
        """The fact that a name and fields stand for; unknown where an object above it is missing."""
        is_truth = isinstance(node.type, Bool)
        value: SymbolicValue | None = activation.values.get(node.root)
        if value is None:
            return UNKNOWN if is_truth else ()
        for name in node.names:
            value = self.read(value, name)
        if isinstance(value, DualRail):
            return value
        return UNKNOWN if is_truth else value

    # --- comparisons

    # --- lists

    def membership(
        self, node: In, item: Node, over: Node, activation: SymbolicActivation, params: Mapping[str, Any]
    ) -> DualRail:
        """Whether a value is in a list; unknown unless both are known."""
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

    def quantifier(self, node: Quantifier, activation: SymbolicActivation, params: Mapping[str, Any]) -> DualRail:
        """Whether some or all members satisfy the body; unknown while the list is."""
        lists = self.cases(node.list, activation, params)
        return self.choose((held, self.quantified(node, base, activation, params)) for held, base in lists)

    def quantified(
        self, node: Quantifier, base: KnownValue, activation: SymbolicActivation, params: Mapping[str, Any]
    ) -> DualRail:
        """The same for a list that is known."""
        pool = self.space.pool
        if isinstance(base, BoundedList):
            self.space.need_members(base.path, self.keys.of(node, activation, params))
        inner = []
        for exists, value, identity in self.members(base):
            body = self.truth(node.body, activation.bind(node.variable, value, identity), params)
            absent = -exists  # a member that is not there changes nothing
            if node.kind == "exists":
                body = DualRail(pool.conjoin((exists, body.true)), pool.disjoin((absent, body.false)))
            else:
                body = DualRail(pool.disjoin((absent, body.true)), pool.conjoin((exists, body.false)))
            inner.append(body)
        return self.some(inner) if node.kind == "exists" else self.every(inner)

    # --- which question is asked

    def once(
        self, node: Node, activation: SymbolicActivation, params: Mapping[str, Any], make: Callable[[], SymbolicValue]
    ) -> SymbolicValue:
        """The value of a node, made when it is first asked for."""
        key = self.keys.of(node, activation, params)
        if key not in self._values:
            self._values[key] = make()
        return self._values[key]
