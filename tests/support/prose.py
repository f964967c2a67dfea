"""A check of the prose of this repository: patterns that read as translated, and sentences that are too long.

`python -m tests.support.prose` prints each finding as `place: rule: sentence` and fails if there is one.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import yaml
from babel.messages.pofile import read_po

from tests.support.shipped import ROOT

LONGEST = 25
"""Words of a sentence in a message."""
PATTERNS = {
    "negation": r"^This is no |\b(?:is|are) no (?:calendar|ordinary|part|reason|act|price|defect|party)\b",
    "relative-subject": r"^(?:Whoever|That which|Those who|Who (?!(?:is|are|can|does|may|counts)\b)[a-z]+s) [^?]*\.$",
    "what-subject": r"^What (?:is|was|are|has|goes|stands|hangs|decisions) [^?:]* (?:is|are|has|stays|stands|changes?) [^?]*\.$",
    "question": r"^(?:Who|Which version|On which|Is a) [^.]*\?$",
    "speech": r"\b(?:is|are) told\b(?! (?:apart|from))|\b(?:answer|page|report|file|log|command|record) (?:tells|speaks)\b",
    "speaks": r"\bspeaks? (?:of|about)\b",
    "so-many": r"\bso many\b|\bthat many of\b",
    "own": r"\bof (?:its|their|his) own(?=[.,;:)]|$| (?:to|and|or|also|that|in|on|for|\()\b)",
    "for-good": r"\bfor good\b",
    "metaphor": r"\b(?:reach(?:es)? back|red lines?|leads? on|urge(?:s|d)? (?:them )?on)\b",
    "stands-here": r"\bstands here (?:of|for)\b",
    "keeps-to": r"\bkeeps? to (?:the|its|their|what)\b",
    "otherwise-than": r"\botherwise than\b",
    "nested-one": r"for at least one of .*for at least one of",
    "networking": r"\bFiling of networking\b|\bpublic security organs?\b",
    "mend": r"\bmend(?:s|ed|ing)?\b",
    "province": r"\b(?:with|by|from|to|ask) the province\b(?! of\b)(?!')",
    "units": r"\b[Uu]nits (?:that|licensed)\b|\b(?:news|surveying|non-commercial) units?\b",
    "servers-stand": r"\b(?:[Ss]ervers?|[Ss]ystems?|[Ss]torage)\b.{0,30}\bstands?\b|\bstands? (?:nowhere|under|beside)\b",
    "not-read": r"\b(?:was|were) not read\b|\b(?:has|have) not been read\b",
    "is-about": r"\bthat (?:it|an? \w+|the \w+) is about\b|\b[Ww]hat it is about\b",
    "appears": r"\bLaw that appears\b|\bread as none\b",
}
"""Patterns by the name of the rule; each is sought in one English sentence."""
CHINESE = {
    "english": r"[A-Za-z]+ [a-z]+ 改为|改为 ?(?:milder|stricter)",
    "translated": r"一手核实|没有任何组合可达到|中至少有一项|视为[^，。]{1,12}的人士",
    "numerals": r"第[一二三四五六七八九十百]+条[^。；]*第\d+条|第\d+条[^。；]*第[一二三四五六七八九十百]+条",
    "halves": r"[\u3400-\u9fff][,;:?!][\u3400-\u9fff]",
}
"""The same for Chinese."""
CODE_NAMES = re.compile(r"\b[AB]\d\d-[a-z]+|\b(?:is|are) [AB]\d\d\b")
"""Codes of classes without their title."""
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
                schema = ".schema.json" in text.place and name in ("question", "relative-subject")
                if re.search(pattern, sentence) and not schema:
                    yield f"{text.place}: {name}: {sentence}"
            if text.lang == "en" and text.limit and CODE_NAMES.search(sentence):
                yield f"{text.place}: code: {sentence}"
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
                    message = limit and ".articles" not in inner and key not in ("note", "why", "description")
                    yield Text(inner, "zh" if key.endswith("zh") else "en", member, message)
            else:
                yield from _both(member, inner, limit)


def catalog() -> Iterator[Text]:
    """Yield the messages of the program, and their Chinese."""
    with (ROOT / "src/vatspolicy/i18n/locale/zh/LC_MESSAGES/vatspolicy.po").open("rb") as file:
        for message in read_po(file, locale="zh"):
            place = message.locations[0][0] if message.locations else "catalog"
            for words in [message.id] if isinstance(message.id, str) else message.id:
                yield Text(place, "en", words, True)
            for words in [message.string] if isinstance(message.string, str) else message.string or ():
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
        if file.name not in ("matrix.md", "spec-reference.md", "law-changes.md"):
            text = re.sub(r"```.*?```|<!--.*?-->", "\n\n", text, flags=re.DOTALL)
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
    sys.stdout.writelines(f"{line}\n" for line in found)
    sys.exit(bool(found))
