"""Structures of typed trees: digests that are equal for trees that state the same in the same way, wherever they stand.

The name of a term, two negations, and the order of what `&&` or `||` joins do not count. Structures depend on the tree
alone, so all queries of a process share them.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

from vatspolicy.core.cel.ast import (
    And,
    Arithmetic,
    Compare,
    Fact,
    Literal,
    Node,
    Not,
    Or,
    Param,
    Quantifier,
    Term,
    TextTest,
    children,
)

_MOST = 200_000
"""Nodes whose structures are kept; the shipped law has about 40,000."""


class Structure(NamedTuple):
    """The structure of a tree."""

    digest: bytes
    names: frozenset[str]
    """Variables that the tree reads."""
    parameters: tuple[str, ...]
    """Keys of the parameters that it reads, in order."""


_KNOWN: dict[int, tuple[Node, Structure]] = {}
"""Structures by the identity of the node, which stays unique as long as the node is kept."""


def structure_of(node: Node) -> Structure:
    """Return the structure of a node and all below it."""
    kept = _KNOWN.get(id(node))
    if kept is not None:
        return kept[1]
    if len(_KNOWN) >= _MOST:  # trees of bundles that are gone
        _KNOWN.clear()
    return _find(node)


def _find(node: Node) -> Structure:
    kept = _KNOWN.get(id(node))
    if kept is not None:
        return kept[1]
    match node:
        case Term(body=body) | Not(body=Not(body=body)):
            found = _find(body)
            _KNOWN[id(node)] = node, found
            return found
    inner = [_find(child) for child in children(node)]
    names = frozenset[str]().union(*(part.names for part in inner))
    keys = set[str]().union(*(part.parameters for part in inner))
    own: tuple[object, ...] = ()
    match node:
        case Literal(value=value):
            own = (repr(value),)
        case Fact(root=root, names=fields):
            own, names = (root, fields), names | {root} | ({"licensed"} if fields == ("licensed",) else frozenset())
        case Param(key=key):
            own = (key,)
            keys.add(key)
        case Compare(op=op) | Arithmetic(op=op):
            own = (op,)
        case TextTest(kind=kind, pattern=pattern):
            own = (kind, pattern)
        case Quantifier(kind=kind, variable=variable):
            own, names = (kind, variable), names - {variable} | inner[0].names
    parts = [part.digest for part in inner]
    if isinstance(node, And | Or):
        parts = sorted(set(parts))
    signature = repr((type(node).__name__, own, parts))
    found = Structure(blake2b(signature.encode(), digest_size=16).digest(), names, tuple(sorted(keys)))
    _KNOWN[id(node)] = node, found
    return found
