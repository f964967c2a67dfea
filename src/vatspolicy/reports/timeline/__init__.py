"""The timeline of a product by format."""

from __future__ import annotations

import json

from vatspolicy.core.engine.result import encode
from vatspolicy.core.engine.timeline import Timeline
from vatspolicy.i18n import Language


def render(format: str, timeline: Timeline, lang: Language, color: bool = False, room: int = 100) -> str:
    """Render a timeline in a format. `color` and `room` (columns) apply to text only."""
    if format == "json":
        return json.dumps(encode(timeline), ensure_ascii=False, indent=2) + "\n"
    if format == "text":
        from vatspolicy.reports.timeline import text

        return text.render(timeline, lang, color, room)
    from vatspolicy.reports.timeline import document

    return document.render_html(timeline, lang) if format == "html" else document.render_markdown(timeline, lang)
