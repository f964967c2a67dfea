"""Typed trees as plain JSON data, so that a compiled bundle needs neither cel-python nor pickle."""

from __future__ import annotations

from typing import Any

from vatspolicy.core.cel import ast as t
from vatspolicy.core.cel.types import BOOL, DAY, INT, NUMBER, TEXT, Enum, ListOf, ObjectOf, Type

_NODES = {kind.__name__: kind for kind in t.Node.__subclasses__()}
_SIMPLE: dict[str, Type] = {"bool": BOOL, "int": INT, "number": NUMBER, "text": TEXT, "day": DAY}
_NAMES = {type: name for name, type in _SIMPLE.items()}


def to_data(node: t.Node) -> list[Any]:
    """Return a node as nested lists: kind, type, span, then its own fields."""
    own = [_field_to_data(value) for name, value in vars(node).items() if name not in ("type", "span")]
    return [type(node).__name__, _type_to_data(node.type), list(node.span), *own]


def from_data(data: list[Any]) -> t.Node:
    """Build the node from the data of `to_data`.

    Raises: KeyError, TypeError, ValueError or IndexError for other data.
    """
    kind, type, span, *own = data
    return _NODES[kind](_type_from_data(type), (span[0], span[1]), *map(_field_from_data, own))


def _field_to_data(value: Any) -> Any:
    match value:
        case t.Node():
            return {"n": to_data(value)}
        case tuple() if value and isinstance(value[0], t.Node):
            return {"ns": [to_data(part) for part in value]}
        case tuple():
            return {"t": list(value)}
        case _:
            return value


def _field_from_data(value: Any) -> Any:
    match value:
        case {"n": node}:
            return from_data(node)
        case {"ns": nodes}:
            return tuple(map(from_data, nodes))
        case {"t": values}:
            return tuple(values)
        case _:
            return value


def _type_to_data(type: Type) -> Any:
    """Return the data of a type. A record keeps its name only: no back end reads its fields after type-checking."""
    match type:
        case ListOf(item=item):
            return ["list", None if item is None else _type_to_data(item)]
        case Enum(name=name):
            return ["enum", name]
        case ObjectOf(name=name):
            return ["record", name]
        case _:
            return _NAMES[type]


def _type_from_data(data: Any) -> Type:
    match data:
        case ["list", item]:
            return ListOf(None if item is None else _type_from_data(item))
        case ["enum", name]:
            return Enum(name, frozenset())
        case ["record", name]:
            return ObjectOf(name, {})
        case _:
            return _SIMPLE[data]
