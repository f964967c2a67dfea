"""Whether a row is a profile that can be decided, and why not."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any

from vatspolicy.document import parse_document
from vatspolicy.errors import InvalidInput
from vatspolicy.expression.python import Module, call
from vatspolicy.portfolio.read import Row
from vatspolicy.profile import facts_of, invariants, read_profile
from vatspolicy.schema import schema_folder
from vatspolicy.schema.quick import is_surely_valid


class Rejected(Exception):
    """A row that is no valid profile. `reasons`: one sentence each, with the path of the fact, never its value."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(reasons)
        self.reasons = reasons


def facts_in(row: Row) -> Mapping[str, Any]:
    """The facts of a row as rules read them. Raises Rejected."""
    if row.fault is not None:
        raise Rejected([row.fault])
    if is_surely_valid(row.data, "profile", schema_folder()):
        facts = facts_of(row.data)
        names = [service["id"] for service in facts["services"]]
        if len(set(names)) == len(names) and not _breaks_invariant(facts):
            return facts
    try:  # the slow way knows what is wrong, and where
        return read_profile(parse_document(json.dumps(row.data), "row.json")).facts
    except InvalidInput as error:
        reasons = [f"{problem.path}: {problem.message}".removeprefix(": ") for problem in error.problems]
        raise Rejected(list(dict.fromkeys(reasons))) from None


def _breaks_invariant(facts: Mapping[str, Any]) -> bool:
    nodes, functions = _invariants()
    return any(call(functions[key], node, facts, {}) is False for key, node in nodes.items())


@functools.cache
def _invariants() -> Any:
    nodes = {str(index): node for index, (node, _) in enumerate(invariants())}
    return nodes, Module(nodes).load({})
