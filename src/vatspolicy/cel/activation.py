"""The variables of a subject, and what has been found out about them.

An activity is seen within a service, and a service within a product. What reads the product's variables only is the
same for all of its services, and is worked out once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from vatspolicy.cel.ast import Fact, Node, Quantifier, children

if TYPE_CHECKING:
    from typing import Any

PRODUCT, SERVICE, ACTIVITY = 0, 1, 2
"""Levels: whose variables are read, at the most."""
_LEVELS = {"service": SERVICE, "operator": SERVICE, "activity": ACTIVITY, "licence": ACTIVITY}


class Activation(dict[str, "Any"]):
    """Variables by name, which nobody changes any more: those of the subject around this one, and its own."""

    __slots__ = ("known",)

    def __init__(self, outer: Mapping[str, Any], /, **own: Any) -> None:
        dict.__init__(self, outer, **own)
        here: dict[Any, Any] = {}
        self.known: tuple[dict[Any, Any], dict[Any, Any], dict[Any, Any]] = (here, here, here)
        """By level: what has been found out, by a key of the finder's choice."""
        if type(outer) is Activation:
            product, service, _ = outer.known
            self.known = (product, here, here) if service is product else (product, service, here)


def level_of(node: Node) -> int:
    """Whose variables an expression reads, at the most."""
    return max((level_of_root(root) for root in _roots(node, frozenset())), default=PRODUCT)


def level_of_root(root: str) -> int:
    """Whose variable it is."""
    return _LEVELS.get(root, PRODUCT)


def _roots(node: Node, bound: frozenset[str]) -> set[str]:
    """Variables that are read; what a quantifier binds is none."""
    if isinstance(node, Fact):
        return set() if node.root in bound else {node.root}
    if isinstance(node, Quantifier):
        return _roots(node.list, bound) | _roots(node.body, bound | {node.variable})
    return {root for child in children(node) for root in _roots(child, bound)}
