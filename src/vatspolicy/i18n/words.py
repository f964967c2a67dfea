"""Shared words: decision words, states of routes and services, punctuation between parts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from vatspolicy.i18n.message import Language, LazyText, LocalizedText, Phrase

Table: TypeAlias = "Mapping[str, LocalizedText]"
"""Phrases by key, each in English (`en`) and Chinese (`zh`)."""
Counts: TypeAlias = "Mapping[str, tuple[LocalizedText, LocalizedText]]"
"""Phrases for `{n}` things by key: singular and plural. In Chinese both may be equal."""

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
    "unclassified": Phrase("not classified by any rule"),
}
GRADES: Table = {
    "primary": Phrase("primary"),
    "copy": Phrase("copy"),
    "secondary": Phrase("secondary"),
    "unverified": Phrase("unverified"),
}
"""Verification of the words of one article (policy.schema.json)."""
JOINTS: Table = {
    "comma": {"en": ", ", "zh": "，"},
    "list": {"en": ", ", "zh": "、"},
    "semicolon": {"en": "; ", "zh": "；"},
    "colon": {"en": ": ", "zh": "："},
    "or": {"en": " or ", "zh": "或"},
    "bodies": {"en": " / ", "zh": "、"},
    "plus": {"en": " + ", "zh": "，并"},
    "names": {"en": "; ", "zh": "、"},
    "and-clause": {"en": " and ", "zh": "，且"},
    "or-clause": {"en": " or ", "zh": "，或"},
}
"""Joints between the parts of a line: `bodies` between authorities, `plus` between steps of one way forward,
`names` between names with their own commas, `and-clause` and `or-clause` between clauses.
"""
FRAMES: Table = {
    "aside": {"en": "{text} ({remark})", "zh": "{text}（{remark}）"},
    "detail": {"en": "{text}: {detail}", "zh": "{text}：{detail}"},
    "end": {"en": "{text}.", "zh": "{text}。"},
    "question": {"en": "{text}?", "zh": "{text}？"},
    "article": {"en": "{law}, {label}", "zh": "《{law}》{label}"},
    "status": {"en": "[{number}] {text}", "zh": "〔{number}〕{text}"},
}
"""Punctuation around a text: a remark in brackets, a detail behind a colon, ends of sentences, an article, a number."""


def word(table: Table, key: str, /, lang: Language, **values: Any) -> str:
    """Return a phrase of a table in one language, with values filled in."""
    return table[key][lang].format(**values) if values else table[key][lang]


def count(counts: Counts, key: str, n: int, lang: Language, **values: Any) -> str:
    """Return a number with its unit, with other values filled in."""
    return counts[key][n != 1][lang].format(n=n, **values)


def both(table: Table, key: str, /, **values: Any) -> dict[str, str]:
    """Return a phrase of a table in both languages, with values filled in."""
    return say_both(table[key], **values)


def say_both(text: LocalizedText, /, **values: Any) -> dict[str, str]:
    """Return a text in both languages. A value with its own translations is filled in by language."""
    return {"en": _fill(text, "en", values), "zh": _fill(text, "zh", values)}


def _fill(text: LocalizedText, lang: Language, values: Mapping[str, Any]) -> str:
    if not values:
        return text[lang]
    parts = {name: part[lang] if isinstance(part, Mapping) else part for name, part in values.items()}
    return text[lang].format_map(parts)


def join_both(texts: Iterable[LocalizedText], name: str, chinese: str = "") -> dict[str, str]:
    """Return texts as one in both languages (see `series`)."""
    return dict(series(texts, name, chinese))


def joint(name: str, lang: Language) -> str:
    """Return the joint between two parts, by its name in JOINTS; full-width punctuation in Chinese."""
    return JOINTS[name][lang]


def series(parts: Iterable[LocalizedText], name: str = "list", chinese: str = "") -> LocalizedText:
    """Return texts by language as one, with a joint between two; `chinese` names another joint for Chinese."""
    members = tuple(parts)
    names: Mapping[Language, str] = {"en": name, "zh": chinese or name}
    return LazyText(lambda lang: joint(names[lang], lang).join(member[lang] for member in members))


def enumeration(parts: Iterable[LocalizedText]) -> LocalizedText:
    """Return texts by language as a list: `a, b and c`."""
    *others, end = parts
    before = series(others)
    return LazyText(lambda lang: join_two((before[lang], end[lang]), lang)) if others else end


def gap(lang: Language) -> str:
    """Return the gap between two sentences: a space, or nothing in Chinese."""
    return "" if lang == "zh" else " "


def join_two(parts: Iterable[str], lang: Language) -> str:
    """Return one or two parts as one: joined by `and`, or by a mark of a list in Chinese."""
    return ("、" if lang == "zh" else " and ").join(parts)


def aside(text: str, lang: Language) -> str:
    """Return a remark in brackets, to follow a text."""
    return word(FRAMES, "aside", lang, text="", remark=text)


def end(text: str, lang: Language) -> str:
    """Return a text with a full stop."""
    return word(FRAMES, "end", lang, text=text)


def numeral(number: int) -> dict[str, str]:
    """Return a number from 1 to 999 as statutes write it: 13 and 十三, 69 and 六十九, 102 and 一百零二."""
    digits = "零一二三四五六七八九"
    hundreds, tens, ones = number // 100, number // 10 % 10, number % 10
    text = f"{digits[hundreds]}百" if hundreds else ""
    if tens:
        text += ("" if tens == 1 and not hundreds else digits[tens]) + "十"
    elif hundreds and ones:
        text += "零"
    return {"en": str(number), "zh": text + (digits[ones] if ones else "")}


def number(value: float) -> str:
    """Return a number without trailing zeros."""
    return f"{value:g}"
