"""The value of an expression, for a terminal and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from vatspolicy.core.documents import format_path
from vatspolicy.core.engine.expression_value import ExpressionValue
from vatspolicy.core.engine.result import encode
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.text import clean, width, wrap
from vatspolicy.i18n.words import Table, joint, word
from vatspolicy.output import Style

WORDS: Table = {
    "true": Phrase("true"),
    "false": Phrase("false"),
    "unknown": Phrase("unknown", "value"),
    "product": Phrase("the product"),
    "nothing": Phrase("The spec has no subject of this kind: no service has a class."),
}
_COLORS = {"true": "green", "false": "red", "unknown": "blue"}


def render_json(text: str, each: str, day: str, values: Iterable[ExpressionValue]) -> str:
    """Return the values as JSON; an unknown one is null."""
    found = [
        {
            "subject": {"service": value.subject.service, "class": value.subject.cls},
            "value": value.value,
            "clauses": encode(value.clauses),
            "missing": [format_path(path) for path in value.missing],
        }
        for value in values
    ]
    data = {"expression": text, "each": each, "as_of": day, "values": found}
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def render_text(values: Sequence[ExpressionValue], lang: Language, color: bool, room: int) -> str:
    """Return a truth table for each subject, with the facts that are missing."""
    style = Style(color)
    lines: list[str] = []
    column = max(width(word(WORDS, key, lang)) for key in _COLORS) + 2
    for value in values:
        name = "/".join(filter(None, (value.subject.service, value.subject.cls))) or word(WORDS, "product", lang)
        lines.append(f"{style(clean(name), 'bold')}{joint('colon', lang)}{_say(value.value, lang, style)}")
        if len(value.clauses) > 1:
            for clause in value.clauses:
                said = _say(clause.value, lang, style)
                indent = " " * (2 + column + 2 * clause.depth)
                lines += wrap(clean(clause.text), room, indent, f"  {said}{indent[2 + width(said) :]}")
        lines += [f"  ? {style(format_path(path), 'bold')}" for path in value.missing]
    return "".join(f"{line}\n" for line in lines or [word(WORDS, "nothing", lang)])


def _say(value: object, lang: Language, style: Style) -> str:
    if value is None or isinstance(value, bool):
        key = "unknown" if value is None else str(value).lower()
        return style(word(WORDS, key, lang), _COLORS[key])
    return clean(json.dumps(value, ensure_ascii=False))
