"""Typed syntax tree, the form of an expression that every back end reads.

Unknown is not a node: a missing attribute makes the nodes above it unknown under Kleene's logic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from vatspolicy.core.cel.types import BOOL, TEXT, ListOf, Type
from vatspolicy.frozen import frozen


@frozen()
class Node:
    """A node with its type and its span in the text (start and end offset)."""

    type: Type
    span: tuple[int, int]

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self), *vars(self).values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in vars(self).items())})"


@frozen()
class Literal(Node):
    """A constant: bool, int, float, str, or a tuple of these."""

    value: Any


@frozen()
class Fact(Node):
    """An attribute: a variable and the fields read from it, such as company.foreign_percent or a.province."""

    root: str
    names: tuple[str, ...]


@frozen()
class Param(Node):
    """A parameter, whose value depends on the day. `key`: policy/name."""

    key: str


@frozen()
class Term(Node):
    """A named expression and its body."""

    name: str
    body: Node


@frozen()
class Not(Node):
    """Negation."""

    body: Node


@frozen()
class And(Node):
    """Conjunction of two or more operands."""

    parts: tuple[Node, ...]


@frozen()
class Or(Node):
    """Disjunction of two or more operands."""

    parts: tuple[Node, ...]


@frozen()
class Compare(Node):
    """A comparison by `==`, `!=`, `<`, `<=`, `>` or `>=`."""

    op: str
    left: Node
    right: Node


@frozen()
class In(Node):
    """Membership in a list of scalars."""

    item: Node
    list: Node


@frozen()
class Quantifier(Node):
    """`exists` or `all` over a list, with one bound variable."""

    kind: str
    variable: str
    list: Node
    body: Node


@frozen()
class Size(Node):
    """Length of a list."""

    list: Node


@frozen()
class Arithmetic(Node):
    """Sum, difference or product of whole numbers."""

    op: str
    left: Node
    right: Node


@frozen()
class TextTest(Node):
    """A test of a text by `startsWith`, `endsWith`, `contains` or `matches` (RE2) with a constant."""

    kind: str
    text: Node
    pattern: str


@frozen()
class SetTest(Node):
    """A test of two lists of scalars as sets: `sets.contains`, `sets.equivalent` or `sets.intersects`."""

    kind: str
    left: Node
    right: Node


_MEMBER = "set member"
"""Variable of the quantifiers that define a set test. No expression can write it."""


def in_quantifiers(node: SetTest) -> Node:
    """Return the quantifiers that define a set test. Every back end evaluates those."""
    match node.kind:
        case "intersects":
            return _over(node, "exists", node.left, node.right)
        case "contains":
            return _over(node, "all", node.right, node.left)
    sides = (_over(node, "all", node.right, node.left), _over(node, "all", node.left, node.right))
    return And(BOOL, node.span, sides)


def unfold(node: Node) -> Node:
    """Return the body of a term, or the node itself; of a set test the quantifiers."""
    while isinstance(node, Term):
        node = node.body
    return in_quantifiers(node) if isinstance(node, SetTest) else node


def _over(node: SetTest, kind: str, over: Node, among: Node) -> Quantifier:
    """Return whether some or all members of one list are in another."""
    item = over.type.item if isinstance(over.type, ListOf) else None
    member = Fact(item or TEXT, over.span, _MEMBER, ())
    return Quantifier(BOOL, node.span, kind, _MEMBER, over, In(BOOL, node.span, member, among))


def children(node: Node) -> tuple[Node, ...]:
    """Return the operands of a node, left to right."""
    match node:
        case Term(body=body) | Not(body=body):
            return (body,)
        case And(parts=parts) | Or(parts=parts):
            return parts
        case Compare(left=left, right=right) | Arithmetic(left=left, right=right) | SetTest(left=left, right=right):
            return (left, right)
        case In(item=item, list=over):
            return (item, over)
        case Quantifier(list=over, body=body):
            return (over, body)
        case Size(list=over):
            return (over,)
        case TextTest(text=text):
            return (text,)
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """Yield the node and its descendants, parents first."""
    yield node
    for child in children(node):
        yield from walk(child)


def conjuncts(
    node: Node, wanted: bool, unfold: Callable[[Node], Node] = lambda node: node
) -> Iterator[tuple[Node, bool]]:
    """Yield the clauses of a conjunction, each with the truth value that it must have; each node is unfolded first."""
    node = unfold(node)
    match node:
        case Not(body=body):
            yield from conjuncts(body, not wanted, unfold)
        case And(parts=parts) if wanted:
            for part in parts:
                yield from conjuncts(part, wanted, unfold)
        case Or(parts=parts) if not wanted:
            for part in parts:
                yield from conjuncts(part, wanted, unfold)
        case _:
            yield node, wanted


def shape_of(node: Node) -> tuple[Any, ...]:
    """Return a node without types and spans; equal shapes have equal values."""
    if isinstance(node, Term):
        return shape_of(node.body)
    if isinstance(node, Literal):
        return ("Literal", repr(node.value))
    own = (value for name, value in vars(node).items() if name not in _UNSHAPED and not isinstance(value, Node))
    return (type(node).__name__, *own, *map(shape_of, children(node)))


_UNSHAPED = ("type", "span", "parts")
"""Attributes of nodes that their shape does not have, besides other nodes."""
