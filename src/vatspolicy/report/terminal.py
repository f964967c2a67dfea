"""Text for a terminal: colour where wanted, lines that fit, Chinese characters two cells wide."""

from __future__ import annotations

import re

from vatspolicy.errors import cells

_STYLES = {"green": "32", "red": "31", "yellow": "33", "blue": "34", "bold": "1", "dim": "2"}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Style:
    """Colours, or none."""

    def __init__(self, colour: bool) -> None:
        self.colour = colour

    def __call__(self, text: str, *styles: str) -> str:
        """The text in the given styles: green, red, yellow, blue, bold, dim."""
        if not self.colour or not styles:
            return text
        return f"\x1b[{';'.join(_STYLES[style] for style in styles)}m{text}\x1b[0m"


def clean(text: str) -> str:
    """The text without control and direction characters, which could rewrite what a reader sees."""
    return _CONTROL.sub("�", text)


def width(text: str) -> int:
    """Cells that a text takes in a terminal; colours take none."""
    text = _COLOUR.sub("", text)
    return sum(cells(char) for char in text)


def wrap(text: str, room: int, indent: str = "", first: str | None = None) -> list[str]:
    """Lines of at most `room` cells, broken at spaces and between Chinese characters (not before their punctuation)."""
    lead = indent if first is None else first
    lines: list[str] = []
    line = lead
    for piece in _pieces(" ".join(text.split())):
        if width(line + piece.rstrip()) > room and line.strip() and line != lead:
            lines.append(line.rstrip())
            line = lead = indent
            piece = piece.lstrip()
        line += piece
    return [*lines, line.rstrip()]


def _pieces(text: str) -> list[str]:
    """What must not be broken: words with the space after them, and single wide characters with closing punctuation."""
    return re.findall(
        r"[^\s\u2e80-\u9fff\uff00-\uffef]+\s*|[\u2e80-\u9fff\uff00-\uffef][，。；：、）！？”》]*\s*|\s+", text
    )
