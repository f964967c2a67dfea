"""Added and amended rules are told in words, beside the rules before them."""

from __future__ import annotations

from pathlib import Path

from tests.support.project_builder import RULES, compare, compare_policies, policy, project
from vatspolicy.reports.diff import render

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
    assert said(card["before"]["when"]["en"]) == "foreign share of the company is above 0%"
    assert "foreign share of the company is above 10%" in said(card["after"]["when"]["en"])
    text = said(render("text", data, "en", room=300))
    assert "law/tell-2026: added, in place of law/tell. Tell." in text
    assert "- applies when foreign share of the company is above 0%" in text
    assert "+ applies when " in text
    assert "§ art. 1 [primary]: Something." in text
    markdown = said(render("markdown", data, "en"))
    assert "before: applies when foreign share of the company is above 0%" in markdown
    assert "**now: applies when " in markdown
    html = render("html", data, "zh")
    assert "取代 law/tell" in html
    assert "适用条件：" in html


def test_a_new_regulation_is_shown_with_its_rules_and_the_state_of_its_sources(tmp_path: Path) -> None:
    more = policy("more", SUCCESSOR.replace("term.is_foreign && ", "").join(["rules:\n", ""]))
    more = more.replace("verification: primary", "verification: unverified")
    head = project(tmp_path / "head", {"law": LAW, "more": more})
    data = compare(project(tmp_path / "base", {"law": LAW}), head)
    [card] = data["law"]
    assert (card["rule"], card["predecessor"], card["before"]) == ("more/tell-2026", None, None)
    text = said(render("text", data, "en", room=300))
    assert "+ applies when foreign share of the company is above 10%" in text
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
    assert "- applies when foreign share" in said(render("text", data, "en", room=300))
