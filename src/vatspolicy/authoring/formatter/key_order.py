"""The order of keys, as the schemas have it: who says so, since when, the words, the numbers, the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vatspolicy.documents.schemas import SchemaSet

_KINDS = (
    ("policy", {"id", "effective"}),
    ("fixture", {"decisions"}),
    ("bundle", {"covers"}),
    ("policy-tests", {"base", "cases"}),
)
"""Kinds of files that have an order, by keys that each has and the others have not."""


class Order:
    """The order of the keys of one mapping, and of what stands below it.

    The schema orders a policy and its tests; the author orders the facts of a profile or a fixture.
    """

    def __init__(self, schema: str, nodes: Sequence[Mapping[str, Any]]) -> None:
        self.schema, self.nodes = schema, nodes

    def keys(self) -> list[str]:
        """The keys in their order; empty where the order is the author's."""
        return list(dict.fromkeys(key for node in self.nodes for key in node.get("properties", {})))

    def below(self, step: str | int) -> Order:
        """The order within a value."""
        found: list[Mapping[str, Any]] = []
        for node in self.nodes if self.schema in ("policy", "policy-tests") else ():
            if isinstance(step, int):
                found += self._plain(node.get("items"))
            else:
                child = node.get("properties", {}).get(step, node.get("additionalProperties"))
                found += self._plain(child)
        return Order(self.schema, found)

    def _plain(self, node: Any) -> list[Mapping[str, Any]]:
        """The schema nodes behind references and choices."""
        if not isinstance(node, Mapping):
            return []
        if "$ref" in node:
            return self._plain(SchemaSet.shipped().resolve(str(node["$ref"]), self.schema))
        branches = [branch for word in ("anyOf", "oneOf", "allOf") for branch in node.get(word, ())]
        return [node, *(inner for branch in branches for inner in self._plain(branch))]


def order_of(data: Any) -> Order:
    """The order for the file that holds `data`; no order for one of no kind."""
    if isinstance(data, dict):
        for name, keys in _KINDS:
            if keys <= data.keys():
                return Order(name, [SchemaSet.shipped().load(name)])
    return Order("", [])
