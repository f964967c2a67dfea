"""Typed trees as plain JSON, so that a compiled bundle can be kept without cel-python and without pickle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vatspolicy.cel import ast as t
from vatspolicy.cel.types import BOOL, DAY, INT, NUMBER, TEXT, Enum, ListOf, Record, Type

if TYPE_CHECKING:
    from typing import Any

_NODES = {
    kind.__name__: kind
    for kind in (
        t.Literal,
        t.Fact,
        t.Param,
        t.Term,
        t.Not,
        t.And,
        t.Or,
        t.Compare,
        t.In,
        t.Quantifier,
        t.Size,
        t.Arithmetic,
        t.TextTest,
    )
}
_SIMPLE: dict[str, Type] = {"bool": BOOL, "int": INT, "number": NUMBER, "text": TEXT, "day": DAY}
_NAMES = {type: name for name, type in _SIMPLE.items()}


def to_data(node: t.Node) -> list[Any]:
    """The node as nested JSON lists: kind, type, span, then its own fields."""
    own = [_dump_field(value) for name, value in vars(node).items() if name not in ("type", "span")]
    return [type(node).__name__, _dump_type(node.type), list(node.span), *own]


def from_data(data: list[Any]) -> t.Node:
    """The node that `dump` wrote. Raises KeyError, TypeError, ValueError or IndexError for anything else."""
    kind, type, span, *own = data
    return _NODES[kind](_load_type(type), (span[0], span[1]), *map(_load_field, own))


def _dump_field(value: Any) -> Any:
    match value:
        case t.Node():
            return {"n": to_data(value)}
        case tuple() if value and isinstance(value[0], t.Node):
            return {"ns": [to_data(part) for part in value]}
        case tuple():
            return {"t": list(value)}
        case _:
            return value


def _load_field(value: Any) -> Any:
    match value:
        case {"n": node}:
            return from_data(node)
        case {"ns": nodes}:
            return tuple(map(from_data, nodes))
        case {"t": values}:
            return tuple(values)
        case _:
            return value


def _dump_type(type: Type) -> Any:
    """Records keep their name only: no back end reads the fields of one once the tree is typed."""
    match type:
        case ListOf(item=item):
            return ["list", None if item is None else _dump_type(item)]
        case Enum(name=name):
            return ["enum", name]
        case Record(name=name):
            return ["record", name]
        case _:
            return _NAMES[type]


def _load_type(data: Any) -> Type:
    match data:
        case ["list", item]:
            return ListOf(None if item is None else _load_type(item))
        case ["enum", name]:
            return Enum(name, frozenset())
        case ["record", name]:
            return Record(name, {})
        case _:
            return _SIMPLE[data]
