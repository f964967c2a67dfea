"""The matrix as Markdown and HTML: one view of the data for both, and their templates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from vatspolicy.guidance.access_matrix.result import Cell as MatrixCell
from vatspolicy.guidance.access_matrix.result import Matrix, Regime
from vatspolicy.i18n import Language
from vatspolicy.i18n.text import width
from vatspolicy.i18n.words import end, gap, joint, word
from vatspolicy.reports.access_matrix.words import (
    WORDS,
    Note,
    column_note,
    heading,
    how_to_read,
    is_special,
    join_points,
    legend,
    notes,
    routes,
    say,
    stand,
    title_of,
    value,
)
from vatspolicy.reports.formats import html_page, templating
from vatspolicy.reports.words import phrase

_LONG = 60
"""Cells from which the head of a column is given more room on a page."""


def render_markdown(tables: Sequence[Matrix], lang: Language) -> str:
    """Render matrices as Markdown."""
    views = [View(matrix, lang) for matrix in tables]
    return templating.render_markdown("matrix/matrix.md.j2", tables=views, words=_words(lang))


def render_page(tables: Sequence[Matrix], lang: Language) -> str:
    """Render matrices as a page."""
    parts = [fragment(one, lang, f"matrix-{one.by}", 3 if index else 2) for index, one in enumerate(tables)]
    titles = [heading(matrix, lang) for matrix in tables]
    frame = html_page.Frame(titles[0], lang, style=read_style(), end=phrase("not_advice", lang), wide=True)
    return html_page.render_page("matrix/matrix.html.j2", frame, tables=zip(titles, parts, strict=True))


def fragment(matrix: Matrix, lang: Language, prefix: str = "matrix", level: int = 3) -> Markup:
    """Render the table with its list of columns, signs and notes, for a page that includes `read_style()`.

    `prefix` begins every id, so that two tables may stand in one page; `level` is that of the headings inside.
    """
    view = View(matrix, lang)
    return templating.render_html("matrix/table.html.j2", view=view, prefix=prefix, h=f"h{level}", words=_words(lang))


def read_style() -> str:
    """Return the CSS of the table, for the `style` of a Frame."""
    return Path(__file__).with_name("matrix.css").read_text(encoding="utf-8")


def _words(lang: Language) -> Callable[..., str]:
    return lambda key, **values: word(WORDS, key, lang, **values)


@dataclass(frozen=True)
class Cell:
    """A cell in words."""

    text: str
    note: str | None
    """The letter of its note."""
    routes: str
    is_open: bool
    is_special: bool
    level: str
    """Openness, which selects the color; the text says it too."""


@dataclass(frozen=True)
class Row:
    """A row in words."""

    name: str
    """The class with its offers."""
    title: str
    offers: Sequence[str]
    """Offers of a row that is a part of its class."""
    cells: Sequence[Cell]


class View:
    """A matrix in words."""

    def __init__(self, matrix: Matrix, lang: Language) -> None:
        self.lang = lang
        self.heading, self.stand, self.how = heading(matrix, lang), stand(matrix, lang), how_to_read(matrix, lang)
        self.colon, self.stop = joint("colon", lang), joint("semicolon", lang)
        self.stand_sentence = end(f"{self.stand[0].upper()}{self.stand[1:]}", lang) + gap(lang)
        found, signs = notes(matrix, lang)
        self.heads = [say(one.title, lang) if isinstance(one, Regime) else one.id for one in matrix.columns]
        self.rows = [
            Row(
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
        self.notes = found

    def is_long(self, head: str) -> bool:
        """Return True for the head of a column that needs more room."""
        return width(head) > _LONG

    def sentences(self, note: Note) -> str:
        """Return the sentences of a note."""
        return join_points(note, self.lang)


def _cell(cell: MatrixCell, note: str | None, matrix: Matrix, lang: Language) -> Cell:
    shown = (value(cell, lang), note, routes(cell, matrix, lang))
    return Cell(*shown, cell.state == "open", is_special(cell), _level(cell))


def _level(cell: MatrixCell) -> str:
    percent = cell.max_foreign_percent
    if percent is None:
        return f"is-{cell.state}"
    return "is-whole" if percent == 100 else "is-half" if percent >= 50 else "is-part" if percent else "is-zero"
