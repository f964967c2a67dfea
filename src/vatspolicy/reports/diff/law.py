"""Edited rules in words, as every report of a comparison tells them."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

from vatspolicy.i18n.words import joint, word
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.diff.wording import period
from vatspolicy.reports.diff.words import CHANGES, phrase
from vatspolicy.reports.lists import cut_lists

Data = Mapping[str, Any]


def edit(card: Data, lang: Language) -> str:
    """Describe an edited rule in one line, such as `tax/levy-2026: added, in place of tax/levy`, and its message."""
    text = card["rule"] + joint("colon", lang) + word(CHANGES, card["change"], lang)
    if card["predecessor"]:
        text += joint("comma", lang) + phrase("instead", lang, name=card["predecessor"])
    return phrase("says_so", lang, edit=text, message=card["message"][lang])


def lines(card: Data, lang: Language) -> Iterator[tuple[str, str]]:
    """Yield (sign, text) of the parts of an edited rule: `-` and `+` where versions differ, else a space."""
    sides = [_parts(card[side], lang) if card[side] else {} for side in ("before", "after")]
    for key in dict.fromkeys((*sides[0], *sides[1])):
        before, after = (side.get(key) for side in sides)
        if before != after:
            yield from ((sign, text) for sign, text in (("-", before), ("+", after)) if text)
        elif before and key in ("when", "effect"):
            yield " ", before


def sentences(card: Data, lang: Language) -> Iterator[str]:
    """Yield the parts of an edited rule with words in place of signs: `before: …`, `now: …`."""
    marks = {"-": "was", "+": "is"}
    both = card["before"] is not None and card["after"] is not None
    for sign, text in lines(card, lang):
        yield phrase(marks[sign], lang, text=text) if both and sign in marks else text


def article(one: Data, lang: Language) -> str:
    """Quote an article with its verification: `art. 5 [unverified]: …`."""
    text = one["text"][lang] or one["text"]["en"]
    return f"{one['label'][lang]} [{one['verification']}]{joint('colon', lang)}{' '.join(text.split())}"


def _parts(said: Data, lang: Language) -> dict[str, str]:
    """Return the parts of a version of a rule, one by one."""
    parts = {
        "when": phrase("applies", lang, text=cut_lists(said["when"][lang], lang)),
        "effect": said["effect"][lang],
        "days": _in_force(said["since"], said["until"], lang),
    }
    for condition in said["conditions"]:
        check = cut_lists(condition["check"][lang], lang)
        parts[condition["id"]] = phrase("condition", lang, id=condition["id"], text=check)
    if said["overrides"]:
        own = {key: said["overrides"][key] for key in ("rule", "reason", "owner")}
        parts["overrides"] = phrase("replaces" if said["overrides"]["replaces"] else "overrides", lang, **own)
    return parts | ({"unwaivable": phrase("not_waivable", lang)} if said["unwaivable"] else {})


def _in_force(since: str | None, until: str | None, lang: Language) -> str:
    """Return the days of a rule; `until` is the first day no longer in force."""
    last = until and (datetime.date.fromisoformat(until) - datetime.timedelta(days=1)).isoformat()
    if since is None:
        return phrase("in_force_until", lang, last=last) if last else phrase("always_in_force", lang)
    return phrase("in_force", lang, days=period(since, last, lang))
