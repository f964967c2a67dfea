"""The sentences below the title, which every report of a comparison begins with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vatspolicy.comparison.words import REASONS, phrase, word
from vatspolicy.vocabulary import Language

Data = Mapping[str, Any]


def sides(data: Data, lang: Language) -> str:
    """What is compared with what, and which day counts as today."""
    base, head = (data[side]["title"] for side in ("base", "head"))
    return phrase("words", lang, base=base, head=head, today=data["today"]) if head else str(base)


def sentences(data: Data, lang: Language) -> Iterator[str]:
    """Why it is not evaluated, what was edited and compared, and what it fails on."""
    yield from (why["text"][lang] for why in data["why"])
    edits = [*data["structure"], *data["schemas"]]
    if edits:
        yield phrase("edited", lang, count=len(edits), files=len({change["file"] for change in edits}))
    decisions, semantic = data["decisions"], data["semantic"]
    if decisions and decisions["days"]:
        counts = {key: len(decisions[key]) for key in ("days", "rows", "details")}
        yield phrase("compared", lang, products=decisions["products"], **counts)
    elif decisions:
        yield phrase("no_days", lang)
    if decisions and decisions["borrowed"]:
        yield phrase("borrowed", lang, names=", ".join(decisions["borrowed"]))
    if semantic and semantic["status"] == "off":
        yield phrase("semantic_off", lang)
    if semantic and semantic["transitions"]:
        yield phrase("possible", lang, names=", ".join(name.replace("->", " → ") for name in semantic["transitions"]))
    if data["failed_on"]:
        yield phrase("failed", lang, names=", ".join(data["failed_on"]))


def release(data: Data, lang: Language) -> str:
    """The version before and after, and what the change needs."""
    because = ", ".join(word(REASONS, reason, lang) for reason in data["because"])
    key = "untouched" if data["level"] == "none" else "needs" if data["needed"] else "fits"
    return phrase(key, lang, **{**data, "because": because})
