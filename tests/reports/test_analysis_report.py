"""The report of an analysis as Markdown: what it says, and that no text of a policy becomes markup."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt

from tests.support.html_tree import HOSTILE, Tree
from vatspolicy.authoring.analysis.findings import AnalysisFinding, AnalysisReport
from vatspolicy.core.policies.bundle import LawIdentity
from vatspolicy.reports.analysis import render


def test_no_text_of_a_policy_becomes_markup() -> None:
    hostile = f"{HOSTILE} [a](http://b) @team *x* ```"
    case = f"it: |\n  ```\n  {hostile}\n"
    message = {"en": hostile, "zh": hostile}
    finding = AnalysisFinding("dead", ("law/x",), hostile, 3, message, None, None, None, None, case, "tests", None)
    text = render(
        "markdown", AnalysisReport(LawIdentity("folder", "law", "1.0.0", "0" * 64), ("dead",), (finding,)), "en"
    )
    page = MarkdownIt("commonmark", {"html": True}).render(text)
    outside = re.sub(r"<code.*?</code>", "", page, flags=re.DOTALL)
    assert re.findall(r"<(?:script|img|a|em|h\d)\b", outside) == ["<h2", "<h3", "<em"]
    assert "@team" not in outside
    assert not set("\x1b\u202e") & set(text)
    assert page.count("<pre>") == 1


def test_text_and_page_say_the_finding_its_place_and_its_case() -> None:
    message = {"en": "The rule never holds.", "zh": "该规则从不成立。"}
    finding = AnalysisFinding(
        "dead", ("law/x",), "law.yaml", 3, message, None, None, None, None, "it: never", "tests", None
    )
    accepted = AnalysisFinding(
        "gap", ("law/y",), "law.yaml", 9, message, None, None, None, None, "", "tests", "Known to counsel."
    )
    report = AnalysisReport(LawIdentity("folder", "law", "1.0.0", "0" * 64), ("dead",), (finding, accepted))
    assert render("text", report, "en", room=200).splitlines()[3:] == [
        "  law.yaml:3: dead (error): The rule never holds.",
        "    for the tests of the policy",
        "    it: never",
        "  law.yaml:9: gap (accepted): The rule never holds.",
        "    Known to counsel.",
    ]
    page = Tree(render("html", report, "zh"))
    assert len(page.named("pre")) == 1
    for said in ("law.yaml:9", "该规则从不成立。", "it: never", "Known to counsel."):
        assert said in page.words()
