"""An address in Shanghai may be stated as Shanghai: its district is unknown, and asked where it matters."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.partly_stated import DOMESTIC, FOREIGN, HOSTING, SHOP, located
from tests.support.shipped import shipped_bundle
from vatspolicy import evaluate, load_profile
from vatspolicy.core.documents import Path as FactPath
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.engine.decision import MissingFact
from vatspolicy.core.engine.possible_values import possible_answers
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.vocabulary import parts_of, question
from vatspolicy.guidance.interview import start
from vatspolicy.guidance.interview.questions import make_question
from vatspolicy.guidance.remediation.targets import Target

DAY = "2026-11-24"
OFFICE = ("company", "registered", "at")
MACHINES = ("services", 0, "facilities", 0, "at")


@pytest.fixture(scope="module")
def law() -> Bundle:
    return shipped_bundle()


def decide(law: Bundle, *parts: Any) -> Any:
    return evaluate(law, load_profile(located(*parts)), DAY)


def test_what_holds_of_every_district_is_known() -> None:
    company = load_profile(located(FOREIGN, SHOP, "shanghai")).facts["company"]
    assert (company["registered"]["province"], company["mainland_entity"]) == ("shanghai", True)
    assert company["registered"].keys() == {"at", "province"}


def test_an_area_that_is_shanghai_is_all_of_it() -> None:
    service = {**SHOP, "area": ["shanghai"]}
    (area,) = load_profile(located(FOREIGN, service, "shanghai")).facts["services"][0]["area"]
    assert area == {"at": "shanghai", "within": ["shanghai", "china"], "province": "shanghai", "ftz": "none"}


@pytest.mark.parametrize("company", [DOMESTIC, FOREIGN])
def test_a_shop_of_ones_own_is_not_asked_for_the_district(law: Bundle, company: dict[str, Any]) -> None:
    found = decide(law, company, SHOP, "shanghai")
    assert found.range == ("allow", "allow")
    assert [fact.path for fact in found.missing] == []


def test_a_wholly_foreign_data_center_is_asked_for_the_district(law: Bundle) -> None:
    found = decide(law, FOREIGN, HOSTING, {"at": "shanghai", "ftz": "none"})
    assert found.decision == "incomplete"
    assert OFFICE in [fact.path for fact in found.missing]
    inside = decide(law, FOREIGN, HOSTING, {"at": "shanghai-pudong", "ftz": "none"})
    outside = decide(law, FOREIGN, HOSTING, {"at": "shanghai-xuhui", "ftz": "none"})
    assert (inside.decision, outside.decision) == ("needs-license", "deny")
    assert found.range == (inside.decision, outside.decision)


def test_the_district_of_the_machines_is_asked_too(law: Bundle) -> None:
    found = decide(law, FOREIGN, HOSTING, {"at": "shanghai-pudong", "ftz": "none"}, "shanghai")
    assert found.decision == "incomplete"
    assert [fact.path for fact in found.missing] == [MACHINES]
    assert decide(law, FOREIGN, HOSTING, {"at": "shanghai-pudong", "ftz": "none"}, "shanghai-lingang").decision in (
        "needs-license",
        "deny",
    )


@pytest.mark.parametrize(
    ("area", "found"),
    [("china", "allow"), ("shanghai", "allow"), ("jiangsu", "needs-license"), ("shanghai-pudong", "incomplete")],
)
def test_a_license_covers_machines_somewhere_in_shanghai(law: Bundle, area: str, found: str) -> None:
    held = {"instrument": "vats-license", "classes": ["B11"], "area": [area], "valid_until": "2030-01-01"}
    service = {**HOSTING, "area": [area if area != "china" else "shanghai"]}
    decision = decide(law, {**DOMESTIC, "licenses": [held]}, service, "shanghai", "shanghai")
    (activity,) = decision.services[0].activities
    assert activity.outcome == found


def test_every_district_lies_between_the_ends_of_the_range(law: Bundle) -> None:
    order = ("allow", "needs-license", "deny")
    for service in (HOSTING, {**HOSTING, "offers": ["app-store"]}, {**HOSTING, "offers": ["internet-access-users"]}):
        low, high = (order.index(word) for word in decide(law, FOREIGN, service, "shanghai", "shanghai").range)
        for district in parts_of("shanghai", law.schemas):
            for end in decide(law, FOREIGN, service, district, district).range:
                assert low <= order.index(end) <= high


# --- asking


def test_the_question_offers_the_districts(law: Bundle) -> None:
    state = start(law, DAY, load_profile(located(FOREIGN, HOSTING, {"at": "shanghai", "ftz": "none"})).document)
    asked = make_question(state.state, MissingFact(OFFICE, ("vats-pilot-2024/pilot-access",)), "decision")
    assert (
        asked.text == question(OFFICE) == {"en": "Which district does this address lie in?", "zh": "该地址位于哪个区？"}
    )
    assert [choice.value for choice in asked.choices] == list(parts_of("shanghai", SchemaSet.shipped()))
    assert asked.kind == "choice"


def test_the_interview_asks_and_settles(law: Bundle) -> None:
    state = start(law, DAY, load_profile(located(FOREIGN, HOSTING, {"at": "shanghai", "ftz": "none"})).document)
    asked: list[FactPath] = []
    while state.question is not None and len(asked) < 9:
        asked.append(state.question.path)
        state = state.answer("shanghai-pudong") if state.question.path == OFFICE else state.skip()
    assert asked[:2] == [("product", "launch"), OFFICE]
    assert state.decision is not None
    assert state.decision.decision == "needs-license"


def test_the_answers_to_try_are_districts(law: Bundle) -> None:
    data, rules = located(FOREIGN, HOSTING, "shanghai"), ["vats-pilot-2024/pilot-access"]
    found = possible_answers(law, law.on(DAY), data, OFFICE, rules, DAY)
    assert set(found) <= set(parts_of("shanghai", law.schemas))
    assert {"shanghai-pudong", "shanghai-lingang"} < set(found)


def test_a_remedy_holds_only_what_surely_lies_there(law: Bundle) -> None:
    place = load_profile(located(FOREIGN, HOSTING, "shanghai")).facts["company"]["registered"]
    for code, expected in (("shanghai", True), ("china", True), ("shanghai-pudong", False), ("beijing", False)):
        assert Target("place", code, (code,), schemas=law.schemas).holds(place) is expected
