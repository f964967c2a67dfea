"""Invariants: conditions that every real profile satisfies, from the profile schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from vatspolicy.compile_cache import get_or_build
from vatspolicy.core.cel.ast import And, Fact, Node, Not, Or, Quantifier, SetTest, Term, children, in_quantifiers
from vatspolicy.core.cel.interpreter import Evaluator, compile_interpreter
from vatspolicy.core.cel.serialize import from_data, to_data
from vatspolicy.core.documents.schemas import SchemaSet, derived_from_schemas
from vatspolicy.core.documents.validation import require_schema
from vatspolicy.core.profile.vocabulary import profile_type

if TYPE_CHECKING:
    from typing import Any

    from vatspolicy.core.cel.types import Type

GENERATE_AFTER = 24
"""Number of profiles after which code is generated for the invariants, which takes as long as testing some."""


@derived_from_schemas
def invariants(schemas: SchemaSet) -> tuple[tuple[Node, Mapping[str, str]], ...]:
    """Return the conditions for every real profile, with their messages, from the profile schema."""
    return get_or_build(
        "invariants",
        schemas.compile_key,
        lambda: [
            (_compile(entry["check"], profile_type(schemas).fields), entry["message"])
            for entry in schemas.load("profile")["x-invariants"]
        ],
        lambda data: tuple((from_data(tree), message) for tree, message in data),
    )


def require_usable(schemas: SchemaSet) -> None:
    """Build the validator and the invariants of profiles. Raises one of UNUSABLE for schemas that do not hold them."""
    from vatspolicy.core.cel.grammar import ExpressionError

    require_schema("profile", schemas)
    try:
        invariants(schemas)
    except ExpressionError as error:
        raise ValueError(error.message) from None


def broken_invariant(facts: Mapping[str, Any], schemas: SchemaSet | None = None) -> Mapping[str, str] | None:
    """Return the message, in both languages, of a violated invariant; None if there are no violations."""
    broken = broken_invariants(facts, schemas)
    return invariants(schemas)[broken[0]][1] if broken else None


def broken_invariants(facts: Mapping[str, Any], schemas: SchemaSet | None = None) -> list[int]:
    """Return the places of violated invariants, in the order of the schema."""
    return _tests(schemas).find_broken(facts)


class _Tests:
    """Tests of the invariants. Most profiles lack a fact that a violation needs, which is cheaper to test."""

    def __init__(self, nodes: tuple[Node, ...]) -> None:
        self.nodes = nodes
        self.needed = [sorted({(path[0], "".join(path[1:2])) for path in _needed(node, False)}) for node in nodes]
        """Facts that a violation of each needs: the first two steps of their paths; the second may be empty."""
        self.functions: dict[int, Evaluator] = {}
        self.uses = 0

    def find_broken(self, facts: Mapping[str, Any]) -> list[int]:
        self.uses += 1
        if self.uses >= GENERATE_AFTER and len(self.functions) < len(self.nodes):
            from vatspolicy.core.cel.codegen import GeneratedModule

            self.functions = GeneratedModule.generate(dict(enumerate(self.nodes))).load({})
        broken = []
        for index, needed in enumerate(self.needed):
            for root, name in needed:
                owner = facts.get(root)
                if owner is None or (name and name not in owner):
                    break
            else:
                if self.holds(index, facts) is False:
                    broken.append(index)
        return broken

    def holds(self, index: int, facts: Mapping[str, Any]) -> Any:
        run = self.functions.get(index)
        if run is None:
            run = self.functions[index] = compile_interpreter(self.nodes[index], {})
        return run(facts)


@derived_from_schemas
def _tests(schemas: SchemaSet) -> _Tests:
    return _Tests(tuple(node for node, _ in invariants(schemas)))


def _needed(node: Node, value: bool) -> frozenset[tuple[str, ...]]:
    """Return the facts, each of which the node needs to have the value."""
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
        case SetTest():
            return _needed(in_quantifiers(node), value)
        case Quantifier(list=over):  # the body is not evaluated for an empty list
            return _needed(over, value)
    return frozenset().union(*(_needed(child, value) for child in children(node)))


def _compile(text: str, variables: Mapping[str, Type]) -> list[Any]:
    from vatspolicy.core.cel.parser import TypeEnvironment, parse

    return to_data(parse(text, TypeEnvironment(variables, {}, lambda name, scope: None)))
