"""The canonical order of keys: that of the properties in the schemas."""

from __future__ import annotations

from collections.abc import Sequence

from vatspolicy.core.documents.plain import Fields, Tree
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.documents.yaml_writer import KeyOrder

_KINDS = (
    ("policy", {"id", "effective"}),
    ("fixture", {"decisions"}),
    ("bundle", {"covers"}),
    ("policy-tests", {"base", "cases"}),
)
"""Kinds of files with an order, by keys that identify each kind."""


class SchemaOrder(KeyOrder):
    """The order of the keys of a mapping that schema nodes describe.

    The schema orders a policy and its tests; the author orders the facts of a profile or a fixture.
    """

    def __init__(self, schema: str, nodes: Sequence[Fields]) -> None:
        self.schema, self.nodes = schema, nodes

    def keys(self) -> list[str]:
        """Return the keys in their order; none if the order is the author's."""
        return list(dict.fromkeys(key for node in self.nodes for key in node.get("properties", {})))

    def below(self, step: str | int) -> SchemaOrder:
        """Return the order within a value."""
        schemas, found = SchemaSet.shipped(), list[Fields]()
        for node in self.nodes if self.schema in ("policy", "policy-tests") else ():
            if isinstance(step, int):
                inner = node.get("items")
            else:
                inner = node.get("properties", {}).get(step, node.get("additionalProperties"))
            found += [alternative for alternative, _ in schemas.alternatives(inner, self.schema)]
        return SchemaOrder(self.schema, found)


def find_order(data: Tree) -> KeyOrder:
    """Return the order for the file that holds `data`: that of its kind, or the author's."""
    if isinstance(data, dict):
        for name, keys in _KINDS:
            if keys <= data.keys():
                return SchemaOrder(name, [SchemaSet.shipped().load(name)])
    return KeyOrder()
