"""Added and amended rules are told in words, beside the rules before them."""

from __future__ import annotations

from pathlib import Path

from tests.support.comparisons import render
from tests.support.project_builder import RULES, compare, compare_policies, policy, project

LAW = policy("law")
SUCCESSOR = """\
  - id: tell-2026
    cite: [art-1]
    each: product
    from: '2026-09-01'
    when: term.is_foreign && company.foreign_percent > 10.0
    advise: {kind: verify}
    message: {en: Tell., zh: 请核实。}
"""


def said(text: str) -> str:
    return " ".join(text.replace("\\", "").split()).replace(" %", "%")


def test_a_successor_stands_beside_the_rule_before_it(tmp_path: Path) -> None:
    """Both say the same message; what is new is the condition."""
    ended = RULES.replace("  - id: tell\n", "  - id: tell\n    until: '2026-09-01'\n")
    data = compare_policies(tmp_path, LAW, policy("law", ended + SUCCESSOR))
    [card] = data["law"]
    assert (card["rule"], card["change"], card["predecessor"]) == ("law/tell-2026", "added", "law/tell")
    assert said(card["before"]["when"]["en"]) == "the foreign share of the company is above 0%"
    assert "the foreign share of the company is above 10%" in said(card["after"]["when"]["en"])
    text = said(render("text", data, "en", room=300))
    assert "law/tell-2026: added, in place of law/tell, from 2026-09-01" in text
    edits, _, folded = text.partition("What was edited")
    assert "rule tell-2026" not in edits, "a successor and the rule before it are told once"
    assert "rule tell-2026" in folded
    assert "+ condition: the foreign share of the company is above 10%" in text
    assert "as before, it requires all of these: the foreign share of the company is above 0%" in text
    assert "§ art. 1 [primary]: Something." in text
    markdown = said(render("markdown", data, "en"))
    assert "**new: condition: the foreign share of the company is above 10%**" in markdown
    html = render("html", data, "zh")
    assert "取代 law/tell" in html
    assert "条件：" in html


def test_a_new_regulation_is_shown_with_its_rules_and_the_state_of_its_sources(tmp_path: Path) -> None:
    more = policy("more", SUCCESSOR.replace("term.is_foreign && ", "").join(["rules:\n", ""]))
    more = more.replace("verification: primary", "verification: unverified")
    head = project(tmp_path / "head", {"law": LAW, "more": more})
    data = compare(project(tmp_path / "base", {"law": LAW}), head)
    [card] = data["law"]
    assert (card["rule"], card["predecessor"], card["before"]) == ("more/tell-2026", None, None)
    text = said(render("text", data, "en", room=300))
    assert "+ applies when the foreign share of the company is above 10%" in text
    assert "+ advise: verify" in text
    assert "+ in force from 2026-09-01" in text
    assert "§ art. 1 [unverified]: Something." in text


def test_an_amended_rule_tells_what_differs(tmp_path: Path) -> None:
    data = compare_policies(
        tmp_path, LAW, LAW.replace("deny: {reason: SHARE-ABOVE-CAP}", "deny: {reason: SHARE-ABOVE-CAP, curable: true}")
    )
    [card] = data["law"]
    assert (card["rule"], card["change"]) == ("law/too-foreign", "changed")
    text = said(render("text", data, "en", room=300))
    assert "(fixable)" in text.split("+ deny:")[1][:80]
    assert "- applies" not in text, "the condition is the same"


def test_messages_and_moved_lines_are_no_edit_of_what_a_rule_says(tmp_path: Path) -> None:
    data = compare_policies(tmp_path, LAW, LAW.replace("{en: Tell., zh: 请核实。}", "{en: Tell them., zh: 请核实。}"))
    assert data["law"] == []


def test_a_removed_rule_tells_what_it_said(tmp_path: Path) -> None:
    data = compare_policies(tmp_path, LAW, policy("law", RULES[: RULES.index("  - id: tell\n")]))
    [card] = data["law"]
    assert (card["rule"], card["change"], card["after"]) == ("law/tell", "removed", None)
    assert "- applies when the foreign share" in said(render("text", data, "en", room=300))


TWO = """\
  - id: refuse
    cite: [art-1]
    each: product
    when: term.is_foreign && company.registered_capital_rmb < 1000000 && data.persons > 10
    deny: {reason: SHARE-ABOVE-CAP}
    message: {en: Refused., zh: 不予准入。}
"""


def test_only_the_clauses_of_a_condition_that_differ_are_told_as_a_change(tmp_path: Path) -> None:
    """A long condition hides the one sign that changed; the clauses that stay follow in one line."""
    base = policy("law", RULES + TWO)
    data = compare_policies(tmp_path / "a", base, base.replace("rmb < 1000000", "rmb <= 1000000"))
    old = "condition: the registered capital of the company is below RMB 1,000,000"
    for format in ("markdown", "text"):
        told = said(render(format, data, "en", room=300))
        marks = ("before: ", "**now: ") if format == "markdown" else ("- ", "+ ")
        assert f"{marks[0]}{old}" in told
        assert f"{marks[1]}{old.replace('below', 'at most')}" in told
        assert (
            "as before, it requires all of these: the foreign share of the company is above 0%; persons is above 10 persons"
            in told
        )
        assert "applies when" not in told.partition("What was edited")[0]
    dropped = compare_policies(tmp_path / "b", base, base.replace(" && data.persons > 10", ""))
    assert "- no longer: condition: persons is above 10 persons" in said(render("markdown", dropped, "en"))
    added = compare_policies(tmp_path / "c", base.replace(" && data.persons > 10", ""), base)
    assert "- **new: condition: persons is above 10 persons**" in said(render("markdown", added, "en"))


def test_a_citation_is_no_change_of_a_rule_that_a_value_moves(tmp_path: Path) -> None:
    """Who cites the new source beside the new value edits one thing."""
    line = "  art-1: {en: Something., zh: 某事。, verification: primary}\n"
    head = LAW.replace(line, line + line.replace("art-1", "art-2")).replace("value: 50.0", "value: 70.0")
    head = head.replace("  - id: too-foreign\n    cite: [art-1]", "  - id: too-foreign\n    cite: [art-1, art-2]")
    data = compare_policies(tmp_path, LAW, head)
    changes = [[data["structure"][place]["kind"] for place in item["changes"]] for item in data["edits"]]
    rules = dict(zip(("".join(kinds) for kinds in changes), (item["rules"] for item in data["edits"]), strict=True))
    assert [rule["rule"] for rule in rules["parameter"]] == ["law/too-foreign"]
    assert rules["rule"] == []
    told = said(render("text", data, "en", room=300))
    assert "cited articles: art. 2" in told
    first = "“Cap” rises from 50% to 70% on 2020-01-01: some refused products may launch. 1 other edit moves no rule."
    assert first in told


def test_a_changed_message_is_told_on_its_card(tmp_path: Path) -> None:
    data = compare_policies(tmp_path, LAW, LAW.replace("{en: Tell., zh: 请核实。}", "{en: Ask., zh: 请询问。}"))
    assert "message: Tell. → Ask." in said(render("text", data, "en", room=300))
    assert "提示语：请核实。 → 请询问。" in render("markdown", data, "zh")
