"""Case split of rules that share a clause: some require it to be true, others to be false.

One of two rules applies regardless of the clause, if their other clauses hold. `foreign` splits the routes into those
for foreign investors and those for others, so that a share which nobody states does not close them all. Kleene's logic
alone cannot see this, because each of the rules is unknown. One clause is split at a time; what only two clauses
together would settle stays unknown.
"""

from __future__ import annotations

import functools
from collections.abc import Hashable, Mapping
from typing import NamedTuple, TypeAlias, TypeVar

from vatspolicy.core.cel.ast import Compare, Fact, Node, Not, Term, conjuncts, shape_of, walk

K = TypeVar("K")
Side: TypeAlias = tuple[Hashable, bool]
"""A clause without its place in a text, and its truth."""


class Case(NamedTuple):
    """A rule in one case of a clause: if the clause has this value, the rule depends only on the rest."""

    clause: Hashable
    """The clause without its place in a text."""
    truth: bool
    rest: tuple[tuple[Node, bool], ...]
    """The other clauses of the rule, each with the truth that it must have."""


def find_cases(conditions: Mapping[K, Node]) -> dict[K, tuple[Case, ...]]:
    """Return the cases of each condition for clauses that one condition requires true and another false."""
    clauses = {key: _clauses(tree) for key, tree in conditions.items()}
    sides = {side for sides_of_clause in clauses.values() for side, _ in sides_of_clause}
    return {
        key: tuple(
            Case(clause, truth, tuple(rule for other, rule in sides_of_clause if other != (clause, truth)))
            for (clause, truth), (node, _) in sides_of_clause
            if (clause, not truth) in sides and _may_be_unknown(node)
        )
        for key, sides_of_clause in clauses.items()
    }


_OPPOSITES = {"!=": "==", "<=": ">", ">=": "<"}
"""Comparisons treated as the negation of another."""


@functools.lru_cache(maxsize=4096)
def _clauses(condition: Node) -> tuple[tuple[Side, tuple[Node, bool]], ...]:
    """Return the clauses of a conjunction, each once: its side, and its node with the truth that it must have.

    A term is one clause, whatever it consists of.
    """
    clauses = {_side(node, wanted): (node, wanted) for node, wanted in conjuncts(condition, True)}
    return tuple(clauses.items())


_ALWAYS_KNOWN = {("activity", ("class",)), ("as_of", ())}


def _may_be_unknown(node: Node) -> bool:
    return any(isinstance(part, Fact) and (part.root, part.names) not in _ALWAYS_KNOWN for part in walk(node))


def _side(node: Node, wanted: bool) -> Side:
    """Return a clause without negation, and its truth."""
    while isinstance(node, Term | Not):
        node, wanted = node.body, wanted != isinstance(node, Not)
    if isinstance(node, Compare) and node.op in _OPPOSITES:
        node, wanted = Compare(node.type, node.span, _OPPOSITES[node.op], node.left, node.right), not wanted
    return shape_of(node), wanted
