"""Words of an enumeration, with their names and synonyms in both languages, and a search over both.

A schema states the names under `x-enum`, the synonyms under `x-synonyms` and an example under `x-examples`. Places have
their names in the gazetteer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from vatspolicy.errors import LONGEST_NAME
from vatspolicy.frozen import ValueObject, frozen

if TYPE_CHECKING:
    from typing import Any

    from vatspolicy.core.documents.schemas import SchemaSet
    from vatspolicy.i18n import LocalizedText

SAME, ALL, SCATTERED, SOME, NEAR = range(5)
"""Grades of a match, the best first: the exact name, a name with all parts, all parts in several names, a name within
the search, a similar spelling of a name or its parts or a name with some parts.
"""

_LONG = 5
"""Minimum length of a name part that a misspelled part can match."""


@frozen()
class Word(ValueObject):
    """One value of an enumeration."""

    value: str
    name: LocalizedText | None
    """Its meaning; None for an instrument, which the policies name."""
    synonyms: tuple[str, ...] = ()
    example: LocalizedText | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All its names, in both languages."""
        meaning = (self.name["en"], self.name["zh"]) if self.name else ()
        return (self.value, *self.synonyms, *meaning)


def words_of_schema(node: Mapping[str, Any], schemas: SchemaSet) -> tuple[Word, ...]:
    """Return the values of the enumeration in a schema node; none if it has no enumeration."""
    values = [value for value in node.get("enum", ()) if isinstance(value, str)]
    names: Mapping[str, LocalizedText] = node.get("x-enum", {})
    synonyms = node.get("x-synonyms", {})
    if isinstance(synonyms, str):
        synonyms = schemas.resolve(synonyms)
    if values and not names and "places" in schemas.names:
        home = schemas.load("places")
        gazetteer = home.get("x-gazetteer", {})
        if all(value in gazetteer for value in values):
            names, synonyms = gazetteer, home.get("x-synonyms", {})
    examples = node.get("x-examples", {})
    return tuple(
        Word(value, _text(names.get(value)), tuple(synonyms.get(value, ())), examples.get(value)) for value in values
    )


def search_words(text: str, words: Sequence[Word]) -> list[tuple[int, Word]]:
    """Return the words that a search fits with its grade, best first; a search without a letter fits none.

    Of two words that fit alike, the one whose list of synonyms has the search earlier comes first.
    """
    query = name_parts(text) if len(text) <= LONGEST_NAME else ()
    if not query:
        return []
    if graded := _graded(query, words):
        return [(grade, word) for (grade, _), word in graded]
    near = [word for _, word in _graded(_respelled(query, words), words)] or _near(text, words)
    return [(NEAR, word) for word in near or _partly(query, words)]


def name_words(words: Iterable[Word], names: Mapping[str, LocalizedText]) -> tuple[Word, ...]:
    """Return words with names, also for words without a name in the schema."""
    return tuple(word if word.name else replace(word, name=names.get(word.value)) for word in words)


def _graded(query: tuple[str, ...], words: Iterable[Word]) -> list[tuple[tuple[int, int], Word]]:
    """Return the words that fit the parts of a search with their grades, best first."""
    graded = [(grade, word) for word in words if (grade := _grade(query, word))]
    return sorted(graded, key=lambda pair: pair[0])


def _grade(query: tuple[str, ...], word: Word) -> tuple[int, int] | None:
    """Return the grade of a word for a search and the matching name; None if there is no match."""
    names = [parts for name in word.names if (parts := name_parts(name))]
    if query in names:
        return SAME, names.index(query)
    for index, parts in enumerate(names):
        if all(_holds(parts, part) for part in query):
            return ALL, index
    if all(any(_holds(parts, part) for parts in names) for part in query):
        return SCATTERED, 0
    called = [parts for name in (word.value, *word.synonyms) if (parts := name_parts(name))]
    return next(((SOME, index) for index, parts in enumerate(called) if _contains(query, parts)), None)


def _holds(parts: tuple[str, ...], part: str) -> bool:
    """Return whether a name has a part: as the beginning of a word, or anywhere in a Chinese one."""
    if part.isascii():
        return any(own.startswith(part) for own in parts) if len(part) > 2 else part in parts
    return any(part in own for own in parts)


def _contains(query: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    """Return whether a search contains a name: its words in a row, or a Chinese name of two signs or more."""
    if len(parts) == 1 and not parts[0].isascii():
        return len(parts[0]) > 1 and any(parts[0] in part for part in query)
    room = len(query) - len(parts)
    return any(query[start : start + len(parts)] == parts for start in range(room + 1))


def _partly(query: tuple[str, ...], words: Sequence[Word]) -> list[Word]:
    """Return the words whose names have a part of a search, those with the most parts first."""
    parts = [part for part in query if len(part) > 2 or not part.isascii()]
    counted = [
        (sum(any(_holds(name_parts(name), part) for name in word.names) for part in parts), word) for word in words
    ]
    return [word for count, word in sorted(counted, key=lambda pair: -pair[0]) if count]


def _near(text: str, words: Iterable[Word]) -> list[Word]:
    from difflib import get_close_matches

    by_name: dict[str, dict[str, Word]] = {}
    for word in words:
        for name in word.names:
            by_name.setdefault(name.casefold(), {})[word.value] = word
    close_matches = get_close_matches(text.casefold(), list(by_name), n=3, cutoff=0.8)
    return list({value: word for name in close_matches for value, word in by_name[name].items()}.values())


def _respelled(query: tuple[str, ...], words: Iterable[Word]) -> tuple[str, ...]:
    """Return a search with each part that no name has replaced by the part of a name that is spelled almost alike."""
    from difflib import get_close_matches

    vocabulary = dict.fromkeys(part for word in words for name in word.names for part in name_parts(name))
    long = [part for part in vocabulary if part.isascii() and len(part) >= _LONG]

    def respell(part: str) -> str:
        if not part.isascii() or _holds(tuple(vocabulary), part):
            return part
        return next(iter(get_close_matches(part, long, n=1, cutoff=0.8)), part)

    return tuple(map(respell, query))


@lru_cache(maxsize=20_000)
def name_parts(text: str) -> tuple[str, ...]:
    """Return the parts of a name in a form that ignores case, hyphens and the plural."""
    return tuple(_singular(part) for part in _PART.findall(text.casefold()) if part not in _FILLERS)


_PART = re.compile(r"[a-z0-9]+|[^\W\d_a-z]+")  # Latin words and runs of other letters apart: `移动应用（app）`
_FILLERS = frozenset({"a", "an", "the", "of", "for", "and", "or", "with"})


def _singular(part: str) -> str:
    return part[:-1] if len(part) > 3 and part.endswith("s") and not part.endswith("ss") else part


def _text(entry: Mapping[str, str] | None) -> LocalizedText | None:
    return {"en": entry["en"], "zh": entry["zh"]} if entry else None
