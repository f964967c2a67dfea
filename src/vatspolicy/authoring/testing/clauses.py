"""Clauses of expressions: the boolean parts that do not split into others, and those that decide alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.cel.ast import And, Compare, Fact, In, Node, Not, Or, Quantifier, Term, TextTest, children, walk
from vatspolicy.core.cel.interpreter import Params, evaluate, list_members
from vatspolicy.core.cel.types import Bool


def outside_terms(node: Node) -> Iterator[Node]:
    """Yield the nodes of an expression without those inside its terms."""
    yield node
    if not isinstance(node, Term):
        for child in children(node):
            yield from outside_terms(child)


def own_clauses(node: Node) -> Iterator[Node]:
    """Yield the clauses of an expression, without those inside terms, which belong to the terms' own files."""
    match node:
        case And(parts=parts) | Or(parts=parts):
            for part in parts:
                yield from own_clauses(part)
        case Not(body=body):
            yield from own_clauses(body)
        case Quantifier(body=body):
            yield node
            yield from own_clauses(body)
        case _ if is_clause(node):
            yield node


def reads_facts(node: Node) -> bool:
    """Return True for a node that depends on the profile, and so can be true and false."""
    return any(isinstance(inner, Fact) for inner in walk(node))


T = TypeVar("T")


def decisive_clauses(
    node: Node, activation: Activation, params: Params, terms: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Node, bool]]:
    """Yield the clauses that decide a tree alone: the terms around each, outermost first, the clause, its value."""
    match node:
        case Term(name=name, body=body):
            yield from decisive_clauses(body, activation, params, (*terms, name))
        case Not(body=body):
            yield from decisive_clauses(body, activation, params, terms)
        case And(parts=parts) | Or(parts=parts):
            neutral = isinstance(node, And)
            for part in deciding_parts([(part, evaluate(part, activation, params)) for part in parts], neutral):
                yield from decisive_clauses(part, activation, params, terms)
        case _ if is_clause(node):
            value = evaluate(node, activation, params)
            if value is not None:
                yield terms, node, value
            if isinstance(node, Quantifier):
                members = list_members(node, activation, params) or []
                values = [(member, evaluate(node.body, member, params)) for member in members]
                for member in deciding_parts(values, node.kind == "all"):
                    yield from decisive_clauses(node.body, member, params, terms)


def deciding_parts(parts: Iterable[tuple[T, bool | None]], neutral: bool) -> list[T]:
    """Return the parts beside which every other has the neutral value: all, one, or none."""
    parts = list(parts)
    others = [part for part, value in parts if value is not neutral]
    return [part for part, _ in parts] if not others else others if len(others) == 1 else []


def is_clause(node: Node) -> bool:
    """Return True for a boolean node that does not split into others."""
    return isinstance(node, Compare | In | Quantifier | TextTest) or (
        isinstance(node, Fact) and isinstance(node.type, Bool)
    )
