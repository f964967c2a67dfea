"""Whether a row is a profile that can be decided, and why not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vatspolicy.document import parse_document
from vatspolicy.errors import InvalidInput
from vatspolicy.expression.exact import Exact, prepare
from vatspolicy.expression.python import Function, Module
from vatspolicy.portfolio.read import Row
from vatspolicy.profile import facts_of, invariants, read_profile
from vatspolicy.schema import once_per_schemas, schema_folder
from vatspolicy.schema.quick import is_surely_valid


class Rejected(Exception):
    """A row that is no valid profile. `reasons`: one sentence each, with the path of the fact, never its value."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(reasons)
        self.reasons = reasons


MOST = 20
"""Reasons that are given for one row."""


def facts_in(row: Row) -> Mapping[str, Any]:
    """The facts of a row (`parsed`) as rules read them. Raises Rejected."""
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
        reasons = list(dict.fromkeys(reasons))
        further = [f"{len(reasons) - MOST} more problems."] if len(reasons) > MOST else []
        raise Rejected(reasons[:MOST] + further) from None


def _breaks_invariant(facts: Mapping[str, Any]) -> bool:
    for function, exactly in _invariants():
        try:
            holds = function(facts)
        except KeyError:  # a missing fact stands in the way of the generated code
            holds = exactly(facts)
        if holds is False:
            return True
    return False


@once_per_schemas
def _invariants() -> list[tuple[Function, Exact]]:
    nodes = {str(index): node for index, (node, _) in enumerate(invariants())}
    functions = Module(nodes).load({})
    return [(functions[key], prepare(node, {})) for key, node in nodes.items()]
