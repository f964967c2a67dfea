"""Rules that a change touches: those that differ between a git revision and the files on disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vatspolicy.authoring.diff.law_revision import load_pair
from vatspolicy.authoring.diff.rules import Differences, RuleSignatures
from vatspolicy.authoring.diff.sources import WORKING_TREE, read_pair, read_source, source_of
from vatspolicy.bundles.select import LawStack

_DECIDING = ("classify", "deny", "need", "route")


@dataclass(frozen=True)
class Touched:
    """Rules that a change adds, removes or changes, by terms, parameters and instruments too."""

    names: frozenset[str]
    decides: bool
    """True if one of them can change a decision."""


def find_touched(since: str, law: LawStack) -> Touched | None:
    """Return the rules that differ since a revision (or a folder, or a bundle); None if any may, as the schemas differ.

    Layers are read as they are in that revision, above the bundle of the law if it has one.

    Raises:
        SourceError: The revision cannot be read.
        InvalidInput: One of the states cannot be loaded.
    """
    here = Path()
    if law.layers:
        sources = read_pair(since, WORKING_TREE, here, law)
    elif law.bundle_file is not None:
        sources = read_source(since, here), source_of(law.bundle_file)
    else:
        head = read_source(WORKING_TREE if law.folder is None else str(law.folder), here)
        sources = read_source(since, here), head
    before, after = load_pair(*sources)
    if before.schemas != after.schemas:
        return None
    sides = RuleSignatures(before.bundle), RuleSignatures(after.bundle)
    names = frozenset(Differences(*sides).names)
    kinds = {side.by_name[name].kind for side in sides for name in names if name in side.by_name}
    return Touched(names, not kinds.isdisjoint(_DECIDING))
