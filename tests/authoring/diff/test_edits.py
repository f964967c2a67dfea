"""The unit of review: an edit with every rule that it moves, one verdict and one set of proofs."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from tests.support.comparisons import render
from tests.support.project_builder import PROFILE, RULES, compare, compare_policies, policy, product, project
from vatspolicy.proofs import rule_comparison

REAL = pytest.mark.skipif(importlib.util.find_spec("z3") is None, reason="needs the extra smt")
LAW = policy("law")
MORE = """\
  - id: also
    cite: [art-1]
    each: product
    when: term.is_foreign && company.foreign_percent > param.cap && data.persons >= 10
    deny: {reason: SHARE-ABOVE-CAP}
    message: {en: Also., zh: 亦然。}
"""
TWO = policy("law", RULES + MORE)
"""Two denials read one parameter; all rules but one read one term."""


def told(data: dict[str, Any]) -> list[tuple[list[str], list[str]]]:
    """The edits of each item, and the rules that it moves."""
    return [
        (
            [f"{(one := data['structure'][place])['kind']} {one['name']}" for place in item["changes"]],
            [rule["rule"].partition("/")[2] for rule in item["rules"]],
        )
        for item in data["edits"]
    ]


def items(folder: Path, after: str, before: str = TWO, **more: Any) -> list[tuple[list[str], list[str]]]:
    return told(compare_policies(folder, before, after, **more))


def test_every_rule_that_one_parameter_or_term_moves_is_one_item(tmp_path: Path) -> None:
    assert items(tmp_path / "a", TWO.replace("50.0", "70.0")) == [(["parameter cap"], ["too-foreign", "also"])]
    moved = [(["term is_foreign"], ["too-foreign", "tell", "also"])]
    assert items(tmp_path / "b", TWO.replace("percent > 0.0", "percent > 1.0")) == moved


def test_values_of_one_parameter_are_one_item(tmp_path: Path) -> None:
    later = "value: 50.0}\n      - {from: '2024-01-01', cite: art-1, value: 60.0}\n      - {from: '2027-01-01', cite: art-1, value: 70.0}"
    found = items(tmp_path, TWO.replace("value: 50.0}", later))
    assert found == [(["parameter cap", "parameter cap"], ["too-foreign", "also"])]


def test_a_rename_is_one_item(tmp_path: Path) -> None:
    found = items(tmp_path, TWO.replace("- id: also", "- id: too"))
    assert found == [(["rule too", "rule also"], ["too", "also"])]


def test_an_amendment_and_its_predecessor_are_one_item(tmp_path: Path) -> None:
    ended = TWO.replace("- id: also\n", "- id: also\n    until: '2027-01-01'\n")
    new = MORE.replace("- id: also\n", "- id: also-2027\n    from: '2027-01-01'\n").replace(">= 10", ">= 20")
    found = items(tmp_path, ended + new)
    assert [(sorted(edits), sorted(rules)) for edits, rules in found] == [
        (["rule also", "rule also-2027"], ["also", "also-2027"])
    ]


def test_what_only_edited_rules_read_joins_them(tmp_path: Path) -> None:
    """A new term is no edit of its own: nothing reads it but the rules that were edited to."""
    head = TWO.replace("terms:\n", "terms:\n  is_large: data.persons >= 10\n")
    head = head.replace("param.cap && data.persons >= 10", "param.cap && term.is_large && data.minors > 0")
    head = head.replace("when: term.is_foreign\n", "when: term.is_foreign && term.is_large\n")
    [(edits, rules)] = items(tmp_path, head)
    assert (sorted(edits), sorted(rules)) == (["rule also", "rule tell", "term is_large"], ["also", "tell"])


def test_two_edits_apart_are_two_items(tmp_path: Path) -> None:
    head = TWO.replace("data.persons >= 10", "data.persons >= 20").replace(
        "advise: {kind: verify}", "advise: {kind: note}"
    )
    assert sorted(items(tmp_path, head)) == [(["rule also"], ["also"]), (["rule tell"], ["tell"])]


def test_an_edit_that_moves_no_rule_is_an_item_of_its_own(tmp_path: Path) -> None:
    unread = TWO.replace(
        "parameters:\n",
        "parameters:\n  spare:\n    title: {en: Spare, zh: 备用}\n    values: [{from: '2020-01-01', cite: art-1, value: 1}]\n",
    )
    data = compare_policies(tmp_path, TWO, unread)
    [item] = data["edits"]
    assert (item["rules"], item["verdict"], item["since"]) == ([], "no-rule", None)
    assert "It does not change any rule" in render("text", data, "en")


def test_an_article_that_is_read_now_has_an_item_where_it_moves_rules(tmp_path: Path) -> None:
    before = TWO.replace("verification: primary", "verification: unverified")
    [(edits, rules)] = items(tmp_path, TWO, before)
    assert edits == ["article art-1"]
    assert set(rules) == {"center", "too-foreign", "tell", "also"}


def test_old_and_new_values_are_told_in_words(tmp_path: Path) -> None:
    data = compare_policies(tmp_path, TWO, TWO.replace("50.0", "70.0"))
    [line] = data["edits"][0]["words"]
    assert (line["before"]["en"], line["after"]["zh"]) == ("50 %", "70%")
    [article] = data["edits"][0]["articles"]
    assert (article["label"]["en"], article["verification"]) == ("art. 1", "primary")
    term = compare_policies(tmp_path / "t", TWO, TWO.replace("percent > 0.0", "percent > 1.0"))
    [line] = term["edits"][0]["words"]
    assert line["before"]["en"] == "the foreign share of the company is above 0 %"
    assert line["after"]["en"] == "the foreign share of the company is above 1 %"
    text = render("text", term, "en", room=300)
    assert "company.foreign_percent >" not in text.split("What was compared and proved")[0]


@REAL
def test_one_edit_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rules that an edit moves share its proofs: nothing is asked of any of them alone, unless it is wanted."""
    asked: list[Any] = []
    compare_chunk = rule_comparison._compare_chunk

    def count(*given: Any) -> Any:
        asked.append(given[2])
        return compare_chunk(*given)

    monkeypatch.setattr(rule_comparison, "_compare_chunk", count)
    fixtures = {"p60": PROFILE}
    base, head = (
        project(tmp_path / n, {"law": t}, fixtures) for n, t in (("b", TWO), ("h", TWO.replace("50.0", "70.0")))
    )
    data = compare(base, head, semantic="z3")
    [item] = data["edits"]
    assert (item["verdict"], item["direction"], asked) == ("witness", "loosened", [])
    assert data["semantic"]["rules"] == []
    each = compare(base, head, semantic="z3", each_rule=True)
    assert [rule["rule"] for rule in each["semantic"]["rules"]] == ["law/also", "law/too-foreign"]
    assert each["edits"] == data["edits"]
    assert {rule["verdict"] for rule in each["semantic"]["rules"]} == {"masked", "witness"}
    for format in ("text", "markdown", "html"):
        assert "Each rule as a separate change" in render(format, each, "en")
        assert "Each rule as a separate change" not in render(format, data, "en")


