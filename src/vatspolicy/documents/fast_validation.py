"""A yes for documents that are surely valid, from the schema as it stands: for the first documents of a process.

The library that says so much faster takes a fifth of a start to import. This knows the keywords that the schema of
profiles uses. At any other keyword, and wherever libraries might differ, it is not sure, and the library is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from vatspolicy.day import is_day
from vatspolicy.documents.schema_files import Folder, load_schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

_SILENT = frozenset({"title", "description", "$defs", "$schema", "$id", "$comment", "type"})
"""Keywords that ask for nothing, and `type`, which is looked at first."""
_TYPES: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}
_Schema: TypeAlias = "Mapping[str, Any]"


class Sure:
    """The schemas of one folder."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._found: dict[tuple[str, str], tuple[str, Any]] = {}

    def is_valid(self, data: Any, name: str) -> bool:
        """Whether the data surely keeps to the schema of that name."""
        try:
            return self._keeps(data, load_schema(name, self._folder), name)
        except (KeyError, TypeError, ValueError, FileNotFoundError, RecursionError):
            return False  # the schema, or the data, is of no form that is known here

    def _keeps(self, value: Any, schema: Any, base: str) -> bool:
        if type(schema) is not dict:
            return False
        kind = schema.get("type")
        if kind is not None:
            if type(value) not in _TYPES[kind]:
                return False
        elif value is None or type(value) is float:
            return False
        for keyword, limit in schema.items():
            if keyword in _SILENT or keyword.startswith("x-"):
                continue
            if keyword == "$ref":
                kept = self._keeps(value, *self._resolve(limit, base))
            elif keyword == "anyOf":
                kept = any(self._keeps(value, branch, base) for branch in limit)
            elif keyword == "properties":
                kept = all(self._keeps(child, limit[key], base) for key, child in value.items() if key in limit)
            elif keyword == "items":
                kept = all(self._keeps(child, limit, base) for child in value)
            else:
                kept = _TESTS[keyword](value, limit, schema)
            if not kept:
                return False
        return kind is not None or "$ref" in schema or "enum" in schema or "anyOf" in schema

    def _resolve(self, reference: str, base: str) -> tuple[Any, str]:
        """The schema behind a reference, and the file it stands in."""
        found = self._found.get((base, reference))
        if found is None:
            file, _, pointer = reference.partition("#")
            name = file.removesuffix(".schema.json") if file else base
            node: Any = load_schema(name, self._folder)
            if file and not _beside(load_schema(base, self._folder), node, file):
                raise ValueError(reference)
            for key in filter(None, pointer.split("/")):
                node = node[key]
            found = self._found[base, reference] = (name, node)
        return found[1], found[0]


def _beside(base: _Schema, other: _Schema, file: str) -> bool:
    """Whether a file's name, as a reference, leads from one schema to the other by what they call themselves."""
    here = str(base.get("$id", "")).rpartition("/")[0]
    return bool(other.get("$id", file) == (f"{here}/{file}" if here else file))


def _unique(value: list[Any], limit: Any, _: _Schema) -> bool:
    if limit is not True:
        return False
    if all(type(one) is str for one in value):
        return len(set(value)) == len(value)
    return not any(one == other for place, one in enumerate(value) for other in value[:place])


_TESTS: Mapping[str, Callable[[Any, Any, _Schema], bool]] = {
    "enum": lambda value, limit, _: any(type(value) is type(one) and value == one for one in limit),
    "required": lambda value, limit, _: all(value.get(key) is not None for key in limit),
    "additionalProperties": lambda value, limit, schema: limit is False and value.keys() <= schema["properties"].keys(),
    "uniqueItems": _unique,
    "maxItems": lambda value, limit, _: len(value) <= limit,
    "minLength": lambda value, limit, _: len(value) >= limit,
    "maxLength": lambda value, limit, _: len(value) <= limit,
    "minimum": lambda value, limit, _: bool(value >= limit),
    "maximum": lambda value, limit, _: bool(value <= limit),
    "pattern": lambda value, limit, _: re.search(limit, value) is not None,
    "format": lambda value, limit, _: limit == "date" and is_day(value),
}
"""Of values that have the type of their schema: whether they keep a keyword. One that is not here raises KeyError."""
