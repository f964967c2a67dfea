"""Generated code accepts the documents that the validator accepts, and a start without mistakes imports no validator."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.effort import SEED, trials
from tests.support.shipped import ROOT
from vatspolicy.core.documents import load_document
from vatspolicy.core.documents.acceptor import Acceptor, load_acceptor
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.documents.validation import FEW, Validator, _constraints

pytest.importorskip("fastjsonschema")

SPECS = sorted(path for path in (ROOT / "fixtures").rglob("*.yaml") if ".expect." not in path.name)
VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        1,
        1.0,
        -1,
        2,
        2.0,
        100,
        100.5,
        1e300,
        2**53,
        "",
        "a",
        "a-b",
        "A",
        "a\n",
        "company",
        "\U0001f600" * 99,
    ),
    *(
        "x" * 10_000,
        "2027-02-28",
        "2027-02-30",
        "2027-2-3",
        "beijing",
        "china",
        [],
        {},
        [{}],
        ["a", "a"],
        [1, True],
        [[]],
    ),
)


@pytest.fixture(scope="module")
def validator() -> Validator:
    return Validator("profile", SchemaSet.shipped())


@pytest.fixture
def acceptor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Acceptor:
    monkeypatch.setenv("VATSPOLICY_CACHE", str(tmp_path))
    found = load_acceptor("profile", SchemaSet.shipped(), _constraints)
    assert found is not None
    return found


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


def test_it_says_what_the_validator_says(acceptor: Acceptor, validator: Validator) -> None:
    draw, valid = random.Random(SEED), 0
    documents = [load_document(path).data for path in SPECS]
    for data in documents:
        assert acceptor(data) == validator.is_valid(data, nulls=False)
    for _ in range(trials(3000)):
        data = mutate(draw, draw.choice(documents))
        expected = validator.is_valid(data, nulls=False)
        assert acceptor(data) == expected, data
        valid += expected
    assert valid > trials(3000) / 50


def test_it_is_asked_about_the_first_documents_alone(acceptor: Acceptor, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    validator = Validator("profile", SchemaSet.shipped())

    def note(data: Any) -> bool:
        asked.append(data)
        return acceptor(data)

    monkeypatch.setitem(vars(validator), "_acceptor", note)
    document = load_document(SPECS[0])
    for _ in range(FEW + 3):
        assert validator.problems(document) == []
    assert len(asked) == FEW


def test_another_schema_of_profiles_has_none() -> None:
    files = dict(SchemaSet.shipped().files)
    files["profile.schema.json"] += b" "
    validator = Validator("profile", SchemaSet(files))
    assert validator.problems(load_document(SPECS[0])) == []
    assert "_acceptor" not in vars(validator)


def test_a_keyword_of_later_drafts_is_left_to_the_validator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VATSPOLICY_CACHE", str(tmp_path))
    schema = b'{"type": "object", "dependentRequired": {"a": ["b"]}}'
    assert load_acceptor("one", SchemaSet({"one.schema.json": schema}), _constraints) is None
