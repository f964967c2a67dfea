"""Reports: the decisions of one run in the format that a reader or a machine wants."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from vatspolicy.record import FORMAT
from vatspolicy.vocabulary import Language

FORMATS = ("text", "json", "sarif", "junit", "github", "markdown")
SEVERITY = ("allow", "incomplete", "needs-license", "deny")
"""Decision words from the best to the worst; a run is as bad as its worst decision."""


def render(
    format: str, records: Sequence[Mapping[str, Any]], lang: Language, colour: bool = False, room: int = 100
) -> str:
    """The report of decisions (as `record` makes them) in one of FORMATS. Only text knows colour and room (columns)."""
    if format == "json":
        import json

        return json.dumps(run(records), ensure_ascii=False, indent=2) + "\n"
    module = importlib.import_module(f"vatspolicy.report.{format}")
    text: str = module.render(records, lang, colour, room) if format == "text" else module.render(records, lang)
    return text


def run(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The decisions of one run as data (decision.schema.json)."""
    worst = max((data["decision"] for data in records), key=SEVERITY.index, default="allow")
    return {"format": FORMAT, "decision": worst, "decisions": list(records)}
