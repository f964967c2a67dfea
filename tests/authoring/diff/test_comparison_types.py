"""The types of a comparison and its published schema describe the same data."""

from __future__ import annotations

import json
import types
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any, Union, get_args, get_origin

from tests.support.comparisons import hints_of
from vatspolicy.authoring.diff.result import Review
from vatspolicy.core.documents.schemas import resource_folder
from vatspolicy.core.engine.result import fields_in_json
from vatspolicy.errors import Problem

SCHEMA = json.loads((resource_folder("schemas") / "comparison.schema.json").read_text(encoding="utf-8"))


def below(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object that a schema is of: without null, of a member of a list, behind references of this file."""
    if str(schema.get("$ref", "")).startswith("#/$defs/"):
        return below(SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return below(next(one for one in schema["anyOf"] if one != {"type": "null"}))
    return below(schema["items"]) if isinstance(schema.get("items"), dict) else schema


def inner(kind: Any) -> Any:
    if get_origin(kind) in (Union, types.UnionType):
        return inner(next(one for one in get_args(kind) if one is not type(None)))
    return inner(get_args(kind)[0]) if get_origin(kind) is tuple else kind


def properties_of(kind: Any) -> Iterator[tuple[str, Any]]:
    hints = hints_of(kind)
    for name, key, _, flat in fields_in_json(kind):
        yield from properties_of(hints[name]) if flat else [(key, hints[name])]


def compare(kind: Any, schema: Mapping[str, Any], place: str) -> Iterator[str]:
    """Yield where a type and the schema differ in their keys, and which types were compared."""
    named = dict(properties_of(kind))
    assert list(named.keys() ^ schema["properties"].keys()) == [], place
    assert {*schema["required"]} == {*named}, place
    assert schema["additionalProperties"] is False, place
    yield kind.__name__
    for key, hint in named.items():
        if inner(hint) is Problem:
            assert {*below(schema["properties"][key])["properties"]} == {*Problem._fields} - {"excerpt", "others"}
        elif is_dataclass(inner(hint)):
            yield from compare(inner(hint), below(schema["properties"][key]), f"{place}.{key}")


def test_the_schema_has_the_keys_of_the_types() -> None:
    compared = set(compare(Review, SCHEMA, "review"))
    assert {"Witness", "Transition", "Item", "ProvedRule", "Edit", "Stated", "AcceptedEntry"} <= compared
