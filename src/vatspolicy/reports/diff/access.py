"""Changed cells of the access matrix in words."""

from __future__ import annotations

from collections.abc import Iterator

from vatspolicy.authoring.diff.result import Access, AccessPlaces
from vatspolicy.core.profile.vocabulary import Language
from vatspolicy.i18n.words import aside, joint, word
from vatspolicy.reports.access_matrix.render import value
from vatspolicy.reports.diff.words import ITEMS, NAMED, phrase

ABSENT = "–"
"""Sign for omitted places."""


_LINES = 8
"""Maximum number of summary lines."""


def summary(data: Access, lang: Language) -> list[str]:
    """Return the changed cells in few lines, one for all businesses with the same change."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    mark = aside(word(ITEMS, "contested", lang), lang)  # the sign is explained beside the matrix only
    for cell in data.cells:
        before, after = (value(side, lang, mark) for side in (cell.before, cell.after))
        alike.setdefault((cell.regime[lang], before, after), []).append(cell.title[lang])
    found = []
    for (regime, before, after), every in alike.items():
        titles = list(dict.fromkeys(every))
        names = joint("semicolon", lang).join(titles[:NAMED])
        more = len(titles) - NAMED
        names = phrase("and_more", lang, names=names, n=more) if more > 0 else names
        found.append(f"{regime}{joint('colon', lang)}{before} → {after}{joint('colon', lang)}{names}")
    for place in data.places:
        what = phrase("places", lang) + joint("colon", lang)
        found.append(f"{place.regime[lang]}{joint('comma', lang)}{what}{_moved(place, lang)}")
    more = len(found) - _LINES
    return [*found[:_LINES], *([phrase("more", lang, count=more)] if more > 0 else [])]


def _moved(one: AccessPlaces, lang: Language) -> str:
    """Return the added and removed places, or all places if a regime opens, closes or covers parts of a place."""
    before, after = (side[lang] if side else ABSENT for side in (one.before, one.after))
    if ABSENT in (before, after) or any(bracket in before + after for bracket in "(（"):
        return f"{before} → {after}"
    mark = joint("names", lang)
    old, new = before.split(mark), after.split(mark)
    signed = {"+": [name for name in new if name not in old], "-": [name for name in old if name not in new]}
    return joint("semicolon", lang).join(f"{sign} {mark.join(names)}" for sign, names in signed.items() if names)


def rows(data: Access, lang: Language) -> Iterator[tuple[str, str, str, str]]:
    """Yield business, regime, and the cell before and after: first changed cells, then changed places."""
    for cell in data.cells:
        offers = joint("list", lang).join(offer[lang] for offer in cell.offers)
        before, after = (value(side, lang) for side in (cell.before, cell.after))
        yield cell.title[lang] + joint("colon", lang) + offers, cell.regime[lang], before, after
    for place in data.places:
        before, after = (side[lang] if side else ABSENT for side in (place.before, place.after))
        yield phrase("places", lang), place.regime[lang], before, after
