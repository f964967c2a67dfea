"""Whether a row is a profile that can be decided, and why not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vatspolicy.cel.ast import And, Fact, Node, Not, Or, Quantifier, Term, children
from vatspolicy.cel.codegen import Function, GeneratedModule
from vatspolicy.cel.interpreter import Evaluator, compile_interpreter
from vatspolicy.documents import parse_document
from vatspolicy.documents.schemas import SchemaSet, derived_from_schemas
from vatspolicy.documents.validation import is_valid
from vatspolicy.errors import InvalidInput
from vatspolicy.profile.profile import facts_of, invariants, read_profile
from vatspolicy.screening.input import Row

FactPath = tuple[str, ...]


class Rejected(Exception):
    """A row that is no valid profile. `reasons`: one sentence each, with the path of the fact, never its value."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(reasons)
        self.reasons = reasons


MOST = 20
"""Reasons that are given for one row."""


def facts_in(row: Row, schemas: SchemaSet | None = None) -> Mapping[str, Any]:
    """The facts of a row (`parsed`) as rules read them. Raises Rejected."""
    if row.fault is not None:
        raise Rejected([row.fault])
    if is_valid(row.data, "profile", schemas):
        facts = facts_of(row.data, schemas)
        names = [service["id"] for service in facts["services"]]
        if len(set(names)) == len(names) and not _breaks_invariant(facts, schemas):
            return facts
    try:  # the slow way knows what is wrong, and where
        return read_profile(parse_document(json.dumps(row.data), "row.json"), schemas).facts
    except InvalidInput as error:
        reasons = [f"{problem.path}: {problem.message}".removeprefix(": ") for problem in error.problems]
        reasons = list(dict.fromkeys(reasons))
        further = [f"{len(reasons) - MOST} more problems."] if len(reasons) > MOST else []
        raise Rejected(reasons[:MOST] + further) from None


def _breaks_invariant(facts: Mapping[str, Any], schemas: SchemaSet | None) -> bool:
    for paths, function, exactly in _invariants(schemas):
        if not all(_is_given(facts, path) for path in paths):
            continue
        try:
            holds = function(facts)
        except KeyError:  # a missing fact stands in the way of the generated code
            holds = exactly(facts)
        if holds is False:
            return True
    return False


def _is_given(facts: Mapping[str, Any], path: FactPath) -> bool:
    value: Any = facts
    for name in path:
        value = value.get(name)
        if value is None:
            return False
    return True


@derived_from_schemas
def _invariants(schemas: SchemaSet) -> list[tuple[list[FactPath], Function, Evaluator]]:
    """Each with the facts without which it cannot be broken: most rows lack one, which is quicker to see."""
    nodes = {str(index): node for index, (node, _) in enumerate(invariants(schemas))}
    functions = GeneratedModule(nodes).load({})
    return [
        (sorted(_needed(node, False)), functions[key], compile_interpreter(node, {})) for key, node in nodes.items()
    ]


def _needed(node: Node, value: bool) -> frozenset[FactPath]:
    """Facts, each of which must be given for the node to have that value, whatever the others are."""
    match node:
        case Fact(root=root, names=names):
            return frozenset({(root, *names)})
        case Term(body=body):
            return _needed(body, value)
        case Not(body=body):
            return _needed(body, not value)
        case And(parts=parts) | Or(parts=parts):
            each = [_needed(part, value) for part in parts]
            one_is_enough = value is isinstance(node, Or)
            return frozenset.intersection(*each) if one_is_enough else frozenset.union(*each)
        case Quantifier(list=over):  # its variable is no fact, and facts in its body are not asked of an empty list
            return _needed(over, value)
    return frozenset().union(*(_needed(child, value) for child in children(node)))
