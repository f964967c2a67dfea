"""GitHub workflow commands: annotations on the lines of a pull request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from vatspolicy.core.documents import split_part
from vatspolicy.i18n.text import clean

LIMITS: Mapping[str, int] = {"error": 9, "warning": 10, "note": 10}
"""Maximum number of annotations per level. GitHub shows ten per level and step; one error is reserved for the action.
"""
_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


class Annotation(NamedTuple):
    """One annotation: its level (error, warning or note), its text, and its place."""

    level: str
    message: str
    title: str = ""
    file: str = ""
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        where: dict[str, str | int] = {}
        if self.file:
            where = {"file": split_part(self.file)[0], "line": self.line, "col": self.column}
        return command(self.level, self.message, **where, **({"title": self.title} if self.title else {}))


class Annotations:
    """Annotations of a step; those beyond LIMITS per level are only counted."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(_COMMANDS, 0)
        self.lines: dict[str, list[str]] = {level: [] for level in _COMMANDS}
        """The first commands of each level."""

    def add(self, annotation: Annotation) -> None:
        """Add one annotation."""
        self.add_many(annotation.level, 1, [str(annotation)] if self._has_room(annotation.level) else [])

    def add_many(self, level: str, count: int, lines: Sequence[str]) -> None:
        """Add to the count of annotations of a level; these are its first commands."""
        self.counts[level] += count
        if self._has_room(level):
            self.lines[level] += lines[: LIMITS[level] - len(self.lines[level])]

    def _has_room(self, level: str) -> bool:
        return len(self.lines[level]) < LIMITS[level]

    def write(self, more: str) -> str:
        """Return the commands of the first annotations of each level, up to LIMITS.

        If more exist, the last one is `more`, a sentence with a `{count}`.
        """
        written = []
        for level, lines in self.lines.items():
            if self.counts[level] > LIMITS[level]:
                kept = LIMITS[level] - 1
                lines = [*lines[:kept], str(Annotation(level, more.format(count=self.counts[level] - kept)))]
            written += [f"{line}\n" for line in lines]
        return "".join(written)


def command(level: str, message: str, **properties: str | int) -> str:
    """Return one command line. `level` is error, warning or note; properties are `file`, `line`, `col` and `title`.

    No text can end the command or begin another, neither one that begins with `::` nor an older one with `##[`.
    """
    given = ",".join(f"{key}={_escape(str(value), ':,')}" for key, value in properties.items())
    return f"::{_COMMANDS[level]}{' ' if given else ''}{given}::{_escape(message)}"


def _escape(text: str, more: str = "") -> str:
    text = clean(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")).replace("##[", "%23%23[")
    for char in more:
        text = text.replace(char, f"%{ord(char):02X}")
    return text
