"""The comparison as one HTML page: no network, no script, for screen and paper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.diff.broken import mark, marks
from vatspolicy.reports.diff.document import parts, values
from vatspolicy.reports.diff.words import phrase
from vatspolicy.reports.formats.html_page import Frame, place_entries, render_page
from vatspolicy.reports.words import TONES

Data = Mapping[str, Any]

_OPEN = ("problems", "edits", "accepted", "release")
"""Parts of the page that are not folded."""
_STYLE = "tbody th { font-weight: 400 } td > ul { margin: 0 } h1 .badge { white-space: normal }"
_TITLES = {"tightened": "bad", "loosened": "warn", "both": "bad", "neither": "good", "unknown": "bad"}


def render(data: Data, lang: Language, broken: list[str]) -> str:
    """Render the whole report without cuts. Parts that cannot be written are added to `broken`."""
    marked = marks(data, lang)
    shown = list(parts(data))
    try:
        return _render(data, lang, shown, marked)
    except Exception:  # find the parts that break, and write the others
        for key in shown:
            try:
                _render(data, lang, [key], marked)
            except Exception as error:
                broken.append(key)
                marked[key] = mark(error, lang)
        return _render(data, lang, shown, marked)


def _render(data: Data, lang: Language, keys: Sequence[str], marked: Mapping[str, str]) -> str:
    """Render a page with some parts; those of `marked` are a sentence."""
    each = data["semantic"] is not None and data["semantic"]["rules"]
    shown = [(key, phrase("each_rule" if key == "semantic" and each else key, lang)) for key in keys]
    frame = Frame(
        f"{data['title'][lang]} – vatspolicy diff",
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
        marked=marked,
        parts=shown,
        tone="bad" if data["why"] else _TITLES[data["verdict"]],
        tones=TONES,
        unfolded=_OPEN,
    )


def _decisions(data: Data, lang: Language) -> Iterator[tuple[Data, list[tuple[Data, list[tuple[str, str, str]]]]]]:
    """Yield the rows of decisions with their causes; the law of a rule comes with its first cause."""
    known: set[str] = set()
    for row in data["decisions"]["rows"] if data["decisions"] else ():
        causes = []
        for cause in row["because"]:
            causes.append((cause, [] if cause["rule"] in known else _laws(cause, lang)))
            known.add(cause["rule"])
        yield row, causes


def _laws(cause: Data, lang: Language) -> list[tuple[str, str, str]]:
    """Return the articles of a rule: the title of their law where it begins, their label, and their address."""
    found, title = [], ""
    for citation in cause["citations"]:
        new = citation["title"][lang]
        found.append((new if new != title else "", citation["label"][lang], citation["url"]))
        title = new
    return found
