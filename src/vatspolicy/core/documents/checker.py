"""Check of a value against a schema: the keywords that it breaks, each as a fault, and no library to import.

It reads the schema itself, node by node as a document reaches them, so that a start generates and loads no code.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from vatspolicy.clock import is_day
from vatspolicy.core.documents.document import Path
from vatspolicy.core.documents.faults import SchemaFault, as_list
from vatspolicy.core.documents.schemas import SchemaSet, schema_named
from vatspolicy.errors import MAX_EXPLAINED


class UnknownKeywordError(ValueError):
    """Signal a schema keyword that this module does not support; a library must validate instead."""


class Checker:
    """Check of values against one schema of a set."""

    def __init__(self, name: str, schemas: SchemaSet) -> None:
        self._name, self._schemas = name, schemas
        self._read: dict[int, list[_Rule]] = {}
        """The keywords of a node of a schema by the identity of the node, which the set keeps."""

    def accepts(self, value: Any) -> bool:
        """Return True if a value breaks no keyword. Raises UnknownKeywordError."""
        return next(self.faults(value), None) is None

    def faults(self, value: Any) -> Iterator[SchemaFault]:
        """Yield the keywords that a value breaks; of a list that is much too long, those of its first members.

        Raises UnknownKeywordError.
        """
        return self._check(self._schemas.load(self._name), self._name, value, _ValuePlace())

    def _check(self, node: Any, base: str, value: Any, place: _ValuePlace) -> Iterator[SchemaFault]:
        """Yield the faults of a value under a node of the schema `base`."""
        if isinstance(node, bool):
            if not node:
                yield place.fault("forbidden", False, value, {})
            return
        rules = self._read.get(id(node))
        if rules is None:
            rules = self._read[id(node)] = list(_rules(node))
        for name, limit, breaks in rules:
            if breaks is None:
                yield from _BELOW[name](self, _Keyword(name, limit, node, base), value, place)
            elif breaks(value, limit):
                yield place.fault(name, node[name], value, node)

    # --- keywords that apply schemas ---

    def _reference(self, at: _Keyword, value: Any, place: _ValuePlace) -> Iterator[SchemaFault]:
        reference = at.limit
        node = self._schemas.resolve(reference, at.base)
        yield from self._check(node, schema_named(reference) or at.base, value, place)

    def _all_of(self, at: _Keyword, value: Any, place: _ValuePlace) -> Iterator[SchemaFault]:
        for branch in at.limit:
            yield from self._check(branch, at.base, value, place)

    def _choice(self, at: _Keyword, value: Any, place: _ValuePlace) -> Iterator[SchemaFault]:
        """Check `anyOf` and `oneOf`."""
        refused: list[SchemaFault] = []
        accepted = 0
        for index, branch in enumerate(at.limit):
            faults = list(self._check(branch, at.base, value, _ValuePlace(place.path, len(place.path), index)))
            refused += faults
            accepted += not faults
            if accepted and at.name == "anyOf":
                return
        if accepted != 1:
            yield place.fault(at.name, at.limit, value, at.node, alternatives=() if accepted else tuple(refused))

    def _condition(self, at: _Keyword, value: Any, place: _ValuePlace) -> Iterator[SchemaFault]:
        holds = next(self._check(at.limit, at.base, value, place), None) is None
        yield from self._check(at.node.get("then" if holds else "else", True), at.base, value, place)

    def _items(self, at: _Keyword, value: Any, place: _ValuePlace) -> Iterator[SchemaFault]:
        if isinstance(value, list):
            most = at.node.get("maxItems", len(value)) + MAX_EXPLAINED
            for index, member in enumerate(value[:most]):
                yield from self._check(at.limit, at.base, member, place.below(index))

    def _properties(self, at: _Keyword, value: Any, place: _ValuePlace) -> Iterator[SchemaFault]:
        for key in value if isinstance(value, dict) else ():
            if key in at.limit:
                yield from self._check(at.limit[key], at.base, value[key], place.below(key))

    def _further_properties(self, at: _Keyword, value: Any, place: _ValuePlace) -> Iterator[SchemaFault]:
        further = value.keys() - at.node.get("properties", {}).keys() if isinstance(value, dict) else ()
        if further and at.limit is False:
            unexpected = tuple(key for key in value if key in further)
            yield place.fault(at.name, False, value, at.node, unexpected=unexpected)
        elif at.limit is not False:
            for key in further:
                yield from self._check(at.limit, at.base, value[key], place.below(key))

    def _names(self, at: _Keyword, value: Any, place: _ValuePlace) -> Iterator[SchemaFault]:
        for key in value if isinstance(value, dict) else ():
            yield from self._check(at.limit, at.base, key, place._replace(of_key=True))


class _ValuePlace(NamedTuple):
    """Place of a value."""

    path: Path = ()
    above: int = 0
    """Depth of the value whose alternatives are tried."""
    branch: str | int = ""
    """Index of the alternative that is tried."""
    of_key: bool = False
    """True for a key of the mapping at `path`."""

    def below(self, key: str | int) -> _ValuePlace:
        """Return the place of a member."""
        return _ValuePlace((*self.path, key), self.above, self.branch)

    def fault(
        self,
        rule: str,
        limit: Any,
        value: Any,
        node: Mapping[str, Any],
        unexpected: tuple[str, ...] = (),
        alternatives: tuple[SchemaFault, ...] = (),
    ) -> SchemaFault:
        """Return the fault of a value here."""
        depth = len(self.path) - self.above
        return SchemaFault(
            rule, limit, value, node, self.path, depth, self.branch, self.of_key, unexpected, alternatives
        )


class _Keyword(NamedTuple):
    """A keyword that applies schemas, with the node and the schema that contains it."""

    name: str
    limit: Any
    node: Mapping[str, Any]
    base: str


_Breaks: TypeAlias = Callable[[Any, Any], bool]
_Rule: TypeAlias = "tuple[str, Any, _Breaks | None]"
"""A keyword, its limit as the check reads it, and the check; None for a keyword that applies schemas."""


def _rules(node: Mapping[str, Any]) -> Iterator[_Rule]:
    """Yield the keywords of a node. Raises UnknownKeywordError."""
    for name, limit in node.items():
        if name in _BREAKS:
            prepare = _PREPARED.get(name)
            yield name, prepare(limit) if prepare else limit, _BREAKS[name]
        elif name in _BELOW:
            yield name, limit, None
        elif name not in _SILENT and not name.startswith("x-"):
            raise UnknownKeywordError(name)


def _identity(value: Any) -> Hashable:
    """Return what equal values of JSON have in common: 1 is 1.0 and is not true."""
    if isinstance(value, dict):
        return frozenset((key, _identity(member)) for key, member in value.items())
    if isinstance(value, list):
        return tuple(map(_identity, value))
    return ("bool", value) if isinstance(value, bool) else value if isinstance(value, Hashable) else repr(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _has_type(value: Any, name: str) -> bool:
    if name == "integer":
        return _is_number(value) and (isinstance(value, int) or value.is_integer())
    if name == "number":
        return _is_number(value) and (isinstance(value, int) or math.isfinite(value))
    return isinstance(value, _TYPES[name])


@functools.cache
def read_pattern(text: str) -> re.Pattern[str]:
    """Return the pattern with JSON Schema semantics: `$` matches only at the end of the text."""
    return re.compile(re.sub(r"\$$", r"\\Z", text), re.ASCII if r"\d" in text or r"\w" in text else 0)


def _lacks(value: Any, needed: Mapping[str, list[str]]) -> bool:
    return isinstance(value, dict) and any(
        companion not in value for key, others in needed.items() if key in value for companion in others
    )


_TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
_SILENT = frozenset(
    {"$schema", "$id", "$defs", "$comment", "title", "description", "examples", "default", "then", "else"}
)
"""Keywords that break nothing by themselves."""
_FORMATS = {"date": is_day}
_PREPARED: Mapping[str, Callable[[Any], Any]] = {
    "enum": lambda members: frozenset(map(_identity, members)),
    "const": _identity,
    "type": as_list,
    "pattern": read_pattern,
    "format": _FORMATS.get,
}
_BREAKS: Mapping[str, _Breaks] = {
    "type": lambda value, names: not any(_has_type(value, name) for name in names),
    "enum": lambda value, members: (value if isinstance(value, str) else _identity(value)) not in members,
    "const": lambda value, constant: _identity(value) != constant,
    "pattern": lambda value, pattern: isinstance(value, str) and pattern.search(value) is None,
    "format": lambda value, test: test is not None and isinstance(value, str) and not test(value),
    "required": lambda value, keys: isinstance(value, dict) and any(key not in value for key in keys),
    "dependentRequired": _lacks,
    "minimum": lambda value, limit: _is_number(value) and not value >= limit,
    "maximum": lambda value, limit: _is_number(value) and not value <= limit,
    "minLength": lambda value, limit: isinstance(value, str) and len(value) < limit,
    "maxLength": lambda value, limit: isinstance(value, str) and len(value) > limit,
    "minItems": lambda value, limit: isinstance(value, list) and len(value) < limit,
    "maxItems": lambda value, limit: isinstance(value, list) and len(value) > limit,
    "uniqueItems": lambda value, on: on and isinstance(value, list) and len({*map(_identity, value)}) < len(value),
    "minProperties": lambda value, limit: isinstance(value, dict) and len(value) < limit,
    "maxProperties": lambda value, limit: isinstance(value, dict) and len(value) > limit,
}
"""Keywords by themselves: whether a value breaks a limit."""
_BELOW: Mapping[str, Callable[[Checker, _Keyword, Any, _ValuePlace], Iterator[SchemaFault]]] = {
    "$ref": Checker._reference,
    "allOf": Checker._all_of,
    "anyOf": Checker._choice,
    "oneOf": Checker._choice,
    "if": Checker._condition,
    "items": Checker._items,
    "properties": Checker._properties,
    "additionalProperties": Checker._further_properties,
    "propertyNames": Checker._names,
}
"""Keywords that apply schemas to a value or to what it holds."""
