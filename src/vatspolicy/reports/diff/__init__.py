"""The reports of a comparison by format."""

from __future__ import annotations

import importlib
import json
from dataclasses import replace

from vatspolicy.authoring.diff.result import Review, to_json
from vatspolicy.core.profile.vocabulary import Language
from vatspolicy.errors import in_language


def render(
    format: str,
    data: Review,
    lang: Language,
    color: bool = False,
    room: int = 100,
) -> str:
    """Render the comparison in a format. `color` and `room` (columns) apply to text only."""
    if format == "json":
        return json.dumps(to_json(data), ensure_ascii=False, indent=2) + "\n"
    data = replace(data, problems=tuple(in_language(problem, lang) for problem in data.problems))
    if format == "text":
        from vatspolicy.reports.diff.text import render as render_text

        return render_text(data, lang, color, room)
    module = importlib.import_module(f"vatspolicy.reports.diff.{format}")
    return str(module.render(data, lang))
