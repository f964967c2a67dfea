"""Validation of rows: the completed facts of a valid profile, or the reasons why the row has none."""

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
from vatspolicy.errors import InvalidInput, in_language
from vatspolicy.gate.opinions import check_opinions
from vatspolicy.i18n import Phrase, current_language, translate
from vatspolicy.i18n.words import Counts, count
from vatspolicy.policies.bundle import Bundle
from vatspolicy.profile.profile import facts_of, invariants, read_profile
from vatspolicy.screening.input import Row

FactPath = tuple[str, ...]


class Rejected(Exception):
    """A row without a valid profile. `reasons`: one sentence each, with the path of the fact but never its value.

    They are in the language of the run.
    """

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(reasons)
        self.reasons = reasons


MAX_REASONS = 20
"""Most reasons to give for one row."""
_COUNTS: Counts = {"further": (Phrase("{n} more problem."), Phrase("{n} more problems."))}


def read_facts(row: Row, schemas: SchemaSet | None = None, law: tuple[Bundle, str] | None = None) -> Mapping[str, Any]:
    """Return the completed facts of a parsed row. `schemas` defaults to the shipped ones.

    With `law`, a bundle and today, opinions are checked against both.

    Raises: Rejected.
    """
    if row.fault is not None:
        raise Rejected([translate(row.fault)])
    if is_valid(row.data, "profile", schemas, nulls=False):  # `parse_row` has removed them
        facts = facts_of(row.data, schemas)
        names = [service["id"] for service in facts["services"]]
        plain = len(set(names)) == len(names) and not facts["opinions"]
        if plain and not _breaks_invariant(facts, schemas):
            return facts
    try:  # the slow path finds the problems and their places
        profile = read_profile(parse_document(json.dumps(row.data), "row.json"), schemas)
        if law is not None:
            check_opinions(law[0], profile, law[1])
        return profile.facts
    except InvalidInput as error:
        problems = map(in_language, error.problems)
        reasons = list(dict.fromkeys(f"{one.path}: {one.message}".removeprefix(": ") for one in problems))
        rest = len(reasons) - MAX_REASONS
        further = [count(_COUNTS, "further", rest, current_language())] if rest > 0 else []
        raise Rejected(reasons[:MAX_REASONS] + further) from None


def _breaks_invariant(facts: Mapping[str, Any], schemas: SchemaSet | None) -> bool:
    given: set[FactPath] = set()
    for root, value in facts.items():
        given.add((root,))
        if isinstance(value, dict):
            given.update([(root, name) for name in value])
    for needed, function, exactly in _invariants(schemas):
        if not needed <= given:
            continue
        try:
            holds = function(facts)
        except KeyError:
            holds = exactly(facts)
        if holds is False:
            return True
    return False


@derived_from_schemas
def _invariants(schemas: SchemaSet) -> list[tuple[frozenset[FactPath], Function, Evaluator]]:
    """Return each invariant with the facts that a violation needs: most rows lack one, which is cheaper to test.

    Of a longer path the first two steps are asked for.
    """
    nodes = {str(index): node for index, (node, _) in enumerate(invariants(schemas))}
    functions = GeneratedModule(nodes).load({})
    return [
        (frozenset(path[:2] for path in _needed(node, False)), functions[key], compile_interpreter(node, {}))
        for key, node in nodes.items()
    ]


def _needed(node: Node, value: bool) -> frozenset[FactPath]:
    """Return the facts without any of which the node cannot have the value."""
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
        case Quantifier(list=over):  # the body is not evaluated for an empty list
            return _needed(over, value)
    return frozenset().union(*(_needed(child, value) for child in children(node)))
