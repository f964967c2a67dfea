"""Chinese of sentences, from the catalogue; imported by runs in Chinese only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Any

from vatspolicy.i18n.catalogue import find_chinese

_JOINTS = {"": "、", "and": "和", "or": "或", "nor": "、", "nor when": " 或 "}
_STOPS = tuple("。；：，、？！）”")


def look_up(english: str, context: str = "") -> str:
    """Return the Chinese of an English text of the catalogue, or the English without an entry."""
    return find_chinese(english, context) or english


def fill(template: str, values: Mapping[str, Any]) -> str:
    """Return a Chinese template with its values filled in."""
    return _FORMATTER.vformat(template, (), values) if values else template


def enumerate_members(members: Sequence[str], last: str, quoted: bool) -> str:
    """Return a list of words; `last` is the English word before the last one."""
    return join_members([_quote(part) if quoted else _chinese(part) for part in members], last)


def join_members(members: Sequence[str], last: str) -> str:
    """Return Chinese words as a list; `last` is the English word before the last one."""
    *others, end = members or [""]
    return f"{_JOINTS[''].join(others)}{_JOINTS[last]}{end}" if others else end


def follow(sentences: Sequence[str]) -> str:
    """Return sentences one after another, with a gap only behind English."""
    text = ""
    for sentence in map(_chinese, sentences):
        text += sentence if not text or text.endswith(_STOPS) else f" {sentence}"
    return text


def _chinese(value: Any) -> Any:
    said = getattr(value, "chinese", None)  # a Translatable, which imports this module
    return value if said is None else said()


def _quote(value: str) -> str:
    """Return a value in Chinese quotes, with what Python's `repr` escapes escaped."""
    return f"“{repr(str(value))[1:-1]}”"


class _Formatter(Formatter):
    """Formatting of Chinese templates: values are translated, and quoted as Chinese quotes."""

    def convert_field(self, value: Any, conversion: Any) -> Any:
        """Translate or quote a value."""
        if conversion == "r" and isinstance(value, str):
            return _quote(value)
        return super().convert_field(_chinese(value), conversion)


_FORMATTER = _Formatter()