@REAL
def test_edits_are_sorted_the_worst_first(tmp_path: Path) -> None:
    head = TWO.replace("advise: {kind: verify}", "advise: {kind: note}").replace(
        "data.persons >= 10", "data.persons >= 0"
    )
    head = head.replace("company.foreign_percent > param.cap && data", "company.foreign_percent > 5.0 && data")
    base = project(tmp_path / "base", {"law": TWO})
    data = compare(base, project(tmp_path / "head", {"law": head}), semantic="z3")
    assert [(item["direction"], item["rules"][0]["rule"]) for item in data["edits"]] == [
        ("tightened", "law/also"),
        ("neither", "law/tell"),
    ]


def test_rows_of_today_and_later_stand_before_those_of_the_past(tmp_path: Path) -> None:
    """Between 2020 and 2023 and from 2027 on the cap is lower; the past comes last."""
    values = "\n".join(
        f"      - {{from: '{day}', cite: art-1, value: {value}}}"
        for day, value in (("2020-01-01", 50.0), ("2023-01-01", 70.0), ("2027-01-01", 50.0))
    )
    before = LAW.replace(
        "      - {from: '2020-01-01', cite: art-1, value: 50.0}", values.replace("value: 50.0", "value: 70.0")
    )
    after = LAW.replace(
        "      - {from: '2020-01-01', cite: art-1, value: 50.0}",
        values.replace("'2027-01-01', cite: art-1, value: 50.0", "'2027-01-01', cite: art-1, value: 55.0"),
    )
    other = product("a52", 52)
    data = compare_policies(tmp_path, before, after, fixtures={"a52": other, "p60": PROFILE})
    days = [(row["product"], row["days"][-1] >= data["today"]) for row in data["decisions"]["rows"]]
    assert days[0] == ("p60", True)
    assert sorted(days, key=lambda one: not one[1]) == days
