"""The matrix as text, Markdown, JSON and HTML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vatspolicy.i18n.text import width, wrap
from vatspolicy.i18n.words import word
from vatspolicy.output import Style
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.access_matrix.words import (
    WORDS,
    column_note,
    heading,
    how_to_read,
    join_points,
    legend,
    notes,
    routes,
    say,
    stand,
    title_of,
    value,
)
from vatspolicy.reports.formats.markdown import escape, section, table
from vatspolicy.reports.words import phrase

if TYPE_CHECKING:
    from vatspolicy.reports.formats.html import Content, Html

Data = Mapping[str, Any]

FORMATS = ("text", "markdown", "html", "json")
_LEAST = 20
"""Cells that the names of rows need on a terminal; with less room every row becomes a list."""

_LONG = 60
"""Cells from which the head of a column is given more room on a page."""
_OFFERS = 2
"""Offers that the name of a row lists on a terminal."""


def render(
    format: str, tables: Sequence[Data], lang: Language, color: bool = False, room: int = 100, details: bool = False
) -> str:
    """Render tables (matrix.schema.json) in one of FORMATS.

    Text alone uses color, room (columns) and details: the conditions, the reasons and the law. Other formats have them.
    """
    if format == "json":
        data = tables[0] if len(tables) == 1 else list(tables)
        return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
    if format == "html":
        return _page(tables, lang)
    if format == "markdown":
        title = [f"# {word(WORDS, 'title', lang)}", ""]
        return "\n".join([*title, *(line for data in tables for line in _markdown(data, lang))]).rstrip() + "\n"
    style = Style(color)
    return "\n".join(line for data in tables for line in _text(data, lang, style, room, details)).rstrip() + "\n"


# --- text


def _text(data: Data, lang: Language, style: Style, room: int, details: bool) -> Iterator[str]:
    yield from wrap(f"{style(heading(data, lang), 'bold')} · {stand(data, lang)}", room)
    yield from wrap(how_to_read(data, lang), room)
    yield ""
    found, signs = notes(data, lang)
    shown = [
        [
            value(cell, lang) + _mark(signs.get((index, cell["column"]))) + ("*" if cell.get("special") else "")
            for cell in row["cells"]
        ]
        for index, row in enumerate(data["rows"])
    ]
    names = [_broken(column["id"]) for column in data["columns"]]
    widths = [
        max(width(text) for text in (*name, *(cells[index] for cells in shown))) for index, name in enumerate(names)
    ]
    left = room - sum(widths) - 2 * len(widths)
    if left >= _LEAST:
        yield from _grid(data, lang, style, names, shown, widths, min(left, 48))
    else:
        yield from _lists(data, lang, style, room, shown)
    yield from _below(data, lang, style, room, found, details)


def _grid(
    data: Data,
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
    for row, cells in zip(data["rows"], shown, strict=True):
        lines = wrap(title_of(row, lang, _OFFERS), left, "  ", "")
        padded = [
            style(text + " " * (size - width(text)), *_tone(cell))
            for text, size, cell in zip(cells, widths, row["cells"], strict=True)
        ]
        yield _line(lines[0], left, padded, widths).rstrip()
        yield from lines[1:]


def _lists(data: Data, lang: Language, style: Style, room: int, shown: list[list[str]]) -> Iterator[str]:
    """Render each row as its name and a paragraph of its cells, for a narrow terminal."""
    for row, cells in zip(data["rows"], shown, strict=True):
        yield from wrap(style(title_of(row, lang, _OFFERS), "bold"), room, "  ", "")
        line, taken = "", 0
        for text, cell in zip(cells, row["cells"], strict=True):
            zero = cell["state"] == "open" and not cell["max_foreign_percent"]
            if cell["state"] == "none" or (zero and data["by"] == "regimes"):
                continue
            size = width(f"{cell['column']} {text}")
            if line and taken + 3 + size > room:
                yield line
                line = ""
            taken = taken + 3 + size if line else 4 + size
            line += " · " if line else "    "
            line += f"{cell['column']} {style(text, *_tone(cell))}"
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


def _tone(cell: Data) -> tuple[str, ...]:
    if cell["state"] == "none":
        return ("dim",)
    if cell["state"] != "open":
        return ("red",)
    if not cell["max_foreign_percent"]:
        return ()
    return ("green",) if cell["max_foreign_percent"] == 100 else ("yellow",)


def _below(data: Data, lang: Language, style: Style, room: int, found: Sequence[Any], details: bool) -> Iterator[str]:
    colon = "：" if lang == "zh" else ": "
    yield ""
    yield style(word(WORDS, "columns" if data["by"] == "regimes" else "place_columns", lang), "bold")
    for column in data["columns"]:
        note = column_note(column, lang) if details else say(column["title"], lang)
        yield from wrap(f"{column['id']}{colon}{note}", room, "    ", "  ")
    if details and data["by"] == "places":
        yield ""
        yield style(word(WORDS, "routes", lang), "bold")
        for row in data["rows"]:
            said = dict.fromkeys((cell["column"], routes(cell, data, lang)) for cell in row["cells"])
            yield from _routes(row, said, lang, room)
    yield ""
    yield style(word(WORDS, "signs", lang), "bold")
    for sign, meaning in legend(data, lang):
        yield from wrap(f"{sign}{colon}{meaning}", room, "    ", "  ")
    if not details:
        yield ""
        yield from wrap(word(WORDS, "more_places" if data["by"] == "places" else "more", lang), room)
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


def _routes(row: Data, said: Mapping[tuple[str, str], None], lang: Language, room: int) -> Iterator[str]:
    """Render the routes of a row in the places table. Columns with equal text are joined."""
    together: dict[str, list[str]] = {}
    for column, text in said:
        if text:
            together.setdefault(text, []).append(column)
    if together:
        yield from wrap(title_of(row, lang), room, "    ", "  ")
    for text, columns in together.items():
        yield from wrap(text, room, "      ", f"    {' '.join(columns)}  ")


# --- Markdown


def _markdown(data: Data, lang: Language) -> Iterator[str]:
    found, signs = notes(data, lang)
    colon, stop = ("：", "；") if lang == "zh" else (": ", "; ")
    yield f"## {heading(data, lang)}"
    yield ""
    day = stand(data, lang)
    yield f"{day[0].upper()}{day[1:]}{'。' if lang == 'zh' else '. '}{word(WORDS, 'method', lang)}"
    yield ""
    yield escape(how_to_read(data, lang))
    yield ""
    heads = [escape(say(column["title"], lang)) if "policies" in column else column["id"] for column in data["columns"]]
    rows = []
    for index, row in enumerate(data["rows"]):
        cells = []
        for cell in row["cells"]:
            text = f"**{escape(value(cell, lang))}**" if cell["state"] == "open" else escape(value(cell, lang))
            at = signs.get((index, cell["column"]))
            text += f" {at}" if at else ""
            text += r"\*" if cell.get("special") else ""
            said = routes(cell, data, lang) if data["by"] == "places" else ""
            cells.append(text + (f"<br>{escape(said)}" if said else ""))
        rows.append([escape(title_of(row, lang)), *cells])
    yield from table([word(WORDS, "service", lang), *heads], rows)
    yield from section(word(WORDS, "columns" if data["by"] == "regimes" else "place_columns", lang))
    for column in data["columns"]:
        yield f"- `{column['id']}`{colon}{escape(column_note(column, lang))}"
    yield from section(word(WORDS, "signs", lang))
    for sign, meaning in legend(data, lang):
        yield f"- {escape(sign)}{colon}{escape(meaning)}"
    if found:
        yield from section(word(WORDS, "notes", lang))
    for note in found:
        law = escape(stop.join(note.law))
        yield f"- **{note.sign}** {escape(join_points(note, lang))}" + (f" \\[{law}\\]" if law else "")
    yield ""


# --- HTML


def fragment(data: Data, lang: Language, prefix: str = "matrix", level: int = 3) -> Html:
    """Render the table with its list of columns, signs and notes, for a page that includes `style()`.

    `prefix` begins every id, so that two tables may stand in one page; `level` is that of the headings inside.
    """
    from vatspolicy.reports.formats.html import tag

    found, signs = notes(data, lang)
    names = [say(column["title"], lang) if "policies" in column else column["id"] for column in data["columns"]]
    heads = [tag("th", name, scope="col", class_="long" if width(name) > _LONG else None) for name in names]
    rows = []
    for index, row in enumerate(data["rows"]):
        cells = [_html_cell(cell, signs.get((index, cell["column"])), data, lang, prefix) for cell in row["cells"]]
        rows.append(tag("tr", tag("th", _html_name(row, lang), scope="row"), cells))
    caption = f"{heading(data, lang)} · {stand(data, lang)}"
    grid = tag(
        "table",
        tag("caption", tag("span", caption)),
        tag("thead", tag("tr", tag("th", word(WORDS, "service", lang), scope="col"), heads)),
        tag("tbody", rows),
        class_="matrix",
    )
    columns = [(tag("dt", column["id"]), tag("dd", column_note(column, lang))) for column in data["columns"]]
    meanings = [(tag("dt", sign), tag("dd", meaning)) for sign, meaning in legend(data, lang)]
    stop = "；" if lang == "zh" else "; "
    items = [
        (
            tag("dt", note.sign, id=f"{prefix}-{note.sign}"),
            tag("dd", join_points(note, lang), tag("p", stop.join(note.law), class_="soft") if note.law else None),
        )
        for note in found
    ]
    return tag(
        "section",
        tag("p", how_to_read(data, lang)),
        tag("div", grid, class_="scroll", role="region", aria_label=caption, tabindex=0),
        tag("p", word(WORDS, "method", lang), class_="soft"),
        tag(f"h{level}", word(WORDS, "columns" if data["by"] == "regimes" else "place_columns", lang)),
        tag("dl", columns),
        tag(f"h{level}", word(WORDS, "signs", lang)),
        tag("dl", meanings),
        (tag(f"h{level}", word(WORDS, "notes", lang)), tag("dl", items)) if found else None,
        id=prefix,
        class_="access",
    )


def style() -> str:
    """Return the CSS of the table, for `style` of vatspolicy.reports.formats.html_page.page."""
    from pathlib import Path

    return Path(__file__).with_name("matrix.css").read_text(encoding="utf-8")


def _html_name(row: Data, lang: Language) -> Content:
    """Render the name of a row; the offers of a part of a class follow it, folded if they are many."""
    from vatspolicy.reports.formats.html import tag

    title, offers = say(row["title"], lang), [say(offer["title"], lang) for offer in row["offers"]]
    if row["whole"]:
        return title
    if len(offers) == 1:
        return [title, tag("span", offers[0], class_="soft")]
    listed = tag("ul", [tag("li", offer) for offer in offers])
    return [title, tag("details", tag("summary", word(WORDS, "offers", lang, count=len(offers))), listed)]


def _html_cell(cell: Data, note: str | None, data: Data, lang: Language, prefix: str) -> Html:
    from vatspolicy.reports.formats.html import link, tag

    said = routes(cell, data, lang) if data["by"] == "places" else ""
    mark = tag("sup", link(note, f"#{prefix}-{note}")) if note else None
    sign = "*" if cell.get("special") else None
    return tag(
        "td",
        tag("strong", value(cell, lang)),
        sign,
        mark,
        tag("span", said, class_="soft") if said else None,
        class_=_level(cell),
    )


def _level(cell: Data) -> str:
    """Return the openness of a cell, which selects its color; the text says it too."""
    if cell["state"] != "open":
        return f"is-{cell['state']}"
    percent = cell["max_foreign_percent"]
    return "is-whole" if percent == 100 else "is-half" if percent >= 50 else "is-part" if percent else "is-zero"


def _page(tables: Sequence[Data], lang: Language) -> str:
    from vatspolicy.reports.formats.html import tag
    from vatspolicy.reports.formats.html_page import page

    parts = [fragment(data, lang, f"matrix-{data['by']}", 3 if index else 2) for index, data in enumerate(tables)]
    title = heading(tables[0], lang)
    body = [tag("h1", title), parts[0]]
    for data, part in zip(tables[1:], parts[1:], strict=True):
        body += [tag("h2", heading(data, lang)), part]
    return page(title, body, lang, style=style(), end=phrase("not_advice", lang), wide=True)
