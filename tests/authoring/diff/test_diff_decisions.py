"""Which decisions change, for whom, from when and because of which rule; and what a comparison comes to."""

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.support.law_builder import CLASSES, LICENSE, route
from tests.support.project_builder import PROFILE, RULES, compare, compare_policies, policy, product, project
from vatspolicy.authoring.diff.decisions import direction
from vatspolicy.authoring.diff.result import Answer
from vatspolicy.authoring.diff.verdict import parse_conditions
from vatspolicy.core.documents.schemas import SchemaSet

LAW = policy("law")
MILDER = LAW.replace("value: 50.0", "value: 70.0")
LATER = LAW.replace("value: 50.0}", "value: 50.0}\n      - {from: '2026-09-01', cite: art-1, value: 70.0}")


def moves(data: dict[str, Any]) -> list[tuple[str, str, list[str]]]:
    """Product, transition and days of each row."""
    return [
        (row["product"], f"{row['before']['decision']}->{row['after']['decision']}", row["days"])
        for row in data["decisions"]["rows"]
    ]


def test_a_decision_that_changes(tmp_path: Path) -> None:
    data = compare_policies(tmp_path, LAW, MILDER)
    assert moves(data) == [("p60", "deny->allow", ["2020-01-01", "2026-06-01"])]
    [row] = data["decisions"]["rows"]
    [cause] = row["because"]
    assert (cause["rule"], cause["change"]) == ("law/too-foreign", "changed")
    assert cause["citations"][0]["label"]["zh"] == "第一条"
    assert (row["direction"], data["verdict"], data["title"]["en"], data["exit_code"]) == (
        "loosened",
        "loosened",
        "Loosens",
        0,
    )
    assert row["services"] == []


def test_only_days_on_which_something_differs_are_compared(tmp_path: Path) -> None:
    data = compare_policies(tmp_path, LAW, LATER)
    assert data["decisions"]["days"] == ["2026-09-01"]
    assert moves(data) == [("p60", "deny->allow", ["2026-09-01"])]
    assert data["structure"][0]["retroactive"] is False


def test_a_further_day_can_be_asked_for(tmp_path: Path) -> None:
    base = project(tmp_path / "base")
    head = project(tmp_path / "head", {"law": LATER})
    days = compare(base, head, days=["2026-08-31", "2027-05-05"])["decisions"]["days"]
    assert days == ["2026-09-01", "2027-05-05"]


def test_a_day_before_the_bundle_is_not_compared(tmp_path: Path) -> None:
    base, head = project(tmp_path / "base"), project(tmp_path / "head", {"law": MILDER})
    assert compare(base, head, days=["2019-12-31"])["decisions"]["days"] == ["2020-01-01", "2026-06-01"]


def test_what_a_rule_reads_in_another_file_counts(tmp_path: Path) -> None:
    """The parameter moves to another file with another value: the rule's own text is the same."""
    shared = RULES[: RULES.index("terms:")]
    own = RULES[RULES.index("terms:") :]
    base = {"shared": policy("shared", shared), "law": policy("law", own, topics="[telecom]\nuses: [shared]")}
    head = {**base, "shared": base["shared"].replace("value: 50.0", "value: 70.0")}
    data = compare(project(tmp_path / "base", base), project(tmp_path / "head", head))
    assert [(c["policy"], c["kind"]) for c in data["structure"]] == [("shared", "parameter")]
    assert [cause["rule"] for cause in data["decisions"]["rows"][0]["because"]] == ["law/too-foreign"]


SERVED = {**PROFILE, "services": [{"id": "s", "offers": ["data-center"], "operated_by": "company", "area": ["china"]}]}


def license(instruments: str = LICENSE, *routes: str) -> dict[str, str]:
    return {
        "law": policy("law", instruments + CLASSES.removeprefix("rules:\n")),
        "routes": policy("routes", "rules:\n" + "".join(routes)),
    }


def test_a_route_that_opens_is_the_cause_and_not_the_need_it_answers(tmp_path: Path) -> None:
    closed = route("pilot", "true", 'open|false|PILOT-NOT-YET-OPEN|"a" == "b"')
    opened = route("pilot", "true", 'open|false|PILOT-NOT-YET-OPEN|"a" == "a"')
    sides = [
        project(tmp_path / name, license(LICENSE, text), {"p60": SERVED})
        for name, text in (("base", closed), ("head", opened))
    ]
    data = compare(*sides)
    [row] = data["decisions"]["rows"]
    assert (row["before"]["decision"], row["after"]["decision"]) == ("deny", "needs-license")
    assert ([c["rule"] for c in row["because"]], row["services"]) == (["routes/pilot"], ["s"])
    details = {(d["kind"], d["name"]): (d["before"], d["after"]) for d in data["decisions"]["details"]}
    assert details["route", "pilot"] == ("closed", "open")
    assert details["need", "vats-license B11 pilot"] == (None, "asked")
    assert details["reason", "PILOT-NOT-YET-OPEN"] == ("given", None)


