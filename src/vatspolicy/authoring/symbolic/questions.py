"""Which questions must have the same answer: the same text, with the same values behind its names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vatspolicy.authoring.symbolic.values import Value
from vatspolicy.cel.ast import (
    Arithmetic,
    Compare,
    Fact,
    Literal,
    Node,
    Param,
    Quantifier,
    TextTest,
    children,
)


@dataclass(frozen=True)
class SymbolicActivation:
    """Variables by name, and what each stands for, for telling questions about lists apart."""

    values: Mapping[str, Value]
    subject: tuple[tuple[str, str], ...] = ()
    """Name and identity of the variables that differ from one question to the next."""

    def bind(self, name: str, value: Value, identity: str) -> SymbolicActivation:
        """The scope with one more variable."""
        kept = tuple(pair for pair in self.subject if pair[0] != name)
        return SymbolicActivation({**self.values, name: value}, (*kept, (name, identity)))


@dataclass
class Questions:
    """Numbers for questions: equal ones for those that must have the same answer."""

    _shapes: dict[int, tuple[Node, tuple[int, frozenset[str], frozenset[str]]]] = field(default_factory=dict)
    _signatures: dict[Any, int] = field(default_factory=dict)
    _texts: dict[tuple[str, int], tuple[Mapping[str, Any], str]] = field(default_factory=dict)

    def of(self, node: Node, scope: SymbolicActivation, params: Mapping[str, Any]) -> Any:
        """The same for two nodes that must have the same value in every profile, however long its lists are."""
        shape, names, keys = self.shape(node)
        subject = tuple(pair for pair in scope.subject if pair[0] in names)
        return shape, subject, tuple((key, self.text_of(key, params)) for key in sorted(keys))

    def number(self, thing: Any) -> str:
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
