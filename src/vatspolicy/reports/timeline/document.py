"""The timeline as Markdown and HTML: one set of values for both, and their templates."""

from __future__ import annotations

from vatspolicy.core.engine.timeline import Entry, Timeline
from vatspolicy.i18n import Language
from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import word
from vatspolicy.reports.formats.html_words import Sentences
from vatspolicy.reports.formats.templating import Frame, render_page
from vatspolicy.reports.formats.templating import render_markdown as render_template
from vatspolicy.reports.timeline.words import WORDS, describe_decision, say_change, say_fact, say_law, say_until, told
from vatspolicy.reports.words import TONES, phrase, say_deciding

_STYLE = """
.until { display: block; font-size: .85em; font-weight: 400; }
td > ul { list-style: none; padding: 0; margin: 0; } td > p { margin: 0; }
td:last-child { min-width: 14rem; }
"""


def render_markdown(timeline: Timeline, lang: Language) -> str:
    """Render a timeline as Markdown."""
    return render_template("timeline/timeline.md.j2", **_values(timeline, lang), not_advice=phrase("not_advice", lang))


def render_html(timeline: Timeline, lang: Language) -> str:
    """Render a timeline as a page."""
    say = Sentences(lang)
    title = word(WORDS, "title", lang, title=timeline.title)
    end = say.gap.join([phrase("not_advice", lang), say.deciding(timeline.bundle)])
    frame = Frame(title, lang, style=_STYLE, end=end, wide=True)
    return render_page("timeline/timeline.html.j2", frame, **_values(timeline, lang))


def _values(timeline: Timeline, lang: Language) -> dict[str, object]:
    """Return what the templates say, in one language."""
    key = "range_to" if timeline.to else "range"
    return {
        "bundle": say_deciding(timeline.bundle, lang),
        "entries": [_entry(timeline, entry, lang) for entry in timeline.entries],
        "heads": [word(WORDS, name, lang) for name in ("from_head", "decision_head", "changes_head", "law_head")],
        "span": word(WORDS, key, lang, first=timeline.from_, last=timeline.to),
        "heading": clean(word(WORDS, "title", lang, title=timeline.title)),
        "words": lambda name: word(WORDS, name, lang),
    }


def _entry(timeline: Timeline, entry: Entry, lang: Language) -> dict[str, object]:
    return {
        "day": entry.from_,
        "decision": describe_decision(entry.decision, lang),
        "tone": TONES[entry.decision],
        "until": say_until(timeline, entry, lang),
        "changes": [say_change(change, lang) for change in told(entry.changes)],
        "marks": [word(WORDS, mark.mark, lang, day=mark.day) for mark in entry.marks],
        "law": [*(say_law(one, lang) for one in entry.instruments), *(say_fact(one, lang) for one in entry.facts)],
    }
