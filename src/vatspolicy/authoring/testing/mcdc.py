"""Masking: which clauses decide an expression alone, as masking MC/DC asks (modified condition/decision coverage).

A clause decides alone when every other part of each conjunction around it holds and no other part of each disjunction
around it does: turning the clause would turn the whole. A part that is unknown holds neither way. Other clauses may
differ between two tests as long as they are masked, so clauses that share facts are treated fairly
(Chilenski, DOT/FAA/AR-01/18, 2001).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from vatspolicy.cel.ast import And, Compare, Fact, In, Node, Not, Or, Quantifier, Term, TextTest
from vatspolicy.cel.interpreter import Env, Params, evaluate, list_members
from vatspolicy.cel.types import Bool

T = TypeVar("T")


def decisive_clauses(
    node: Node, env: Env, params: Params, terms: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Node, bool]]:
    """The clauses that decide a tree alone: the terms that they stand in, outermost first, the clause, its value."""
    match node:
        case Term(name=name, body=body):
            yield from decisive_clauses(body, env, params, (*terms, name))
        case Not(body=body):
            yield from decisive_clauses(body, env, params, terms)
        case And(parts=parts) | Or(parts=parts):
            neutral = isinstance(node, And)
            for part in alone([(part, evaluate(part, env, params)) for part in parts], neutral):
                yield from decisive_clauses(part, env, params, terms)
        case _ if is_clause(node):
            value = evaluate(node, env, params)
            if value is not None:
                yield terms, node, value
            if isinstance(node, Quantifier):
                members = list_members(node, env, params) or []
                values = [(member, evaluate(node.body, member, params)) for member in members]
                for member in alone(values, node.kind == "all"):
                    yield from decisive_clauses(node.body, member, params, terms)


def alone(parts: Iterable[tuple[T, bool | None]], neutral: bool) -> list[T]:
    """The parts beside which every other has the neutral value: all, one, or none."""
    parts = list(parts)
    others = [part for part, value in parts if value is not neutral]
    return [part for part, _ in parts] if not others else others if len(others) == 1 else []


def is_clause(node: Node) -> bool:
    """Whether a node is a boolean that does not split into others."""
    return isinstance(node, Compare | In | Quantifier | TextTest) or (
        isinstance(node, Fact) and isinstance(node.type, Bool)
    )
