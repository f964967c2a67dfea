"""Checks of bilingual texts, for lint and for tests of the program's own word tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from vatspolicy.i18n.message import _

Place: TypeAlias = tuple[str | int, ...]
"""Keys and indices that lead to a value in a schema."""

HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_HALF = re.compile(
    "(?<=[\u3400-\u9fff”》）])[,;:?!]|(?<=[\u3400-\u9fff])[.](?![0-9A-Za-z])"
    "|(?<=[\u3400-\u9fff])[()]|[()](?=[\u3400-\u9fff])"
)
_FULL = {",": "，", ";": "；", ":": "：", "?": "？", "!": "！", ".": "。", "(": "（", ")": "）"}


def faults(en: object, zh: object) -> Iterator[tuple[str, str, str]]:
    """Yield (language, message, hint) for each fault of a bilingual text.

    A text without a letter (`–`, `{count}`) needs no translation. A value that is not a string counts as missing.
    """
    missing = [lang for lang, text in (("en", en), ("zh", zh)) if not isinstance(text, str) or not text.strip()]
    if missing or not isinstance(en, str) or not isinstance(zh, str):
        yield from ((lang, _("The translation is missing or empty."), _("Write both en and zh.")) for lang in missing)
        return
    if any(char.isalpha() for char in re.sub(r"\{\w*\}", "", en)):
        if en == zh:
            yield "zh", _("The Chinese text equals the English text."), ""
        elif not HAN.search(zh):
            yield "zh", _("The Chinese text contains no Chinese characters."), ""
    if HAN.search(en):
        yield "en", _("The English text contains Chinese characters."), ""
    if HAN.search(zh) and (half := _HALF.search(zh)):
        hint = _("Write {full!r} instead of {half!r}.", full=_FULL[half[0]], half=half[0])
        yield "zh", _("Chinese text has full-width punctuation."), hint


def widen_punctuation(zh: str) -> str:
    """Return a Chinese text with full-width punctuation."""
    while (wide := _HALF.sub(lambda half: _FULL[half[0]], zh)) != zh:
        zh = wide
    return zh


def schema_faults(schema: Mapping[str, Any]) -> Iterator[tuple[Place, str, str]]:
    """Place, sentence and hint of each fault in a schema: texts {en, zh}, names of words, titles and questions.

    Titles (`title`, `x-title-zh`) are asked of properties, and only of a schema that translates any.
    """
    titled = "x-title-zh" in repr(schema)
    for path, node in _mappings(schema, ()):
        if any(isinstance(node.get(lang), str) for lang in ("en", "zh")):
            for lang, message, hint in faults(node.get("en"), node.get("zh")):
                yield (*path, lang) if lang in node else path, message, hint
        names: Any = node.get("x-enum")
        for word in node.get("enum", ()) if isinstance(names, dict) else ():
            if word not in names:
                yield (*path, "x-enum"), _("The translation is missing or empty."), f"Add {word!r}."
        of_property = len(path) > 1 and path[-2] == "properties"
        if "title" in node and ("x-title-zh" in node or (titled and of_property)):
            yield from _title_faults(node, path)


def _title_faults(node: Mapping[str, Any], path: Place) -> Iterator[tuple[Place, str, str]]:
    for lang, message, hint in faults(node["title"], node.get("x-title-zh")):
        key = "title" if lang == "en" or "x-title-zh" not in node else "x-title-zh"
        yield (*path, key), message, hint.replace("both en and zh", "title and x-title-zh")


def _mappings(node: Any, path: Place) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """Yield every mapping in a schema with its place, the outer first."""
    if isinstance(node, dict):
        yield path, node
    for key, child in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from _mappings(child, (*path, key))
