"""The matrix as text and JSON; `document` has it as Markdown and HTML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from vatspolicy.core.engine.result import encode
from vatspolicy.guidance.access_matrix.result import Cell, Matrix, Row
from vatspolicy.i18n import Language
from vatspolicy.i18n.text import width, wrap
from vatspolicy.i18n.words import joint, word
from vatspolicy.output import Style
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
from vatspolicy.reports.words import phrase

_LEAST = 20
"""Cells that the names of rows need on a terminal; with less room every row becomes a list."""

_OFFERS = 2
"""Offers that the name of a row lists on a terminal."""


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
        from vatspolicy.reports.access_matrix import document

        return document.render_page(tables, lang) if format == "html" else document.render_markdown(tables, lang)
    style = Style(color)
    return "\n".join(line for matrix in tables for line in _text(matrix, lang, style, room, details)).rstrip() + "\n"


# --- text


def _text(matrix: Matrix, lang: Language, style: Style, room: int, details: bool) -> Iterator[str]:
    yield from wrap(f"{style(heading(matrix, lang), 'bold')} · {stand(matrix, lang)}", room)
    yield from wrap(how_to_read(matrix, lang), room)
    yield ""
    found, signs = notes(matrix, lang)
    shown = [
        [
            value(cell, lang) + _mark(signs.get((index, cell.column))) + ("*" if is_special(cell) else "")
            for cell in row.cells
        ]
        for index, row in enumerate(matrix.rows)
    ]
    names = [_broken(column.id) for column in matrix.columns]
    widths = [
        max(width(text) for text in (*name, *(cells[index] for cells in shown))) for index, name in enumerate(names)
    ]
    left = room - sum(widths) - 2 * len(widths)
    if left >= _LEAST:
        yield from _grid(matrix, lang, style, names, shown, widths, min(left, 48))
    else:
        yield from _lists(matrix, lang, style, room, shown)
    yield from _below(matrix, lang, style, room, found, details)


def _grid(
    matrix: Matrix,
    lang: Language,
    style: Style,
    names: list[list[str]],
    shown: list[list[str]],
    widths: list[int],
    left: int,
) -> Iterator[str]:
    height = max(map(len, names))
    for line in range(height):
        lead = word(WORDS, "service", lang) if line == height - 1 else ""
        heads = [name[line - height + len(name)] if line >= height - len(name) else "" for name in names]
        yield style(_line(lead, left, heads, widths), "bold")
    yield "-" * (left + sum(widths) + 2 * len(widths))
    for row, cells in zip(matrix.rows, shown, strict=True):
        lines = wrap(title_of(row, lang, _OFFERS), left, "  ", "")
        padded = [
            style(text + " " * (size - width(text)), *_tone(cell))
            for text, size, cell in zip(cells, widths, row.cells, strict=True)
        ]
        yield _line(lines[0], left, padded, widths).rstrip()
        yield from lines[1:]


def _lists(matrix: Matrix, lang: Language, style: Style, room: int, shown: list[list[str]]) -> Iterator[str]:
    """Render each row as its name and a paragraph of its cells, for a narrow terminal."""
    for row, cells in zip(matrix.rows, shown, strict=True):
        yield from wrap(style(title_of(row, lang, _OFFERS), "bold"), room, "  ", "")
        line, taken = "", 0
        for text, cell in zip(cells, row.cells, strict=True):
            zero = cell.state == "open" and not cell.max_foreign_percent
            if cell.state == "none" or (zero and matrix.by == "regimes"):
                continue
            size = width(f"{cell.column} {text}")
            if line and taken + 3 + size > room:
                yield line
                line = ""
            taken = taken + 3 + size if line else 4 + size
            line += " · " if line else "    "
            line += f"{cell.column} {style(text, *_tone(cell))}"
        yield line or f"    {word(WORDS, 'zero', lang)}"


def _line(lead: str, left: int, cells: Sequence[str], widths: Sequence[int]) -> str:
    parts = [lead + " " * (left - width(lead))]
    parts += [text + " " * (size - width(text)) for text, size in zip(cells, widths, strict=True)]
    return "  ".join(parts)


def _broken(id: str) -> list[str]:
    """Break the name of a column into lines after hyphens."""
    parts = id.split("-")
    return [*(f"{part}-" for part in parts[:-1]), parts[-1]]


def _mark(sign: str | None) -> str:
    return f" {sign}" if sign else ""


def _tone(cell: Cell) -> tuple[str, ...]:
    if cell.state == "none":
        return ("dim",)
    if cell.state != "open":
        return ("red",)
    if not cell.max_foreign_percent:
        return ()
    return ("green",) if cell.max_foreign_percent == 100 else ("yellow",)


def _below(
    matrix: Matrix, lang: Language, style: Style, room: int, found: Sequence[Note], details: bool
) -> Iterator[str]:
    colon = joint("colon", lang)
    yield ""
    yield style(word(WORDS, "columns" if matrix.by == "regimes" else "place_columns", lang), "bold")
    for column in matrix.columns:
        told = column_note(column, lang) if details else say(column.title, lang)
        yield from wrap(f"{column.id}{colon}{told}", room, "    ", "  ")
    if details and matrix.by == "places":
        yield ""
        yield style(word(WORDS, "routes", lang), "bold")
        for row in matrix.rows:
            said = dict.fromkeys((cell.column, routes(cell, matrix, lang)) for cell in row.cells)
            yield from _routes(row, said, lang, room)
    yield ""
    yield style(word(WORDS, "signs", lang), "bold")
    for sign, meaning in legend(matrix, lang):
        yield from wrap(f"{sign}{colon}{meaning}", room, "    ", "  ")
    if not details:
        yield ""
        yield from wrap(word(WORDS, "more_places" if matrix.by == "places" else "more", lang), room)
        yield ""
        return
    if found:
        yield ""
        yield style(word(WORDS, "notes", lang), "bold")
    for note in found:
        yield from wrap(join_points(note, lang), room, "     ", f"  {note.sign:<2} ")
        for law in note.law:
            yield from (style(line, "dim") for line in wrap(law, room, "       ", "     § "))
    yield ""
    yield from (
        style(line, "dim") for line in wrap(f"{word(WORDS, 'method', lang)} {phrase('not_advice', lang)}", room)
    )
    yield ""


def _routes(row: Row, said: Mapping[tuple[str, str], None], lang: Language, room: int) -> Iterator[str]:
    """Render the routes of a row in the places table. Columns with equal text are joined."""
    together: dict[str, list[str]] = {}
    for column, text in said:
        if text:
            together.setdefault(text, []).append(column)
    if together:
        yield from wrap(title_of(row, lang), room, "    ", "  ")
    for text, columns in together.items():
        yield from wrap(text, room, "      ", f"    {' '.join(columns)}  ")
