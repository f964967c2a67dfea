"""Text for a terminal: no control characters, lines that fit, Chinese characters two cells wide."""

from __future__ import annotations

import re
from collections.abc import Iterator

_CONTROL = (
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff"
    r"\U000e0000-\U000e007f]"
)
"""Controls, direction marks, line separators, tags and code points without a character. None of them is printable."""

_COLOR = re.compile(r"\x1b\[[0-9;]*m")
_STYLED = r"(?s)\x1b\[[0-9;]*m|."
"""A color code or a character."""
_PLAIN = "\x1b[0m"
"""The code that ends all colors and styles."""
_WIDE = r"\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
_OPENING = r"“‘《〈「『（〔【"
_CLOSING = r"”’》〉」』）〕】，。；：、！？．…,.;:)"
_PIECE = (
    rf"(?:\x1b\[[0-9;]*m|[{_OPENING}])*(?![{_OPENING}])[{_WIDE}][{_CLOSING}]*(?:\x1b\[[0-9;]*m)*\s*"
    rf"|[{_OPENING}]*[^\s{_WIDE}{_OPENING}]+[{_CLOSING}]*\s*|[{_OPENING}]+\s*|\s+"
)
"""A piece that is not broken: a wide character, or a word and the space after it, with the marks that belong to it.

`re` compiles this large pattern, and that of controls, for the first text that needs it.
"""


def clean(text: str, one_line: bool = False) -> str:
    """Return the text without control and direction characters, which could change the text that a reader sees."""
    if text.isprintable():
        return text
    text = re.sub(_CONTROL, "�", text)
    return re.sub(r"[\t\n]", "�", text) if one_line else text


def cells(char: str) -> int:
    """Return the cells that a character takes in a terminal: 2 for wide ones such as Chinese, 0 for combining marks."""
    if char.isascii():
        return 1
    from unicodedata import combining, east_asian_width

    if combining(char):
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def width(text: str) -> int:
    """Return the cells that a text takes in a terminal; color codes take none."""
    if "\x1b" in text:
        text = _COLOR.sub("", text)
    if text.isascii():
        return len(text)
    return sum(cells(char) for char in text)


def wrap(text: str, room: int, indent: str = "", first: str | None = None) -> list[str]:
    """Break a text into lines of at most `room` cells, at spaces and between Chinese characters.

    Closing marks do not begin a line and opening marks do not end one. A word that is longer than a line is cut.
    """
    lead = indent if first is None else first
    lines: list[str] = []
    line, used, fresh = lead, width(lead), True
    for piece in _pieces(" ".join(text.split())):
        bare = width(piece.rstrip())
        if not fresh and used + bare > room:
            lines.append(line.rstrip())
            line, used = indent, width(indent)
        fresh = False
        if bare <= room - used:
            line, used = line + piece, used + width(piece)
            continue
        for part in _cut(piece, room - used, room - width(indent)):
            if part is None:
                lines.append(line)
                line, used = indent, width(indent)
            else:
                line, used = line + part, used + width(part)
    return [*lines, line.rstrip()]


def shorten(text: str, room: int) -> str:
    """Return a line in at most `room` cells. A longer one ends in an ellipsis, and its styles end with it."""
    if width(text) <= room:
        return text
    kept, used = "", 0
    for part in re.findall(_STYLED, text):
        if used + width(part) > room - 1:
            break
        kept, used = kept + part, used + width(part)
    return kept.rstrip() + "…" + (_PLAIN if "\x1b" in kept else "")


def _pieces(text: str) -> list[str]:
    """Split a text into its unbreakable pieces, each with the space after it."""
    if text.isascii() or max(text) < "\u2e80":
        *words, last = text.split(" ")
        return [f"{word} " for word in words] + ([last] if last else [])
    return re.findall(_PIECE, text)


def _cut(piece: str, room: int, rest: int) -> Iterator[str | None]:
    """Cut a piece that is wider than a line: `room` cells now, `rest` on the next lines. None ends a line."""
    used = 0
    for part in re.findall(_STYLED, piece.rstrip()):
        size = width(part)
        if used + size > room and used:
            yield None
            used, room = 0, max(rest, 2)
        used += size
        yield part
