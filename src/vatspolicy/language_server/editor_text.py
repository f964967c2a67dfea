"""The text of an open file, positions of an editor in it, and the places of these positions in the data."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, islice

from lsprotocol import types

from vatspolicy.core.documents import Path
from vatspolicy.core.documents.positions import line_starts, position

UTF_8, UTF_16, UTF_32 = "utf-8", "utf-16", "utf-32"
"""Encodings whose units an editor may count within a line."""
_TOKEN = re.compile(r"""'(?:[^'\n]|'')*'|"(?:[^"\\\n]|\\.)*"|[^\s,\[\]{}"'#:](?:[^\n,\[\]{}#:]|:(?=\S)|(?<=\S)#)*""")
_WIDE = {UTF_8: re.compile("[^\x00-\x7f]"), UTF_16: re.compile("[\U00010000-\U0010ffff]"), UTF_32: re.compile("(?!)")}
"""Characters that take more than one unit."""
NEAR = 1000
"""Maximum distance from a place to the start of the current word."""


@dataclass(frozen=True)
class Span:
    """A part of a text by the indexes of its first character and of its end."""

    start: int
    end: int


@dataclass(frozen=True)
class EditorText:
    """A text with only line feeds and without a byte order mark, as in documents."""

    content: str
    encoding: str = UTF_16

    @classmethod
    def of(cls, content: str, encoding: str = UTF_16) -> EditorText:
        """Return the text of a file from the editor."""
        plain = content.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        return cls(plain, encoding)

    @cached_property
    def _lines(self) -> list[int]:
        return line_starts(self.content)

    def index(self, line: int, units: int) -> int:
        """Return the index of an editor position, which counts lines from 0 and units within a line.

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
        """The indexes of characters with more than one unit, and the number of extra units before each."""
        starts = [match.start() for match in _WIDE[self.encoding].finditer(self.content)]
        return starts, [0, *accumulate(self._width(self.content[index]) - 1 for index in starts)]

    def _further_units(self, index: int) -> int:
        wide, units = self._wide
        return units[bisect_left(wide, index)]

    def range(self, span: Span) -> types.Range:
        """Return a part of the text as the editor counts."""
        return types.Range(*(types.Position(*self.place(index)) for index in (span.start, span.end)))

    def at(self, line: int, column: int) -> int:
        """Return the index of a place of a problem: line and column count characters from 1."""
        if line > len(self._lines):
            return len(self.content)
        start = self._lines[line - 1]
        end = self.content.find("\n", start)
        return min(start + column - 1, len(self.content) if end < 0 else end)

    def token(self, index: int) -> Span:
        """Return the key or value that begins at an index, without its quotes; else the rest of its line."""
        token = _TOKEN.match(self.content, index)
        if token is None:
            end = self.content.find("\n", index)
            return Span(index, max(index, len(self.content) if end < 0 else end))
        start, end = token.span()
        if token.group()[0] in "'\"" and end - start > 2:
            return Span(start + 1, end - 1)
        return Span(start, start + len(token.group().rstrip()))

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


# --- where a place of a text is in the data: its path, and the key or value around it
#
# The text may be unfinished. A mark is inserted at the place, and the events of the YAML parser are read as far as
# they go; the event that holds the mark tells the path. JSON is read in the same way.


MARK = "\ue000"
"""A character outside all alphabets, which YAML allows everywhere."""
_PARTIAL_KEY = re.compile(r"\s*(?:- +)*[\w.-]*")
_MOST_EVENTS = 60_000


@dataclass(frozen=True)
class Sketch:
    """The place of a cursor in data that may be unfinished."""

    path: Path
    """Path of the value, or of the value of the key."""
    on_key: bool
    text: str
    """The key or the value, without the mark."""
    offset: int
    """Characters of it before the cursor."""
    scalars: Mapping[Path, str] = field(repr=False)
    """Every scalar of the text by its path, as far as the text could be read."""

    def keys(self, path: Path) -> list[str]:
        """Return the keys of the mapping at a path."""
        size = len(path)
        keys = (scalar[size] for scalar in self.scalars if len(scalar) > size and scalar[:size] == path)
        return list(dict.fromkeys(key for key in keys if isinstance(key, str)))


def find_places(text: EditorText, index: int) -> list[Sketch]:
    """Return the possible roles of the place: a key, a value, or both; none in a comment."""
    if re.search(r"(?:^|\s)#", re.sub(r"'[^']*'|\"[^\"]*\"", "", text.line_before(index))):  # in a comment
        return []
    content = text.content
    marked = [content[:index] + MARK + content[index:]]
    if _PARTIAL_KEY.fullmatch(text.line_before(index)) and not text.line_after(index).strip():
        marked.insert(0, f"{content[:index]}{MARK}: 0{content[index:]}")
    sketches = [sketch for sketch in map(_read, marked) if sketch is not None]
    if not sketches:
        sketches = [sketch for sketch in (_read(_ancestors(variant)) for variant in marked) if sketch is not None]
    return list({(sketch.path, sketch.on_key): sketch for sketch in sketches}.values())


def _read(marked: str) -> Sketch | None:
    scalars: dict[Path, str] = {}
    marking: tuple[Path, bool, str] | None = None
    for path, on_key, value in _scalars(marked):
        if MARK in value and marking is None:
            marking = path, on_key, value
        if not on_key:
            scalars[path] = value.replace(MARK, "")
    if marking is None:
        return None
    path, on_key, value = marking
    text = value.replace(MARK, "", 1)
    if on_key:
        path = (*path[:-1], text)
    clean = {at: said for at, said in scalars.items() if not any(MARK in str(step) for step in at)}
    return Sketch(path, on_key, text, value.index(MARK), clean)


def _scalars(marked: str) -> Iterator[tuple[Path, bool, str]]:
    """Yield path, whether it is a key, and value of every scalar, up to the first error."""
    import yaml

    from vatspolicy.core.documents.yaml_reader import yaml_loader

    stack: list[tuple[Path, str | int | None]] = []
    """Open containers: path, and the next index of a list, the key of a mapping that waits for its value, or None."""
    try:
        for event in islice(yaml.parse(marked, Loader=yaml_loader()), _MOST_EVENTS):
            if isinstance(event, yaml.CollectionEndEvent):
                stack.pop()
            if not isinstance(event, yaml.NodeEvent):
                continue
            value = event.value if isinstance(event, yaml.ScalarEvent) else ""
            path, step = stack[-1] if stack else ((), "")
            if step is None:
                stack[-1] = path, value
                yield (*path, value), True, value
                continue
            here = (*path, step) if stack else ()
            if stack:
                stack[-1] = path, step + 1 if isinstance(step, int) else None
            if isinstance(event, yaml.ScalarEvent):
                yield here, False, value
            elif isinstance(event, yaml.CollectionStartEvent):
                stack.append((here, 0 if isinstance(event, yaml.SequenceStartEvent) else None))
    except (yaml.YAMLError, ValueError, OverflowError, IndexError):
        return


def _ancestors(marked: str) -> str:
    """Return the line of the mark with the lines above that hold it, which can be read if others cannot."""
    lines = marked.split("\n")
    at = next(number for number, line in enumerate(lines) if MARK in line)
    kept, inner = [lines[at]], lines[at]
    for line in reversed(lines[:at]):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        above, below = _indent(line), _indent(inner)
        is_list = inner.lstrip().startswith("- ") and not line.lstrip().startswith("- ") and line.rstrip().endswith(":")
        if above < below or (above == below and is_list):
            kept.append(line)
            inner = line
    return "\n".join(reversed(kept))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