def test_another_authority_is_seen_below_the_word(tmp_path: Path) -> None:
    text = route("pilot", "true")
    other = LICENSE.replace("is: miit}", "is: cac}")
    base = project(tmp_path / "base", license(LICENSE, text), {"p60": SERVED})
    data = compare(base, project(tmp_path / "head", license(other, text), {"p60": SERVED}))
    assert [(d["kind"], d["before"], d["after"]) for d in data["decisions"]["details"]] == [
        ("authority", "miit", "cac")
    ]
    assert (data["verdict"], data["title"]["en"]) == (
        "neither",
        "Changes below the decision: duties, routes or reasons",
    )


def test_a_changed_rule_that_decides_nothing_is_no_proof(tmp_path: Path) -> None:
    data = compare_policies(tmp_path, LAW, LAW.replace("value: 50.0", "value: 55.0"))
    assert data["decisions"]["rows"] == data["decisions"]["details"] == []
    assert data["title"]["en"] == "No decision change was found; citations or words may change"


def test_variants_of_fixtures_are_decided_too(tmp_path: Path) -> None:
    expected = "why: {en: A., zh: 甲。}\ncites: [a]\ndecisions:\n  - {as_of: '2026-01-01', decision: deny}\n"
    expected += "  - {it: owns little, as_of: '2026-01-01', set: {company.foreign_percent: 40}, decision: allow}\n"
    fixtures = {"p60": PROFILE, "p60.expect": expected}
    data = compare_policies(tmp_path, LAW, LAW.replace("value: 50.0", "value: 30.0"), fixtures=fixtures)
    assert data["decisions"]["products"] == 2
    assert [(row["product"], row["variant"]) for row in data["decisions"]["rows"]] == [("p60", "owns little")]


def test_a_fixture_cannot_be_deleted_or_edited_out_of_the_comparison(tmp_path: Path) -> None:
    edited = {**PROFILE, "company": {"foreign_percent": 10, "foreign_percent_basis": "ultimate"}}
    base = project(tmp_path / "base")
    assert moves(compare(base, project(tmp_path / "gone", {"law": MILDER}, fixtures={"other": edited}))) != []
    assert moves(compare(base, project(tmp_path / "edited", {"law": MILDER}, fixtures={"p60": edited}))) != []


def test_profiles_of_the_user_are_decided(tmp_path: Path) -> None:
    base, head = project(tmp_path / "base", fixtures={}), project(tmp_path / "head", {"law": MILDER}, fixtures={})
    project(tmp_path / "mine", fixtures={"own": {**PROFILE, "product": {"id": "own"}}})
    assert moves(compare(base, head, profiles=[str(tmp_path / "mine/fixtures")]))[0][0] == "own"


# --- what it comes to -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (("deny", "deny"), ("allow", "allow"), "loosened"),
        (("allow", "allow"), ("allow", "deny"), "tightened"),
        (("allow", "deny"), ("allow", "needs-license"), "loosened"),
        (("needs-license", "deny"), ("allow", "deny"), "loosened"),
        (("allow", "deny"), ("needs-license", "needs-license"), "neither"),
        (("needs-license", "needs-license"), ("allow", "deny"), "neither"),
    ],
)
def test_direction(before: tuple[str, str], after: tuple[str, str], expected: str) -> None:
    assert direction(Answer("", before), Answer("", after)) == expected


def test_both_directions_are_both(tmp_path: Path) -> None:
    law = RULES.replace("company.foreign_percent > param.cap", "company.foreign_percent == param.cap")
    other = product("p50", 50)
    fixtures = {"p60": PROFILE, "p50": other}
    before, after = policy("law", law), policy("law", law.replace("value: 50.0", "value: 60.0"))
    assert compare_policies(tmp_path, before, after, fixtures=fixtures)["verdict"] == "both"


@pytest.mark.parametrize(
    ("conditions", "failed"),
    [
        (["loosened"], ["loosened"]),
        (["tightened"], []),
        (["any"], ["any"]),
        (["deny->allow"], ["deny->allow"]),
        (["deny->*"], ["deny->*"]),
        (["*->allow"], ["*->allow"]),
        (["allow->deny,unknown"], []),
        (["needs-license->*", "retroactive"], ["retroactive"]),
        (["version"], ["version"]),
    ],
)
def test_conditions_on_which_it_fails(tmp_path: Path, conditions: list[str], failed: list[str]) -> None:
    base, head = project(tmp_path / "base"), project(tmp_path / "head", {"law": MILDER})
    data = compare(base, head, fail_on=parse_conditions(conditions))
    assert (data["failed_on"], data["exit_code"]) == (failed, 1 if failed else 0)


@pytest.mark.parametrize("text", ["", " , ", "looser", "deny->", "deny->maybe", "deny=>allow"])
def test_a_condition_that_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="is not a condition"):
        parse_conditions([text])


