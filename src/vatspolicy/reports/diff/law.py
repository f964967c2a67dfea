"""Edited rules in words, for all reports of a comparison."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Mapping

from vatspolicy.authoring.diff.edited import CitedArticle, EditedRule, QuotedArticle, RuleInWords
from vatspolicy.authoring.diff.result import Item, Review
from vatspolicy.core.profile.vocabulary import Language
from vatspolicy.i18n.words import joint, word
from vatspolicy.reports.diff.wording import period
from vatspolicy.reports.diff.words import CHANGES, phrase
from vatspolicy.reports.words import cut_lists

_MEMBERS = 2
"""Maximum number of list members in an unchanged clause."""


def of_item(data: Review, item: Item) -> list[EditedRule]:
    """Return the edited rules of a review item, including those of a whole policy."""
    changes = data.changes_of(item)
    own = {f"{change.policy}/{change.name}" for change in changes if change.kind == "rule"}
    whole = {change.policy for change in changes if change.kind == "policy"}
    return [card for card in data.law if card.rule in own or card.rule.partition("/")[0] in whole]


def edit(card: EditedRule, lang: Language) -> str:
    """Describe an edited rule in one line, such as `tax/levy-2026: added, in place of tax/levy`, and its message."""
    return phrase("says_so", lang, edit=what(card, lang), message=card.message[lang])


def what(card: EditedRule, lang: Language) -> str:
    """Describe an edited rule without its message: `tax/levy-2026: added, in place of tax/levy, from 2026-09-01`."""
    text: str = card.rule + joint("colon", lang) + word(CHANGES, card.change, lang)
    if card.predecessor and card.after:
        text += joint("comma", lang) + phrase("instead", lang, name=card.predecessor)
        since = card.after.since
        text += joint("comma", lang) + phrase("since", lang, day=since) if since else ""
    return text


def marks(signs: Collection[str], whole: bool) -> Mapping[str, str]:
    """Return phrases instead of signs: `before` and `now`, or `no longer` and `new` if one side has no text.

    `whole`: the lines tell an entry that is wholly new or gone, whose parts need no sign.
    """
    if {"-", "+"} <= {*signs}:
        return {"-": "was", "+": "is"}
    return {} if whole else {"-": "gone", "+": "new"}


def lines(card: EditedRule, lang: Language, brief: bool = False) -> Iterator[tuple[str, str]]:
    """Yield (sign, text) of the parts of an edited rule: `-` and `+` where versions differ, then ` ` for the rest.

    `brief`: conditions of a route by what they ask for, without the check, unless the check alone differs.
    """
    sides = [_parts(side, lang) if side else {} for side in (card.before, card.after)]
    kept = []
    for key in dict.fromkeys((*sides[0], *sides[1])):
        before, after = (side.get(key) for side in sides)
        if key == "days" and card.predecessor and sides[0].get("when") != sides[1].get("when"):
            continue  # the edits say from when the rule takes the place of the one before
        changed, stay = _clauses(card, lang) if key == "when" and before and after and before != after else ([], [])
        if stay:
            yield from changed
            kept.append(phrase("asks_still", lang, text=joint("semicolon", lang).join(stay)))
        elif before != after:
            if brief and not (before and after):
                before, after = _briefly(key, card.before, lang) or before, _briefly(key, card.after, lang) or after
            yield from ((sign, text) for sign, text in (("-", before), ("+", after)) if text)
        elif before and key in ("when", "effect"):
            kept.append(before)
    yield from ((" ", text) for text in kept)


def _briefly(key: str, said: RuleInWords | None, lang: Language) -> str:
    """Return the requirement of a route's condition, or an empty text for an unknown condition."""
    found = [condition.message[lang] for condition in said.conditions if condition.id == key] if said else []
    return phrase("condition_briefly", lang, message=found[0].rstrip(".。")) if found else ""


def _clauses(card: EditedRule, lang: Language) -> tuple[list[tuple[str, str]], list[str]]:
    """Return (sign, text) of the added, removed and unchanged clauses of a condition."""
    gone, new, stay = clauses(card, lang)
    asked = [("-", text) for text in gone] + [("+", text) for text in new]
    return [(sign, phrase("asks", lang, text=text)) for sign, text in asked], stay


def clauses(card: EditedRule, lang: Language) -> tuple[list[str], list[str], list[str]]:
    """Return the removed, added and unchanged clauses of a condition."""
    before, after = ([clause[lang] for clause in side.clauses] if side else [] for side in (card.before, card.after))
    stay = [text for text in before if text in after]
    gone, new = ([cut_lists(text, lang) for text in side if text not in stay] for side in (before, after))
    return gone, new, [cut_lists(text, lang, _MEMBERS) for text in stay]


def sentences(card: EditedRule, lang: Language) -> Iterator[str]:
    """Yield the parts of an edited rule with words in place of signs: `before: …`, `now: …`."""
    told = list(lines(card, lang))
    keys = marks({sign for sign, _ in told}, card.before is None or card.after is None)
    yield from (phrase(keys[sign], lang, text=text) if sign in keys else text for sign, text in told)


def article(one: QuotedArticle | CitedArticle, lang: Language) -> str:
    """Quote an article with its verification: `art. 5 [unverified]: …`."""
    return f"{one.label[lang]} [{one.verification}]{joint('colon', lang)}{words_of(one, lang)}"


def words_of(one: QuotedArticle | CitedArticle, lang: Language) -> str:
    """Return the words of an article in one line, in English if there are no Chinese words."""
    return " ".join((one.text[lang] or str(one.text["en"])).split())


def _parts(said: RuleInWords, lang: Language) -> dict[str, str]:
    """Return the separate parts of a rule's version."""
    parts = {
        "when": phrase("applies", lang, text=cut_lists(said.when[lang], lang)),
        "effect": said.effect[lang],
        "days": _in_force(said.since, said.until, lang),
    }
    for condition in said.conditions:
        check = cut_lists(condition.check[lang], lang)
        message = condition.message[lang].rstrip(".。")
        parts[condition.id] = phrase("condition_of", lang, message=message, id=condition.id, text=check)
    if said.overrides:
        one, key = said.overrides, "replaces" if said.overrides.replaces else "overrides"
        parts["overrides"] = phrase(key, lang, rule=one.rule, reason=one.reason, owner=one.owner)
    return parts | ({"unwaivable": phrase("not_waivable", lang)} if said.unwaivable else {})


def _in_force(since: str | None, until: str | None, lang: Language) -> str:
    """Return the days of a rule; `until` is the day after its last day."""
    last = until and (datetime.date.fromisoformat(until) - datetime.timedelta(days=1)).isoformat()
    if since is None:
        return phrase("in_force_until", lang, last=last) if last else phrase("always_in_force", lang)
    return phrase("in_force", lang, days=period(since, last, lang))
