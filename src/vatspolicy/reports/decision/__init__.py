"""Reports: the decisions of one run in the format that a reader or a machine wants."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from vatspolicy.engine.serialize import FORMAT
from vatspolicy.errors import Problem, in_language
from vatspolicy.profile.vocabulary import Language

if TYPE_CHECKING:
    from typing import Any

    from vatspolicy.gate.gate import GateResult

FORMATS = ("text", "json", "sarif", "junit", "github", "markdown", "html")
BINARY_FORMATS = ("docx", "xlsx")
"""Formats for counsel that are files, not text; they need the extra `export`."""
EXTENTS = ("screen", "details", "summary", "quiet")
"""How much a report says: what fits on a screen, everything, one line a spec, the last line."""
SEVERITY = ("allow", "incomplete", "needs-license", "deny")
"""Decision words from the best to the worst; a run is as bad as its worst decision."""


def render(
    format: str,
    records: Sequence[Mapping[str, Any]],
    lang: Language,
    color: bool = False,
    room: int = 100,
    problems: Sequence[Problem] = (),
    remarks: Sequence[Mapping[str, Any]] | None = None,
    extent: str = "details",
    gate: GateResult | None = None,
    repeated: Mapping[str, str] | None = None,
) -> str:
    """Render decisions (records) in one of FORMATS. `color` and `room` (columns) apply to text only.

    `problems` are errors of specs that were not decided. Text and github leave them to standard error.
    `remarks` are about waivers and a baseline; None if there were none. `extent` is one of EXTENTS; the text follows
    it. `gate` is the run of the gate, which the last line of the text tells; without it there is no such line. The
    command that it proposes repeats options: `repeated`, by command.
    """
    if format == "json":
        import json

        return json.dumps(run(records, problems, remarks), ensure_ascii=False, indent=2) + "\n"
    problems = [in_language(problem, lang) for problem in problems]
    module = importlib.import_module(f"vatspolicy.reports.decision.{format}")
    rest = (color, room, extent, gate, repeated) if format == "text" else () if format == "github" else (problems,)
    text: str = module.render(records, lang, *rest, remarks=remarks or ())
    return text


def _remarks(remarks: Iterable[Mapping[str, Any]] | None) -> dict[str, Any]:
    """Return remarks as data: those on waivers, and the settings in use. Both are left out where there are none."""
    if remarks is None:
        return {}
    settings = [setting for one in remarks if one["kind"] == "settings" for setting in one["settings"]]
    waivers = [one for one in remarks if one["kind"] != "settings"]
    return {**({"waivers": waivers} if waivers or not settings else {}), **({"settings": settings} if settings else {})}


def export(
    format: str,
    records: Sequence[Mapping[str, Any]],
    lang: Language,
    problems: Sequence[Problem] = (),
    remarks: Sequence[Mapping[str, Any]] | None = None,
) -> bytes:
    """Render decisions (records) in one of BINARY_FORMATS.

    Raises:
        ModuleNotFoundError: if the extra `export` is not installed.
    """
    module = importlib.import_module(f"vatspolicy.reports.decision.{format}")
    content: bytes = module.render(records, lang, [in_language(problem, lang) for problem in problems], remarks or ())
    return content


def run(
    records: Sequence[Mapping[str, Any]],
    problems: Iterable[Problem] = (),
    remarks: Iterable[Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return the decisions of a run as data (decision.schema.json). If a spec is undecided, the run has no decision."""
    undecided = [
        {key: getattr(problem, key) for key in ("file", "line", "column", "path", "message", "hint")}
        for problem in sorted(set(problems))
    ]
    worst = max((data["decision"] for data in records), key=SEVERITY.index, default=None)
    return {
        "format": FORMAT,
        "decision": None if undecided else worst,
        "decisions": list(records),
        "problems": undecided,
        **_remarks(remarks),
    }
