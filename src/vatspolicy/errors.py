"""Problems in what a user wrote, and the one exception that carries them."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake in one file.

    `line` and `column` count characters from 1. `path` is the place in the document (`services[0].kind`), empty when
    the mistake is not about one value. `excerpt` is a source line, a newline and a caret line, or empty.
    No field may hold a value of a profile: problems end up in build logs.
    """

    file: str
    line: int
    column: int
    path: str
    message: str
    hint: str = ""
    excerpt: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}: "
        path = f"{self.path}: " if self.path else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{where}{path}{self.message}{hint}"


class InvalidInput(Exception):
    """A spec, a policy, a fixture or a bundle that cannot be used. `problems` is sorted and never empty."""

    problems: tuple[Problem, ...]

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        if not self.problems:
            raise ValueError("InvalidInput needs at least one problem")
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


def render(problem: Problem) -> str:
    """The problem as a person reads it: one line, and below it the source line with a caret where there is one."""
    return f"{problem}\n{problem.excerpt}" if problem.excerpt else str(problem)


def point(source: str, column: int, length: int = 1) -> str:
    """An excerpt: `source`, and below it carets under `length` characters from `column`; Chinese ones are two wide."""
    start = max(column - 1, 0)
    padding = "".join("\t" if char == "\t" else " " * _cells(char) for char in source[:start].ljust(start))
    marked = source[start : start + max(length, 1)]
    return f"{source}\n{padding}{'^' * max(sum(map(_cells, marked)), 1)}"


def suggest(word: str, known: Iterable[str]) -> str:
    """`Did you mean 'x'?` for the known word nearest to `word`, or an empty string when none is near."""
    by_folded: dict[str, str] = {}
    for name in sorted(known):
        by_folded.setdefault(name.casefold().replace("_", "-"), name)
    near = difflib.get_close_matches(word.casefold().replace("_", "-"), list(by_folded), n=1, cutoff=0.6)
    return f"Did you mean {by_folded[near[0]]!r}?" if near else ""


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
