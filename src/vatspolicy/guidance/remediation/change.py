"""Moves: one difference a team could bring about, as edits of the written profile."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from vatspolicy.documents import Path
from vatspolicy.documents.schemas import SchemaSet, derived_from_schemas
from vatspolicy.guidance.remediation.targets import Target
from vatspolicy.profile.profile import Profile, read_profile
from vatspolicy.profile.vocabulary import INHERITED, LocalizedText, fact_schemas


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


@dataclass(frozen=True)
class Edit:
    """One fact set to a value (None removes it), or members taken out of a list."""

    path: Path
    value: Any = None
    drop: frozenset[str] = frozenset()

    def clashes(self, other: Edit) -> bool:
        """Whether both cannot be made: they write to one place, other than taking members out of one list."""
        shared = min(len(self.path), len(other.path))
        return self.path[:shared] == other.path[:shared] and not (self.drop and other.drop)


@dataclass(frozen=True, eq=False)
class Change:
    """One difference, which stands for itself: what it edits, what it costs, and what it is about."""

    kind: str
    order: tuple[Any, ...]
    """Place among moves of the same cost: a fixed order, the smaller change first."""
    cost: int
    edits: tuple[Edit, ...]
    touches: frozenset[str]
    """Names of the facts it changes, as `blockers` names those that a rule reads; `*` for all of a service."""
    phrase: LocalizedText
    services: frozenset[str] = frozenset()
    """Services it is about; empty for all."""
    target: Target | None = None
    """The place it leads to."""
    parts: str = ""
    """Of a move to a place: r for the registered office, f for facilities, a for the area served."""

    def clashes(self, other: Change) -> bool:
        """Whether the two cannot both be made. Two places to move to are one too many."""
        if self.kind == other.kind == "relocation":
            return True
        return any(mine.clashes(theirs) for mine in self.edits for theirs in other.edits)


def apply(profile: Profile, moves: Iterable[Change]) -> Profile:
    """The profile after the moves. Raises InvalidInput when that is no valid profile."""
    edits = [edit for move in moves for edit in move.edits]
    data = copy.deepcopy(profile.document.data)
    for edit in edits:
        _set(data, edit)
    gone = sorted(
        (int(edit.path[1]) for edit in edits if edit.path[0] == "services" and len(edit.path) == 2), reverse=True
    )
    for index in gone:
        del data["services"][index]
    return read_profile(dataclasses.replace(profile.document, data=data), profile.schemas)


def _set(data: Any, edit: Edit) -> None:
    if len(edit.path) == 2 and edit.path[0] == "services":
        return  # a service goes last, so that the others keep their positions
    *above, last = edit.path
    for step in above:
        data = data.setdefault(step, {}) if isinstance(data, dict) else data[step]
    if edit.drop:
        data[last] = [member for member in data[last] if member not in edit.drop]
    elif edit.value is None:
        data.pop(last, None)
    else:
        data[last] = copy.deepcopy(edit.value)


def differences(profile: Profile, moves: Iterable[Change]) -> tuple[tuple[Path, Any, Any], ...]:
    """What the moves change: path in the written profile, value before (None: not said), value after (None: gone)."""
    found: dict[Path, tuple[Any, Any]] = {}
    for path, before, after in _changes(profile.document.data, moves):
        found[path] = (found[path][0] if path in found else before, after)
    return tuple((path, before, after) for path, (before, after) in found.items() if before != after)


def _changes(data: Any, moves: Iterable[Change]) -> Iterator[tuple[Path, Any, Any]]:
    now: dict[Path, Any] = {}
    for move in moves:
        for edit in move.edits:
            stated = _stated(data, edit.path)
            before = now.get(edit.path, stated)
            after = [member for member in before if member not in edit.drop] if edit.drop else edit.value
            now[edit.path] = after
            yield edit.path, stated, after


def _stated(data: Any, path: Path) -> Any:
    """A fact as it is stated: at its place, or at the product for a service that leaves it out."""
    value = _get(data, path)
    if value is None and len(path) == 3 and path[0] == "services" and path[2] in INHERITED:
        return _get(data, ("product", path[2]))
    return value


def _get(data: Any, path: Path) -> Any:
    for step in path:
        if isinstance(data, Mapping):
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return None
    return data
