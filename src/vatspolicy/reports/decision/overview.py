"""Several decisions at a glance: a table, or a line a spec; the worst first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.text import clean, shorten, width
from vatspolicy.i18n.words import VERDICTS, Table, count, joint, word
from vatspolicy.output import HEADING, Style
from vatspolicy.reports.decision.gate_line import COUNTS
from vatspolicy.reports.decision.summary import Summary, gravest_first
from vatspolicy.reports.words import COLORS

WORDS: Table = {
    "spec": Phrase("Product"),
    "verdict": Phrase("Verdict"),
    "licenses": Phrase("Licenses"),
    "duties": Phrase("Before launch"),
    "invalid": Phrase("INVALID"),
}


class Row(NamedTuple):
    """A spec in the table."""

    verdict: str
    color: str
    file: str
    title: str
    licenses: int | None
    duties: int | None
    reason: str


def _rows(summaries: Iterable[Summary], invalid: Mapping[str, int], lang: Language) -> Iterator[Row]:
    for file, errors in invalid.items():
        name = clean(file, one_line=True)
        yield Row(word(WORDS, "invalid", lang), "red", name, "", None, None, count(COUNTS, "errors", errors, lang))
    for one in gravest_first(summaries):
        file, name = clean(one.file, one_line=True), clean(one.title, one_line=True)
        verdict, color = word(VERDICTS, one.decision, lang), COLORS[one.decision]
        yield Row(verdict, color, file, name, one.licenses, one.filings + one.own, one.reason)


def table_lines(
    summaries: Iterable[Summary], invalid: Mapping[str, int], lang: Language, style: Style, room: int
) -> list[str]:
    """Return the table of several decisions: verdict, product, counts; below each its reason. The worst comes first.

    `invalid` has the files of specs that could not be decided, each with its number of errors.
    """
    rows = list(_rows(summaries, invalid, lang))
    heads = [word(WORDS, key, lang) for key in ("verdict", "spec", "licenses", "duties")]
    first = max(width(text) for text in (heads[0], *(row.verdict for row in rows)))
    counts = [width(head) for head in heads[2:]]
    middle = max(room - first - sum(counts) - 7, 12)
    lines = [style(f" {_pad(heads[0], first)}  {_pad(heads[1], middle)}  {heads[2]}  {heads[3]}".rstrip(), *HEADING)]
    for row in rows:
        figures = ["" if n is None else str(n) for n in (row.licenses, row.duties)]
        told = "  ".join(_pad(figure, size, right=True) for figure, size in zip(figures, counts, strict=True))
        name = _pad(shorten(row.title or row.file, middle), middle)
        lines.append(f" {style(_pad(row.verdict, first), 'bold', row.color)}  {name}  {told}".rstrip())
        below = joint("colon", lang).join(part for part in (row.file if row.title else "", row.reason) if part)
        lines += [style(f" {' ' * first}  {shorten(below, room - first - 3)}", "dim")]
    return lines


def summary_lines(
    summaries: Iterable[Summary], invalid: Mapping[str, int], lang: Language, style: Style, room: int
) -> list[str]:
    """Return a line for each spec, the worst first."""
    rows = list(_rows(summaries, invalid, lang))
    first = max((width(row.verdict) for row in rows), default=0)
    lines = []
    for row in rows:
        text = f"{row.file}{joint('colon', lang)}{row.reason}" if row.reason else row.file
        lines.append(f"{style(_pad(row.verdict, first), 'bold', row.color)}  {shorten(text, room - first - 2)}")
    return lines


def _pad(text: str, size: int, right: bool = False) -> str:
    gap = " " * (size - width(text))
    return gap + text if right else text + gap
