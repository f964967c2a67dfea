"""Parts of a report that broke off: each is marked, and the rest of the report stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.diff.words import phrase
from vatspolicy.reports.formats.github import command
from vatspolicy.reports.formats.markdown import escape
from vatspolicy.reports.formats.sarif import Run

Data = Mapping[str, Any]


def marks(data: Data, lang: Language) -> dict[str, str]:
    """Return a sentence for each part that the comparison could not make."""
    return {why["part"]: phrase("broken_part", lang, text=why["text"][lang]) for why in data["why"] if why["part"]}


def mark(error: Exception, lang: Language) -> str:
    """Return the sentence for a part that could not be written."""
    text = phrase("not_written", lang, error=type(error).__name__)
    return phrase("broken_part", lang, text=text)


def render_mark(format: str, sentence: str, lang: Language) -> str:
    """Render a report of which nothing but the sentence could be written."""
    match format:
        case "sarif":
            run = Run("vatspolicy diff", "0", "changeAndFile/v1")
            run.notify("error", sentence)
            return run.to_json(False, 4, {})
        case "github":
            return command("error", sentence) + "\n"
        case "markdown":
            return f"## 🛑 {escape(sentence)}\n"
        case "html":
            from vatspolicy.reports.formats.html_page import Frame, render_page  # other formats need no templates

            return render_page("diff/broken.html.j2", Frame("vatspolicy diff", lang), sentence=sentence)
    return f"{sentence}\n"
