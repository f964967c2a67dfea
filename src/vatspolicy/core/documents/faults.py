"""Violations of a schema, as found by the validation and reported by the messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vatspolicy.core.documents.document import Path


@dataclass(frozen=True)
class SchemaFault:
    """A violation of a schema keyword by a value. `rule` is the keyword; `forbidden` stands for the schema `false`."""

    rule: str
    limit: Any
    value: Any
    schema: Mapping[str, Any]
    path: Path
    depth: int  # steps from the value whose alternatives were tried
    branch: str | int  # which alternative this is about
    of_key: bool  # `value` is a key of the mapping at `path`
    unexpected: tuple[str, ...]  # keys that are not known there
    alternatives: tuple[SchemaFault, ...]

    @property
    def members(self) -> list[Any]:
        """The values that `enum` or `const` allows."""
        return as_list(self.limit) if self.rule == "enum" else [self.limit]

    @property
    def expected(self) -> list[str]:
        """The types that are asked for, if `value` has another: a list of words asks for text too."""
        if self.rule == "type":
            return as_list(self.limit)
        if self.rule in ("enum", "const"):
            types = dict.fromkeys(type_of(member) for member in self.members)
            return [] if type_of(self.value) in types else list(types)
        return []


def as_list(value: Any) -> list[Any]:
    """Return a list as it is, and any other value as its only member."""
    return value if isinstance(value, list) else [value]


def type_of(value: object) -> str:
    """Return the type of a value by its name in JSON Schema; `number` for whole numbers too."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"
