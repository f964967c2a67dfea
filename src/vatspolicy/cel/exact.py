"""Kleene's logic as closures: each answers with a value, or with the facts that it lacks, in one pass.

What `kleene` says node by node, many times faster: for expressions that a missing fact keeps generated code from
answering. A closure is made of a tree when it is first needed and asked ever after.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from vatspolicy.cel.ast import (
    And,
    Arithmetic,
    Compare,
    Fact,
    In,
    Literal,
    Node,
    Not,
    Or,
    Param,
    Quantifier,
    Size,
    Term,
    TextTest,
)
from vatspolicy.cel.interpreter import ARITHMETIC, TEXT, Env, Params, UnknownAttribute
from vatspolicy.cel.types import ListOf, Record

if TYPE_CHECKING:
    from typing import Any, TypeAlias

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Unknown:
    """No value: the facts to ask for next, those that `kleene.missing` names, in its order."""

    __slots__ = ("facts",)

    def __init__(self, facts: tuple[UnknownAttribute, ...]) -> None:
        self.facts = facts


Exact: TypeAlias = "Callable[[Env], Any]"
"""Takes the variables and returns the value, or an Unknown."""


def prepare(node: Node, params: Params) -> Exact:
    """The closure of a tree under the parameter values of one day."""
    match node:
        case Literal(value=value):
            return lambda _: value
        case Param(key=key):
            value = params[key]
            return lambda _: value
        case Fact(root=root, names=names):
            return _fact(root, names)
        case Term(body=body):
            return prepare(body, params)
        case Not(body=body):
            return _not(prepare(body, params))
        case And(parts=parts):
            return _and([prepare(part, params) for part in parts])
        case Or(parts=parts):
            return _or([prepare(part, params) for part in parts])
        case Compare(op=op, left=left, right=right):
            return _both(COMPARE[op], prepare(left, params), prepare(right, params))
        case Arithmetic(op=op, left=left, right=right):
            return _both(ARITHMETIC[op], prepare(left, params), prepare(right, params))
        case In(item=item, list=over):
            return _in(prepare(item, params), over, params)
        case Size(list=over):
            return _one(len, prepare(over, params))
        case TextTest(kind=kind, text=text, pattern=pattern):
            test = TEXT[kind]
            return _one(lambda value: test(value, pattern), prepare(text, params))
        case Quantifier(kind=kind, variable=variable, list=over, body=body):
            return _quantifier(kind == "exists", variable, prepare(over, params), prepare(body, params))
    raise TypeError(f"no such node: {node!r}")


def _fact(root: str, names: tuple[str, ...]) -> Exact:
    def ask(env: Env) -> Any:
        value = env.get(root)
        for name in names:
            if value is None:
                break
            value = value.get(name)
        return Unknown((UnknownAttribute(root, names, env.get(root)),)) if value is None else value

    return ask


def _not(body: Exact) -> Exact:
    def ask(env: Env) -> Any:
        value = body(env)
        return value if type(value) is Unknown else not value

    return ask


def _and(parts: Sequence[Exact]) -> Exact:
    def ask(env: Env) -> Any:
        unknown = None  # what stands first guards what stands behind it: it is asked for first
        for part in parts:
            value = part(env)
            if value is False:
                return False
            if unknown is None and value is not True:
                unknown = value
        return True if unknown is None else unknown

    return ask


def _or(parts: Sequence[Exact]) -> Exact:
    def ask(env: Env) -> Any:
        facts: tuple[UnknownAttribute, ...] = ()
        for part in parts:
            value = part(env)
            if value is True:
                return True
            if value is not False:
                facts += value.facts
        return Unknown(facts) if facts else False

    return ask


def _one(function: Callable[[Any], Any], operand: Exact) -> Exact:
    def ask(env: Env) -> Any:
        value = operand(env)
        return value if type(value) is Unknown else function(value)

    return ask


def _both(function: Callable[[Any, Any], Any], left: Exact, right: Exact) -> Exact:
    def ask(env: Env) -> Any:
        one, other = left(env), right(env)
        if type(one) is Unknown:
            return Unknown(one.facts + other.facts) if type(other) is Unknown else one
        return other if type(other) is Unknown else function(one, other)

    return ask


def _in(item: Exact, over: Node, params: Params) -> Exact:
    """Membership; among constants, in a set."""
    match over:
        case Param(key=key, type=ListOf(item=kind)) if not isinstance(kind, Record):
            constants = frozenset(params[key])
        case Literal(value=tuple() as values):
            constants = frozenset(values)
        case _:
            return _both(lambda one, members: one in members, item, prepare(over, params))
    return _one(constants.__contains__, item)


def _quantifier(exists: bool, variable: str, over: Exact, body: Exact) -> Exact:
    def ask(env: Env) -> Any:
        members = over(env)
        if type(members) is Unknown:
            return members
        inner = dict(env)
        facts: tuple[UnknownAttribute, ...] = ()
        for inner[variable] in members:
            value = body(inner)
            if value is exists:
                return exists
            if type(value) is Unknown:
                facts += value.facts
        return Unknown(facts) if facts else not exists

    return ask
