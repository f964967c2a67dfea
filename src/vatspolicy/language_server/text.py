"""The text of an open file, and the places of an editor in it."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from vatspolicy.core.documents.positions import line_starts, position

UTF_8, UTF_16, UTF_32 = "utf-8", "utf-16", "utf-32"
"""Encodings whose units an editor may count within a line."""
_TOKEN = re.compile(r"""'(?:[^'\n]|'')*'|"(?:[^"\\\n]|\\.)*"|[^\s,\[\]{}"'#:](?:[^\n,\[\]{}#:]|:(?=\S)|(?<=\S)#)*""")
_WIDE = {UTF_8: re.compile("[^\x00-\x7f]"), UTF_16: re.compile("[\U00010000-\U0010ffff]"), UTF_32: re.compile("(?!)")}
"""Characters that take more than one unit."""
NEAR = 1000
"""Characters before a place in which the word is looked for that is being written."""


@dataclass(frozen=True)
class Span:
    """A part of a text by the indexes of its first character and of the one behind its last."""

    start: int
    end: int


@dataclass(frozen=True)
class Text:
    """A text with line feeds alone and no byte order mark, as documents read it."""

    content: str
    encoding: str = UTF_16

    @classmethod
    def of(cls, content: str, encoding: str = UTF_16) -> Text:
        """Return the text of a file as an editor holds it."""
        plain = content.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        return cls(plain, encoding)

    @cached_property
    def _lines(self) -> list[int]:
        return line_starts(self.content)

    def index(self, line: int, units: int) -> int:
        """Return the index of a place of the editor, which counts lines from 0 and units within a line.

        A place outside the text is the nearest one inside.
        """
        if line >= len(self._lines):
            return len(self.content)
        start = self._lines[max(line, 0)]
        end = self.content.find("\n", start)
        index, left = start, units
        for character in self.content[start : len(self.content) if end < 0 else end]:
            left -= self._width(character)
            if left < 0:
                break
            index += 1
        return index

    def place(self, index: int) -> tuple[int, int]:
        """Return line and units of an index, both from 0."""
        index = min(max(index, 0), len(self.content))
        line, column = position(self._lines, index)
        return line - 1, column - 1 + self._further_units(index) - self._further_units(self._lines[line - 1])

    @cached_property
    def _wide(self) -> tuple[list[int], list[int]]:
        """The indexes of characters of more than one unit, and how many further units all before each have."""
        found = [found.start() for found in _WIDE[self.encoding].finditer(self.content)]
        return found, [0, *accumulate(self._width(self.content[index]) - 1 for index in found)]

    def _further_units(self, index: int) -> int:
        wide, units = self._wide
        return units[bisect_left(wide, index)]

    def at(self, line: int, column: int) -> int:
        """Return the index of a place of a problem: line and column count characters from 1."""
        if line > len(self._lines):
            return len(self.content)
        start = self._lines[line - 1]
        end = self.content.find("\n", start)
        return min(start + column - 1, len(self.content) if end < 0 else end)

    def token(self, index: int) -> Span:
        """Return the key or value that begins at an index, without its quotes; else the rest of its line."""
        found = _TOKEN.match(self.content, index)
        if found is None:
            end = self.content.find("\n", index)
            return Span(index, max(index, len(self.content) if end < 0 else end))
        start, end = found.span()
        if found.group()[0] in "'\"" and end - start > 2:
            return Span(start + 1, end - 1)
        return Span(start, start + len(found.group().rstrip()))

    def line_before(self, index: int) -> str:
        """Return the line of an index up to it."""
        return self.content[self.content.rfind("\n", 0, index) + 1 : index]

    def near(self, index: int) -> str:
        """Return the end of the line of an index up to it, long enough for any name."""
        return self.line_before(index)[-NEAR:]

    def line_after(self, index: int) -> str:
        """Return the line of an index from it."""
        end = self.content.find("\n", index)
        return self.content[index : len(self.content) if end < 0 else end]

    def _width(self, character: str) -> int:
        if self.encoding == UTF_32:
            return 1
        if self.encoding == UTF_8:
            return len(character.encode("utf-8", "surrogatepass"))
        return 2 if ord(character) > 0xFFFF else 1
