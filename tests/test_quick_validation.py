"""jsonschema-rs may only say yes where jsonschema, the reference, finds nothing."""

from __future__ import annotations

import copy
import random
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import ROOT

from vatspolicy.bundle import BESIDE
from vatspolicy.document import load_document
from vatspolicy.schema import quick, schema_folder
from vatspolicy.schema.check import _validator
from vatspolicy.schema.quick import is_surely_valid

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
                target[draw.choice(("extra", "Area", "valid", "id"))] = draw.choice(ODD + ODD_TOO)
            case "twice" if isinstance(target, list):
                target.append(copy.deepcopy(target[path[-1]]))
            case "key" if isinstance(target, dict):
                target[f"{path[-1]} "] = target.pop(path[-1])
            case _:
                target[path[-1]] = draw.choice(ODD + ODD_TOO)
    return data


FILES = {
    "profile": [path for path in sorted((ROOT / "fixtures").glob("*.yaml")) if ".expect." not in path.name],
    "fixture": sorted((ROOT / "fixtures").glob("*.expect.yaml")),
    "policy": [
        path for path in sorted((ROOT / "policies").rglob("*.yaml")) if path.name not in ("bundle.yaml", *BESIDE)
    ],
    "bundle": [ROOT / "policies" / "bundle.yaml"],
}


@pytest.mark.parametrize("name", FILES)
def test_what_ships_is_valid_at_once(name: str) -> None:
    assert [
        path.name for path in FILES[name] if not is_surely_valid(load_document(path).data, name, schema_folder())
    ] == []


@pytest.mark.parametrize("name", FILES)
def test_a_yes_is_never_wrong(name: str) -> None:
    draw, reference = random.Random(f"quick {name}"), _validator(name, schema_folder())
    wrong, yes, no = [], 0, 0
    documents = [load_document(path).data for path in draw.sample(FILES[name], min(len(FILES[name]), 25))]
    for _ in range(400 if name == "policy" else 1500):
        data = spoil(draw.choice(documents), draw)
        if not is_surely_valid(data, name, schema_folder()):
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
    monkeypatch.setitem(sys.modules, "jsonschema_rs", None)
    assert not is_surely_valid({}, "profile", schema_folder())
    quick._validator.cache_clear()
