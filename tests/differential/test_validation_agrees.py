"""The validator against jsonschema, the reference, on documents that ship and on spoiled copies of them."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators
from referencing import Registry, Resource

from tests.support.schemas import DOCUMENTS
from vatspolicy.clock import is_day
from vatspolicy.core.documents import load_document
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.documents.validation import is_valid

SHIPPED = SchemaSet.shipped()


ODD: tuple[Any, ...] = (
    None, "", " ", "none", "x" * 300, "2024-02-30", "20240101", "2024-01-01\n", "２０２４-01-01", "china", 0, -1, 1.5,
    1e308,
)  # fmt: skip


ODD_TOO: tuple[Any, ...] = (
    10**30, True, False, [], {}, [None], [[]], {"at": "beijing"}, {"x": 1}, float("inf"), float("nan"), "\ud800",
)  # fmt: skip


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


def _properties(validator: Any, properties: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    """In a profile, null says as little as a key that is left out."""
    for key, schema in properties.items() if isinstance(instance, dict) else ():
        if instance.get(key) is not None:
            yield from validator.descend(instance[key], schema, path=key, schema_path=key)


def _required(_validator: Any, required: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, dict) and any(instance.get(key) is None for key in required):
        yield ValidationError("")


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    """In JSON Schema, `$` is the end of the text; for Python, it is also the place before a last line break."""
    if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
        yield ValidationError("")


def _maximum(_validator: Any, limit: float, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    """NaN is not below any limit; for Python, it is not above one either."""
    if isinstance(instance, int | float) and not isinstance(instance, bool) and not instance <= limit:
        yield ValidationError("")


@cache
def reference(name: str) -> Draft202012Validator:
    """What jsonschema says."""
    rules: dict[str, Callable[..., Iterator[ValidationError]]] = {"pattern": _pattern, "maximum": _maximum}
    if name == "profile":
        rules |= {"properties": _properties, "required": _required}
    extend: Callable[..., type[Draft202012Validator]] = validators.extend  # it has no types of its own
    kind = extend(Draft202012Validator, rules)
    schemas = [(f"{one}.schema.json", Resource.from_contents(SHIPPED.load(one))) for one in SHIPPED.names]
    checker = FormatChecker(formats=())
    checker.checks("date")(is_day)
    made: Draft202012Validator = kind(
        SHIPPED.load(name), registry=Registry().with_resources(schemas), format_checker=checker
    )
    return made


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_ships_is_valid(name: str) -> None:
    assert [path.name for path in DOCUMENTS[name] if not is_valid(load_document(path).data, name)] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_validator_agrees_with_the_reference(name: str) -> None:
    draw = random.Random(f"valid {name}")
    differ, yes, no = [], 0, 0
    documents = [load_document(path).data for path in draw.sample(DOCUMENTS[name], min(len(DOCUMENTS[name]), 25))]
    for _ in range(300 if name == "policy" else 1200):
        data = spoil(draw.choice(documents), draw)
        expected = next(reference(name).iter_errors(data), None) is None
        yes, no = yes + expected, no + (not expected)
        if is_valid(data, name) != expected:
            differ.append(data)
    assert differ == []
    assert yes > 0
    assert no > 100
