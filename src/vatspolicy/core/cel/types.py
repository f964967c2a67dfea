"""Types of the expression language, read from JSON Schemas and from the values of parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from vatspolicy.i18n import _


class ScalarType:
    """A type without parts: all its instances are equal."""

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Bool(ScalarType):
    """True or false."""

    def __str__(self) -> str:
        return _("true or false")


class Int(ScalarType):
    """A whole number (money, persons, levels); never mixed with `Number`."""

    def __str__(self) -> str:
        return _("a whole number")


class Number(ScalarType):
    """A double, such as a percentage."""

    def __str__(self) -> str:
        return _("a number")


class Text(ScalarType):
    """Free text."""

    def __str__(self) -> str:
        return _("a text")


class Day(ScalarType):
    """A calendar day, written and compared as ISO text (YYYY-MM-DD)."""

    def __str__(self) -> str:
        return _("a day")


class Enum(NamedTuple):
    """A string from a closed set of words. `written`: the words come from a policy instead of a schema."""

    name: str
    values: frozenset[str]
    written: bool = False

    def __str__(self) -> str:
        return _("a text") if self.written else _("one of the {name} values", name=self.name)


class ListOf(NamedTuple):
    """A list whose members have one type; None for a list that is always empty."""

    item: Type | None

    def __str__(self) -> str:
        return _("a list")


class ObjectOf(NamedTuple):
    """An object with known fields."""

    name: str
    fields: Mapping[str, Type]

    def __hash__(self) -> int:
        return hash(self.name)

    def __str__(self) -> str:
        return _("an object ({name})", name=self.name)


Type = Bool | Int | Number | Text | Day | Enum | ListOf | ObjectOf

BOOL, INT, NUMBER, TEXT, DAY = Bool(), Int(), Number(), Text(), Day()


def type_of_schema(node: Mapping[str, Any], name: str, resolve: Callable[[str], Mapping[str, Any]]) -> Type:
    """Return the type of a schema node, with the fields under `x-derived`. `resolve` follows a `$ref`."""
    if "$ref" in node:
        ref = str(node["$ref"])
        return type_of_schema(resolve(ref), ref.rsplit("/", 1)[-1], resolve)
    if "x-shorthand" in node:  # a code, or the object that it abbreviates: expressions read the object
        return type_of_schema(next(b for b in node["anyOf"] if b.get("type") == "object"), name, resolve)
    match node.get("type"):
        case "object":
            properties = {**node.get("properties", {}), **node.get("x-derived", {})}
            return ObjectOf(name, {key: type_of_schema(child, key, resolve) for key, child in properties.items()})
        case "array":
            return ListOf(type_of_schema(node["items"], name, resolve))
        case "boolean":
            return BOOL
        case "integer":
            return INT
        case "number":
            return NUMBER
        case _ if "enum" in node:
            return Enum(name, frozenset(node["enum"]))
        case _ if node.get("format") == "date":
            return DAY
        case _:
            return TEXT


def type_of_value(value: Any, name: str) -> Type:
    """Return the type of a parameter's value as written in a policy.

    Raises: ValueError if the types of list members differ.
    """
    match value:
        case bool():
            return BOOL
        case int():
            return INT
        case float():
            return NUMBER
        case str():
            return Enum(name, frozenset({value}), written=True)
        case list():
            item: Type | None = None
            for member in value:
                item = join(item, type_of_value(member, name))
            return ListOf(item)
        case dict():
            return ObjectOf(name, {key: type_of_value(child, key) for key, child in value.items()})
        case _:
            raise ValueError(_("a parameter cannot be null"))


def join(left: Type | None, right: Type | None) -> Type | None:
    """Return the type that covers both, such as the values of one parameter on different days.

    Raises: ValueError if there is none.
    """
    if left is None or right is None:
        return left or right
    match left, right:
        case Enum(), Enum():
            return Enum(left.name, left.values | right.values, left.written and right.written)
        case ListOf(), ListOf():
            return ListOf(join(left.item, right.item))
        case ObjectOf(), ObjectOf() if left.fields.keys() == right.fields.keys():
            fields = {key: join(left.fields[key], right.fields[key]) for key in left.fields}
            return ObjectOf(left.name, {key: joined for key, joined in fields.items() if joined is not None})
        case ObjectOf(), ObjectOf():
            raise ValueError(_("objects do not all have the same keys"))
        case _ if type(left) is type(right):
            return left
    raise ValueError(_("values are sometimes {left} and sometimes {right}", left=left, right=right))
