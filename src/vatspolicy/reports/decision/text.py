"""The report for a terminal: one screen, a table or lines of several specs, or everything; the worst first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from vatspolicy.core.engine.result import Record
from vatspolicy.gate.judgement import Remark
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.text import clean, shorten, width, wrap
from vatspolicy.i18n.words import VERDICTS, Table, count, joint, word
from vatspolicy.output import HEADING, Style
from vatspolicy.reports.decision.digest import WAIVER_WORDS, remark_place, say_remark
from vatspolicy.reports.decision.pieces import Entries, Run, Texts, View
from vatspolicy.reports.decision.summary import COUNTS, Summary, gravest_first, gravity, say_gate, say_totals
from vatspolicy.reports.formats import BY_EXPLAIN, BY_KIND, KINDS, POLICY, VERSIONS, WHY
from vatspolicy.reports.words import COLORS

if TYPE_CHECKING:
    from vatspolicy.gate.gate import GateResult

LEAVES_OUT = {
    "--details says it.": "services undetermined Denial.layer Need.layer Duty.layer Advice.layer Advice.citations"
    " Advice.kind Advice.message Advice.rule Advice.subject Duty.rule Duty.subject Duty.message Duty.citations"
    f" Duty.bearer Need.rule Need.authority {WHY} Explanation.location",
    BY_EXPLAIN: f"product {VERSIONS} {POLICY}",
    BY_KIND: f"{KINDS} Need.effect Need.message Need.routes Need.nearest",
}


class Report:
    """A report under construction (see `pieces.Report`)."""

    def __init__(self, view: View) -> None:
        self._view, self._style = view, Style(view.color)

    def take(self, record: Record, seconds: float = 0.0) -> Texts:
        """Return everything about a decision, if the report says it; the outline serves the others."""
        if self._view.extent != "details":
            return ()
        from vatspolicy.reports.decision.details import detail_lines

        return ("\n".join(detail_lines(record, self._view.lang, self._style, self._view.room)),)

    def write(self, entries: Entries, run: Run) -> Iterator[str]:
        """Yield the blocks of the report, with a blank line between two."""
        between = ""
        for block in self._blocks(entries, run):
            yield between + block
            between = "\n\n"
        yield "\n"

    def _blocks(self, entries: Entries, run: Run) -> Iterator[str]:
        view, style = self._view, self._style
        lang, room, extent, remarks, gate = view.lang, view.room, view.extent, run.remarks or (), run.gate
        invalid = _count_errors(gate)
        closing = say_gate(gate, entries.summaries, lang, style, room, run.repeated, extent == "quiet") if gate else []
        several = len(entries) + len(invalid) > 1
        if extent == "details":
            order = entries.sort(lambda one: gravity(one.decision, one.contested))
            yield from (text for (text,) in entries.texts(order))
        elif extent == "screen" and not several and run.only:
            from vatspolicy.reports.decision.screen import render_screen

            yield from _join(render_screen(run.only, lang, style, room, () if remarks else closing))
            closing = closing if remarks else []
        elif extent in ("screen", "summary"):
            lines = summary_lines if extent == "summary" else table_lines
            yield from _join(lines(entries.summaries, invalid, lang, style, room))
        if remarks and extent != "quiet":
            yield from _join(_remark_lines(remarks, lang, style, room))
        if several and extent != "quiet":
            yield say_totals(entries.summaries, len(invalid), lang)
        yield from _join(closing)


def _join(lines: list[str]) -> Iterator[str]:
    """Yield lines as one block, if there are any."""
    if lines:
        yield "\n".join(lines)


def _count_errors(gate: GateResult | None) -> dict[str, int]:
    """Return the files that could not be decided, each with its number of errors."""
    if gate is None:
        return {}
    found = dict.fromkeys(gate.invalid, 0)
    for problem in gate.problems:
        if problem.file in found:
            found[problem.file] += 1
    return found


def _remark_lines(remarks: Iterable[Remark], lang: Language, style: Style, room: int) -> list[str]:
    """Return the section on waivers themselves, which follows all decisions."""
    lines = [style(word(WAIVER_WORDS, "remarks", lang), *HEADING)]
    for remark in remarks:
        mark = style("!", "yellow") if remark.level == "warning" else "·"
        lines += wrap(f"{remark_place(remark)}: {say_remark(remark, lang)}", room, "    ", f"  {mark} ")
    return lines


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
