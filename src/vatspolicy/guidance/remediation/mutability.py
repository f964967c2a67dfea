"""Which facts a team can really change: the `x-mutable` marks of the profile schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vatspolicy.documents import Path
from vatspolicy.documents.schemas import SchemaSet, derived_from_schemas
from vatspolicy.profile.vocabulary import LocalizedText, fact_schemas


@dataclass(frozen=True)
class Mutability:
    """What changing a fact means. A fact without a mark is never changed."""

    cost: int
    """Ordinal: 1 for a contract, 5 for a change of owners. Costs of several changes are added to put them in order."""
    to: Any
    """Values it may take, or lower, higher, later, fewer, elsewhere, another."""
    phrase: LocalizedText
    """What the change means, in both languages."""
    follows: str | None
    """For a fact that changes with another one only: the path of that one. Its own cost is 0."""
    keep: frozenset[str]
    """Members of a list that are never taken out."""
    rest: Mapping[str, Any] = field(repr=False)
    """What only some marks have: `with` (what belongs to an offer), `swap`, `zero`."""


@derived_from_schemas
def marks(schemas: SchemaSet) -> Mapping[tuple[str, ...], Mutability]:
    """The marks by path, without positions in lists: ("services", "area")."""
    found = {}
    for path, node in fact_schemas(schemas):
        if "x-mutable" in node:
            data = node["x-mutable"]
            phrase = {"en": data.get("en", ""), "zh": data.get("zh", "")}
            keep = frozenset(data.get("keep", ()))
            found[path] = Mutability(data.get("cost", 0), data.get("to"), phrase, data.get("follows"), keep, data)
    return found


def plain(path: Iterable[str | int]) -> tuple[str, ...]:
    """A path without positions in lists."""
    return tuple(step for step in path if isinstance(step, str))


def mark_of(path: Path, schemas: SchemaSet) -> Mutability | None:
    """The mark of a fact, or of the object it stands in, of which it is then a part; None for a fact nobody changes."""
    names = plain(path)
    known = marks(schemas)
    if names in known:
        return known[names]
    return known.get(("partner",)) if names[:1] == ("partner",) else None
