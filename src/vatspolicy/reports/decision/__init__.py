"""Reports: the decisions of one run in the format that a reader or a machine wants."""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from vatspolicy.core.engine.result import Record
from vatspolicy.core.profile.vocabulary import Language
from vatspolicy.errors import Problem, in_language
from vatspolicy.gate.judgement import Judgement, Remark
from vatspolicy.i18n import _
from vatspolicy.reports.decision.pieces import Pieces, Report, Run, View

if TYPE_CHECKING:
    from vatspolicy.gate.gate import GateResult

FORMATS = ("text", "json", "sarif", "junit", "github", "markdown", "html")
WHOLE = ("html",)
"""Formats of text for which all records of a run are kept until its end."""
BINARY_FORMATS = ("docx", "xlsx")
"""Formats for counsel that are files, not text; they need the extra `export`, and all records too."""
EXTENTS = ("screen", "details", "summary", "quiet")
"""Extents of a report: one screen, everything, one line a spec, the last line."""
_MODULES = {"json": "json_run"}


def begin_report(format: str, view: View) -> Report:
    """Begin a report in one of FORMATS that is not in WHOLE."""
    module = importlib.import_module(f"vatspolicy.reports.decision.{_MODULES.get(format, format)}")
    report: Report = module.Report(view)
    return report


def finish_report(pieces: Pieces, number: int, format: str, lang: Language, run: Run) -> Iterator[str]:
    """Yield a report whose decisions are all added; JSON has problems in the language of the run."""
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
    """Render decisions (records) in one of FORMATS. `color` and `room` (columns) apply to text only.

    `problems` are errors of specs that were not decided. Text and github leave them to standard error.
    `remarks` are about waivers and a baseline; None if there were none. `extent` is one of EXTENTS; the text follows
    it, and JSON is brief unless it is `details`. `gate` is the run of the gate: its settings say which findings are
    errors, and the last line of the text tells it. Without it, the settings are those of a gate without options. The
    command that the last line proposes repeats options: `repeated`, by command.
    """
    if format in WHOLE:
        found = [in_language(problem, lang) for problem in (*problems, *_not_found(gate))]
        module = importlib.import_module(f"vatspolicy.reports.decision.{format}")
        return str(module.render(records, lang, found, remarks=remarks or ()))
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


def export(
    format: str,
    records: Sequence[Record],
    lang: Language,
    problems: Sequence[Problem] = (),
    remarks: Iterable[Remark] | None = None,
) -> bytes:
    """Render decisions (records) in one of BINARY_FORMATS.

    Raises:
        ModuleNotFoundError: if the extra `export` is not installed.
    """
    module = importlib.import_module(f"vatspolicy.reports.decision.{format}")
    content: bytes = module.render(records, lang, [in_language(problem, lang) for problem in problems], remarks or ())
    return content
