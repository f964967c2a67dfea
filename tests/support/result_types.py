"""The types of a result beside its published schema."""

from __future__ import annotations

import functools
import operator
import types
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, is_dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.engine.result import fields_in_json

NAMES = {str: "string", bool: "boolean", int: "integer", float: "number"}
Schema = Mapping[str, Any]


def differences(kind: type, file: str, definition: str | None = None) -> list[str]:
    """Return what a result and the schema of its data do not have in common: keys, required keys, types and null."""
    root = SchemaSet.shipped().load(file)
    schema = root["$defs"][definition] if definition else root
    return list(dict.fromkeys(_compare(kind, schema, file, kind.__name__, set())))


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


def _compare(kind: Any, schema: Schema, file: str, place: str, seen: set[Any]) -> Iterator[str]:
    members, options = _members(kind), list(_options(schema, file))
    if Any in members or not any(_type_of(option) for option, _ in options):
        return  # a value of a profile
    if (type(None) in members) != any(option.get("type") == "null" for option, _ in options):
        yield f"{place}: null is in one of them"
    members = [one for one in members if one is not type(None)]
    options = [(one, at) for one, at in options if one.get("type") != "null"]
    if any(get_origin(one) is tuple for one in members):
        inner: Any = functools.reduce(operator.or_, (get_args(one)[0] for one in members))
        for option, at in options:
            if option.get("type") == "array":
                yield from _compare(inner, option["items"], at, f"{place}[]", seen)
            else:
                yield f"{place}: a list in the type alone"
    elif any(map(is_dataclass, members)):
        yield from _compare_records(members, options, place, seen)
    else:
        yield from (f"{place}: {said}" for member in members for said in _compare_value(member, options))


def _compare_records(
    records: list[Any], options: list[tuple[Schema, str]], place: str, seen: set[Any]
) -> Iterator[str]:
    if len(records) != len(options):
        yield f"{place}: {len(records)} types, {len(options)} schemas"
    for record in records:
        keys = set(_keys(record))
        found = [(option, at) for option, at in options if set(option.get("properties", ())) == keys]
        if not found:
            others = [sorted(keys ^ set(option.get("properties", ()))) for option, _ in options]
            yield f"{place}: no schema has the keys of {record.__name__}: {others}"
        for option, at in found:
            if (record, id(option)) not in seen:
                seen.add((record, id(option)))
                yield from _compare_record(record, option, at, place, seen)


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


def _keys(record: Any) -> dict[str, tuple[Any, bool]]:
    """Return the type of each key of a record in JSON, and whether it always stands there."""
    hints = get_type_hints(record, localns={"LocalizedText": Mapping[str, str]})
    found: dict[str, tuple[Any, bool]] = {}
    for name, key, default, flat in fields_in_json(record):
        if flat:
            inner = next(one for one in _members(hints[name]) if is_dataclass(one))
            found |= {one: (hint, always and default is MISSING) for one, (hint, always) in _keys(inner).items()}
        else:
            found[key] = hints[name], default not in (None, ())
    return found


def _compare_record(record: type, schema: Schema, file: str, place: str, seen: set[Any]) -> Iterator[str]:
    keys = _keys(record)
    required = {key for key, (_, always) in keys.items() if always}
    yield from (f"{place}.{key}: required in one of them" for key in required ^ set(schema.get("required", ())))
    if schema.get("additionalProperties") is not False:
        yield f"{place}: the schema allows other keys"
    for key, (hint, _) in keys.items():
        yield from _compare(hint, schema["properties"][key], file, f"{place}.{key}", seen)
