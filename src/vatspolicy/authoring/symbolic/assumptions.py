"""What every real profile satisfies: the invariants of the schema, as formulas over a space."""

from __future__ import annotations

from collections.abc import Iterable

from vatspolicy.authoring.symbolic.domain import Space
from vatspolicy.authoring.symbolic.encoder import Encoder
from vatspolicy.authoring.symbolic.questions import SymbolicActivation
from vatspolicy.cel.ast import Node
from vatspolicy.documents.schemas import load_schema
from vatspolicy.profile.profile import invariants


def assume_invariants(space: Space, encoder: Encoder) -> tuple[list[int], tuple[str, ...]]:
    """Formulas that the invariants are not broken, and their ids: those that share a fact with what was read so far.

    The others hold of a profile that leaves their facts out, so leaving them out takes no profile away.
    """
    entries = load_schema("profile")["x-invariants"]
    relevant = set(space.read)
    taken: dict[str, Node] = {}
    growing = True
    while growing:
        growing = False
        for entry, (node, _) in zip(entries, invariants(), strict=True):
            facts = _facts(entry["check"], node)
            if entry["id"] not in taken and facts & relevant:
                taken[entry["id"]] = node
                relevant |= facts
                growing = True
    scope = SymbolicActivation(space.roots)
    return [-encoder.truth(node, scope, {}).false for node in taken.values()], tuple(taken)


_FACTS: dict[str, frozenset[str]] = {}


def _facts(text: str, node: Node) -> frozenset[str]:
    """The paths of the facts that an invariant reads."""
    if text not in _FACTS:
        space = Space()
        Encoder(space).truth(node, SymbolicActivation(space.roots), {})
        _FACTS[text] = frozenset(space.read)
    return _FACTS[text]


def named(names: Iterable[str]) -> str:
    """The invariants as an assumption to print."""
    return "invariants: " + ", ".join(sorted(names))
