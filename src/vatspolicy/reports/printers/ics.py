"""The dated rows of a document as a calendar (RFC 5545): one event of a whole day for each row that is not done."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from vatspolicy.i18n.text import clean
from vatspolicy.reports.document import Block, Document, Row, Rows, Section, plain

_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})
_OCTETS = 75
"""Longest line, in octets (section 3.1)."""


def write(document: Document) -> str:
    """Return the calendar of a document. Equal documents give equal bytes, and a row keeps its identity."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//vatspolicy//vatspolicy//EN",
        f"X-WR-CALNAME:{_text(plain(document.title))}",
    ]
    for day, name, title, below in _events(document.blocks):
        identity = hashlib.sha256("\0".join((plain(document.title), day, name)).encode()).hexdigest()[:32]
        first = date.fromisoformat(day)
        about = "\n".join([*below, *document.limits])
        lines += [
            "BEGIN:VEVENT",
            f"UID:{identity}@vatspolicy",
            "DTSTAMP:19700101T000000Z",
            f"DTSTART;VALUE=DATE:{first:%Y%m%d}",
        ]
        if first < date.max:
            lines += [f"DTEND;VALUE=DATE:{first + timedelta(days=1):%Y%m%d}"]
        lines += [f"SUMMARY:{_text(title)}", f"DESCRIPTION:{_text(about)}", "TRANSP:TRANSPARENT", "END:VEVENT"]
    return "".join(f"{part}\r\n" for line in [*lines, "END:VCALENDAR"] for part in _fold(line))


def _events(blocks: Sequence[Block]) -> Iterator[tuple[str, str, str, list[str]]]:
    """Yield the day, a name that lasts, the title and the lines below of each dated row and section."""
    for block in blocks:
        if isinstance(block, Section):
            if block.day:
                yield block.day, block.key, plain(block.title), list(_lines(block.blocks))
            else:
                yield from _events(block.blocks)
        elif isinstance(block, Rows):
            for row in block.rows:
                if row.day and row.mark != "done":
                    first, *others = map(plain, row.cells)
                    yield row.day, row.ref or first, first, [*filter(None, others), *_law(row)]


def _lines(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Rows):
            for row in block.rows:
                yield " ".join(map(plain, row.cells))
                yield from _law(row)


def _law(row: Row) -> list[str]:
    return [", ".join(filter(None, (article.title, article.label))) for article in row.law]


def _text(text: str) -> str:
    return clean(text).replace("\t", " ").translate(_ESCAPES)


def _fold(line: str) -> Iterator[str]:
    """Yield the parts of a content line, each within `_OCTETS`; further parts begin with a space."""
    part, size = "", 0
    for char in line:
        length = len(char.encode())
        if size + length > _OCTETS:
            yield part
            part, size = " ", 1
        part, size = part + char, size + length
    yield part
