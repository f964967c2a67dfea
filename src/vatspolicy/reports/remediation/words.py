"""Phrases of the reports on ways forward, in both languages."""

from __future__ import annotations

from collections.abc import Iterable

from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.words import VERDICTS, Table, word

WORDS: Table = {
    "routes": Phrase("Routes"),
    "no_routes": Phrase("no route exists on this day"),
    "not_telecom": Phrase("No telecom license is needed, so there is no route to check."),
    "share": Phrase("Foreign share at most {percent} %."),
    "leads_to": Phrase("leads to: {instrument}"),
    "besides": Phrase("Obstacles on every route"),
    "differences": Phrase("Changes that would lead to {word}"),
    "or_better": Phrase("{word} or better"),
    "differences_open": Phrase("Changes that would lift every denial, with facts still missing"),
    "cost": Phrase("effort {cost}"),
    "get": Phrase("to get: {licenses}"),
    "missing": Phrase("facts still missing: {facts}"),
    "also": Phrase("equally good: {places}"),
    "apart": Phrase("{service} by itself, as it was: {word}"),
    "contested": Phrase("under another reading of the law the result differs"),
    "day": Phrase("under the law of {day}, as the bundle knows it"),
    "none": Phrase("No set of changes within your control would achieve this."),
    "none_known": Phrase("No set of changes leads there while facts are missing. State the missing facts first."),
    "nothing_better": Phrase("Nothing stands in the way: no change is needed."),
    "looked": Phrase(
        "Checked {looked} combinations of up to {most} changes. Every proposal was decided by the same rules."
    ),
    "looked_one": Phrase(
        "Checked 1 combination of up to {most} changes. Every proposal was decided by the same rules."
    ),
    "bounded": Phrase("The search reached its limit: combinations with more effort were not checked."),
    "effort": Phrase("Effort is a rank, not a price: 1 is a contract, 5 a change of owners; efforts add up."),
    "unstated": Phrase("Not stated, so no change of these facts was considered: {facts}"),
    "nothing_but_contest": Phrase(
        "No change is needed on the first reading of the law. Another reading leads elsewhere: see above."
    ),
    "margins": Phrase("Margins"),
    "facts_missing": Phrase("Missing facts; what depends on them is marked ?"),
    "not_advice": Phrase(
        "These are hypothetical changes, not legal advice. Change the spec only once the change has happened."
    ),
    "and_more": Phrase(" and {count} more"),
}


def name_goal(goal: str, lang: Language, reached: Iterable[str] = ()) -> str:
    """Return the decision that the proposals reach, or the goal and better if they differ."""
    found = set(reached)
    if len(found) == 1:
        return word(VERDICTS, found.pop(), lang)
    name = word(VERDICTS, goal, lang)
    return name if goal == "allow" else say("or_better", lang, word=name)


def say(key: str, lang: Language, **values: object) -> str:
    """Return a phrase in one language, with values filled in."""
    return word(WORDS, key, lang, **values)
