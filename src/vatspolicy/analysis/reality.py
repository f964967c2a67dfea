"""What every real profile satisfies: the invariants of the schema, as formulas over a space."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator

from vatspolicy.analysis.domain import Space
from vatspolicy.analysis.encode import Encoder, Scope
from vatspolicy.expression.tree import Node
from vatspolicy.profile import invariants
from vatspolicy.schema import load_schema


def invariant_names() -> tuple[str, ...]:
    """The ids of the invariants, in the order of the schema."""
    return tuple(entry["id"] for entry in load_schema("profile")["x-invariants"])


def hold(space: Space, encoder: Encoder) -> tuple[list[int], tuple[str, ...]]:
    """Formulas that the invariants are not broken, and their ids: those that share a fact with what was read so far.

    The others hold of a profile that leaves their facts out, so leaving them out takes no profile away.
    """
    relevant = set(space.read)
    taken: dict[str, Node] = {}
    growing = True
    while growing:
        growing = False
        for name, node in _named():
            if name not in taken and _facts(name) & relevant:
                taken[name] = node
                relevant |= _facts(name)
                growing = True
    scope = Scope(space.roots)
    return [-encoder.truth(node, scope, {}).false for node in taken.values()], tuple(taken)


def _named() -> Iterator[tuple[str, Node]]:
    yield from zip(invariant_names(), (node for node, _ in invariants()), strict=True)


@functools.cache
def _facts(name: str) -> frozenset[str]:
    """The paths of the facts that an invariant reads."""
    space = Space()
    Encoder(space).truth(dict(_named())[name], Scope(space.roots), {})
    return frozenset(space.read)


def broken(names: Iterable[str]) -> str:
    """The invariants as an assumption to print."""
    return "invariants: " + ", ".join(sorted(names))
