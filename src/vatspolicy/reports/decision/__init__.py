"""Reports: the decisions of one run in the format that a reader or a machine wants."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from vatspolicy.engine.serialize import FORMAT
from vatspolicy.errors import Problem, in_language
from vatspolicy.i18n import _
from vatspolicy.profile.vocabulary import Language

if TYPE_CHECKING:
    from typing import Any

    from vatspolicy.gate.gate import GateResult

FORMATS = ("text", "json", "sarif", "junit", "github", "markdown", "html")
BINARY_FORMATS = ("docx", "xlsx")
"""Formats for counsel that are files, not text; they need the extra `export`."""
EXTENTS = ("screen", "details", "summary", "quiet")
"""Extents of a report: one screen, everything, one line a spec, the last line."""
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
    it, and JSON is compact unless it is `details`. `gate` is the run of the gate: its settings say which findings are
    errors, and the last line of the text tells it. Without it, the settings are those of a gate without options. The
    command that the last line proposes repeats options: `repeated`, by command.
    """
    if format == "json":
        import json

        from vatspolicy.reports.decision.compact import write_dense

        problems = [*problems, *_not_found(gate)]
        whole = extent == "details"
        found = run(records, problems, remarks, gate) if whole else compact_run(records, lang, problems, remarks, gate)
        return (json.dumps(found, ensure_ascii=False, indent=2) if whole else write_dense(found)) + "\n"
    problems = [in_language(problem, lang) for problem in (*problems, *_not_found(gate))]
    module = importlib.import_module(f"vatspolicy.reports.decision.{format}")
    if format == "text":
        return str(module.render(records, lang, color, room, extent, gate, repeated, remarks=remarks or ()))
    if format == "html":
        return str(module.render(records, lang, problems, remarks=remarks or ()))
    return str(module.render(records, lang, problems, remarks=remarks or (), gate=gate))


def _not_found(gate: GateResult | None) -> list[Problem]:
    """Return the arguments that matched no spec as problems: nothing was decided about them."""
    if gate is None or not gate.empty:
        return []
    return [Problem(argument, 1, 1, "", _("No spec was found here."), _("Check the path.")) for argument in gate.empty]


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
    gate: GateResult | None = None,
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
        **({} if gate is None else {"gate": _gate(records, gate)}),
        "decisions": list(records),
        "problems": undecided,
        **_remarks(remarks),
    }


def compact_run(
    records: Sequence[Mapping[str, Any]],
    lang: Language,
    problems: Iterable[Problem] = (),
    remarks: Iterable[Mapping[str, Any]] | None = None,
    gate: GateResult | None = None,
) -> dict[str, Any]:
    """Return the decisions of a run in their compact form (summary.schema.json)."""
    from vatspolicy.gate.judgement import Judgement
    from vatspolicy.reports.decision.compact import compact

    judgement = gate.judgement if gate else Judgement()
    whole = run(records, problems, remarks, gate)
    told = [{**remark, "message": remark["message"][lang]} for remark in whole.get("waivers", ())]
    return {
        **whole,
        "form": "compact",
        "decisions": [compact(data, lang, judgement) for data in records],
        **({"waivers": told} if "waivers" in whole else {}),
    }


def _gate(records: Sequence[Mapping[str, Any]], gate: GateResult) -> dict[str, Any]:
    """Return the settings of the gate, its exit code, the number of specs, and the failures of each decision."""
    judgement = gate.judgement
    failures = [
        {"file": data["file"], "product": data["product"], **failure._asdict()}
        for data in records
        for failure in judgement.find_failures(data)
    ]
    return {
        "fail_on": judgement.fail_on,
        "no_fail": judgement.no_fail,
        "strict_waivers": judgement.strict,
        "exit_code": int(gate.exit_code),
        "specs": {"decided": len(records), "invalid": len(gate.invalid)},
        "failures": failures,
    }
