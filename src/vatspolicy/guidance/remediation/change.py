"""Changes that a team can make, as edits of the written profile, and the changeable facts."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from vatspolicy.core.documents import Path
from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.documents.schemas import SchemaSet, derived_from_schemas
from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.edits import get_fact
from vatspolicy.core.profile.profile import Profile, read_profile
from vatspolicy.core.profile.vocabulary import INHERITED, fact_schemas
from vatspolicy.errors import InvalidInput
from vatspolicy.guidance.remediation.targets import Target
from vatspolicy.i18n import LocalizedText

FOREIGN_FORMS = ("foreign-corporation", "branch")
"""Legal forms of a company that is not established in the mainland."""


@dataclass(frozen=True)
class Mutability:
    """Cost and meaning of a change of a fact (`x-mutable` in the schema). A fact without a mark is never changed."""

    cost: int
    """Ordinal cost: 1 for a contract, 5 for a change of owners. Costs of several changes are added to order them."""
    to: Tree
    """Permitted values, or lower, higher, later, fewer, elsewhere, another."""
    phrase: LocalizedText
    """Description of the change, in both languages."""
    follows: str | None
    """Path of the fact that changes together with this fact; this fact then costs 0."""
    keep: frozenset[str]
    """Members of a list that are never removed."""
    rest: Facts = field(repr=False)
    """Entries of some marks only: `with` (members of an offer), `swap`, `zero`, `dearer` (cost by member)."""


@derived_from_schemas
def mutable_facts(schemas: SchemaSet) -> Mapping[tuple[str, ...], Mutability]:
    """Return the marks by path, without indexes of lists: ("services", "area")."""
    marks = {}
    for path, node in fact_schemas(schemas):
        if "x-mutable" in node:
            data = node["x-mutable"]
            phrase = {"en": data.get("en", ""), "zh": data.get("zh", "")}
            keep = frozenset(data.get("keep", ()))
            marks[path] = Mutability(data.get("cost", 0), data.get("to"), phrase, data.get("follows"), keep, data)
    return marks


@dataclass(frozen=True)
class FactEdit:
    """Edit that sets one fact (None removes it) or removes members of a list."""

    path: Path
    value: Tree = None
    drop: frozenset[str] = frozenset()

    def conflicts_with(self, other: FactEdit) -> bool:
        """Return True if both edits write to the same place, unless both only remove members of a list."""
        shared = min(len(self.path), len(other.path))
        return self.path[:shared] == other.path[:shared] and not (self.drop and other.drop)


@dataclass(frozen=True, eq=False)
class Change:
    """One change: its edits, its cost and its subject. Compared by identity."""

    kind: str
    order: tuple[object, ...]
    """Order among changes of equal cost: the smaller change first."""
    cost: int
    edits: tuple[FactEdit, ...]
    touches: frozenset[str]
    """Names of the changed facts, as in `Obstacle.names`; `*` for all of a service."""
    phrase: LocalizedText
    services: frozenset[str] = frozenset()
    """Affected services; empty for all."""
    target: Target | None = None
    """Destination of a relocation."""
    parts: str = ""
    """Parts of a relocation: r for the registered office, f for facilities, a for the area served."""

    def conflicts_with(self, other: Change) -> bool:
        """Return True if the changes exclude each other; two relocations always do."""
        if self.kind == other.kind == "relocation":
            return True
        return any(mine.conflicts_with(theirs) for mine in self.edits for theirs in other.edits)


def apply_changes(profile: Profile, changes: Iterable[Change]) -> Profile:
    """Return the profile after the changes. Raises InvalidInput if it is not valid."""
    edits = [edit for change in changes for edit in change.edits]
    data = copy.deepcopy(profile.document.data)
    for edit in edits:
        _set(data, edit)
    gone = sorted(
        (int(edit.path[1]) for edit in edits if edit.path[0] == "services" and len(edit.path) == 2), reverse=True
    )
    for index in gone:
        del data["services"][index]
    return read_profile(dataclasses.replace(profile.document, data=data), profile.schemas)


def decide_changed(
    bundle: Bundle, profile: Profile, changes: Iterable[Change], as_of: str
) -> tuple[Profile, Decision] | None:
    """Return the profile after the changes and its decision on a day, or None if it is not valid."""
    try:
        changed = apply_changes(profile, changes)
    except InvalidInput:
        return None
    return changed, evaluate(bundle, changed, as_of)


def _set(data: Tree, edit: FactEdit) -> None:
    if len(edit.path) == 2 and edit.path[0] == "services":
        return  # services are removed last, so that the others keep their positions
    *above, last = edit.path
    for step in above:
        data = data.setdefault(step, {}) if isinstance(data, dict) else data[step]
    if edit.drop:
        data[last] = [member for member in data[last] if member not in edit.drop]
    elif edit.value is None:
        data.pop(last, None)
    else:
        data[last] = copy.deepcopy(edit.value)


def list_differences(profile: Profile, changes: Iterable[Change]) -> tuple[tuple[Path, Tree, Tree], ...]:
    """Return each changed fact as (path in the written profile, value before, value after); None is an absent value."""
    differences: dict[Path, tuple[Tree, Tree]] = {}
    for path, before, after in _changes(profile.document.data, changes):
        differences[path] = (differences[path][0] if path in differences else before, after)
    return tuple((path, before, after) for path, (before, after) in differences.items() if before != after)


def _changes(data: Tree, changes: Iterable[Change]) -> Iterator[tuple[Path, Tree, Tree]]:
    now: dict[Path, Tree] = {}
    for change in changes:
        for edit in change.edits:
            stated = _stated(data, edit.path)
            before: Tree = now.get(edit.path, stated)
            after = [member for member in before if member not in edit.drop] if edit.drop else edit.value
            now[edit.path] = after
            yield edit.path, stated, after


def _stated(data: Tree, path: Path) -> Tree:
    """Return a fact as stated: at its place, or at the product for a service that inherits it."""
    value = get_fact(data, path)
    if value is None and len(path) == 3 and path[0] == "services" and path[2] in INHERITED:
        return get_fact(data, ("product", path[2]))
    return value
