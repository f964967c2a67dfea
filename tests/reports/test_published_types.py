"""What the program writes as JSON: the types of each result are those of its published schema."""

from __future__ import annotations

import functools
import operator
import types
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest

from tests.support.records import KINDS
from vatspolicy.authoring.analysis.findings import Analysis
from vatspolicy.authoring.diff.result import Review
from vatspolicy.authoring.lint.result import LintRun
from vatspolicy.authoring.testing.result import RunRecord
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.engine import result
from vatspolicy.core.engine.result import FindingRecord, Record, fields_in_json
from vatspolicy.core.engine.timeline import Timeline
from vatspolicy.gate.judgement import Remark, UsedSetting
from vatspolicy.guidance.access_matrix import Matrix
from vatspolicy.guidance.interview.result import InterviewStep
from vatspolicy.guidance.remediation.result import Ways

NAMES = {str: "string", bool: "boolean", int: "integer", float: "number"}
FINDINGS: tuple[type, ...] = (FindingRecord, *KINDS.values())
Schema = Mapping[str, Any]
SHARED = ("red_lines[].message", "accepted.entries[].until", "semantic.rules[].verdict")
"""Fields of a review whose types are made in another way elsewhere, where they may be null; there they are not."""


class Comparison:
    """Compares a type with the schema of its data. `full`: a full record, which has all its parts and no null to leave out."""

    def __init__(self, full: bool = False) -> None:
        self.full, self.seen = full, set[Any]()

    def differences(self, kind: type, file: str, definition: str | None = None) -> list[str]:
        """Return what a result and the schema of its data do not have in common: keys, required keys, types and null."""
        root = SchemaSet.shipped().load(file)
        schema = root["$defs"][definition] if definition else root
        return list(dict.fromkeys(self._compare(kind, schema, file, kind.__name__)))

    def _compare(self, kind: Any, schema: Schema, file: str, place: str) -> Iterator[str]:
        members, options = _members(kind), list(_options(schema, file))
        if Any in members or not any(_type_of(option) for option, _ in options):
            return  # a value of a profile
        nullable = any(option.get("type") == "null" for option, _ in options)
        if (type(None) in members) != nullable and (nullable or not self.full):
            yield f"{place}: null is in one of them"
        members = [one for one in members if one is not type(None)]
        options = [(one, at) for one, at in options if one.get("type") != "null"]
        if any(get_origin(one) is tuple for one in members):
            inner: Any = functools.reduce(operator.or_, (get_args(one)[0] for one in members))
            for option, at in options:
                if option.get("type") == "array":
                    yield from self._compare(inner, option["items"], at, f"{place}[]")
                else:
                    yield f"{place}: a list in the type alone"
        elif any(map(is_dataclass, members)):
            yield from self._compare_records(members, options, place)
        else:
            yield from (f"{place}: {said}" for member in members for said in _compare_value(member, options))

    def _compare_records(self, records: list[Any], options: list[tuple[Schema, str]], place: str) -> Iterator[str]:
        if issubclass(records[0], FindingRecord):
            groups: list[tuple[type, ...]] = [FINDINGS]  # one schema for all of them
        else:
            groups = [(record,) for record in records]
        if len(groups) != len(options):
            yield f"{place}: {len(groups)} types, {len(options)} schemas"
        for group in groups:
            keys = {key for kind in group for key in self._keys(kind)}
            found = [(option, at) for option, at in options if set(option.get("properties", ())) == keys]
            if not found:
                others = [sorted(keys ^ set(option.get("properties", ()))) for option, _ in options]
                yield f"{place}: no schema has the keys of {group[0].__name__}: {others}"
            for option, at in found:
                if (group, id(option)) not in self.seen:
                    self.seen |= {(group, id(option)), *group}
                    yield from self._compare_record(group, option, at, place)

    def _compare_record(self, group: tuple[type, ...], schema: Schema, file: str, place: str) -> Iterator[str]:
        keys = [self._keys(kind) for kind in group]
        required = set.intersection(*({key for key, (_, always) in one.items() if always} for one in keys))
        yield from (f"{place}.{key}: required in one of them" for key in required ^ set(schema.get("required", ())))
        if schema.get("additionalProperties") is not False:
            yield f"{place}: the schema allows other keys"
        for key, (hint, _) in {key: value for one in keys for key, value in one.items()}.items():
            yield from self._compare(hint, schema["properties"][key], file, f"{place}.{key}")

    def _keys(self, record: Any) -> dict[str, tuple[Any, bool]]:
        """Return the type of each key of a record in JSON, and whether it always stands there."""
        hints = get_type_hints(record, localns={"LocalizedText": Mapping[str, str]})
        found: dict[str, tuple[Any, bool]] = {}
        for name, key, default, flat in fields_in_json(record):
            if flat:
                inner = next(one for one in _members(hints[name]) if is_dataclass(one))
                always = self.full or default is MISSING
                found |= {one: (hint, own and always) for one, (hint, own) in self._keys(inner).items()}
                self.seen.add(inner)
            else:
                found[key] = hints[name], default not in (None, ())
        return found


