"""Text for a terminal: colour where wanted, lines that fit, Chinese characters two cells wide."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vatspolicy.errors import cells

_STYLES = {"green": "32", "red": "31", "yellow": "33", "blue": "34", "bold": "1", "dim": "2"}
_CONTROL = (
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff"
    r"\U000e0000-\U000e007f]"
)
"""Controls, direction marks, line separators, tags, and what is no character. None of it is printable."""

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_WIDE = r"\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
_OPENING = r"“‘《〈「『（〔【"
_CLOSING = r"”’》〉」』）〕】，。；：、！？．…,.;:)"
_PIECE = (
    rf"(?:\x1b\[[0-9;]*m|[{_OPENING}])*(?![{_OPENING}])[{_WIDE}][{_CLOSING}]*(?:\x1b\[[0-9;]*m)*\s*"
    rf"|[{_OPENING}]*[^\s{_WIDE}{_OPENING}]+[{_CLOSING}]*\s*|[{_OPENING}]+\s*|\s+"
)
"""What must not be broken: a wide character, or a word and the space after it, with the marks that belong to it.

This pattern and that of controls are large, and compiled when a text is met that may need them.
"""


class Style:
    """Colours, or none."""

    def __init__(self, colour: bool) -> None:
        self.colour = colour

    def __call__(self, text: str, *styles: str) -> str:
        """The text in the given styles: green, red, yellow, blue, bold, dim."""
        if not self.colour or not styles:
            return text
        return f"\x1b[{';'.join(_STYLES[style] for style in styles)}m{text}\x1b[0m"


def clean(text: str, one_line: bool = False) -> str:
    """The text without control and direction characters, which could rewrite what a reader sees."""
    if text.isprintable():
        return text
    text = re.sub(_CONTROL, "�", text)
    return re.sub(r"[\t\n]", "�", text) if one_line else text


def width(text: str) -> int:
    """Cells that a text takes in a terminal; colours take none."""
    if "\x1b" in text:
        text = _COLOUR.sub("", text)
    if text.isascii():
        return len(text)
    return sum(cells(char) for char in text)


def wrap(text: str, room: int, indent: str = "", first: str | None = None) -> list[str]:
    """Lines of at most `room` cells, broken at spaces and between Chinese characters; only what has no room is cut.

    Closing marks do not begin a line and opening marks do not end one.
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


def _pieces(text: str) -> list[str]:
    """The pieces of a text with single spaces; of one with neither wide characters nor opening marks, its words."""
    if text.isascii() or (max(text) < "\u2e80" and "“" not in text and "‘" not in text):
        *words, last = text.split(" ")
        return [f"{word} " for word in words] + ([last] if last else [])
    return re.findall(_PIECE, text)


def _cut(piece: str, room: int, rest: int) -> Iterator[str | None]:
    """A piece that is wider than a line (`room` cells now, `rest` on the next ones), cut; None ends a line."""
    used = 0
    for part in re.findall(r"\x1b\[[0-9;]*m|.", piece.rstrip()):
        size = width(part)
        if used + size > room and used:
            yield None
            used, room = 0, max(rest, 2)
        used += size
        yield part