# --- what was not compared is never "no change" -----------------------------------------------------------------------


def test_without_a_profile_nothing_is_evaluated(tmp_path: Path) -> None:
    data = compare_policies(tmp_path, LAW, MILDER, fixtures={})
    assert (data["title"]["en"], data["exit_code"], data["state"]) == ("NOT EVALUATED", 5, "not-evaluated")


def test_the_same_text_needs_no_profile(tmp_path: Path) -> None:
    data = compare_policies(tmp_path, LAW, LAW, fixtures={})
    assert (data["title"]["en"], data["exit_code"]) == ("No change", 0)


@pytest.mark.parametrize("side", ["base", "head"])
def test_a_side_that_does_not_load(tmp_path: Path, side: str) -> None:
    texts = {"base": LAW, "head": LAW} | {side: LAW.replace("term.is_foreign &&", "term.is_foreing &&")}
    data = compare_policies(tmp_path, texts["base"], texts["head"])
    assert (data["title"]["en"], data["exit_code"], data["verdict"]) == ("NOT EVALUATED", 3, None)
    [problem] = data["problems"]
    assert problem["file"].endswith("policies/law.yaml")
    assert (":" in problem["file"]) is (side == "base")


@pytest.mark.parametrize("broken", ["a: [", {"schema": 2, "product": {"id": "x"}}])
def test_a_fixture_that_cannot_be_read_makes_the_whole_partial(tmp_path: Path, broken: Any) -> None:
    data = compare_policies(tmp_path, LAW, MILDER, fixtures={"p60": PROFILE, "broken": broken})
    assert (data["title"]["en"], data["exit_code"]) == ("NOT EVALUATED", 3)
    assert moves(data), "what can be compared is shown all the same"


def test_profiles_that_are_not_there_make_it_partial(tmp_path: Path) -> None:
    base, head = project(tmp_path / "base"), project(tmp_path / "head", {"law": MILDER})
    data = compare(base, head, profiles=[str(tmp_path / "none-*")])
    assert (data["title"]["en"], data["exit_code"]) == ("NOT EVALUATED", 3)


# --- schemas of their own ---------------------------------------------------------------------------------------------


def with_new_fact() -> dict[str, Any]:
    schema = copy.deepcopy(SchemaSet.shipped().load("profile"))
    schema["properties"]["product"]["properties"]["green"] = {
        "type": "boolean",
        "title": "Green",
        "description": "New.",
    }
    return schema


def test_each_side_is_read_under_its_own_schemas(tmp_path: Path) -> None:
    """The head knows a fact that the base does not know, and a fixture states it."""
    base = project(tmp_path / "base", schemas={})
    law = LAW.replace("when: term.is_foreign && ", "when: product.green && ")
    green = {**PROFILE, "product": {"id": "p60", "green": False}}
    head = project(tmp_path / "head", {"law": law}, fixtures={"p60": green}, schemas={"profile": with_new_fact()})
    data = compare(base, head)
    assert data["problems"] == []
    assert data["decisions"]["borrowed"] == ["p60"]
    assert {(row["before"]["decision"], row["after"]["decision"]) for row in data["decisions"]["rows"]} == {
        ("deny", "allow"),  # the new fixture
        ("deny", "incomplete"),  # the old one, which does not state the fact
    }
    assert [change["path"] for change in data["schemas"]] == ["properties/product/properties/green"]


def test_a_rule_may_not_read_what_the_schemas_of_its_side_do_not_know(tmp_path: Path) -> None:
    law = LAW.replace("when: term.is_foreign && ", "when: product.green && ")
    base = project(tmp_path / "base", {"law": law}, schemas={})
    head = project(tmp_path / "head", {"law": law}, schemas={"profile": with_new_fact()})
    data = compare(base, head)
    assert (data["exit_code"], len(data["problems"])) == (3, 1)


def test_a_place_that_moves_is_seen_without_any_edit_of_a_policy(tmp_path: Path) -> None:
    places = copy.deepcopy(SchemaSet.shipped().load("places"))
    places["x-gazetteer"]["hangzhou"]["province"] = "beijing"
    law = policy(
        "law",
        RULES.replace(
            "term.is_foreign && company.foreign_percent > param.cap", 'company.registered.province == "beijing"'
        ),
    )
    profile = {
        **PROFILE,
        "company": {"foreign_percent": 60, "foreign_percent_basis": "ultimate", "registered": {"at": "hangzhou"}},
    }
    base = project(tmp_path / "base", {"law": law}, {"p60": profile}, schemas={})
    head = project(tmp_path / "head", {"law": law}, {"p60": profile}, schemas={"places": places})
    data = compare(base, head)
    assert [(row["before"]["decision"], row["after"]["decision"]) for row in data["decisions"]["rows"]] == [
        ("allow", "deny")
    ]