def _options(schema: Schema, file: str) -> Iterator[tuple[Schema, str]]:
    """Yield the alternatives of a schema behind its references, each with its file."""
    if "$ref" in schema:
        name, _, path = schema["$ref"].partition("#/")
        file = name.removesuffix(".schema.json") or file
        target: Any = SchemaSet.shipped().load(file)
        for step in path.split("/") if path else ():
            target = target[step]
        yield from _options(target, file)
    elif "anyOf" in schema:
        for one in schema["anyOf"]:
            yield from _options(one, file)
    elif None in schema.get("enum", ()):
        yield {**schema, "enum": [word for word in schema["enum"] if word is not None]}, file
        yield {"type": "null"}, file
    elif isinstance(schema.get("type"), list):
        yield from (({**schema, "type": name}, file) for name in schema["type"])
    else:
        yield schema, file


def _members(kind: Any) -> list[Any]:
    """Return the alternatives of a type."""
    if get_origin(kind) in (Union, types.UnionType):
        return [member for one in get_args(kind) for member in _members(one)]
    return [kind]


def _compare_value(member: Any, options: list[tuple[Schema, str]]) -> Iterator[str]:
    if get_origin(member) is Literal:
        allowed = {word for option, _ in options for word in option.get("enum", ())}
        if allowed != set(get_args(member)):
            yield f"other words: {sorted(allowed ^ set(get_args(member)))}"
        return
    name = NAMES.get(member, "object")
    if name not in {_type_of(option) for option, _ in options}:
        yield f"{name} in the type alone"


def _type_of(option: Schema) -> str | None:
    """Return the type of a schema; that of its words if it names none."""
    first = next(iter(option.get("enum", ())), None)
    return option.get("type") or (NAMES[type(first)] if first is not None else None)


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        *((Analysis, "analysis"), (RunRecord, "test-run"), (LintRun, "lint")),
        *((Timeline, "timeline"), (Matrix, "matrix"), (InterviewStep, "question")),
        (Ways, "routes"),
    ],
)
def test_types_are_those_of_the_schema(kind: type, schema: str) -> None:
    assert Comparison().differences(kind, *schema.split("/")) == []


def test_the_types_of_a_review_are_those_of_the_schema() -> None:
    expected = [f"Review.{place}: null is in one of them" for place in SHARED]
    assert Comparison().differences(Review, "comparison") == expected


def test_the_types_of_a_record_are_those_of_the_schema() -> None:
    compared = Comparison(full=True)
    assert compared.differences(Record, "decision", "decision") == []
    records = {kind for kind in vars(result).values() if isinstance(kind, type) and is_dataclass(kind)}
    assert records - compared.seen == set(), "the schema reaches each type"


def test_the_types_of_remarks_are_those_of_the_schema() -> None:
    properties = SchemaSet.shipped().load("decision")["properties"]
    keys = {one.name for one in fields(Remark)} - {"settings"}
    assert keys == properties["waivers"]["items"]["properties"].keys()
    assert {one.name for one in fields(UsedSetting)} == properties["settings"]["items"]["properties"].keys()
