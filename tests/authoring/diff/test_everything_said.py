"""Everything that a decision says is compared, and an edit is shown at its line."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any, get_args

import pytest

from tests.support.comparisons import render
from tests.support.project_builder import PROFILE, RULES, compare, compare_policies, edits, policy, product, project
from vatspolicy.cli.commands.diff import DiffFormat
from vatspolicy.i18n import Language

FORMATS = get_args(DiffFormat)

LAW = policy(
    "law",
    """\
instruments:
  report:
    title: {en: Report, zh: 报告}
    authority: [{when: 'true', is: provincial-ca}]
  notice:
    title: {en: Notice, zh: 告知}
    authority: [{when: 'true', is: provincial-ca}]
  permit:
    title: {en: Permit, zh: 许可}
    authority: [{when: 'true', is: miit}]
"""
    + RULES
    + """\
  - id: to-report
    cite: [art-1]
    each: service
    when: '"data-center" in service.offers'
    duty: {instrument: report, due: {before: launch}}
    message: {en: Report., zh: 报告。}
  - id: to-permit
    cite: [art-1]
    each: service
    when: '"data-center" in service.offers'
    need: {instrument: permit, bearer: operator}
    message: {en: Permit., zh: 许可。}
""",
)
"""One product is denied, owes a report, gets advice, and would need a permit besides."""

DENIED = {
    **PROFILE,
    "company": {"foreign_percent": 60, "foreign_percent_basis": "ultimate", "licenses": []},
    "services": [{"id": "s", "offers": ["data-center"], "operated_by": "company"}],
}


def edited(folder: Path, old: str, new: str, law: str = LAW, **settings: Any) -> dict[str, Any]:
    """The comparison of the law with one text replaced in it."""
    assert law.count(old) == 1, old
    return compare_policies(folder, law, law.replace(old, new), **{"fixtures": {"p60": DENIED}, **settings})


@pytest.mark.parametrize(
    ("old", "new", "kind", "name", "values", "told"),
    [
        ("due: {before: launch}", "due: {within: 30, unit: calendar-day, after: launch}", "deadline", "law/to-report",
         ("before the launch", "within 30 days after the launch"), "before the launch → within 30 days after the launch"),
        ("duty: {instrument: report,", "duty: {instrument: notice,", "instrument", "law/to-report", ("report", "notice"), "Report → Notice"),
        ("duty: {instrument: report,", "duty: {bearer: company, instrument: report,", "bearer", "law/to-report",
         ("operator", "company"), "the operator → the company"),
        ("bearer: operator}", "bearer: company}", "bearer", "law/to-permit", ("operator", "company"), "the operator → the company"),
        ("advise: {kind: verify}", "advise: {kind: pending}", "advice-kind", "law/tell", ("verify", "pending"), "verify → pending"),
        ("deny: {reason: SHARE-ABOVE-CAP}", "deny: {reason: SHARE-ABOVE-CAP, curable: true}", "curable", "law/too-foreign", ("no", "yes"), "no → yes"),
        ("authority: [{when: 'true', is: miit}]", "authority: [{when: 'true', is: provincial-ca}]", "authority", "permit", ("miit", "provincial-ca"), "(MIIT) → "),
    ],
)  # fmt: skip
def test_what_changes_below_the_outcome_is_told_of_each_product(
    tmp_path: Path, old: str, new: str, kind: str, name: str, values: tuple[str, str], told: str
) -> None:
    data = edited(tmp_path, old, new)
    found = {(detail["kind"], detail["name"]): detail for detail in data["decisions"]["details"]}
    detail = found[kind, name]
    assert ((detail["before"], detail["after"]), detail["products"]) == (values, ["p60"])
    assert data["title"]["en"] == "Changes below the decision: duties, routes or reasons"
    text = " ".join(render("text", data, "en").split())
    assert told in text
    assert f"changes below them: {len(data['decisions']['details'])}" in text


def test_a_license_that_a_denied_product_would_need_besides_is_compared(tmp_path: Path) -> None:
    data = edited(tmp_path, "need: {instrument: permit, bearer: operator}", "advise: {kind: note}")
    kinds = {(detail["kind"], detail["name"]) for detail in data["decisions"]["details"]}
    assert {("need", "permit"), ("advice", "law/to-permit")} <= kinds


GATE = LAW.replace(
    "    deny: {reason: SHARE-ABOVE-CAP}\n", "    deny: {reason: SHARE-ABOVE-CAP}\n    unwaivable: true\n"
)


def test_a_gate_that_can_be_waived_is_a_red_line(tmp_path: Path) -> None:
    """Also where no product meets the gate."""
    calm = {"p10": product("p10", 10)}
    data = edited(tmp_path, "    unwaivable: true\n", "", GATE, fixtures=calm)
    assert [(one["code"], one["rule"]) for one in data["red_lines"]] == [("waivable", "law/too-foreign")]
    assert data["title"]["en"] == "Changes below the decision: duties, routes or reasons"
    assert data["release"]["level"] == "minor"
    for format in FORMATS:
        text = render(format, data, "en")
        said = "waivable" if format == "json" else "WEAKENED: “Too foreign” is waivable from now on."
        assert said in " ".join(text.replace("\\", "").split()), format
    [result] = [
        r for r in json.loads(render("sarif", data, "en"))["runs"][0]["results"] if r["ruleId"] == "gate-waivable"
    ]
    assert result["level"] == "error"
    assert "约束减弱" in render("text", data, "zh")


def test_conditions_that_hold_for_a_red_line(tmp_path: Path) -> None:
    base, head = project(tmp_path / "b", {"law": GATE}), project(tmp_path / "h", {"law": LAW})
    assert compare(base, head, fail_on=["waivable", "any"])["failed_on"] == ["waivable", "any"]
    assert compare(head, base, fail_on=["waivable", "any"])["failed_on"] == ["any"], "more can no longer be waived"


# --- lines and days of edits -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("value: 50.0}", "value: 70.0}", "value: 70.0}"),
        ("advise: {kind: verify}", "advise: {kind: pending}", "advise: {kind: pending}"),
        ("is_foreign: company.foreign_percent > 0.0", "is_foreign: company.foreign_percent > 10.0", "is_foreign"),
        (
            "    when: term.is_foreign && company.foreign_percent > param.cap\n",
            "    when: |-\n      term.is_foreign\n      && company.foreign_percent >= param.cap\n",
            "&& company.foreign_percent >=",
        ),
        ("message: {en: Tell., zh: 请核实。}", "message: {en: Tell them., zh: 请核实。}", "Tell them."),
    ],
)
def test_an_edit_is_shown_at_its_line(tmp_path: Path, old: str, new: str, line: str) -> None:
    data = edited(tmp_path, old, new)
    [change] = data["structure"]
    assert line in LAW.replace(old, new).splitlines()[change["line"] - 1]


def test_what_an_edit_does_is_shown_at_the_edit_and_not_at_the_rule(tmp_path: Path) -> None:
    data = edited(tmp_path, "value: 50.0}", "value: 70.0}")
    [row] = data["decisions"]["rows"]
    place = row["because"][0]["edited"]
    assert "value: 70.0" in LAW.replace("50.0", "70.0").splitlines()[place["line"] - 1]
    assert place["line"] != row["because"][0]["line"]
    assert f"file=policies/law.yaml,line={place['line']}" in render("github", data, "en")


def test_a_removed_rule_is_shown_where_it_was(tmp_path: Path) -> None:
    head = LAW[: LAW.index("  - id: to-permit")]
    data = compare_policies(tmp_path, LAW, head)
    rules = {cause["rule"]: cause for row in data["decisions"]["rows"] for cause in row["because"]}
    assert all(LAW.splitlines()[one["edited"]["line"] - 1].endswith("to-permit") for one in rules.values())


def test_a_value_that_begins_on_another_day_is_one_edit(tmp_path: Path) -> None:
    old = "- {from: '2020-01-01', cite: art-1, value: 50.0}"
    later = "\n      - {from: '2026-09-01', cite: art-1, value: 70.0}"
    data = edited(tmp_path, "2026-09-01", "2026-09-02", LAW.replace(old, old + later))
    assert edits(data) == ["~ parameter cap"]
    [change] = data["structure"]
    assert change["fields"] == [{"name": "from", "before": "2026-09-01", "after": "2026-09-02"}]
    assert change["since"] == "2026-09-01"
    assert "from: 2026-09-01 → 2026-09-02" in render("text", data, "en")


@pytest.mark.skipif(importlib.util.find_spec("z3") is None, reason="needs the extra smt")
def test_a_witness_of_a_mark_is_a_product_that_meets_the_rule(tmp_path: Path) -> None:
    """Not one that leaves the rule undetermined, though that is marked, too."""
    empty = {"schema": 2, "product": {"id": "empty"}, "company": {}, "services": []}
    fixtures = {"p60": DENIED, "empty": empty}
    base, head = project(tmp_path / "b", {"law": GATE}, fixtures), project(tmp_path / "h", {"law": LAW}, fixtures)
    data = compare(base, head, semantic="z3")
    [rule] = data["edits"]
    assert rule["verdict"] == "masked"
    assert rule["witness"]["profile"]["company"]["foreign_percent"] > 50
    assert [item["kind"] for item in rule["witness"]["listed"]] == ["waiver"]


@pytest.mark.parametrize(
    ("old", "new", "en", "zh"),
    [
        ("company.foreign_percent > param.cap", "company.foreign_percent >= param.cap", "is above Cap → is at least Cap", "外资股比高于“上限” → 外资股比不低于“上限”"),
        ("deny: {reason: SHARE-ABOVE-CAP}", "deny: {reason: SHARE-ABOVE-CAP, curable: true}", "new: fixable", "新增：可以补正"),
        ("classes: [B11]", "classes: [B12]", "as B11 internet data center, including cloud resource collaboration → as B12", "归类：B11"),
    ],
)  # fmt: skip
def test_the_first_sentence_shows_what_differs_and_not_the_whole(
    tmp_path: Path, old: str, new: str, en: str, zh: str
) -> None:
    data = edited(tmp_path, old, new, GATE)
    expected: dict[Language, str] = {"en": en, "zh": zh}
    for lang, told in expected.items():
        assert told in " ".join(render("text", data, lang, room=1000).split()), lang


@pytest.mark.parametrize(("test", "said"), [(">", "above 50 % → above 60 %"), ("<=", "at most 50 % → at most 60 %")])
def test_the_first_sentence_shows_two_numbers_with_the_words_before_them(tmp_path: Path, test: str, said: str) -> None:
    data = edited(tmp_path, f"{test} 50.0", f"{test} 60.0", GATE.replace("> param.cap", f"{test} 50.0"))
    assert f"({said})" in " ".join(render("text", data, "en").split())


def test_a_list_in_another_order_lists_the_same(tmp_path: Path) -> None:
    law = GATE.replace(
        "company.foreign_percent > param.cap", "services.exists(s, sets.intersects(s.offers, param.cap))"
    )
    law = law.replace("value: 50.0", "value: [data-center, saas]")
    data = edited(tmp_path, "[data-center, saas]", "[saas, data-center]", law)
    assert "“Cap” lists the same in another order" in " ".join(render("text", data, "en").split())


def test_the_first_sentence_names_what_was_edited(tmp_path: Path) -> None:
    data = edited(tmp_path, "    unwaivable: true\n", "", GATE)
    assert "is amended from 2020-01-01 (may be waived): " in " ".join(render("text", data, "en").split())
    data = edited(tmp_path / "who", "duty: {instrument: report,", "duty: {bearer: company, instrument: report,")
    told = "is amended from 2020-01-01 (who must act: the operator → the company): "
    assert told in " ".join(render("text", data, "en").split())
