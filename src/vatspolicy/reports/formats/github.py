"""GitHub workflow commands: annotations beside lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from vatspolicy.i18n.text import clean

LIMITS: Mapping[str, int] = {"error": 9, "warning": 10, "note": 10}
"""Annotations that are written of each level. GitHub shows ten of a level and step; one error is left to the action."""
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
            where = {"file": self.file, "line": self.line, "col": self.column}
        return command(self.level, self.message, **where, **({"title": self.title} if self.title else {}))


def write(annotations: Iterable[Annotation], more: str) -> str:
    """Return the commands of the first annotations of each level, up to LIMITS.

    Where there are more, the last one says so with `more`, a sentence with a `{count}`. None is left out in silence.
    """
    by_level: dict[str, list[Annotation]] = {level: [] for level in _COMMANDS}
    for annotation in annotations:
        by_level[annotation.level].append(annotation)
    lines = []
    for level, found in by_level.items():
        if len(found) > LIMITS[level]:
            kept = LIMITS[level] - 1
            found = [*found[:kept], Annotation(level, more.format(count=len(found) - kept))]
        lines += [f"{annotation}\n" for annotation in found]
    return "".join(lines)


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
