"""The engine-neutral cases in tests/data/vectors: the engine gives what they say, and they are whole and current."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest

from tests.support.shipped import FIXTURES, launch_files, shipped_bundle
from tests.support.vectors import FOLDER, make
from vatspolicy.core.documents import format_path, load_document, parse_document
from vatspolicy.core.documents.published import schema_text
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.engine.expression_value import evaluate_expression, type_expression
from vatspolicy.core.profile.profile import load_profile, open_parts, read_profile
from vatspolicy.gate.spec_search import search

FILES = ("expressions", "decisions")
EXPRESSIONS = json.loads((FOLDER / "expressions.json").read_text(encoding="utf-8"))["vectors"]


@pytest.mark.parametrize("name", FILES)
def test_the_files_follow_their_schema(name: str) -> None:
    validator = jsonschema_rs.Draft202012Validator(json.loads(schema_text("vectors", SchemaSet.shipped())))
    validator.validate(json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("case", EXPRESSIONS, ids=lambda case: case["name"])
def test_an_expression_has_the_value_that_its_case_states(case: dict[str, Any]) -> None:
    """Written by hand: the truth tables of three-valued logic, lists, and the facts that are asked for."""
    bundle = shipped_bundle()
    profile = read_profile(parse_document(json.dumps(case["profile"]), "profile.json"), bundle.schemas)
    each, tree = type_expression(bundle, case["expression"], None)
    found = [
        {
            "subject": {"service": one.subject.service, "class": one.subject.cls},
            "value": one.value,
            "missing": [format_path(path) for path in one.missing],
        }
        for one in evaluate_expression(bundle, profile, case["as_of"], each, case["expression"], tree)
    ]
    assert found == case["values"]


def test_the_decisions_are_those_of_the_shipped_law() -> None:
    """`python -m tests.support.vectors` writes them anew."""
    assert (FOLDER / "decisions.json").read_text(encoding="utf-8") == make(shipped_bundle())


def test_the_cases_cover_every_decision_and_missing_facts() -> None:
    found = json.loads((FOLDER / "decisions.json").read_text(encoding="utf-8"))["vectors"]
    assert {case["decision"] for case in found} == {"allow", "needs-license", "deny", "incomplete"}
    assert len({json.dumps([case["profile"], case["as_of"]]) for case in found}) == len(found) > 120
    assert {value["value"] for case in EXPRESSIONS for value in case["values"]} >= {True, False, None}


def test_the_folder_of_fixtures_holds_specs_alone() -> None:
    """A visitor gives it to `check` and to `diff --profiles`."""
    launches = list(map(str, launch_files()))
    profiles = [file for file in search(str(FIXTURES)) if file not in launches]
    assert [file for file in profiles if not load_profile(file).facts] == []
    assert all(open_parts(load_document(file)) for file in launches)
