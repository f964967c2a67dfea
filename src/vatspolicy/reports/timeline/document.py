"""The timeline as Markdown and HTML: one set of values for both, and their templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import word
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.formats.html_page import Frame, render_page
from vatspolicy.reports.formats.html_words import Sentences
from vatspolicy.reports.formats.templating import render_markdown as render_template
from vatspolicy.reports.timeline.words import WORDS, describe_decision, say_change, say_fact, say_law, say_until, told
from vatspolicy.reports.words import TONES, phrase, read_law, say_bundle

Data = Mapping[str, Any]

_STYLE = """
.until { display: block; font-size: .85em; font-weight: 400; }
td > ul { list-style: none; padding: 0; margin: 0; } td > p { margin: 0; }
td:last-child { min-width: 14rem; }
"""


def render_markdown(data: Data, lang: Language) -> str:
    """Render a timeline (timeline.schema.json) as Markdown."""
    return render_template("timeline/timeline.md.j2", **_values(data, lang), not_advice=phrase("not_advice", lang))


def render_html(data: Data, lang: Language) -> str:
    """Render a timeline as a page."""
    say = Sentences(lang)
    title = word(WORDS, "title", lang, title=data["title"])
    end = say.gap.join([phrase("not_advice", lang), say.deciding(read_law(data["bundle"]))])
    frame = Frame(title, lang, style=_STYLE, end=end, wide=True)
    return render_page("timeline/timeline.html.j2", frame, **_values(data, lang))


def _values(data: Data, lang: Language) -> dict[str, Any]:
    """Return what the templates say, in one language."""
    key = "range_to" if data["to"] else "range"
    return {
        "bundle": say_bundle(data["bundle"], lang),
        "entries": [_entry(data, entry, lang) for entry in data["entries"]],
        "heads": [word(WORDS, name, lang) for name in ("from_head", "decision_head", "changes_head", "law_head")],
        "span": word(WORDS, key, lang, first=data["from"], last=data["to"]),
        "heading": clean(word(WORDS, "title", lang, title=data["title"])),
        "words": lambda name: word(WORDS, name, lang),
    }


def _entry(data: Data, entry: Data, lang: Language) -> dict[str, Any]:
    law = [say_law(one, lang) for one in entry["instruments"]] + [say_fact(one, lang) for one in entry["facts"]]
    return {
        "day": entry["from"],
        "decision": describe_decision(entry["decision"], lang),
        "tone": TONES[entry["decision"]],
        "until": say_until(data, entry, lang),
        "changes": [say_change(change, lang) for change in told(entry["changes"])],
        "marks": [word(WORDS, mark["mark"], lang, day=mark["day"]) for mark in entry["marks"]],
        "law": law,
    }
