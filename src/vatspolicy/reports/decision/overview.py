"""Several decisions at a glance: a table, or a line a spec; the worst first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.text import clean, shorten, width
from vatspolicy.i18n.words import VERDICTS, Table, count, joint, word
from vatspolicy.output import HEADING, Style
from vatspolicy.reports.decision import doubt
from vatspolicy.reports.decision.digest import licenses_to_get, some_waived, split_duties
from vatspolicy.reports.decision.gate_line import COUNTS
from vatspolicy.reports.words import COLORS

Data = Mapping[str, Any]

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


def _rows(records: Iterable[Data], invalid: Mapping[str, int], lang: Language) -> Iterator[Row]:
    for file, errors in invalid.items():
        name = clean(file, one_line=True)
        yield Row(word(WORDS, "invalid", lang), "red", name, "", None, None, count(COUNTS, "errors", errors, lang))
    for data in records:
        filings, own = split_duties(data)
        file, name = clean(data["file"], one_line=True), clean(str(data["title"]), one_line=True)
        verdict, color = word(VERDICTS, data["decision"], lang), COLORS[data["decision"]]
        licenses, duties = len(licenses_to_get(data)), len(filings) + len(own)
        yield Row(verdict, color, file, name, licenses, duties, say_reason(data, lang))


def say_reason(data: Data, lang: Language) -> str:
    """Return in a line why a decision is as it is; empty for one that is allowed and not contested."""
    decision, parts = data["decision"], []
    if "remaining" in data and (told := some_waived(data, lang)):
        parts.append(told)
    if decision == "deny":
        parts += [finding["message"][lang] for finding in data["denials"]]
    elif decision == "needs-license":
        parts += [offer["instrument"]["title"][lang] for one in data["needs"] for offer in one.get("any_of", [one])]
    elif decision == "incomplete":
        parts += [ask["path"] for ask in data["missing"]]
    if data["contested"]:
        parts.insert(0, f"{word(doubt.WORDS, 'contested', lang)}{joint('colon', lang)}{doubt.hint(data, lang)}")
    return clean(joint("semicolon", lang).join(dict.fromkeys(part.rstrip(".。") for part in parts)), one_line=True)


def table_lines(
    records: Iterable[Data], invalid: Mapping[str, int], lang: Language, style: Style, room: int
) -> list[str]:
    """Return the table of several decisions: verdict, product, counts; below each its reason. The worst comes first.

    `invalid` has the files of specs that could not be decided, each with its number of errors.
    """
    rows = list(_rows(records, invalid, lang))
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
    records: Iterable[Data], invalid: Mapping[str, int], lang: Language, style: Style, room: int
) -> list[str]:
    """Return a line for each spec, the worst first."""
    rows = list(_rows(records, invalid, lang))
    first = max((width(row.verdict) for row in rows), default=0)
    lines = []
    for row in rows:
        text = f"{row.file}{joint('colon', lang)}{row.reason}" if row.reason else row.file
        lines.append(f"{style(_pad(row.verdict, first), 'bold', row.color)}  {shorten(text, room - first - 2)}")
    return lines


def _pad(text: str, size: int, right: bool = False) -> str:
    gap = " " * (size - width(text))
    return gap + text if right else text + gap
