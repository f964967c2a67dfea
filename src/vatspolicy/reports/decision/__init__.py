"""Reports: the decisions of one run in a format for people or programs."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

from vatspolicy.core.engine.result import Record
from vatspolicy.errors import Problem, in_language
from vatspolicy.gate.judgement import Judgement, Remark
from vatspolicy.i18n import Language, _
from vatspolicy.reports import formats
from vatspolicy.reports.decision.pieces import Pieces, Report, Run, View

if TYPE_CHECKING:
    from vatspolicy.gate.gate import GateResult

EXTENTS = ("screen", "details", "summary", "failures", "quiet")
"""Extents of a report: one screen, everything, one line per spec, one line per failing spec, the last line."""


def load_writer(format: str) -> ModuleType:
    """Return the module that writes decisions in a format: a `Report` of pieces, or `render` for a complete report.

    Its LEAVES_OUT names the fields that it does not show, by the reason why.
    """
    return importlib.import_module(f"vatspolicy.reports.decision.{format}")


def begin_report(format: str, view: View) -> Report:
    """Begin a report in pieces."""
    report: Report = load_writer(format).Report(view)
    return report


def finish_report(pieces: Pieces, number: int, format: str, lang: Language, run: Run) -> Iterator[str]:
    """Yield a report after all decisions were added; JSON has problems in the language of the run."""
    problems = [*run.problems, *_not_found(run.gate)]
    if format != "json":
        problems = [in_language(problem, lang) for problem in problems]
    return pieces.write(number, run._replace(problems=problems))


def render(
    format: str,
    records: Sequence[Record],
    lang: Language,
    color: bool = False,
    room: int = 100,
    problems: Sequence[Problem] = (),
    remarks: Sequence[Remark] | None = None,
    extent: str = "details",
    gate: GateResult | None = None,
    repeated: Mapping[str, str] | None = None,
) -> str:
    """Render decisions (records) in a format. `color` and `room` (columns) apply to text only. `problems` are
    errors of undecided specs, which text reports leave to standard error.
    `remarks` are about waivers and a baseline; None if there were none. `extent` is one of EXTENTS; the text follows
    it, and JSON is a report unless it is `details`. `gate` is the run of the gate: its settings determine which
    findings are errors; the last line of the text shows it. Without it, the settings are those of a gate without
    options. The command that the last line proposes repeats options: `repeated`, by command.
    """
    if formats.FORMATS[format].whole:
        problems = [in_language(problem, lang) for problem in (*problems, *_not_found(gate))]
        content: str = load_writer(format).render(records, lang, problems, remarks or ())
        return content
    judgement = gate.judgement if gate else Judgement()
    waived = any(record.remaining for record in records)
    report = begin_report(format, View(lang, judgement, extent, color, room, waived))
    pieces = Pieces([report], lang, judgement, math.inf)
    seconds = gate.seconds if gate else ()
    for record, spent in zip(records, seconds or [0.0] * len(records), strict=True):
        pieces.add(pieces.take(record, spent))
    only = records[0] if len(records) == 1 else None
    return "".join(finish_report(pieces, 0, format, lang, Run(problems, remarks, gate, repeated, only)))


def _not_found(gate: GateResult | None) -> list[Problem]:
    """Return the arguments that matched no spec as problems: nothing was decided about them."""
    if gate is None or not gate.empty:
        return []
    return [Problem(argument, 1, 1, "", _("No spec was found here."), _("Check the path.")) for argument in gate.empty]
