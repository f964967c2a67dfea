"""The report for a terminal: one screen, a table or lines of several specs, or everything; the worst first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from vatspolicy.core.engine.result import Record
from vatspolicy.core.profile.vocabulary import Language
from vatspolicy.gate.judgement import Remark
from vatspolicy.i18n.text import wrap
from vatspolicy.i18n.words import word
from vatspolicy.output import HEADING, Style
from vatspolicy.reports.decision.digest import WAIVER_WORDS, remark_place, say_remark
from vatspolicy.reports.decision.gate_line import say_gate, say_totals
from vatspolicy.reports.decision.pieces import Entries, Run, Texts, View
from vatspolicy.reports.decision.summary import Summary, gravity
from vatspolicy.reports.formats import BY_EXPLAIN, BY_KIND, KINDS, POLICY, VERSIONS, WHY

if TYPE_CHECKING:
    from vatspolicy.gate.gate import GateResult


LEAVES_OUT = {
    "--details says it.": "services undetermined Denial.layer Need.layer Duty.layer Advice.layer Advice.citations"
    " Advice.kind Advice.message Advice.rule Advice.subject Duty.rule Duty.subject Duty.message Duty.citations"
    f" Duty.bearer Need.rule Need.authority {WHY} Explanation.location",
    BY_EXPLAIN: f"product {VERSIONS} {POLICY}",
    BY_KIND: f"{KINDS} Need.effect Need.message Need.routes Need.nearest",
}
"""Fields of a decision that it does not show, by the reason why."""


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
            order = entries.sort(_gravity)
            yield from (text for (text,) in entries.texts(order))
        elif extent == "screen" and not several and run.only:
            from vatspolicy.reports.decision.screen import render_screen

            yield from _join(render_screen(run.only, lang, style, room, () if remarks else closing))
            closing = closing if remarks else []
        elif extent in ("screen", "summary"):
            from vatspolicy.reports.decision.overview import summary_lines, table_lines

            lines = summary_lines if extent == "summary" else table_lines
            yield from _join(lines(entries.summaries, invalid, lang, style, room))
        if remarks and extent != "quiet":
            yield from _join(_remark_lines(remarks, lang, style, room))
        if several and extent != "quiet":
            yield say_totals(entries.summaries, len(invalid), lang)
        yield from _join(closing)


def _gravity(one: Summary) -> tuple[int, bool]:
    return gravity(one.decision, one.contested)


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
