"""The decisions of a run as JSON: full with `--details` (decision.schema.json), else brief (brief.schema.json)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from vatspolicy.core.engine.result import Record, encode
from vatspolicy.core.engine.serialize import FORMAT
from vatspolicy.gate.judgement import Remark
from vatspolicy.i18n import Language
from vatspolicy.reports.decision.brief import make_brief, write_dense
from vatspolicy.reports.decision.pieces import BLANK, Entries, Run, Texts, View, fill_list

if TYPE_CHECKING:
    from vatspolicy.gate.gate import GateResult

SEVERITY = ("allow", "incomplete", "needs-license", "deny")
"""Decision words from the best to the worst; a run is as bad as its worst decision."""


class Report:
    """A report under construction (see `pieces.Report`)."""

    def __init__(self, view: View) -> None:
        self._view, self._whole = view, view.extent == "details"
        self._step = "  " if self._whole else " "

    def take(self, record: Record, seconds: float = 0.0) -> Texts:
        """Return a decision as JSON, then each of its failures."""
        lang, judgement = self._view.lang, self._view.judgement
        failures = [
            self._dump({"file": record.file, "product": record.product, **failure._asdict()}, 3)
            for failure in judgement.find_failures(record)
        ]
        return self._dump(encode(record) if self._whole else make_brief(record, lang, judgement), 2), *failures

    def write(self, entries: Entries, run: Run) -> Iterator[str]:
        """Yield the whole document."""
        frame = self._dump(self._frame(entries, run), 0) + "\n"
        if run.gate and any(one.fails for one in entries.summaries):
            *done, frame = self._fill(frame, "failures", 2, (text for texts in entries.texts() for text in texts[1:]))
            yield from done
        if len(entries):
            yield from self._fill(frame, "decisions", 1, (texts[0] for texts in entries.texts()))
        else:
            yield frame

    def _frame(self, entries: Entries, run: Run) -> dict[str, object]:
        """Return the run with a BLANK for its decisions, and for its failures."""
        undecided = [
            {key: getattr(problem, key) for key in ("file", "line", "column", "path", "message", "hint")}
            for problem in sorted(set(run.problems))
        ]
        worst = max((one.decision for one in entries.summaries), key=SEVERITY.index, default=None)
        frame = {
            "format": FORMAT,
            "decision": None if undecided else worst,
            **({} if run.gate is None else {"gate": _gate(run.gate, entries)}),
            "decisions": BLANK if len(entries) else [],
            "problems": undecided,
            **_remarks(run.remarks, None if self._whole else self._view.lang),
        }
        return frame if self._whole else {**frame, "form": "brief"}

    def _dump(self, value: object, depth: int) -> str:
        """Return a value as JSON, as it stands at a depth of the document."""
        indent = self._step * depth
        if self._whole:
            return json.dumps(value, ensure_ascii=False, indent=2).replace("\n", f"\n{indent}")
        return write_dense(value, indent)

    def _fill(self, frame: str, name: str, depth: int, members: Iterable[str]) -> Iterator[str]:
        return fill_list(frame, name, self._step * depth, self._step, members)


def _gate(gate: GateResult, entries: Entries) -> dict[str, object]:
    """Return the settings of the gate, its exit code, the number of specs, and a BLANK for the failures."""
    judgement = gate.judgement
    return {
        "fail_on": judgement.fail_on,
        "no_fail": judgement.no_fail,
        "strict_waivers": judgement.strict,
        "exit_code": int(gate.exit_code),
        "specs": {"decided": len(entries), "invalid": len(gate.invalid)},
        "failures": BLANK if any(one.fails for one in entries.summaries) else [],
    }


def _remarks(remarks: Iterable[Remark] | None, lang: Language | None) -> dict[str, object]:
    """Return remarks as data: those on waivers, and the settings in use. Both are left out where there are none.

    Messages are in one language, or in both.
    """
    if remarks is None:
        return {}
    remarks = list(remarks)
    settings = [encode(setting) for one in remarks for setting in one.settings]
    waivers = [
        {**encode(one), **({"message": one.message[lang]} if lang else {})} for one in remarks if one.kind != "settings"
    ]
    return {**({"waivers": waivers} if waivers or not settings else {}), **({"settings": settings} if settings else {})}
