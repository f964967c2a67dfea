"""The reports of a comparison by format."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from typing import Any

from vatspolicy.i18n import translate
from vatspolicy.profile.vocabulary import Language

FORMATS = ("text", "json", "markdown", "github", "sarif", "html")


def render(
    format: str,
    data: Mapping[str, Any],
    lang: Language,
    color: bool = False,
    room: int = 100,
    broken: list[str] | None = None,
) -> str:
    """Render the comparison (review.review) in one of FORMATS. `color` and `room` (columns) apply to text only.

    A part that cannot be written is marked NOT EVALUATED, and its name is added to `broken`: `report` for the whole.
    """
    if format == "json":
        return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
    told = [{**one, **{key: translate(one[key], lang) for key in ("message", "hint")}} for one in data["problems"]]
    data = {**data, "problems": told}
    broken = [] if broken is None else broken
    module = importlib.import_module(f"vatspolicy.reports.diff.{format}")
    settings: dict[str, Any] = {"color": color, "room": room} if format == "text" else {}
    if format in ("text", "markdown", "html"):
        settings["broken"] = broken
    try:
        text: str = module.render(data, lang, **settings)
    except Exception as error:  # a report that breaks must not be silent
        from vatspolicy.reports.diff.broken import mark, render_mark

        broken.append("report")
        return render_mark(format, mark(error, lang), lang)
    return text
