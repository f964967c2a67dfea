"""The reports of a comparison by format."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from typing import Any

from vatspolicy.i18n import translate
from vatspolicy.profile.vocabulary import Language

FORMATS = ("text", "json", "markdown", "github", "sarif", "html")


def render(format: str, data: Mapping[str, Any], lang: Language, color: bool = False, room: int = 100) -> str:
    """Render the comparison (review.review) in one of FORMATS. `color` and `room` (columns) apply to text only."""
    if format == "json":
        return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
    told = [{**one, **{key: translate(one[key], lang) for key in ("message", "hint")}} for one in data["problems"]]
    data = {**data, "problems": told}
    module = importlib.import_module(f"vatspolicy.reports.diff.{format}")
    text: str = module.render(data, lang, *((color, room) if format == "text" else ()))
    return text
