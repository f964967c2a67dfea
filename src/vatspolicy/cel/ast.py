"""The typed tree: the one form of an expression that every back end reads.

Unknown is not a node. A fact that is missing makes the nodes above it unknown by Kleene's logic.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vatspolicy.cel.types import Type

if TYPE_CHECKING:
    from typing import Any


@dataclass(frozen=True)
class Node:
    """A node with its type and its span in the source text (start and end offset)."""

    type: Type
    span: tuple[int, int]


@dataclass(frozen=True)
class Literal(Node):
    """A constant: bool, int, float, str, or a tuple of those."""

    value: Any


@dataclass(frozen=True)
class Fact(Node):
    """A variable and the fields read from it, such as company.foreign_percent or a.province."""

    root: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Param(Node):
    """A parameter, whose value depends on the day. `key` is policy/name."""

    key: str


@dataclass(frozen=True)
class Term(Node):
    """A named expression and its body."""

    name: str
    body: Node


@dataclass(frozen=True)
class Not(Node):
    """Negation."""

    body: Node


@dataclass(frozen=True)
class And(Node):
    """Conjunction of two or more."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Or(Node):
    """Disjunction of two or more."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Compare(Node):
    """`==`, `!=`, `<`, `<=`, `>` or `>=`."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True)
class In(Node):
    """Membership in a list of scalars."""

    item: Node
    list: Node


@dataclass(frozen=True)
class Quantifier(Node):
    """`exists` or `all` over a list, with one variable."""

    kind: str
    variable: str
    list: Node
    body: Node


@dataclass(frozen=True)
class Size(Node):
    """Length of a list."""

    list: Node


@dataclass(frozen=True)
class Arithmetic(Node):
    """`+`, `-` or `*` on whole numbers."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True)
class TextTest(Node):
    """`startsWith`, `endsWith`, `contains` or `matches` (RE2) with a constant."""

    kind: str
    text: Node
    pattern: str


def children(node: Node) -> tuple[Node, ...]:
    """The direct parts of a node, left to right."""
    match node:
        case Term(body=body) | Not(body=body):
            return (body,)
        case And(parts=parts) | Or(parts=parts):
            return parts
        case Compare(left=left, right=right) | Arithmetic(left=left, right=right):
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
    """The node and everything below it, parents first."""
    yield node
    for child in children(node):
        yield from walk(child)
