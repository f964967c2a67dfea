"""A license may be stated as B21 or B25: which kinds it names is unknown, and asked where it matters."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.partly_stated import LICENSED
from tests.support.shipped import shipped_bundle
from vatspolicy import evaluate, load_profile
from vatspolicy.core.engine.decision import MissingFact
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.vocabulary import words
from vatspolicy.guidance.interview import start
from vatspolicy.guidance.interview.questions import make_question

DAY = "2026-11-24"
KINDS = ("company", "licenses", 0, "kinds")


@pytest.fixture(scope="module")
def law() -> Bundle:
    return shipped_bundle()


@pytest.mark.parametrize(("data", "word"), LICENSED)
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


def test_the_question_lists_the_kinds(law: Bundle) -> None:
    state = start(law, DAY, load_profile(LICENSED[0][0]).document)
    asked = make_question(state.state, MissingFact(KINDS, ("telecom-regulations/license-duty",)), "decision")
    assert {choice.value for choice in asked.choices} == words("license-kind")
    assert asked.text["en"] == "Which kinds of B21 or B25 does the license name?"


def test_a_license_knows_every_class_and_the_two_that_have_kinds() -> None:
    assert words("license-class") == words("class") | {"B21", "B25"}
    assert words("license-kind") == {cls for cls in words("class") if cls.startswith(("B21-", "B25-"))}
