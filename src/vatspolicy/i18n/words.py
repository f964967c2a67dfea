"""Words that several layers say: decision words, states of routes and services, punctuation between parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from vatspolicy.i18n import Language

Table: TypeAlias = "Mapping[str, Mapping[str, str]]"
"""Phrases by key, each in English (`en`) and Chinese (`zh`)."""

VERDICTS: Table = {
    "allow": {"en": "ALLOW", "zh": "可以上线"},
    "needs-license": {"en": "NEEDS LICENSE", "zh": "须取得许可"},
    "deny": {"en": "DENY", "zh": "不得上线"},
    "incomplete": {"en": "INCOMPLETE", "zh": "尚无法判定"},
}
STATES: Table = {
    "open": {"en": "open", "zh": "开放"},
    "closed": {"en": "closed", "zh": "不开放"},
    "unknown": {"en": "unknown", "zh": "未知"},
    "classified": {"en": "telecommunications", "zh": "属于电信业务"},
    "not-telecom": {"en": "not telecommunications", "zh": "不属于电信业务"},
    "partly-classified": {"en": "class not settled: facts are missing", "zh": "类别待定：事实不全"},
    "unclassified": {"en": "no rule classifies it", "zh": "没有规则可以归类"},
}
JOINTS: Table = {
    "comma": {"en": ", ", "zh": "，"},
    "list": {"en": ", ", "zh": "、"},
    "semicolon": {"en": "; ", "zh": "；"},
    "colon": {"en": ": ", "zh": "："},
}
"""Punctuation between the parts of a line."""


def word(table: Table, key: str, lang: Language, **values: Any) -> str:
    """Return a phrase of a table in one language, with values filled in."""
    return table[key][lang].format(**values) if values else table[key][lang]


def both(table: Table, key: str, **values: Any) -> dict[str, str]:
    """Return a phrase of a table in both languages, with values filled in."""
    return {"en": word(table, key, "en", **values), "zh": word(table, key, "zh", **values)}


def joint(name: str, lang: Language) -> str:
    """Return a `comma`, `semicolon`, `list` comma or `colon` between two parts; full-width in Chinese."""
    return JOINTS[name][lang]


def join_two(parts: Iterable[str], lang: Language) -> str:
    """Return one or two parts as one: joined by `and`, or by a mark of a list in Chinese."""
    return ("、" if lang == "zh" else " and ").join(parts)


def aside(text: str, lang: Language) -> str:
    """Return a remark in brackets, to follow a text."""
    return f"（{text}）" if lang == "zh" else f" ({text})"


def number(value: float) -> str:
    """Return a number without trailing zeros."""
    return f"{value:g}"


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return an English noun with its number: `1 finding`, `2 findings`."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"
