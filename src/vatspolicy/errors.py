"""Problems in files of the user, and the exception that carries them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from vatspolicy.i18n import Listing, _, translate
from vatspolicy.i18n.text import cells


class Problem(NamedTuple):
    """An error in a file.

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
        gap = "" if self.message.endswith("。") else " "
        hint = f"{gap}{self.hint}" if self.hint else ""
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


class WorkerLost(RuntimeError):
    """A worker process was killed from outside, as happens if memory runs out."""


def in_language(problem: Problem, lang: str | None = None) -> Problem:
    """Return the problem in a language, by default the chosen one."""
    message, hint = translate(problem.message, lang), translate(problem.hint, lang)
    if (message, hint) == (problem.message, problem.hint):
        return problem
    return problem._replace(message=message, hint=hint)


def render(problem: Problem, lang: str | None = None) -> str:
    """Return the problem as one line, followed by the source line with a caret if it has one."""
    problem = in_language(problem, lang)
    return f"{problem}\n{problem.excerpt}" if problem.excerpt else str(problem)


def point(source: str, column: int, length: int = 1) -> str:
    """Return `source` with carets below `length` characters from `column`; Chinese characters are two cells wide."""
    start = max(column - 1, 0)
    padding = "".join("\t" if char == "\t" else " " * cells(char) for char in source[:start].ljust(start))
    marked = source[start : start + max(length, 1)]
    return f"{source}\n{padding}{'^' * max(sum(map(cells, marked)), 1)}"


MAX_EXPLAINED = 100
"""Errors of one file that are explained, so that no file can keep a process busy or flood a log."""


FURTHER = (_("Further errors are not shown."), _("Correct those above first."))
"""Message and hint of the problem that stands for all after the first MAX_EXPLAINED."""


def first_problems(problems: Iterable[Problem]) -> list[Problem]:
    """Return the first MAX_EXPLAINED problems, each once, and one that stands for all others; read no further."""
    found: dict[Problem, None] = {}
    for problem in problems:
        if len(found) == MAX_EXPLAINED and problem not in found:
            message, hint = FURTHER
            return [*found, Problem(problem.file, problem.line, problem.column, "", message, hint)]
        found[problem] = None
    return list(found)


LONGEST_NAME = 100
"""Longest text that is compared with names; comparing takes time with the length."""


def suggest(word: str, known: Iterable[str]) -> str:
    """`Did you mean 'x'?` for the known word nearest to `word`, or an empty string when none is near."""
    return did_you_mean(nearest(word, known))


def nearest(word: str, known: Iterable[str]) -> list[str]:
    """Return the known word nearest to `word`, or the few that it is a part of.

    Near is a word spelled almost alike; failing that, the few words of which a part is, as `clouds` is near to
    `cloud-platform` and `cloud-storage`; failing that, a word that is somewhat alike.
    """
    if len(word) > LONGEST_NAME:
        return []
    return _nearest(word, tuple(sorted(known)))


@lru_cache(1024)
def _nearest(word: str, known: tuple[str, ...]) -> list[str]:
    from difflib import get_close_matches

    by_folded: dict[str, str] = {}
    for name in known:
        by_folded.setdefault(_fold(name), name)
    folded, names = _fold(word), list(by_folded)
    near = get_close_matches(folded, names, n=1, cutoff=0.8)
    if not near and (near := _with_part(folded, names)) and len(near) > _MANY:
        return []
    near = near or get_close_matches(folded, names, n=1, cutoff=0.6)
    return [by_folded[name] for name in near]


def did_you_mean(words: Sequence[str]) -> str:
    """`Did you mean 'x', 'y' or 'z'?`, or an empty string for no words."""
    if not words:
        return ""
    return _("Did you mean {words}?", words=Listing(words, "or", quoted=True))


def _fold(word: str) -> str:
    return word.casefold().replace("_", "-")


def _with_part(word: str, names: Sequence[str]) -> list[str]:
    """Return the names of which one part is `word`, or nearly so if it is long enough to tell."""
    from difflib import get_close_matches

    parts = sorted({part for name in names for part in name.split("-")})
    if word not in parts:
        parts = [part for part in parts if len(part) >= _TELLING]
    near = get_close_matches(word, parts, n=1, cutoff=0.8)
    return [name for name in names if near and near[0] in name.split("-")]


_MANY = 8  # more words than that suggest nothing
_TELLING = 4  # letters
