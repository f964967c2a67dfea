"""A license may be stated as B21 or B25: which kinds it names is unknown, and asked where it matters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.assignments import BOUNDS, Truths, assign
from tests.support.console import Console
from tests.support.shipped import shipped_bundle
from tests.support.solver import periods
from vatspolicy import evaluate, load_profile
from vatspolicy.core.engine.decision import MissingFact
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.core.profile.vocabulary import words
from vatspolicy.guidance.interview import start
from vatspolicy.guidance.interview.questions import make_question
from vatspolicy.proofs.decision_encoder import decision_words, encode_decision
from vatspolicy.proofs.query import Query

DAY = "2026-11-24"
KINDS = ("company", "licenses", 0, "kinds")


@pytest.fixture(scope="module")
def law() -> Bundle:
    return shipped_bundle()


def spec(offer: str, **license: Any) -> dict[str, Any]:
    held = {"instrument": "vats-license", "area": ["china"], "valid_until": "2030-01-01", **license}
    company = {
        "foreign_percent": 0, "foreign_percent_basis": "ultimate", "mainland_entity": True, "investor_origin": ["CN"], "registered": "hangzhou",
        "registered_capital_rmb": 20000000, "lacking_means": [], "discredited": [], "legal_form": "limited-company",
        "licenses": [held],
    }  # fmt: skip
    service = {
        "id": "s", "offers": [offer], "operated_by": "company", "audience": "public", "hosting": "mainland",
        "channels": ["website"], "area": ["china"], "charges": ["users"], "content": [], "features": [], "sells": [],
        "facilities": ["hangzhou"],
    }  # fmt: skip
    data = {"persons": 0, "leaves_mainland": False, "important": False, "ciio": False}
    return {"schema": 2, "product": {"id": "p"}, "company": company, "services": [service], "data": data}


CASES = [
    (spec("information-search", classes=["B25"]), "incomplete"),
    (spec("information-search", classes=["B25"], kinds=["B25-search"]), "allow"),
    (spec("information-search", classes=["B25"], kinds=["B25-publishing"]), "needs-license"),
    (spec("information-search", classes=["B25-search"]), "allow"),
    (spec("information-search", classes=["B21"]), "needs-license"),
    (spec("information-search", classes=["B21"], kinds=["B25-search"]), "needs-license"),
    (spec("marketplace", classes=["B21"]), "incomplete"),
    (spec("marketplace", classes=["B21"], kinds=["B21-transaction"]), "allow"),
    (spec("cdn", classes=["B25", "B12"]), "allow"),
    (spec("cdn", classes=["B25"]), "needs-license"),
]


@pytest.mark.parametrize(("data", "word"), CASES)
def test_the_kinds_decide_and_are_asked_for(law: Bundle, data: dict[str, Any], word: str) -> None:
    found = evaluate(law, load_profile(data), DAY)
    assert found.decision == word
    assert [fact.path for fact in found.missing] == ([KINDS] if word == "incomplete" else [])
    if word == "incomplete":
        assert found.range == ("allow", "needs-license")


@pytest.mark.parametrize(
    ("instrument", "cls"), [("pilot-approval", "B25-publishing"), ("shanghai-ftz-approval", "B25-app-store")]
)
def test_an_approval_names_kinds_too(law: Bundle, instrument: str, cls: str) -> None:
    known = law.instruments[instrument].covers
    assert known is not None
    state = {"activity": {"class": cls}, "license": {"instrument": instrument, "classes": ["B25"]}}
    assert law.on(DAY).evaluate(known, state) not in (True, False)


def test_the_solver_reads_kinds_alike(wider_law: Path) -> None:
    law = load_bundle(wider_law)
    period = next(one for one in periods([law]) if one.start <= DAY < one.end)
    query = Query(period, BOUNDS)
    ruleset = query.encode(law)
    formulas = decision_words(ruleset.space.pool, encode_decision(ruleset, query.services))
    assignments = [assign(query, load_profile(data).facts, DAY) for data, _ in CASES]
    assert Truths(query, assignments).words(formulas) == [[word] for _, word in CASES]


def test_a_portfolio_reads_kinds_alike(console: Console, wider_law: Path) -> None:
    pytest.importorskip("duckdb", reason="the extra `portfolio` is not installed")
    console.write("in.jsonl", "".join(json.dumps(data) + "\n" for data, _ in CASES))
    for engine in ("duckdb", "python"):
        options = ("--engine", engine, "--as-of", DAY, "--law", wider_law)
        ran = console("screen", "in.jsonl", "-o", f"{engine}.jsonl", *options)
        assert ran.code == 0, ran.err
        answers = [json.loads(line) for line in (console.folder / f"{engine}.jsonl").read_text().splitlines()]
        assert [answer["decision"] for answer in answers] == [word for _, word in CASES]


def test_the_question_lists_the_kinds(law: Bundle) -> None:
    state = start(law, DAY, load_profile(CASES[0][0]).document)
    asked = make_question(state.state, MissingFact(KINDS, ("telecom-regulations/license-duty",)), "decision")
    assert {choice.value for choice in asked.choices} == words("license-kind")
    assert asked.text["en"] == "Which kinds of B21 or B25 does the license name?"


def test_a_license_knows_every_class_and_the_two_that_have_kinds() -> None:
    assert words("license-class") == words("class") | {"B21", "B25"}
    assert words("license-kind") == {cls for cls in words("class") if cls.startswith(("B21-", "B25-"))}
