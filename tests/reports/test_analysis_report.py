"""The report of an analysis as Markdown: what it says, and that no text of a policy becomes markup."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt

from tests.support.html_tree import HOSTILE
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
    assert re.findall(r"<(?:script|img|a|em|h\d)\b", outside) == ["<h3"]
    assert "@team" not in outside
    assert not set("\x1b\u202e") & set(text)
    assert page.count("<pre>") == 1
