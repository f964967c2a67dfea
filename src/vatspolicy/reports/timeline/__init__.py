"""The timeline of a product by format."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vatspolicy.engine.result import encode
from vatspolicy.profile.vocabulary import Language

FORMATS = ("text", "json", "markdown", "html")


def render(format: str, data: Mapping[str, Any], lang: Language, color: bool = False, room: int = 100) -> str:
    """Render a timeline (timeline.schema.json) in one of FORMATS. `color` and `room` (columns) apply to text only."""
    if format == "json":
        return json.dumps(encode(data), ensure_ascii=False, indent=2) + "\n"
    if format == "text":
        from vatspolicy.reports.timeline import text

        return text.render(data, lang, color, room)
    from vatspolicy.reports.timeline import document

    return document.render_html(data, lang) if format == "html" else document.render_markdown(data, lang)
