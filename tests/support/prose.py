"""A check of the prose of this repository: patterns that read as translated, and sentences that are too long.

`python -m tests.support.prose` prints each finding as `place: rule: sentence` and fails if there is one.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import yaml
from babel.messages.pofile import read_po

from tests.support.shipped import ROOT

LONGEST = 25
"""Words of a sentence."""
PATTERNS = {
    "negation": r"\b(?:is|are) no (?:longer )?(?!(?:more|less|fewer|later|earlier|other|such|way)\b)[a-z]+(?: [a-z]+)?[.,;:]?$|^This is no ",
    "relative-subject": r"^(?:What|Who|Whoever|That which|Those who) (?!(?:to|does|if|about)\b)[^?]*$",
    "question": r"^(?:Who|Which|What|On which|Is a|Are) [^.]*\?$",
    "speech": r"\b(?:is|are) told\b|\b(?:answer|page|report|file|log|command|record) (?:tells|names|speaks)\b",
    "speaks": r"\bspeaks? (?:of|about)\b",
    "so-many": r"\bso many\b|\bthat many of\b",
    "own": r"\bof (?:its|their|his) own\b(?! (?:motion|volition))",
    "for-good": r"\bfor good\b",
    "metaphor": r"\b(?:reach(?:es)? back|red lines?|leads? on|urge(?:s|d)? (?:them |it )?on|live on|keep watch)\b",
    "stand-for": r"\bstands? (?:here|there) (?:of|for)\b",
    "place-verb": r"\b(?:it|this|that) is not said\b|\bas (?:it|they) (?:stands?|says?) here\b",
    "keeps-to": r"\bkeeps? to (?:the|its|their|what)\b",
    "others-wise": r"\botherwise than\b",
    "beside": r"\bbeside(?! the| it| each| a)\b",
    "nested-one": r"for at least one of .*for at least one of",
    "let": r"\blets? (?!(?:us|you|users|people|them|others|go|not)\b)[a-z]+ be\b",
    "calendar": r"\bno calendar day\b",
    "networking": r"\bFiling of networking\b|\bpublic security organs?\b",
    "mend": r"\bmend(?:s|ed|ing)?\b",
}
"""Patterns by the name of the rule; each is sought in one English sentence."""
CHINESE = {
    "english": r"(?<![A-Za-z{%(/.`'\"<=-])\b(?!(?:OK)\b)[a-z]{4,} [a-z]{4,}\b|改为 [a-z]+",
    "translated": r"一手核实|没有任何组合可达到|至少有一项：|之人士|的人士的观点",
    "numerals": r"第[一二三四五六七八九十百]+条[^。；]*第\d+条|第\d+条[^。；]*第[一二三四五六七八九十百]+条",
}
"""The same for Chinese."""
CODE = re.compile(r"`[^`]*`|\{[^{}]*\}|https?://\S+|\[([^\]]*)\]\([^)]*\)|<[^<>]*>|\*\*|“[^”]*”")


class Text(NamedTuple):
    """A text with its place. `limit`: its sentences have a longest length."""

    place: str
    lang: str
    words: str
    limit: bool


def sentences(text: str) -> list[str]:
    """Return the sentences of a text; code, links and quotes count as one word."""
    plain = CODE.sub(lambda found: found[1] or "X", " ".join(text.split()))
    return [one.strip() for one in re.split(r"(?<=[.!?:;])\s+(?=[A-Z(])|(?<=[。；])", plain) if one.strip()]


def findings(texts: Iterable[Text]) -> Iterator[str]:
    """Yield what is wrong with texts, a line each."""
    for text in texts:
        for sentence in sentences(text.words):
            for name, pattern in (PATTERNS if text.lang == "en" else CHINESE).items():
                if re.search(pattern, sentence):
                    yield f"{text.place}: {name}: {sentence}"
            if text.lang == "en" and text.limit and len(sentence.split()) > LONGEST:
                yield f"{text.place}: long: {sentence}"


def _both(value: object, place: str, limit: bool) -> Iterator[Text]:
    """Yield the texts of data: `en`, `zh` and the keys that hold English alone."""
    if isinstance(value, list):
        for index, member in enumerate(value):
            name = member.get("id", index) if isinstance(member, dict) else index
            yield from _both(member, f"{place}.{name}", limit)
    elif isinstance(value, dict):
        for key, member in value.items():
            inner = f"{place}.{key}"
            if isinstance(member, str) and key in ("en", "note", "why", "description", "title", "x-title-zh", "zh"):
                if not (key == "zh" and ".articles." in place):
                    yield Text(inner, "zh" if key.endswith("zh") else "en", member, limit)
            else:
                yield from _both(member, inner, limit)


def catalog() -> Iterator[Text]:
    """Yield the messages of the program, and their Chinese."""
    with (ROOT / "src/vatspolicy/i18n/locale/zh/LC_MESSAGES/vatspolicy.po").open("rb") as file:
        for message in read_po(file, locale="zh"):
            place = message.locations[0][0] if message.locations else "catalog"
            for words in message.id if isinstance(message.id, tuple) else [message.id]:
                yield Text(place, "en", words, True)
            for words in message.string if isinstance(message.string, tuple) else [message.string]:
                yield Text(place, "zh", words, False)


def policies() -> Iterator[Text]:
    """Yield the texts of policies; the Chinese of articles is the law's."""
    for file in sorted((ROOT / "policies").rglob("*.yaml")):
        if not file.name.endswith(".test.yaml"):
            loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
            yield from _both(yaml.load(file.read_text("utf-8"), loader), str(file.relative_to(ROOT)), True)


def schemas() -> Iterator[Text]:
    """Yield titles, descriptions and questions."""
    for file in sorted((ROOT / "schemas").glob("*.json")):
        yield from _both(json.loads(file.read_text("utf-8")), file.name, True)


def docs() -> Iterator[Text]:
    """Yield the paragraphs of pages that people write."""
    for file in [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]:
        text = file.read_text("utf-8")
        if not text.startswith("<!-- Made by") and file.name != "matrix.md":
            text = re.sub(r"```.*?```|<!--.*?-->", "\n\n", text, flags=re.S)
            for part in re.split(r"\n\s*\n|\n(?=\s*[-*#>] |\s*\d+\. )|\||\n(?=#)", text):
                yield Text(file.name, "en", part.strip(" -*#>\n"), False)


def docstrings() -> Iterator[Text]:
    """Yield the first paragraph of each docstring."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for file in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, kinds) and (text := ast.get_docstring(node)):
                place = f"{file.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"
                yield Text(place, "en", text.partition("\n\n")[0], False)


SOURCES = (catalog, policies, schemas, docs, docstrings)


if __name__ == "__main__":
    found = [line for source in SOURCES for line in findings(source())]
    print("\n".join(found))
    sys.exit(bool(found))
