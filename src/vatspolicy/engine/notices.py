"""Limits of a decision that its reader is told: later law, and facts that were read as none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vatspolicy.i18n import Language
from vatspolicy.i18n.words import Table, both, joint, word
from vatspolicy.policies.bundle import Bundle
from vatspolicy.profile.profile import Profile

LATER_LAW, READ_AS_NONE = "later-law", "read-as-none"
"""Kinds of notices."""
_WORDS: Table = {
    LATER_LAW: {
        "en": "Law that appears after {day} is not in it.",
        "zh": "本结论未包含{day}之后出现的法律。",
    },
    "licenses": {"en": "licenses of the company", "zh": "公司持有的许可"},
    "deals": {"en": "deals", "zh": "交易并购"},
    "filings": {"en": "filings done", "zh": "已办备案"},
    READ_AS_NONE: {"en": "Not stated, and read as none: {names}.", "zh": "未填写，按无处理：{names}。"},
}


def notices(bundle: Bundle, profile: Profile, as_of: str) -> Iterator[dict[str, Any]]:
    """Yield the notices of a decision, each with its kind and a sentence in both languages."""
    if bundle.known_until is not None and as_of > bundle.known_until:
        yield {"kind": LATER_LAW, "message": both(_WORDS, LATER_LAW, day=bundle.known_until)}
    data = profile.document.data
    owners = {"licenses": data.get("company") or {}, "deals": data, "filings": data}
    unstated = [name for name, owner in owners.items() if owner.get(name) is None]
    if unstated:
        yield {
            "kind": READ_AS_NONE,
            "message": {"en": _read_as_none(unstated, "en"), "zh": _read_as_none(unstated, "zh")},
        }


def _read_as_none(unstated: list[str], lang: Language) -> str:
    names = joint("list", lang).join(word(_WORDS, name, lang) for name in unstated)
    return word(_WORDS, READ_AS_NONE, lang, names=names)
