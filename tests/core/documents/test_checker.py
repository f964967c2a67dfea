"""The checker accepts what the library accepts, finds the same mistakes, and a start imports no library."""

from __future__ import annotations

import copy
import json
import random
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.effort import SEED, trials
from tests.support.schemas import DOCUMENTS
from tests.support.shipped import ROOT
from vatspolicy.core.documents import load_document, parse_document
from vatspolicy.core.documents.checker import Checker, UnknownKeywordError
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.documents.validation import FEW, Validator, require_schema
from vatspolicy.errors import InvalidInput

SPECS = sorted(path for path in (ROOT / "fixtures").rglob("*.yaml") if ".expect." not in path.name)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, 1.0, -1, 2, 2.0, 100, 100.5, 1e300, 2**53, "", "a", "a-b", "A", "a\n", "company", "\U0001f600" * 99),
    *("x" * 10_000, "2027-02-28", "2027-02-30", "2027-2-3", "beijing", "china", [], {}, [{}], ["a", "a"], [1, True], [[]]),
)  # fmt: skip


@pytest.fixture(scope="module")
def validator() -> Validator:
    """One that asks the fast library of each document."""
    made = Validator("profile", SchemaSet.shipped())
    vars(made)["_left"] = 0
    return made


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker("profile", SchemaSet.shipped())


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of a document, with each of its keys."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from places(value[key])


def mutate(draw: random.Random, data: Any) -> Any:
    """A document with one to three changes: another value, a value from elsewhere, a key more or less, a list twice."""
    changed = copy.deepcopy(data)
    for _ in range(draw.randint(1, 3)):
        found = list(places(changed))
        holder, key = draw.choice(found)
        kind = draw.randrange(5)
        if kind == 0:
            del holder[key]
        elif kind == 1 and isinstance(holder, dict):
            holder[draw.choice(["more", "at", "ftz", "title", *(str(other) for _, other in found[:20])])] = holder[key]
        elif kind == 2 and isinstance(holder[key], list):
            holder[key] = holder[key] * draw.choice((2, 40))
        elif kind == 3:
            other, place = draw.choice(found)
            holder[key] = copy.deepcopy(other[place])
        else:
            holder[key] = copy.deepcopy(draw.choice(VALUES))
    return changed


def test_it_says_what_the_library_says(checker: Checker, validator: Validator) -> None:
    draw, valid = random.Random(SEED), 0
    documents = [load_document(path).data for path in SPECS]
    for data in documents:
        assert checker.accepts(data) == validator.is_valid(data, nulls=False)
    for _ in range(trials(3000)):
        data = mutate(draw, draw.choice(documents))
        expected = validator.is_valid(data, nulls=False)
        assert checker.accepts(data) == expected, data
        valid += expected
    assert valid > trials(3000) / 50


@pytest.mark.parametrize("name", DOCUMENTS)
def test_it_explains_what_the_library_explains(name: str) -> None:
    """With the library in the place of the checker, every problem is told in the same words at the same place."""
    draw = random.Random(f"{SEED} {name}")
    documents = [load_document(path).data for path in draw.sample(DOCUMENTS[name], min(len(DOCUMENTS[name]), 25))]
    ours, theirs = Validator(name, SchemaSet.shipped()), Validator(name, SchemaSet.shipped())
    vars(theirs)["_checker"] = NoChecker()
    told = 0
    for _ in range(trials(150 if name == "policy" else 400, least=30)):
        try:
            document = parse_document(json.dumps(mutate(draw, draw.choice(documents))), "x.json")
        except InvalidInput:
            continue
        problems = ours.problems(document)
        assert problems == theirs.problems(document), document.data
        told += len(problems)
    assert told > 40


class NoChecker:
    """Knows no keyword, so that the library is asked."""

    def accepts(self, _: Any) -> bool:
        raise UnknownKeywordError

    faults = accepts


def test_without_the_library_the_problems_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = sorted((ROOT / "tests/data/bad").glob("profile-*.yaml"))
    expected = [Validator("profile", SchemaSet.shipped()).problems(load_document(path)) for path in bad]
    monkeypatch.setitem(sys.modules, "jsonschema_rs", None)
    found = [Validator("profile", SchemaSet.shipped()) for _ in bad]
    assert [one.problems(load_document(path)) for one, path in zip(found, bad, strict=True)] == expected
    assert all(expected)
    alone = Validator("profile", SchemaSet.shipped())
    assert [alone.is_valid(load_document(path).data) for path in (*SPECS[:80], *bad)] == [True] * 80 + [False] * len(
        bad
    )
    assert all(alone.problems(load_document(path)) == [] for path in SPECS[:80])


def test_it_alone_checks_the_first_documents(checker: Checker, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    validator = Validator("profile", SchemaSet.shipped())

    class Noted(Checker):
        def accepts(self, value: Any) -> bool:
            asked.append(value)
            return checker.accepts(value)

    monkeypatch.setitem(vars(validator), "_checker", Noted("profile", SchemaSet.shipped()))
    document = load_document(SPECS[0])
    for _ in range(FEW + 3):
        assert validator.problems(document) == []
    assert len(asked) == FEW


def test_a_keyword_that_it_does_not_know_is_left_to_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    schemas = SchemaSet({"one.schema.json": b'{"type": "object", "patternProperties": {"a": {"type": "integer"}}}'})
    with pytest.raises(UnknownKeywordError):
        Checker("one", schemas).accepts({"a": 1})
    right, wrong = parse_document('{"a": 1}', "x.json"), parse_document('{"a": "1"}', "x.json")
    assert Validator("one", schemas).problems(right) == []
    for fast in (sys.modules["jsonschema_rs"], None):
        monkeypatch.setitem(sys.modules, "jsonschema_rs", fast)
        assert Validator("one", schemas).problems(right) == []
        [problem] = Validator("one", schemas).problems(wrong)
        assert problem.message == "This expects a whole number, not text."


@pytest.mark.parametrize("rule", ["additionalProperties", "unevaluatedProperties"])
def test_the_library_names_the_keys_that_are_unexpected(rule: str) -> None:
    schema = {"type": "object", "patternProperties": {"^a": True}, "allOf": [{"properties": {"b": True}}], rule: False}
    schemas = SchemaSet({"one.schema.json": json.dumps(schema).encode()})
    known = {"a1": 1} if rule == "additionalProperties" else {"a1": 1, "b": 1}
    assert Validator("one", schemas).problems(parse_document(json.dumps(known), "x.json")) == []
    text = json.dumps({**known, "bad": 1, "worse": 2})
    problems = Validator("one", schemas).problems(parse_document(text, "x.json"))
    assert [problem.column for problem in problems] == [text.index(key) for key in ("bad", "worse")]


@pytest.mark.parametrize("wrong", [{"$ref": "#/$defs/nowhere"}, {"$ref": "two.schema.json"}, {"type": "sting"}])
def test_a_schema_that_cannot_be_used_is_refused(wrong: dict[str, str]) -> None:
    files = {"one.schema.json": b'{"$ref": "three.schema.json"}', "three.schema.json": json.dumps(wrong).encode()}
    with pytest.raises((LookupError, OSError, ValueError)):
        require_schema("one", SchemaSet(files))
