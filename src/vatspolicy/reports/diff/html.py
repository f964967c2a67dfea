"""The comparison as one HTML page without network access or scripts, for screen and paper."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from vatspolicy.authoring.diff.edited import Cause
from vatspolicy.authoring.diff.result import ChangedDecision, Review
from vatspolicy.core.profile.vocabulary import Language
from vatspolicy.reports.diff.document import parts, values
from vatspolicy.reports.diff.words import phrase
from vatspolicy.reports.formats.templating import Frame, place_entries, render_page
from vatspolicy.reports.words import TONES

Quoted: TypeAlias = tuple[str, str, str | None]
"""The title of the law (empty except for its first article), an article label, and the article's address."""
_OPEN = ("problems", "edits", "accepted", "release")
"""Unfolded parts of the page."""
_STYLE = "tbody th { font-weight: 400 } td > ul { margin: 0 } h1 .badge { white-space: normal }"
_TITLES = {"tightened": "bad", "loosened": "warn", "both": "bad", "neither": "good", "unknown": "bad"}


def render(data: Review, lang: Language) -> str:
    """Render the complete report."""
    each = bool(data.proved_rules)
    shown = [(key, phrase("each_rule" if key == "semantic" and each else key, lang)) for key in parts(data)]
    frame = Frame(
        f"{data.title[lang]} – vatspolicy diff",
        lang,
        style=_STYLE,
        toc=place_entries((title, key) for key, title in shown),
        end=phrase("disclaimer", lang),
    )
    return render_page(
        "diff/diff.html.j2",
        frame,
        **values(data, lang),
        decisions=_decisions(data, lang),
        heads=lambda *names: [phrase(name, lang) for name in names],
        parts=shown,
        tone="bad" if data.why else _TITLES[str(data.verdict)],
        tones=TONES,
        unfolded=_OPEN,
    )


def _decisions(data: Review, lang: Language) -> Iterator[tuple[ChangedDecision, list[tuple[Cause, list[Quoted]]]]]:
    """Yield the rows of decisions with causes. The articles of a rule appear where it first does."""
    known: set[str] = set()
    for row in data.rows:
        causes: list[tuple[Cause, list[Quoted]]] = []
        for cause in row.because:
            causes.append((cause, [] if cause.rule in known else _laws(cause, lang)))
            known.add(cause.rule)
        yield row, causes


def _laws(cause: Cause, lang: Language) -> list[Quoted]:
    """Return the articles of a rule: the law's title for the first article of each, the label, and the address."""
    laws: list[Quoted] = []
    title = ""
    for citation in cause.citations:
        new = citation.title[lang]
        laws.append((new if new != title else "", citation.label[lang], citation.url))
        title = new
    return laws
