"""An address in Shanghai may be stated as Shanghai: its district is unknown, and asked where it matters."""

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
from vatspolicy.core.documents import Path as FactPath
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.engine.decision import MissingFact
from vatspolicy.core.engine.possible_values import possible_answers
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.core.profile.vocabulary import parts_of, question
from vatspolicy.guidance.interview import start
from vatspolicy.guidance.interview.questions import make_question
from vatspolicy.guidance.remediation.targets import Target
from vatspolicy.proofs.decision_encoder import decision_words, encode_decision
from vatspolicy.proofs.query import Query

DAY = "2026-11-24"
OFFICE = ("company", "registered", "at")
MACHINES = ("services", 0, "facilities", 0, "at")
SHOP = {
    "id": "shop", "offers": ["own-shop"], "operated_by": "company", "audience": "public", "channels": ["website"],
    "hosting": "mainland", "area": ["china"], "charges": [], "content": [], "features": [], "sells": ["own-goods"],
    "facilities": [{"at": "shanghai", "kind": "rented-cloud", "tenure": "lease"}],
}  # fmt: skip
HOSTING = {
    "id": "hosting", "offers": ["data-center"], "operated_by": "company", "audience": "business", "hosting": "mainland",
    "channels": ["website"], "area": ["china"], "charges": ["users"], "content": [], "features": [],
    "facilities": [{"at": "shanghai-pudong", "kind": "data-center", "tenure": "own", "ftz": "none"}],
    "rents_outside_region": False,
}  # fmt: skip
FOREIGN = {
    "foreign_percent": 100, "foreign_percent_basis": "ultimate", "investor_origin": ["US"], "licenses": [],
    "registered_capital_rmb": 20000000, "lacking_means": [], "discredited": [], "legal_form": "limited-company",
}  # fmt: skip
DOMESTIC = {**FOREIGN, "foreign_percent": 0, "investor_origin": ["CN"]}


@pytest.fixture(scope="module")
def law() -> Bundle:
    return shipped_bundle()


def spec(company: dict[str, Any], service: dict[str, Any], office: Any, machines: Any = None) -> dict[str, Any]:
    if machines is not None:
        service = {**service, "facilities": [{**service["facilities"][0], "at": machines}]}
    return {
        "schema": 2,
        "product": {"id": "p"},
        "company": {**company, "registered": office},
        "services": [service],
        "data": {"persons": 0, "leaves_mainland": False, "important": False, "ciio": False},
    }


def decide(law: Bundle, *parts: Any) -> Any:
    return evaluate(law, load_profile(spec(*parts)), DAY)


def test_what_holds_of_every_district_is_known() -> None:
    company = load_profile(spec(FOREIGN, SHOP, "shanghai")).facts["company"]
    assert (company["registered"]["province"], company["mainland_entity"]) == ("shanghai", True)
    assert company["registered"].keys() == {"at", "province"}


def test_an_area_that_is_shanghai_is_all_of_it() -> None:
    service = {**SHOP, "area": ["shanghai"]}
    (area,) = load_profile(spec(FOREIGN, service, "shanghai")).facts["services"][0]["area"]
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


# --- every way to evaluate


SPECS = [
    spec(FOREIGN, HOSTING, "shanghai"),
    spec(FOREIGN, HOSTING, {"at": "shanghai", "ftz": "none"}),
    spec(FOREIGN, HOSTING, {"at": "shanghai-pudong", "ftz": "none"}, "shanghai"),
    spec(FOREIGN, {**HOSTING, "offers": ["app-store"]}, "shanghai", "shanghai"),
    spec(FOREIGN, {**HOSTING, "offers": ["domestic-ip-vpn"]}, "shanghai", "nanjing"),
    spec(FOREIGN, SHOP, "shanghai"),
    spec(DOMESTIC, HOSTING, "shanghai", "shanghai"),
]


def test_the_solver_reads_a_divided_place_alike(wider_law: Path) -> None:
    law = load_bundle(wider_law)
    period = next(one for one in periods([law]) if one.start <= DAY < one.end)
    query = Query(period, BOUNDS)
    ruleset = query.encode(law)
    formulas = decision_words(ruleset.space.pool, encode_decision(ruleset, query.services))
    profiles = [load_profile(data) for data in SPECS]
    truths = Truths(query, [assign(query, profile.facts, DAY) for profile in profiles])
    assert truths.words(formulas) == [[evaluate(law, profile, DAY).decision] for profile in profiles]


def test_a_portfolio_reads_a_divided_place_alike(law: Bundle, console: Console) -> None:
    pytest.importorskip("duckdb", reason="the extra `portfolio` is not installed")
    console.write("in.jsonl", "".join(json.dumps(data) + "\n" for data in SPECS))
    for engine in ("duckdb", "python"):
        ran = console("screen", "in.jsonl", "-o", f"{engine}.jsonl", "--engine", engine, "--as-of", DAY)
        assert ran.code == 0, ran.err
        answers = [json.loads(line) for line in (console.folder / f"{engine}.jsonl").read_text().splitlines()]
        for answer, data in zip(answers, SPECS, strict=True):
            full = evaluate(law, load_profile(data), DAY)
            assert (answer["decision"], tuple(answer["range"])) == (full.decision, full.range)
            assert answer["missing"] == [".".join(map(str, ask.path)) for ask in full.missing]


# --- asking


def test_the_question_offers_the_districts(law: Bundle) -> None:
    state = start(law, DAY, load_profile(spec(FOREIGN, HOSTING, {"at": "shanghai", "ftz": "none"})).document)
    asked = make_question(state.state, MissingFact(OFFICE, ("vats-pilot-2024/pilot-access",)), "decision")
    assert (
        asked.text == question(OFFICE) == {"en": "Which district does this address lie in?", "zh": "该地址位于哪个区？"}
    )
    assert [choice.value for choice in asked.choices] == list(parts_of("shanghai", SchemaSet.shipped()))
    assert asked.kind == "choice"


def test_the_interview_asks_and_settles(law: Bundle) -> None:
    state = start(law, DAY, load_profile(spec(FOREIGN, HOSTING, {"at": "shanghai", "ftz": "none"})).document)
    asked: list[FactPath] = []
    while state.question is not None and len(asked) < 9:
        asked.append(state.question.path)
        state = state.answer("shanghai-pudong") if state.question.path == OFFICE else state.skip()
    assert asked[:2] == [("product", "launch"), OFFICE]
    assert state.decision is not None
    assert state.decision.decision == "needs-license"


def test_the_answers_to_try_are_districts(law: Bundle) -> None:
    data, rules = spec(FOREIGN, HOSTING, "shanghai"), ["vats-pilot-2024/pilot-access"]
    found = possible_answers(law, law.on(DAY), data, OFFICE, rules, DAY)
    assert set(found) <= set(parts_of("shanghai", law.schemas))
    assert {"shanghai-pudong", "shanghai-lingang"} < set(found)


def test_a_remedy_holds_only_what_surely_lies_there(law: Bundle) -> None:
    place = load_profile(spec(FOREIGN, HOSTING, "shanghai")).facts["company"]["registered"]
    for code, expected in (("shanghai", True), ("china", True), ("shanghai-pudong", False), ("beijing", False)):
        assert Target("place", code, (code,), schemas=law.schemas).holds(place) is expected
