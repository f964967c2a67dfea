"""The words of the matrix in both languages, and what its cells and notes say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vatspolicy.authoring.diff.result import Stated
from vatspolicy.core.profile.vocabulary import gazetteer, label
from vatspolicy.guidance.access_matrix.locations import letters
from vatspolicy.guidance.access_matrix.result import (
    Article,
    Binding,
    Cell,
    Matrix,
    PlaceCell,
    PlaceSet,
    Reason,
    Regime,
    RegimeCell,
    Row,
)
from vatspolicy.i18n import Language, LocalizedText, Phrase
from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import gap, joint, number, word
from vatspolicy.reports.words import phrase, say_deciding

WORDS: Mapping[str, Mapping[str, str]] = {
    "regimes": Phrase("Highest foreign share by service and regime"),
    "places": Phrase("Highest foreign share by service and place"),
    "title": Phrase("Access matrix"),
    "how": Phrase(
        "How to read it: a row is a business, a column a legal basis on which it can be licensed. "
        "The cell is the highest share of the licensed company that foreign investors may hold on "
        "that basis: 100 % is no limit, “domestic” is no foreign share at all, “closed” and "
        "“banned” are none for anybody abroad, and – means that the basis does not cover the "
        "business. A letter marks conditions or reasons."
    ),
    "how_places": Phrase(
        "How to read it: a row is a business, a column a set of places that the law treats alike. "
        "The cell is the highest share of the licensed company that foreign investors may hold "
        "there: 100 % is no limit, “domestic” is no foreign share at all, “closed” and “banned” "
        "are none for anybody abroad."
    ),
    "more": Phrase("Letters mark conditions or reasons. --details prints them, and the law behind every column."),
    "more_places": Phrase("--details prints the routes behind every share."),
    "and_more": Phrase("and {count} more"),
    "offers": Phrase("{count} offers"),
    "registered": Phrase("registered in {place}"),
    "service": Phrase("Service"),
    "share": Phrase("{percent} %"),
    "zero": Phrase("domestic"),
    "below": Phrase("below {percent} %"),
    "closed": Phrase("closed", "access matrix"),
    "prohibited": Phrase("banned"),
    "none": Phrase("–"),
    "legend_closed": Phrase("the regime covers the service, and no foreign company meets its terms"),
    "legend_prohibited": Phrase("another rule prohibits the service, whatever the share"),
    "legend_none": Phrase("the regime does not cover the service"),
    "legend_contested": Phrase("contested: see the law"),
    "legend_zero": Phrase("companies without foreign share only"),
    "legend_special": Phrase("more for some investors, see the routes"),
    "routes": Phrase("Routes"),
    "where": Phrase("places: {places}"),
    "columns": Phrase("Regimes"),
    "place_columns": Phrase("Places"),
    "signs": Phrase("Signs"),
    "notes": Phrase("Conditions and reasons"),
    "none_open": Phrase("open in no place"),
    "special": Phrase("{share} for some investors: {routes}"),
    "method": Phrase(
        "Computed from the rules of the bundle: the highest share for which a route is open when "
        "everything else is at its best. Capital, staff and other obstacles that an applicant can "
        "remove count as removed."
    ),
}


@dataclass(frozen=True)
class Note:
    """A note below the table: what must hold, or why there is nothing, and the law."""

    sign: str
    """A letter: a, b … z, aa."""
    points: tuple[str, ...]
    law: tuple[str, ...]


def say(text: LocalizedText, lang: Language) -> str:
    """Return a text of the matrix in one language, with control characters removed."""
    return clean(text[lang])


def heading(matrix: Matrix, lang: Language) -> str:
    """Return the title of a table."""
    return word(WORDS, matrix.by, lang)


def stand(matrix: Matrix, lang: Language) -> str:
    """Return the day, the bundle and the place of a table."""
    text = f"{phrase('as_of', lang, day=matrix.as_of)} · {say_deciding(matrix.bundle, lang)}"
    places = [label("place", matrix.place)[lang]] if matrix.place and matrix.place in gazetteer() else []
    places += [label("zone", matrix.zone)[lang]] if matrix.zone else []
    place = joint("comma", lang).join(places)
    return text + (f" · {word(WORDS, 'registered', lang, place=place)}" if places else "")


def share(percent: float, lang: Language) -> str:
    """Format a share; one just below a limit is shown as below it, and none as domestic."""
    if percent == 0:
        return word(WORDS, "zero", lang)
    limit = round(percent + 0.01, 6)
    if percent != int(percent) and limit == int(limit):
        return word(WORDS, "below", lang, percent=number(limit))
    return word(WORDS, "share", lang, percent=number(percent))


def value(cell: Cell | Stated, lang: Language, mark: str = " ≠") -> str:
    """Return the text of a cell without its note; `mark` is that of a contested one."""
    percent = cell.max_foreign_percent
    return (word(WORDS, cell.state, lang) if percent is None else share(percent, lang)) + (
        mark if cell.contested else ""
    )


def routes(cell: Cell, matrix: Matrix, lang: Language) -> str:
    """Describe the routes behind the share of a places cell, and the higher shares of some investors."""
    if not isinstance(cell, PlaceCell):
        return ""
    comma = joint("list", lang)
    parts = [comma.join(say(matrix.routes[name], lang) for name in cell.routes)]
    if cell.special:
        names = comma.join(say(matrix.routes[name], lang) for name in cell.special.routes)
        parts.append(word(WORDS, "special", lang, share=value(cell.special, lang), routes=names))
    return joint("semicolon", lang).join(part for part in parts if part)


def is_special(cell: Cell) -> bool:
    """Return True if some investors may have a higher share."""
    return isinstance(cell, PlaceCell) and cell.special is not None


def how_to_read(matrix: Matrix, lang: Language) -> str:
    """Explain rows, columns and cells of a table."""
    return word(WORDS, "how" if matrix.by == "regimes" else "how_places", lang)


def title_of(row: Row, lang: Language, most: int | None = None) -> str:
    """Return the name of a row: its class, and its offers if the class has several rows, at most `most` of them."""
    text = say(row.title, lang)
    if row.whole:
        return text
    offers = [say(offer.title, lang) for offer in row.offers]
    if most is not None and len(offers) > most:
        offers[most:] = [word(WORDS, "and_more", lang, count=len(offers) - most)]
    return text + joint("colon", lang) + joint("semicolon", lang).join(offers)


def notes(matrix: Matrix, lang: Language) -> tuple[list[Note], dict[tuple[int, str], str]]:
    """Return the notes of a table, and their letters by row and column."""
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], str] = {}
    signs: dict[tuple[int, str], str] = {}
    for index, row in enumerate(matrix.rows):
        for cell in row.cells:
            if isinstance(cell, RegimeCell) and (cell.conditions or cell.reasons):
                said: tuple[Binding | Reason, ...] = (*cell.conditions, *cell.reasons)
                own = cell.articles if cell.state == "open" else ()
                law = (*own, *(article for one in said for article in one.articles))
                key = (tuple(dict.fromkeys(say(one.message, lang) for one in said)), _law(law, lang))
                signs[index, cell.column] = found.setdefault(key, letters(len(found)))
    return [Note(at, *key) for key, at in found.items()], signs


def join_points(note: Note, lang: Language) -> str:
    """Join the sentences of a note."""
    return gap(lang).join(note.points)


def _law(articles: Iterable[Article], lang: Language) -> tuple[str, ...]:
    """Articles by regulation: its title, then the labels."""
    by_policy: dict[str, list[str]] = {}
    for article in articles:
        labels = by_policy.setdefault(say(article.title, lang), [])
        labels += [text for text in [say(article.label, lang)] if text not in labels]
    return tuple(title + joint("comma", lang) + joint("list", lang).join(found) for title, found in by_policy.items())


def legend(matrix: Matrix, lang: Language) -> list[tuple[str, str]]:
    """Return the signs that a table uses, with their meaning."""
    cells = [cell for row in matrix.rows for cell in row.cells]
    states = {cell.state for cell in cells}
    found = [
        (word(WORDS, s, lang), word(WORDS, f"legend_{s}", lang))
        for s in ("closed", "prohibited", "none")
        if s in states
    ]
    if any(cell.max_foreign_percent == 0 for cell in cells):
        found.append((share(0.0, lang), word(WORDS, "legend_zero", lang)))
    if any(cell.contested for cell in cells):
        found.append(("≠", word(WORDS, "legend_contested", lang)))
    if any(map(is_special, cells)):
        found.append(("*", word(WORDS, "legend_special", lang)))
    return found


def column_note(column: Regime | PlaceSet, lang: Language) -> str:
    """Return the description of a column in the list of columns."""
    parts = [say(column.title, lang)]
    if isinstance(column, Regime):
        for one in column.policies:
            number = [clean(one.number)] if one.number else []
            parts.append(joint("comma", lang).join([say(one.title, lang), *number]))
        if column.places:
            parts.append(word(WORDS, "where", lang, places=say(column.places, lang)))
    return joint("semicolon", lang).join(parts)
