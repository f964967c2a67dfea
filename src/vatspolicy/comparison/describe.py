"""Edits, decisions and causes in words, as text and Markdown both say them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vatspolicy.comparison.words import CHANGES, ITEMS, KINDS, phrase, word
from vatspolicy.comparison.words import VERDICTS as VERDICTS_OF_PROOFS
from vatspolicy.report.words import VERDICTS
from vatspolicy.vocabulary import Language

Data = Mapping[str, Any]
SIGNS = {"added": "+", "removed": "-", "changed": "~"}


def edit(change: Data, lang: Language) -> str:
    """What was edited, in one line: `parameter launched (Whether …), from 2024-10-23`."""
    name = f" {change['name']}" if change["name"] else ""
    title = f" ({change['title'][lang]})" if change["title"] else ""
    text = f"{word(KINDS, change['kind'], lang)}{name}{title}: {word(CHANGES, change['change'], lang)}"
    if change["since"]:
        text += f", {phrase('since', lang, day=change['since'])}"
    if change["twin"]:
        text += f"; {phrase('twin', lang, name=change['twin'])}"
    return text


def values(change: Data, lang: Language) -> Iterator[tuple[str, str, str]]:
    """What differs in an entry that both sides have: where, the sign (- + or ~), and the value or both of them."""
    if change["change"] != "changed" and change["kind"] not in ("parameter", "policy"):
        return
    for field in change["fields"]:
        before, after = field["before"], field["after"]
        if _is_list(before) and _is_list(after):
            yield from ((field["name"], "-", _short(item)) for item in before if item not in after)
            yield from ((field["name"], "+", _short(item)) for item in after if item not in before)
            continue
        old, new = (_shown(value, lang) for value in (before, after))
        if len(old) + len(new) <= 60 and "\n" not in old + new:
            yield field["name"], "~", f"{old} → {new}"
        else:
            yield from ((field["name"], sign, text) for sign, text in (("-", old), ("+", new)) if text != "–")


def schema_edit(change: Data, lang: Language) -> str:
    """A difference of a schema in one line."""
    text = f"{change['path'] or word(KINDS, 'schema', lang)}: {word(CHANGES, change['change'], lang)}"
    return f"{text} ({phrase('breaking', lang)})" if change["breaking"] else text


def answer(data: Data, lang: Language) -> str:
    """A decision word, with what is still open."""
    text = word(VERDICTS, data["decision"], lang)
    if data["decision"] != "incomplete":
        return text
    low, high = (word(VERDICTS, part, lang) for part in data["range"])
    return f"{text} ({phrase('left_open', lang, low=low, high=high)})"


def subject(row: Data) -> str:
    """A product with its variant."""
    return f"{row['product']} ({row['variant']})" if row["variant"] else str(row["product"])


def law(cause: Data, lang: Language) -> str:
    """The articles that a rule rests on: those of one regulation under one title."""
    labels: dict[str, list[str]] = {}
    for citation in cause["citations"]:
        labels.setdefault(citation["title"][lang], []).append(citation["label"][lang])
    return "; ".join(f"{title}, {', '.join(found)}" for title, found in labels.items())


def detail(data: Data, lang: Language) -> str:
    """Something below the decision, in one line."""
    title = data["title"][lang] if data["title"] and data["kind"] not in ("class", "missing", "authority") else ""
    name = " ".join(part for part in (data["name"], f"({title})" if title else "") if part)
    absent = phrase("absent", lang)
    values = f"{data['before'] or absent} → {data['after'] or absent}"
    rests = f" [{law(data, lang)}]" if title and data["citations"] else ""
    return f"{word(ITEMS, data['kind'], lang)} {name}".rstrip() + f": {values}{rests}"


def verdict(rule: Data, lang: Language) -> str:
    """What the proof engine says of a rule, and why, where that adds something."""
    listed = rule["verdict"] == "witness" and not rule["transitions"]
    text = word(VERDICTS_OF_PROOFS, "listed" if listed else rule["verdict"], lang)
    moves = ", ".join(name.replace("->", " → ") for name in rule["transitions"])
    told = rule["reason"] if rule["verdict"] in ("unsupported", "unknown") else ""
    return text + (f": {moves}" if moves else "") + (f". {told}" if told else "")


def days(found: Sequence[str]) -> str:
    """Days in one line, the middle of many left out."""
    return ", ".join(found) if len(found) <= 4 else f"{', '.join(found[:2])}, …, {found[-1]}"


def names(found: Sequence[str], limit: int = 3) -> str:
    """Names in one line, with the number of those left out."""
    return ", ".join(found[:limit]) + (f" … +{len(found) - limit}" if len(found) > limit else "")


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and not any(isinstance(item, list) for item in value)


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _shown(value: Any, lang: Language) -> str:
    if value is None:
        return "–"
    if isinstance(value, dict) and value.keys() == {"en", "zh"}:
        return " ".join(str(value[lang]).split())
    return " ".join(value.split()) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
