"""What every real profile satisfies: the invariants of the schema, as formulas over a space."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from vatspolicy.authoring.symbolic.domain import Space
from vatspolicy.authoring.symbolic.encoder import Encoder
from vatspolicy.authoring.symbolic.questions import SymbolicActivation
from vatspolicy.cel.ast import Node
from vatspolicy.documents.schemas import SchemaSet
from vatspolicy.profile.profile import invariants


def assume_invariants(space: Space, encoder: Encoder) -> tuple[list[int], tuple[str, ...]]:
    """Formulas that the invariants are not broken, and their ids: those that share a fact with what was read so far.

    The others hold of a profile that leaves their facts out, so leaving them out takes no profile away.
    """
    entries = space.schemas.load("profile")["x-invariants"]
    relevant = set(space.read)
    taken: dict[str, Node] = {}
    growing = True
    while growing:
        growing = False
        for entry, (node, _) in zip(entries, invariants(space.schemas), strict=True):
            facts = space.schemas.derived((_facts, entry["check"]), partial(_facts, node, space.schemas))
            if entry["id"] not in taken and facts & relevant:
                taken[entry["id"]] = node
                relevant |= facts
                growing = True
    scope = SymbolicActivation(space.roots)
    return [-encoder.truth(node, scope, {}).false for node in taken.values()], tuple(taken)


def _facts(node: Node, schemas: SchemaSet) -> frozenset[str]:
    """Return the paths of the facts that an invariant reads."""
    space = Space(schemas=schemas)
    Encoder(space).truth(node, SymbolicActivation(space.roots), {})
    return frozenset(space.read)


def named(names: Iterable[str]) -> str:
    """The invariants as an assumption to print."""
    return "invariants: " + ", ".join(sorted(names))
