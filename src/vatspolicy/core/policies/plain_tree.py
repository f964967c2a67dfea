"""Normalized expressions for wording: terms are expanded, and `not` applies only to single tests.

Both keep the value under three-valued logic: De Morgan's laws hold for unknown operands too.
"""

from __future__ import annotations

from dataclasses import replace

from vatspolicy.core.cel.ast import And, Compare, Literal, Node, Not, Or, Quantifier, SetTest, Term, in_quantifiers

_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def plain_tree(node: Node) -> Node:
    """Return an expression of equal value without terms, without nested conjunctions, with `not` at tests alone."""
    match node:
        case Term(body=body):
            return plain_tree(body)
        case Not(body=body):
            return _negated(plain_tree(body))
        case And(parts=parts) | Or(parts=parts):
            return _flat(node, parts)
        case SetTest():
            return in_quantifiers(node)
        case Quantifier(body=body):
            return replace(node, body=plain_tree(body))
        case _:
            return node


def _flat(node: And | Or, parts: tuple[Node, ...]) -> And | Or:
    flat: list[Node] = []
    for part in map(plain_tree, parts):
        flat += part.parts if isinstance(part, And | Or) and type(part) is type(node) else [part]
    return replace(node, parts=tuple(dict.fromkeys(flat)))


def _negated(node: Node) -> Node:
    """Return the opposite of a plain tree."""
    match node:
        case Literal(value=bool() as value):
            return replace(node, value=not value)
        case Not(body=body):
            return body
        case And(parts=parts):
            return Or(node.type, node.span, tuple(map(_negated, parts)))
        case Or(parts=parts):
            return And(node.type, node.span, tuple(map(_negated, parts)))
        case Compare(op=op) if op in _OPPOSITE:
            return replace(node, op=_OPPOSITE[op])
        case Quantifier(kind=kind, body=body) if not isinstance(body, And | Or | Quantifier):
            return replace(node, kind="all" if kind == "exists" else "exists", body=_negated(body))
        case _:
            return Not(node.type, node.span, node)


def opposite(node: Node) -> Node:
    """Return the opposite of a plain tree, for `if A, then B` in place of `not A, or B`."""
    return _negated(node)


def is_negative(node: Node) -> bool:
    """Return True if a plain test is negative, so that its opposite reads better."""
    match node:
        case Not() | Compare(op="!="):
            return True
        case Compare(op="==", right=Literal(value=False)):
            return True
        case Quantifier(kind="all", body=body):
            return is_negative(body)
        case And(parts=parts):
            return all(map(is_negative, parts))
        case _:
            return False
