"""Mutation operators for expressions: small mistakes in the typed tree."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from vatspolicy.core.cel.ast import (
    And,
    Arithmetic,
    Compare,
    Fact,
    In,
    Literal,
    Node,
    Not,
    Or,
    Quantifier,
    Size,
    Term,
    TextTest,
    children,
)
from vatspolicy.core.cel.types import BOOL, Bool
from vatspolicy.i18n import _

Steps = tuple[int, ...]
"""The path from the root of a tree to a node: the index of a child at each level."""

_BOUNDARY = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
_QUANTIFIED = {"exists": "is content with one member", "all": "looks at every member"}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


@dataclass(frozen=True)
class Mutation:
    """One mistake: the node at `steps` becomes `node`."""

    kind: str
    """boundary, opposite, junction, dropped, quantifier, member or constant."""
    steps: Steps
    node: Node
    span: tuple[int, int]
    """The span in the text of the expression."""
    words: str
    """A phrase for the mistake."""
    pin: str = ""
    """Name of a test that notices it, as the words after *it*; `{rule}` stands for the rule that it is about."""


def mutate_expression(tree: Node, text: str) -> Iterator[Mutation]:
    """Yield every mistake in an expression with this text; the bodies of its terms are expressions of their own."""
    yield from _edits(tree, (), text)


def make_constant(tree: Node, value: bool, words: str, pin: str) -> Mutation:
    """Return the mistake that replaces a whole expression by true or false."""
    return Mutation("constant", (), Literal(BOOL, tree.span, value), tree.span, words, pin)


def replace(tree: Node, steps: Steps, node: Node) -> Node:
    """Return the tree with another node at `steps`."""
    if not steps:
        return node
    first, *rest = steps
    parts = list(children(tree))
    parts[first] = replace(parts[first], tuple(rest), node)
    match tree:
        case Term() | Not():
            return dataclasses.replace(tree, body=parts[0])
        case And() | Or():
            return dataclasses.replace(tree, parts=tuple(parts))
        case Compare() | Arithmetic():
            return dataclasses.replace(tree, left=parts[0], right=parts[1])
        case In():
            return dataclasses.replace(tree, item=parts[0], list=parts[1])
        case Quantifier():
            return dataclasses.replace(tree, list=parts[0], body=parts[1])
        case Size():
            return dataclasses.replace(tree, list=parts[0])
        case TextTest():
            return dataclasses.replace(tree, text=parts[0])
    raise IndexError(steps)


def source(text: str, node: Node) -> str:
    """Return the source text of a node, on one line."""
    return " ".join(text[node.span[0] : node.span[1]].split())


def _edits(node: Node, steps: Steps, text: str, negated: bool = False) -> Iterator[Mutation]:
    """Yield the mistakes below a node. If it is `negated`, dropping the ! is the same mistake as negating the node."""
    yield from (
        edit for edit in _own(node, steps, text) if not (negated and edit.steps == steps and edit.kind == "opposite")
    )
    match node:
        case And() | Or() | Not() | Quantifier():
            for index, child in enumerate(children(node)):
                yield from _edits(child, (*steps, index), text, isinstance(node, Not))
        case In(list=Literal() as members):
            yield from _own(members, (*steps, 1), text)


def _own(node: Node, steps: Steps, text: str) -> Iterator[Mutation]:
    match node:
        case And(parts=parts) | Or(parts=parts):
            yield from _of_junction(node, parts, steps, text)
        case Not(body=body):
            told = _("the ! before {value} is dropped", value=source(text, body))
            yield Mutation("opposite", steps, body, node.span, told, _depends(source(text, node)))
        case Compare(op=op):
            yield from _of_comparison(node, op, steps, text)
        case Quantifier(kind=kind):
            other = "all" if kind == "exists" else "exists"
            changed = dataclasses.replace(node, kind=other)
            yield Mutation(
                "quantifier",
                steps,
                changed,
                node.span,
                _("{old} becomes {new} in {expression}", old=kind, new=other, expression=source(text, node)),
                f"{_QUANTIFIED[kind]} in {{rule}}: {source(text, node)}",
            )
        case Literal(value=tuple() as members) if len(members) > 1:
            for index, member in enumerate(members):
                shorter = dataclasses.replace(node, value=(*members[:index], *members[index + 1 :]))
                yield Mutation(
                    "member",
                    steps,
                    shorter,
                    node.span,
                    _("{member!r} is dropped from {list}", member=member, list=source(text, node)),
                    f"counts {member} in {{rule}}",
                )
        case In() | TextTest() | Term():
            yield _opposite(node, steps, text)
        case Fact(type=Bool()):
            yield _opposite(node, steps, text)


def _of_junction(node: And | Or, parts: tuple[Node, ...], steps: Steps, text: str) -> Iterator[Mutation]:
    is_and = isinstance(node, And)
    other = (Or if is_and else And)(node.type, node.span, parts)
    signs = ("&&", "||") if is_and else ("||", "&&")
    yield Mutation(
        "junction",
        steps,
        other,
        node.span,
        _("{old} becomes {new} in {expression}", old=signs[0], new=signs[1], expression=source(text, node)),
        f"{'asks for all' if is_and else 'is content with one'} of these in {{rule}}: {source(text, node)}",
    )
    for index, part in enumerate(parts):
        rest = (*parts[:index], *parts[index + 1 :])
        shorter = rest[0] if len(rest) == 1 else dataclasses.replace(node, parts=rest)
        told = _("the clause {clause} is dropped", clause=source(text, part))
        yield Mutation("dropped", steps, shorter, part.span, told, _depends(source(text, part)))


def _of_comparison(node: Compare, op: str, steps: Steps, text: str) -> Iterator[Mutation]:
    for kind, others in (("boundary", _BOUNDARY), ("opposite", _OPPOSITE)):
        if op in others:
            changed = dataclasses.replace(node, op=others[op])
            told = _("{old} becomes {new} in {expression}", old=op, new=others[op], expression=source(text, node))
            pin = _depends(source(text, node))
            if kind == "boundary":
                pin = f"draws the line exactly in {{rule}}: {source(text, node)}"
            yield Mutation(kind, steps, changed, node.span, told, pin)


def _opposite(node: Node, steps: Steps, text: str) -> Mutation:
    told = _("{clause} is negated", clause=source(text, node))
    return Mutation("opposite", steps, Not(BOOL, node.span, node), node.span, told, _depends(source(text, node)))


def _depends(clause: str) -> str:
    return f"makes {{rule}} depend on {clause}"
