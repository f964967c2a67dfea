"""Long lists in a sentence, cut for a terminal."""

from __future__ import annotations

import re

from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.words import joint

MOST = 8
"""Members of a list that a terminal shows."""
_MORE = Phrase(" and {n} more")
_LIST = re.compile("” \\(|”（")
"""Pattern before the members of a list: the end of its title, and a bracket."""


def cut_lists(text: str, lang: Language, most: int = MOST) -> str:
    """Return a check in words with `most` members of each list; the rest is counted."""
    found, at = "", 0
    for start in _LIST.finditer(text):
        if start.start() < at:
            continue
        end = _end(text, start.end())
        members = _members(text[start.end() : end], lang)
        found += text[at : start.end()]
        if len(members) > most + 1:
            gap = _mark(text[start.end() : end], lang)
            more = len(members) - most
            found += gap.join(members[:most]) + _MORE.fill(n=more)[lang]
        else:
            found += text[start.end() : end]
        at = end
    return found + text[at:]


def _end(text: str, start: int) -> int:
    """Return the index of the bracket that closes the one before `start`."""
    depth = 1
    for index in range(start, len(text)):
        depth += (text[index] in "(（") - (text[index] in ")）")
        if not depth:
            return index
    return len(text)


def _members(text: str, lang: Language) -> list[str]:
    """Return the members of a list, whose own brackets may hold commas."""
    mark = _mark(text, lang)
    found, depth = [""], 0
    for part in re.split(f"({mark})", text):
        if part == mark and not depth:
            found.append("")
        else:
            found[-1] += part
        depth += len(re.findall("[(（]", part)) - len(re.findall("[)）]", part))
    return found


def _mark(text: str, lang: Language) -> str:
    """Return what parts the members of a list."""
    comma, stop = joint("list", lang), joint("semicolon", lang)
    return stop if stop in text else comma
