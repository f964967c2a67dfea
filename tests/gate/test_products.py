"""Products of public life: each fact rests on a sentence of a public source, and what no source states stays unknown."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.shipped import ROOT, shipped_bundle
from tests.support.specs import TODAY
from vatspolicy.core.documents import load_document
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.documents.validation import validate
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.gate.gate import Gate

FOLDER = ROOT / "fixtures" / "products"
PRODUCTS = sorted(path for path in FOLDER.glob("*.yaml") if ".expect." not in path.name)
NAMES = ("schema", "product.id", "product.title", "product.description")
"""What names a product and decides nothing."""


def told_of(path: Path) -> Any:
    return load_document(path.with_name(path.name.replace(".yaml", ".expect.yaml"))).data


def facts(value: Any, path: str = "") -> Iterator[str]:
    """The dotted paths of the facts that a spec states."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from facts(one, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for index, one in enumerate(value):
            yield from facts(one, f"{path}.{index}")
    else:
        yield path


def rests(fact: str, stated: set[str]) -> bool:
    return any(fact == one or fact.startswith(f"{one}.") for one in stated)


def test_there_are_examples_enough_and_not_too_many() -> None:
    assert 6 <= len(PRODUCTS) <= 10


@pytest.mark.parametrize("path", PRODUCTS, ids=lambda path: path.stem)
def test_each_fact_rests_on_a_public_source(path: Path) -> None:
    told, spec = told_of(path), load_document(path).data
    stated = {fact for source in told["sources"] for one in source["states"] for fact in one["facts"]}
    found = [
        fact
        for fact in facts(spec)
        if fact not in NAMES and not (fact.startswith("services.") and fact.endswith(".id"))
    ]
    assert [fact for fact in found if not rests(fact, stated)] == []
    assert [one for one in stated if not any(rests(fact, {one}) for fact in found)] == []
    for source in told["sources"]:
        assert datetime.date.fromisoformat(source["read"]) <= datetime.date.fromisoformat("2026-12-31")
    assert spec["product"]["title"] == told["title"]["en"]
    assert not {"launch", "discredited"} & {fact.rsplit(".", 1)[-1] for fact in found}


def test_a_source_has_an_address_a_day_and_sentences() -> None:
    schemas, path = SchemaSet.shipped(), PRODUCTS[0]
    beside = path.with_name(path.name.replace(".yaml", ".expect.yaml"))
    assert validate(load_document(beside), "fixture", schemas) == []
    for key in ("address", "title", "read", "states"):
        document = load_document(beside)
        del document.data["sources"][0][key]
        assert [problem.path for problem in validate(document, "fixture", schemas)] == ["sources[0]"], key


def test_an_open_decision_comes_with_what_would_settle_it() -> None:
    """A supposition is no fact: no source states it. `vatspolicy test` decides each."""
    for path in PRODUCTS:
        first, *supposed = told_of(path)["decisions"]
        assert "says" not in first
        assert bool(supposed) == (first["decision"] == "incomplete"), path
        for one in supposed:
            assert set(one["says"]) == {"en", "zh"}
            assert one["decision"] in ("allow", "deny", "needs-license"), path


def test_an_open_decision_says_what_could_settle_it() -> None:
    gate = Gate(shipped_bundle(), TODAY)
    records = [gate.decide(load_profile(path))[1] for path in PRODUCTS]
    assert {record.decision for record in records} == {"deny", "incomplete"}
    assert all(record.missing for record in records if record.decision == "incomplete")
