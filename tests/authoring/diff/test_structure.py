"""What `vatspolicy diff` says was edited."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.project_builder import RULES, compare, compare_policies, edits, policy, project
from vatspolicy.authoring.diff.structure import tokens
from vatspolicy.core.documents.schemas import SchemaSet

LAW = policy("law")


def changed(old: str, new: str, text: str = LAW) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)


def test_formatting_comments_and_the_order_of_keys_count_for_nothing(tmp_path: Path) -> None:
    after = "# a comment\n" + changed("cite: art-1, value: 50.0", "value: 50.0, cite: [art-1]")
    after = changed(
        "term.is_foreign && company.foreign_percent > param.cap",
        "'term.is_foreign   &&company.foreign_percent>param.cap'",
        after,
    )
    data = compare_policies(tmp_path, LAW, after)
    assert (edits(data), data["title"]["en"], data["decisions"]["days"]) == ([], "No change", [])
    first, second = RULES.index("  - id: center"), RULES.index("  - id: too-foreign")
    rule = RULES[first:second]
    moved = compare_policies(tmp_path / "moved", LAW, after.replace(rule, "") + rule)
    assert edits(moved) == ["~ source"], "records list rules in the order of the file"


def test_spaces_within_a_text_of_an_expression_count() -> None:
    assert tokens('a == "b  c"') != tokens('a == "b c"')
    assert tokens("a&&b") == tokens(" a  &&\n b ") != tokens("a||b")


@pytest.mark.parametrize(
    ("old", "new", "edit", "since"),
    [
        ("title: {en: Invented law, zh: 虚构法规}", "title: {en: Another law, zh: 别的法规}", "~ source", None),
        ("number: 零号", "number: 一号", "~ source", None),
        ("{en: Something., zh: 某事。, verification: primary}", "{en: Else., zh: 某事。, verification: primary}", "~ article art-1", None),
        ("company.foreign_percent > 0.0", "company.foreign_percent >= 0.0", "~ term is_foreign", "2020-01-01"),
        ("value: 50.0", "value: 49.0", "~ parameter cap", "2020-01-01"),
        ("title: {en: Cap, zh: 上限}", "title: {en: Limit, zh: 限额}", "~ parameter cap", None),
        ("value: 50.0}", "value: 50.0}\n      - {from: '2027-01-01', cite: art-1, value: 40.0}", "+ parameter cap", "2027-01-01"),
        ("deny: {reason: SHARE-ABOVE-CAP}", "deny: {reason: SHARE-ABOVE-CAP, curable: true}", "~ rule too-foreign", "2020-01-01"),
        ("message: {en: Too foreign., zh: 外资过高。}", "message: {en: Too much., zh: 过多。}", "~ rule too-foreign", None),
        ("id: too-foreign", "id: too-foreign\n    until: '2026-01-01'", "~ rule too-foreign", "2026-01-01"),
        ("id: too-foreign", "id: too-foreign\n    from: '2021-01-01'", "~ rule too-foreign", "2020-01-01"),
        ("effective: {from: '2020-01-01'}", "effective: {from: '2020-01-01', until: '2028-01-01'}", "~ dates effective", "2028-01-01"),
        ("topics: [telecom]", "topics: [telecom]\nreview: {by: A, 'on': '2026-01-01', version: 1.0.0}", "+ review", None),
        ("effective: {from: '2020-01-01'}", "editions: [{from: '2020-01-01', number: 一}]\neffective: {from: '2020-01-01'}", "+ edition 2020-01-01", "2020-01-01"),
    ],
)  # fmt: skip
def test_each_kind_of_edit(tmp_path: Path, old: str, new: str, edit: str, since: str | None) -> None:
    data = compare_policies(tmp_path, LAW, changed(old, new))
    [change] = [c for c in data["structure"] if c["kind"] != "dates" or edit.endswith("effective")]
    assert edits({"structure": [change]}) == [edit]
    assert change["since"] == since
    assert change["retroactive"] is (since is not None and since < "2026-06-01")


def test_a_value_stands_beside_what_counted_before(tmp_path: Path) -> None:
    after = changed("value: 50.0}", "value: 50.0}\n      - {from: '2027-01-01', cite: art-1, value: 40.0}")
    [change] = compare_policies(tmp_path, LAW, after)["structure"]
    assert change["fields"] == [{"name": "value", "before": 50.0, "after": 40.0}]
    assert (change["file"], change["title"]["zh"]) == ("policies/law.yaml", "上限")
    assert after.splitlines()[change["line"] - 1].strip().startswith("- {from: '2027-01-01'")


def test_members_of_a_list_are_compared_as_a_set(tmp_path: Path) -> None:
    before = changed(
        "value: 50.0", "value: [a, b]", LAW.replace("company.foreign_percent > param.cap", '"a" in param.cap')
    )
    [turned] = compare_policies(tmp_path / "same", before, before.replace("[a, b]", "[b, a]"))["structure"]
    assert turned["since"] is None, "no law changes, only the words of a record"
    [change] = compare_policies(tmp_path / "other", before, before.replace("[a, b]", "[b, c]"))["structure"]
    assert change["fields"][0]["after"] == ["b", "c"]


def test_a_rename_is_a_removal_and_an_addition_with_one_body(tmp_path: Path) -> None:
    data = compare_policies(tmp_path, LAW, changed("id: too-foreign", "id: far-too-foreign"))
    assert edits(data) == ["+ rule far-too-foreign", "- rule too-foreign"]
    assert [c["twin"] for c in data["structure"]] == ["law/too-foreign", "law/far-too-foreign"]
    assert data["release"]["level"] == "major"


def test_an_unlike_rule_is_no_twin(tmp_path: Path) -> None:
    after = changed("id: too-foreign", "id: other").replace("SHARE-ABOVE-CAP", "SECTOR-NOT-OPEN")
    assert [c["twin"] for c in compare_policies(tmp_path, LAW, after)["structure"]] == [None, None]


def test_a_whole_policy_is_one_edit(tmp_path: Path) -> None:
    base = project(tmp_path / "base")
    empty = policy("second", "", effective="{from: '2026-07-01'}").replace(
        "articles:\n  art-1: {en: Something., zh: 某事。, verification: primary}\n", ""
    )
    head = project(tmp_path / "head", {"law": LAW, "second": empty})
    assert edits(compare(base, head)) == ["+ policy"]
    assert edits(compare(head, base)) == ["- policy"]


def test_conditions_of_a_route_are_compared_one_by_one(tmp_path: Path) -> None:
    from tests.support.law_builder import CLASSES, LICENSE, route

    def law(*conditions: str) -> str:
        return policy("law", LICENSE + CLASSES.removeprefix("rules:\n") + route("list", "true", *conditions))

    one, two = 'a|false|REGION-MISMATCH|"b" == "b"', 'b|false|REGION-MISMATCH|"b" == "b"'
    [change] = compare_policies(tmp_path, law(one), law(one.replace('"b" == "b"', '"b" == "c"'), two))["structure"]
    assert [field["name"] for field in change["fields"]] == ["route.conditions[a].check", "route.conditions[b]"]


def test_fixtures_that_move_with_the_law_are_named(tmp_path: Path) -> None:
    base = project(tmp_path / "base", fixtures={"a": {"x": 1}, "b": {"x": 1}})
    head = project(tmp_path / "head", fixtures={"b": '{"x": 2}', "c": {"x": 1}})
    assert edits(compare(base, head)) == [
        "- fixture fixtures/a.yaml",
        "~ fixture fixtures/b.yaml",
        "+ fixture fixtures/c.yaml",
    ]


# --- schemas ----------------------------------------------------------------------------------------------------------


def schema_edits(folder: Path, name: str, edit: Any) -> list[tuple[str, bool]]:
    after = copy.deepcopy(SchemaSet.shipped().load(name))
    edit(after)
    base = project(folder / "base", schemas={})
    data = compare(base, project(folder / "head", schemas={name: after}))
    return [(change["path"], change["breaking"]) for change in data["schemas"]]


@pytest.mark.parametrize(
    ("name", "edit", "expected"),
    [
        ("profile", lambda s: s.update(description="Other words."), []),
        ("profile", lambda s: s["properties"].update(extra={"type": "string"}), [("properties/extra", False)]),
        ("profile", lambda s: s["properties"].pop("filings"), [("properties/filings", True)]),
        ("profile", lambda s: s["properties"].pop("opinions"), [("properties/opinions", True)]),
        ("profile", lambda s: s["required"].append("filings"), [("required", True)]),
        ("profile", lambda s: s["properties"]["services"].update(maxItems=2), [("properties/services/maxItems", True)]),
        ("profile", lambda s: s["properties"]["services"].update(maxItems=99), [("properties/services/maxItems", False)]),
        ("vocabulary", lambda s: s["$defs"]["reason"]["enum"].append("NEW"), [("$defs/reason/enum", False)]),
        ("vocabulary", lambda s: s["$defs"]["country"]["enum"].pop(), [("$defs/country/enum", True)]),
        ("decision", lambda s: s["properties"]["decision"]["enum"].append("maybe"), [("properties/decision/enum", True)]),
        ("decision", lambda s: s["required"].remove("problems"), [("required", True)]),
        ("decision", lambda s: s["properties"].update(extra={"type": "string"}), [("properties/extra", False)]),
    ],
)  # fmt: skip
def test_schemas_break_readers_or_not(tmp_path: Path, name: str, edit: Any, expected: list[tuple[str, bool]]) -> None:
    assert schema_edits(tmp_path, name, edit) == expected


def test_comparison_of_json_is_stable(tmp_path: Path) -> None:
    base = project(tmp_path / "base")
    head = project(tmp_path / "head", {"law": changed("value: 50.0", "value: 70.0")})
    assert json.dumps(compare(base, head)) == json.dumps(compare(base, head))
