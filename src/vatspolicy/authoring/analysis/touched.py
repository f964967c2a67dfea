"""Rules that a change touches: those that differ between a git revision and the files on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vatspolicy.authoring.diff.law_revision import load_pair
from vatspolicy.authoring.diff.rules import Differences, RuleSignatures
from vatspolicy.authoring.diff.sources import WORKING_TREE, read_pair, read_source

_DECIDING = ("classify", "deny", "need", "route")


@dataclass(frozen=True)
class Touched:
    """Rules that a change adds, removes or changes, by terms, parameters and instruments too."""

    names: frozenset[str]
    decides: bool
    """True if one of them can change a decision."""


def find_touched(since: str, folder: Path | None, layers: Sequence[Path] = ()) -> Touched | None:
    """Return the rules that differ since a revision (or a folder, or a bundle); None if any may, as the schemas differ.

    `layers` stand above the policies, and are read as they are in that revision.

    Raises:
        SourceError: The revision cannot be read.
        InvalidInput: One of the states cannot be loaded.
    """
    here = Path()
    if layers:
        sources = read_pair(since, WORKING_TREE, here, [*([folder] if folder else []), *layers])
    else:
        head = read_source(WORKING_TREE if folder is None else str(folder), here)
        sources = read_source(since, here), head
    before, after = load_pair(*sources)
    if before.schemas != after.schemas:
        return None
    sides = RuleSignatures(before.bundle), RuleSignatures(after.bundle)
    names = frozenset(Differences(*sides).names)
    kinds = {side.by_name[name].kind for side in sides for name in names if name in side.by_name}
    return Touched(names, not kinds.isdisjoint(_DECIDING))
