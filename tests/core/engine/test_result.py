"""The record of a decision: its types are those of the schema, and its data says all that it holds."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest

from tests.support.effort import part
from tests.support.records import KINDS, decode
from tests.support.shipped import fixture_files, shipped_bundle
from tests.support.specs import TODAY
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.engine import result
from vatspolicy.core.engine.result import FindingRecord, Record, encode, fields_in_json
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.gate.gate import Gate
from vatspolicy.gate.judgement import Remark, UsedSetting

SCHEMA = SchemaSet.shipped().load("decision")
RECORDS = [kind for kind in vars(result).values() if isinstance(kind, type) and is_dataclass(kind)]


def resolve(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema behind a reference, also in another file; the object of a choice with null."""
    while "$ref" in schema or "anyOf" in schema:
        if "anyOf" in schema:
            schema = next(one for one in schema["anyOf"] if one.get("type") != "null")
            continue
        file, _, path = schema["$ref"].partition("#/")
        schema = SchemaSet.shipped().load(file.removesuffix(".schema.json")) if file else SCHEMA
        for step in path.split("/"):
            schema = schema[step]
    return schema


def inner(kind: Any) -> Any:
    """Return what a type holds: the type without None, or the members of a tuple."""
    if get_origin(kind) in (Union, types.UnionType):
        return inner(next(one for one in get_args(kind) if one is not type(None)))
    return inner(get_args(kind)[0]) if get_origin(kind) is tuple else kind


def compare(kind: type, schema: Mapping[str, Any], place: str, seen: set[type]) -> Iterator[str]:
    """Yield what a type and the schema of its data do not have in common."""
    kinds: tuple[type, ...] = (FindingRecord, *KINDS.values()) if issubclass(kind, FindingRecord) else (kind,)
    if kind in seen:
        return
    seen |= set(kinds)
    named: dict[str, Any] = {}
    always: list[set[str]] = []
    for one in kinds:
        hints, required = get_type_hints(one), set()
        for name, key, default, flat in fields_in_json(one):
            if flat:  # a full record has it
                own = inner(hints[name])
                named |= {field.name: get_type_hints(own)[field.name] for field in fields(own)}
                required |= {field.name for field in fields(own)}
                seen.add(own)
                continue
            named[key] = hints[name]
            if default not in (None, ()):
                required.add(key)
        always.append(required)
    properties = schema["properties"]
    yield from (f"{place}.{key} is in one of them" for key in named.keys() ^ properties.keys())
    yield from (
        f"{place}.{key} is required in one of them" for key in set.intersection(*always) ^ {*schema["required"]}
    )
    for key in named.keys() & properties.keys():
        below = resolve(properties[key])
        below = resolve(below["items"]) if below.get("type") == "array" and isinstance(below["items"], dict) else below
        if is_dataclass(inner(named[key])):
            yield from compare(inner(named[key]), below, f"{place}.{key}", seen)
        elif "properties" in below and below["properties"].keys() != {"en", "zh"}:
            yield f"{place}.{key} has properties that no type names"


def test_the_types_of_a_record_are_those_of_the_schema() -> None:
    seen: set[type] = set()
    assert list(compare(Record, SCHEMA["$defs"]["decision"], "decision", seen)) == []
    assert {kind.__name__ for kind in RECORDS} - {kind.__name__ for kind in seen} == set(), (
        "the schema reaches each type"
    )


def test_the_types_of_remarks_are_those_of_the_schema() -> None:
    keys = {one.name for one in fields(Remark)} - {"settings"}
    assert keys == SCHEMA["properties"]["waivers"]["items"]["properties"].keys()
    assert {one.name for one in fields(UsedSetting)} == SCHEMA["properties"]["settings"]["items"]["properties"].keys()


def test_data_hold_all_of_a_record() -> None:
    """What is read back from the data of a fixture is the record: of each in the long run."""
    gate = Gate(shipped_bundle(), TODAY, allow_past=True)
    for path in part(fixture_files(), 8):
        _, record = gate.decide(load_profile(path))
        assert decode(Record, encode(record)) == record, path.name


def refuse(record: Record) -> None:
    """Hold an assignment that mypy refuses. Were it allowed, mypy would report the comment as unused."""
    record.decision = "allow"  # type: ignore[misc]


def test_a_record_has_no_field_beside_its_own() -> None:
    _, record = Gate(shipped_bundle(), TODAY, allow_past=True).decide(load_profile(fixture_files()[0]))
    with pytest.raises(AttributeError):
        record.verdict = "allow"  # type: ignore[attr-defined]
    assert not any(hasattr(kind, "__dict__") and "__dict__" in vars(kind) for kind in RECORDS)
