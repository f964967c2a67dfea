"""Words that several layers say: decision words, states of routes and services, punctuation between parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from vatspolicy.i18n.language import Language
from vatspolicy.i18n.message import LazyText, LocalizedText, Phrase

Table: TypeAlias = "Mapping[str, Mapping[str, str]]"
"""Phrases by key, each in English (`en`) and Chinese (`zh`)."""

VERDICTS: Table = {
    "allow": Phrase("ALLOW"),
    "needs-license": Phrase("NEEDS LICENSE"),
    "deny": Phrase("DENY"),
    "incomplete": Phrase("INCOMPLETE"),
}
STATES: Table = {
    "open": Phrase("open"),
    "closed": Phrase("closed", "access matrix"),
    "unknown": Phrase("unknown"),
    "classified": Phrase("telecommunications"),
    "not-telecom": Phrase("not telecommunications"),
    "partly-classified": Phrase("class not settled: facts are missing"),
    "unclassified": Phrase("no rule classifies it"),
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


def series(parts: Iterable[LocalizedText]) -> LocalizedText:
    """Return texts by language as a list, with the mark of a list between two."""
    members = tuple(parts)
    return LazyText(lambda lang: joint("list", lang).join(member[lang] for member in members))


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
