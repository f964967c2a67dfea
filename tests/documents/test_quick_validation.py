"""jsonschema-rs, and our own reading, may only say yes where jsonschema, the reference, finds nothing."""

from __future__ import annotations

import copy
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from vatspolicy.documents.fast_validation import Sure
from vatspolicy.documents.quick_validation import is_surely_valid

from vatspolicy.documents import load_document
from vatspolicy.documents import quick_validation as quick
from vatspolicy.documents.schemas import resource_folder
from vatspolicy.documents.validation import _validator
from vatspolicy.policies.bundle import NON_POLICY_FILES

ODD: tuple[Any, ...] = (
    None,
    "",
    " ",
    "none",
    "x" * 300,
    "2024-02-30",
    "20240101",
    "2024-01-01\n",
    "２０２４-01-01",
    "china",
    0,
    -1,
    1.5,
    1e308,
)
ODD_TOO: tuple[Any, ...] = (
    10**30,
    True,
    False,
    [],
    {},
    [None],
    [[]],
    {"at": "beijing"},
    {"x": 1},
    float("inf"),
    float("nan"),
    "\ud800",
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        yield from places(child, (*path, key))


def odd(draw: random.Random) -> Any:
    """A copy, as the next change may be one of what is in it."""
    return copy.deepcopy(draw.choice(ODD + ODD_TOO))


def spoil(data: Any, draw: random.Random) -> Any:
    """The data with one or two things changed, added or taken away."""
    data = copy.deepcopy(data)
    for _ in range(draw.randint(1, 2)):
        path = draw.choice([path for path in places(data) if path] or [()])
        target = data
        for step in path[:-1]:
            target = target[step]
        if not path:
            continue
        match draw.choice(("set", "set", "drop", "add", "twice", "key")):
            case "drop":
                del target[path[-1]]
            case "add" if isinstance(target, dict):
                target[draw.choice(("extra", "Area", "valid", "id"))] = odd(draw)
            case "twice" if isinstance(target, list):
                target.append(copy.deepcopy(target[path[-1]]))
            case "key" if isinstance(target, dict):
                target[f"{path[-1]} "] = target.pop(path[-1])
            case _:
                target[path[-1]] = odd(draw)
    return data


FILES = {
    "profile": [path for path in sorted((ROOT / "fixtures").glob("*.yaml")) if ".expect." not in path.name],
    "fixture": sorted((ROOT / "fixtures").glob("*.expect.yaml")),
    "policy": [
        path
        for path in sorted((ROOT / "policies").rglob("*.yaml"))
        if path.name not in ("bundle.yaml", *NON_POLICY_FILES)
    ],
    "bundle": [ROOT / "policies" / "bundle.yaml"],
}


@pytest.mark.parametrize("name", FILES)
def test_what_ships_is_valid_at_once(name: str) -> None:
    assert [
        path.name
        for path in FILES[name]
        if not is_surely_valid(load_document(path).data, name, resource_folder("schemas"))
    ] == []


@pytest.mark.parametrize("name", FILES)
def test_a_yes_is_never_wrong(name: str) -> None:
    draw, reference = random.Random(f"quick {name}"), _validator(name, resource_folder("schemas"))
    wrong, yes, no = [], 0, 0
    documents = [load_document(path).data for path in draw.sample(FILES[name], min(len(FILES[name]), 25))]
    for _ in range(400 if name == "policy" else 1500):
        data = spoil(draw.choice(documents), draw)
        if not is_surely_valid(data, name, resource_folder("schemas")):
            no += 1
            continue
        yes += 1
        if next(reference.iter_errors(data), None) is not None:
            wrong.append(data)
    assert wrong == []
    assert yes > 0
    assert no > 100


def test_without_the_library_the_reference_answers(monkeypatch: pytest.MonkeyPatch) -> None:

    quick._validator.cache_clear()
    monkeypatch.setattr(quick, "_asked", {})
    monkeypatch.setitem(sys.modules, "jsonschema_rs", None)
    assert not is_surely_valid({}, "profile", resource_folder("schemas"))
    quick._validator.cache_clear()


# --- our own reading of the schema, for the first documents of a process ----------------------------------------------


def test_profiles_that_ship_are_surely_valid() -> None:
    sure = Sure(resource_folder("schemas"))
    assert [path.name for path in FILES["profile"] if not sure.is_valid(load_document(path).data, "profile")] == []


def test_a_sure_yes_is_never_wrong() -> None:
    draw, reference, sure = (
        random.Random("sure"),
        _validator("profile", resource_folder("schemas")),
        Sure(resource_folder("schemas")),
    )
    library = quick._validator("profile", resource_folder("schemas"))
    documents = [load_document(path).data for path in draw.sample(FILES["profile"], 25)]
    yes, timid = 0, []
    for _ in range(5000):
        data = spoil(draw.choice(documents), draw)
        if sure.is_valid(data, "profile"):
            yes += 1
            assert next(reference.iter_errors(data), None) is None, data
        elif not quick._has_null(data) and _says_yes(library, data):
            timid.append(data)
    assert yes > 400
    assert len(timid) < 100, "where the library is sure, this is too, but for a few odd numbers"


def _says_yes(library: Any, data: Any) -> bool:
    try:
        return bool(library.is_valid(data))
    except (ValueError, TypeError, OverflowError):
        return False


PLAIN: tuple[tuple[dict[str, Any], Any, bool], ...] = (
    ({"type": "integer", "minimum": 1}, 1, True),
    ({"type": "integer", "minimum": 1}, 0, False),
    ({"type": "integer"}, True, False),
    ({"type": "integer"}, 1.0, False),  # valid, but libraries were not always of one mind
    ({"type": "number", "maximum": 5}, 5.0, True),
    ({"type": "number", "maximum": 5}, float("nan"), False),
    ({"type": "string", "maxLength": 2}, "港澳", True),
    ({"type": "string", "format": "date"}, "2024-02-30", False),
    ({"type": "string", "format": "email"}, "a@example.com", False),
    ({"type": "string", "const": "a"}, "a", False),
    ({"enum": ["a", 1]}, True, False),
    ({"enum": ["a", 1]}, 1, True),
    ({"type": "array", "items": {"type": "string"}, "uniqueItems": True}, ["a", "a"], False),
    ({"type": "array", "items": {"type": "string"}, "uniqueItems": True}, ["a", "b"], True),
    ({"type": "array", "uniqueItems": True, "items": {"enum": [1, True]}}, [1, True], False),
    ({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}, {"b": "x"}, False),
    ({"type": "object", "properties": {"a": False}}, {"a": "x"}, False),
    ({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}, {"a": None}, False),
    ({"type": "object", "patternProperties": {"a": {}}}, {"a": "x"}, False),
    ({"type": ["string", "null"]}, "a", False),
    ({"$ref": "other.schema.json#/$defs/word"}, "yes", True),
    ({"$ref": "other.schema.json#/$defs/word"}, "no", False),
    ({"$ref": "other.schema.json#/$defs/none"}, "yes", False),
    ({"$ref": "#/$defs/missing"}, "yes", False),
    ({}, "anything", False),
    ({"x-note": 1, "title": "T", "type": "boolean"}, False, True),
)


@pytest.mark.parametrize(("schema", "value", "expected"), PLAIN)
def test_what_it_is_sure_of(tmp_path: Path, schema: dict[str, Any], value: Any, expected: bool) -> None:
    (tmp_path / "one.schema.json").write_text(json.dumps(schema))
    (tmp_path / "other.schema.json").write_text(json.dumps({"$defs": {"word": {"enum": ["yes"]}}}))
    assert Sure(tmp_path).is_valid(value, "one") is expected


def test_a_schema_that_calls_itself_otherwise_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "one.schema.json").write_text(json.dumps({"$id": "a/one", "$ref": "other.schema.json#/$defs/word"}))
    (tmp_path / "other.schema.json").write_text(json.dumps({"$id": "b/other", "$defs": {"word": {"enum": ["yes"]}}}))
    assert not Sure(tmp_path).is_valid("yes", "one")


def test_the_library_is_asked_after_the_first_few(monkeypatch: pytest.MonkeyPatch) -> None:
    data, asked = load_document(FILES["profile"][0]).data, list[str]()

    def note(_: Sure, __: Any, name: str) -> bool:
        asked.append(name)
        return True

    monkeypatch.setattr(quick, "_asked", {})
    monkeypatch.setattr(Sure, "is_valid", note)
    assert all(is_surely_valid(data, "profile", resource_folder("schemas")) for _ in range(quick.FIRST + 5))
    assert len(asked) == quick.FIRST
