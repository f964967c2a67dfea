"""What the commands for authors write as JSON: the types of each result are those of its published schema."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest

from vatspolicy.authoring.analysis.findings import Analysis
from vatspolicy.authoring.lint.result import LintRun
from vatspolicy.authoring.mutation.report import MutationRun
from vatspolicy.authoring.testing.result import RunRecord
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.engine.result import fields_in_json
from vatspolicy.gate.law_update import LawUpdate

KINDS = {str: "string", bool: "boolean", int: "integer", float: "number"}


def resolve(schema: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema behind a reference, also in another file."""
    if "$ref" not in schema:
        return schema
    file, _, path = schema["$ref"].partition("#/")
    found = SchemaSet.shipped().load(file.removesuffix(".schema.json")) if file else whole
    for step in path.split("/"):
        found = found[step]
    return resolve(found, whole)


def types_of(schema: Mapping[str, Any]) -> set[str]:
    """Return the types that a schema allows."""
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return {"null" if one is None else KINDS[type(one)] for one in values}
    return {schema["type"]} if isinstance(schema["type"], str) else {*schema["type"]}


def differences(kind: Any, schema: Mapping[str, Any], whole: Mapping[str, Any], place: str) -> Iterator[str]:
    """Yield what a type and a schema do not have in common, at any depth."""
    schema = resolve(schema, whole)
    allowed = types_of(schema)
    if get_origin(kind) in (Union, types.UnionType):
        chosen = [one for one in get_args(kind) if one is not type(None)]
        if "null" not in allowed:
            yield f"{place} may be null in the type alone"
        allowed -= {"null"}
        [kind] = chosen
    if get_origin(kind) is tuple:
        wanted, inner = "array", get_args(kind)[0]
        if "array" in allowed:
            yield from differences(inner, schema["items"], whole, f"{place}[]")
    elif is_dataclass(kind):
        wanted, hints = "object", get_type_hints(kind)
        fields = {key: hints[name] for name, key, *_ in fields_in_json(kind)}  # type: ignore[arg-type]
        written = {key for _, key, default, _ in fields_in_json(kind) if default not in (None, ())}  # type: ignore[arg-type]
        yield from (f"{place}.{key} is in one of them" for key in fields.keys() ^ schema["properties"].keys())
        yield from (f"{place}.{key} is required in one of them" for key in written ^ {*schema["required"]})
        for key in fields.keys() & schema["properties"].keys():
            yield from differences(fields[key], schema["properties"][key], whole, f"{place}.{key}")
    elif kind in KINDS:
        wanted = KINDS[kind]
    else:  # a mapping, whose keys a schema or the law names
        wanted, values = "object", get_args(kind)[1]
        if is_dataclass(values):
            yield from differences(values, schema["additionalProperties"], whole, f"{place}.*")
    if allowed != {wanted}:
        yield f"{place} is {wanted} in the type, {sorted(allowed)} in the schema"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *((Analysis, "analysis"), (RunRecord, "test-run"), (MutationRun, "mutation"), (LintRun, "lint")),
        (LawUpdate, "update"),
    ],
)
def test_types_are_those_of_the_schema(kind: type, name: str) -> None:
    schema = SchemaSet.shipped().load(name)
    assert list(differences(kind, schema, schema, name)) == []
