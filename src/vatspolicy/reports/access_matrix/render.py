"""The matrix as text, JSON, Markdown and HTML, and its words in both languages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vatspolicy.core.engine.result import encode
from vatspolicy.core.profile.vocabulary import gazetteer, label
from vatspolicy.guidance.access_matrix.locations import letters
from vatspolicy.guidance.access_matrix.result import (
    Binding,
    Cell,
    CitedArticle,
    ClosedReason,
    Matrix,
    MatrixRow,
    PlaceCell,
    PlaceSet,
    Regime,
    RegimeCell,
    Stated,
)
from vatspolicy.i18n import Language, LocalizedText, Phrase
from vatspolicy.i18n.text import clean, width, wrap
from vatspolicy.i18n.words import end, gap, joint, number, word
from vatspolicy.output import Style
from vatspolicy.reports.words import phrase, say_deciding

if TYPE_CHECKING:
    from markupsafe import Markup

WORDS: Mapping[str, Mapping[str, str]] = {
    "regimes": Phrase("Highest foreign share by service and regime"),
    "places": Phrase("Highest foreign share by service and place"),
    "title": Phrase("Access matrix"),
    "how": Phrase(
        "Each row is a business, and each column a legal basis for its license. A cell shows the highest share that"
        " foreign investors may hold in the licensed company on that basis. 100 % means no limit; “domestic” means "
        "no foreign share at all. “Closed” and “banned” exclude companies from abroad. – means that the basis does "
        "not cover the business. Letters mark conditions or reasons."
    ),
    "how_places": Phrase(
        "Each row is a business, and each column a set of places that the law treats alike. A cell shows the "
        "highest share that foreign investors may hold in the licensed company there. 100 % means no limit; "
        "“domestic” means no foreign share at all. “Closed” and “banned” exclude companies from abroad."
    ),
    "more": Phrase("Letters mark conditions or reasons. --details prints them and the law behind each column."),
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
    "legend_closed": Phrase("the regime covers the service, but foreign companies cannot meet its terms"),
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
    "none_open": Phrase("not open anywhere"),
    "special": Phrase("{share} for some investors: {routes}"),
    "method": Phrase(
        "Computed from the rules of the bundle: the highest share with an open route if all other facts are "
        "favorable. Obstacles that an applicant can remove, such as capital and staff, count as removed."
    ),
}


@dataclass(frozen=True)
class Note:
    """A note below the table: conditions, or reasons for an empty cell, and the law."""

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
    where = joint("comma", lang).join(places)
    return text + (f" · {word(WORDS, 'registered', lang, place=where)}" if places else "")


def share(percent: float, lang: Language) -> str:
    """Format a share; a share just below a limit appears as below the limit, and no share as domestic."""
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


def title_of(row: MatrixRow, lang: Language, most: int | None = None) -> str:
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
    letters_of: dict[tuple[tuple[str, ...], tuple[str, ...]], str] = {}
    signs: dict[tuple[int, str], str] = {}
    for index, row in enumerate(matrix.rows):
        for cell in row.cells:
            if isinstance(cell, RegimeCell) and (cell.conditions or cell.reasons):
                said: tuple[Binding | ClosedReason, ...] = (*cell.conditions, *cell.reasons)
                own = cell.articles if cell.state == "open" else ()
                law = (*own, *(article for remark in said for article in remark.articles))
                key = (tuple(dict.fromkeys(say(remark.message, lang) for remark in said)), _law(law, lang))
                signs[index, cell.column] = letters_of.setdefault(key, letters(len(letters_of)))
    return [Note(at, *key) for key, at in letters_of.items()], signs


def join_points(note: Note, lang: Language) -> str:
    """Join the sentences of a note."""
    return gap(lang).join(note.points)


def _law(articles: Iterable[CitedArticle], lang: Language) -> tuple[str, ...]:
    """Articles by regulation: its title, then the labels."""
    by_policy: dict[str, list[str]] = {}
    for article in articles:
        labels = by_policy.setdefault(say(article.title, lang), [])
        labels += [text for text in [say(article.label, lang)] if text not in labels]
    return tuple(title + joint("comma", lang) + joint("list", lang).join(labels) for title, labels in by_policy.items())


def legend(matrix: Matrix, lang: Language) -> list[tuple[str, str]]:
    """Return the signs that a table uses, with their meaning."""
    cells = [cell for row in matrix.rows for cell in row.cells]
    states = {cell.state for cell in cells}
    signs = [
        (word(WORDS, s, lang), word(WORDS, f"legend_{s}", lang))
        for s in ("closed", "prohibited", "none")
        if s in states
    ]
    if any(cell.max_foreign_percent == 0 for cell in cells):
        signs.append((share(0.0, lang), word(WORDS, "legend_zero", lang)))
    if any(cell.contested for cell in cells):
        signs.append(("≠", word(WORDS, "legend_contested", lang)))
    if any(map(is_special, cells)):
        signs.append(("*", word(WORDS, "legend_special", lang)))
    return signs


def column_note(column: Regime | PlaceSet, lang: Language) -> str:
    """Return the description of a column in the list of columns."""
    parts = [say(column.title, lang)]
    if isinstance(column, Regime):
        for policy in column.policies:
            number = [clean(policy.number)] if policy.number else []
            parts.append(joint("comma", lang).join([say(policy.title, lang), *number]))
        if column.places:
            parts.append(word(WORDS, "where", lang, places=say(column.places, lang)))
    return joint("semicolon", lang).join(parts)


# --- text and JSON


_LEAST = 20
"""Width of row names on a terminal; with less room, every row becomes a list."""

_OFFERS = 2
"""Maximum number of offers in the name of a row on a terminal."""


def render(
    format: str, tables: Sequence[Matrix], lang: Language, color: bool = False, room: int = 100, details: bool = False
) -> str:
    """Render tables in a format.

    Text alone uses color, room (columns) and details: the conditions, the reasons and the law. Other formats have them.
    """
    if format == "json":
        data = encode(tables[0] if len(tables) == 1 else tuple(tables))
        return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
    if format in ("markdown", "html"):
        return render_page(tables, lang) if format == "html" else render_markdown(tables, lang)
    style = Style(color)
    texts = (line for matrix in tables for line in _MatrixText(matrix, lang, style, room).lines(details))
    return "\n".join(texts).rstrip() + "\n"


# --- text


class _MatrixText:
    """A table for a terminal of `room` columns."""

    def __init__(self, matrix: Matrix, lang: Language, style: Style, room: int) -> None:
        self.matrix, self.lang, self.style, self.room = matrix, lang, style, room
        self.colon = joint("colon", lang)
        self.notes, signs = notes(matrix, lang)
        self.shown = [
            [
                " ".join(filter(None, (value(cell, lang), signs.get((index, cell.column)))))
                + ("*" if is_special(cell) else "")
                for cell in row.cells
            ]
            for index, row in enumerate(matrix.rows)
        ]

    def lines(self, details: bool) -> Iterator[str]:
        yield from self.flow(f"{self.style(heading(self.matrix, self.lang), 'bold')} · {stand(self.matrix, self.lang)}")
        yield from self.flow(how_to_read(self.matrix, self.lang))
        yield ""
        names = [_broken(column.id) for column in self.matrix.columns]
        widths = [
            max(width(text) for text in (*name, *(cells[index] for cells in self.shown)))
            for index, name in enumerate(names)
        ]
        left = self.room - sum(widths) - 2 * len(widths)
        yield from self.grid(names, widths, min(left, 48)) if left >= _LEAST else self.lists()
        yield from self.below(details)

    def flow(self, text: str, indent: str = "", first: str | None = None, *styles: str) -> Iterator[str]:
        return (self.style(line, *styles) for line in wrap(text, self.room, indent, first))

    def word(self, key: str) -> str:
        return word(WORDS, key, self.lang)

    def head(self, key: str) -> Iterator[str]:
        yield from ("", self.style(self.word(key), "bold"))

    def grid(self, names: list[list[str]], widths: list[int], left: int) -> Iterator[str]:
        height = max(map(len, names))
        for line in range(height):
            lead = self.word("service") if line == height - 1 else ""
            heads = [name[line - height + len(name)] if line >= height - len(name) else "" for name in names]
            yield self.style(_line(lead, left, heads, widths), "bold")
        yield "-" * (left + sum(widths) + 2 * len(widths))
        for row, cells in zip(self.matrix.rows, self.shown, strict=True):
            lines = wrap(title_of(row, self.lang, _OFFERS), left, "  ", "")
            padded = [
                self.style(text + " " * (size - width(text)), *_tone(cell))
                for text, size, cell in zip(cells, widths, row.cells, strict=True)
            ]
            yield _line(lines[0], left, padded, widths).rstrip()
            yield from lines[1:]

    def lists(self) -> Iterator[str]:
        """Render each row as its name and a paragraph of its cells, for a narrow terminal."""
        left_out = ("none", "zero") if self.matrix.by == "regimes" else ("none",)
        for row, cells in zip(self.matrix.rows, self.shown, strict=True):
            yield from self.flow(self.style(title_of(row, self.lang, _OFFERS), "bold"), "  ", "")
            line, taken = "", 0
            for text, cell in zip(cells, row.cells, strict=True):
                if ("zero" if cell.state == "open" and not cell.max_foreign_percent else cell.state) in left_out:
                    continue
                size = width(f" · {cell.column} {text}")
                if line and taken + size > self.room:
                    yield line
                    line = ""
                taken = taken + size if line else 1 + size
                line += f"{' · ' if line else '    '}{cell.column} {self.style(text, *_tone(cell))}"
            yield line or f"    {self.word('zero')}"

    def below(self, details: bool) -> Iterator[str]:
        by_regimes = self.matrix.by == "regimes"
        yield from self.head("columns" if by_regimes else "place_columns")
        for column in self.matrix.columns:
            title = column_note(column, self.lang) if details else say(column.title, self.lang)
            yield from self.flow(f"{column.id}{self.colon}{title}", "    ", "  ")
        if details and not by_regimes:
            yield from self.head("routes")
            for row in self.matrix.rows:
                yield from self.routes(row)
        yield from self.head("signs")
        for sign, meaning in legend(self.matrix, self.lang):
            yield from self.flow(f"{sign}{self.colon}{meaning}", "    ", "  ")
        if details and self.notes:
            yield from self.head("notes")
        for note in self.notes if details else ():
            yield from self.flow(join_points(note, self.lang), "     ", f"  {note.sign:<2} ")
            for law in note.law:
                yield from self.flow(law, "       ", "     § ", "dim")
        yield ""
        if details:
            yield from self.flow(f"{self.word('method')} {phrase('not_advice', self.lang)}", "", None, "dim")
        else:
            yield from self.flow(self.word("more" if by_regimes else "more_places"))
        yield ""

    def routes(self, row: MatrixRow) -> Iterator[str]:
        """Render the routes of a row in the places table. Columns with equal text are joined."""
        together: dict[str, list[str]] = {}
        for column, text in dict.fromkeys((cell.column, routes(cell, self.matrix, self.lang)) for cell in row.cells):
            if text:
                together.setdefault(text, []).append(column)
        if together:
            yield from self.flow(title_of(row, self.lang), "    ", "  ")
        for text, columns in together.items():
            yield from self.flow(text, "      ", f"    {' '.join(columns)}  ")


def _line(lead: str, left: int, cells: Sequence[str], widths: Sequence[int]) -> str:
    parts = [lead + " " * (left - width(lead))]
    parts += [text + " " * (size - width(text)) for text, size in zip(cells, widths, strict=True)]
    return "  ".join(parts)


def _broken(id: str) -> list[str]:
    """Break the name of a column into lines after hyphens."""
    parts = id.split("-")
    return [*(f"{part}-" for part in parts[:-1]), parts[-1]]


def _tone(cell: Cell) -> tuple[str, ...]:
    if cell.state == "none":
        return ("dim",)
    if cell.state != "open":
        return ("red",)
    if not cell.max_foreign_percent:
        return ()
    return ("green",) if cell.max_foreign_percent == 100 else ("yellow",)


# --- Markdown and HTML: one view of the data for both


_LONG = 60
"""Number of cells from which the head of a column has more room on a page."""


def render_markdown(tables: Sequence[Matrix], lang: Language) -> str:
    """Render matrices as Markdown."""
    from vatspolicy.reports.formats import templating

    views = [MatrixView(matrix, lang) for matrix in tables]
    return templating.render_markdown("matrix/matrix.md.j2", tables=views, words=_words(lang))


def render_page(tables: Sequence[Matrix], lang: Language) -> str:
    """Render matrices as a page."""
    from vatspolicy.reports.formats import templating

    parts = [fragment(table, lang, f"matrix-{table.by}", 3 if index else 2) for index, table in enumerate(tables)]
    titles = [heading(matrix, lang) for matrix in tables]
    frame = templating.Frame(titles[0], lang, style=read_style(), end=phrase("not_advice", lang), wide=True)
    return templating.render_page("matrix/matrix.html.j2", frame, tables=zip(titles, parts, strict=True))


def fragment(matrix: Matrix, lang: Language, prefix: str = "matrix", level: int = 3) -> Markup:
    """Render the table with its list of columns, signs and notes, for a page that includes `read_style()`.

    `prefix` begins every id, so that two tables may stand in one page; `level` is that of the headings inside.
    """
    from vatspolicy.reports.formats import templating

    view = MatrixView(matrix, lang)
    return templating.render_html("matrix/table.html.j2", view=view, prefix=prefix, h=f"h{level}", words=_words(lang))


def read_style() -> str:
    """Return the CSS of the table, for the `style` of a Frame."""
    return Path(__file__).with_name("matrix.css").read_text(encoding="utf-8")


def _words(lang: Language) -> Callable[..., str]:
    return lambda key, **values: word(WORDS, key, lang, **values)


@dataclass(frozen=True)
class ShownCell:
    """A cell in words."""

    text: str
    note: str | None
    """The letter of its note."""
    routes: str
    is_open: bool
    is_special: bool
    level: str
    """Openness, which selects the color; the text also shows it."""


@dataclass(frozen=True)
class ShownRow:
    """A row in words."""

    name: str
    """The class with its offers."""
    title: str
    offers: Sequence[str]
    """Offers of a row that is a part of its class."""
    cells: Sequence[ShownCell]


class MatrixView:
    """A matrix in words."""

    def __init__(self, matrix: Matrix, lang: Language) -> None:
        self.lang = lang
        self.heading, self.stand, self.how = heading(matrix, lang), stand(matrix, lang), how_to_read(matrix, lang)
        self.colon, self.stop = joint("colon", lang), joint("semicolon", lang)
        self.stand_sentence = end(f"{self.stand[0].upper()}{self.stand[1:]}", lang) + gap(lang)
        footnotes, signs = notes(matrix, lang)
        self.heads = [say(column.title, lang) if isinstance(column, Regime) else column.id for column in matrix.columns]
        self.rows = [
            ShownRow(
                title_of(row, lang),
                say(row.title, lang),
                [] if row.whole else [say(offer.title, lang) for offer in row.offers],
                [_cell(cell, signs.get((index, cell.column)), matrix, lang) for cell in row.cells],
            )
            for index, row in enumerate(matrix.rows)
        ]
        self.columns_head = word(WORDS, "columns" if matrix.by == "regimes" else "place_columns", lang)
        self.columns = [(column.id, column_note(column, lang)) for column in matrix.columns]
        self.legend = legend(matrix, lang)
        self.notes = footnotes

    def is_long(self, head: str) -> bool:
        """Return True for the head of a column that needs more room."""
        return width(head) > _LONG

    def sentences(self, note: Note) -> str:
        """Return the sentences of a note."""
        return join_points(note, self.lang)


def _cell(cell: Cell, note: str | None, matrix: Matrix, lang: Language) -> ShownCell:
    shown = (value(cell, lang), note, routes(cell, matrix, lang))
    return ShownCell(*shown, cell.state == "open", is_special(cell), _level(cell))


def _level(cell: Cell) -> str:
    percent = cell.max_foreign_percent
    if percent is None:
        return f"is-{cell.state}"
    return "is-whole" if percent == 100 else "is-half" if percent >= 50 else "is-part" if percent else "is-zero"
