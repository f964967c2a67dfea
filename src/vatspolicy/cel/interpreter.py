"""The exact back end: the typed tree under Kleene's three-valued logic, one node at a time.

Slower than generated code and complete where facts are missing. It answers what generated code cannot, tells which
missing facts keep an expression undecided, and gives every clause its truth value for explanations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
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

if TYPE_CHECKING:
    from typing import Any, TypeAlias

Env: TypeAlias = "Mapping[str, Any]"
"""Variables by name; a missing key, at any depth, is an unknown fact."""

Params: TypeAlias = "Mapping[str, Any]"
"""Parameter values of one day by key (policy/name)."""

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
}
TEXT: dict[str, Callable[[str, str], bool]] = {
    "startsWith": lambda text, part: text.startswith(part),
    "endsWith": lambda text, part: text.endswith(part),
    "contains": lambda text, part: part in text,
    "matches": lambda text, pattern: _search(text, pattern),
}


def evaluate(node: Node, env: Env, params: Params) -> Any:
    """Value of the node: True, False, a scalar or a list; None when it is unknown."""
    match node:
        case Literal(value=value):
            return value
        case Fact(root=root, names=names):
            return look_up(env, root, names)
        case Param(key=key):
            return params[key]
        case Term(body=body):
            return evaluate(body, env, params)
        case Not(body=body):
            value = evaluate(body, env, params)
            return None if value is None else not value
        case And(parts=parts):
            return conjunction(evaluate(part, env, params) for part in parts)
        case Or(parts=parts):
            return disjunction(evaluate(part, env, params) for part in parts)
        case Compare(op=op, left=left, right=right):
            return _both(COMPARE[op], evaluate(left, env, params), evaluate(right, env, params))
        case Arithmetic(op=op, left=left, right=right):
            return _both(ARITHMETIC[op], evaluate(left, env, params), evaluate(right, env, params))
        case In(item=item, list=over):
            return _both(lambda a, b: a in b, evaluate(item, env, params), evaluate(over, env, params))
        case Size(list=over):
            members = evaluate(over, env, params)
            return None if members is None else len(members)
        case TextTest(kind=kind, text=text, pattern=pattern):
            return _both(TEXT[kind], evaluate(text, env, params), pattern)
        case Quantifier(kind=kind, body=body):
            inner = list_members(node, env, params)
            if inner is None:
                return None
            values = (evaluate(body, one, params) for one in inner)
            return disjunction(values) if kind == "exists" else conjunction(values)
    raise TypeError(f"no such node: {node!r}")


def conjunction(values: Iterable[bool | None]) -> bool | None:
    """Kleene's and: one False decides; else one unknown makes it unknown."""
    result: bool | None = True
    for value in values:
        if value is False:
            return False
        if value is None:
            result = None
    return result


def disjunction(values: Iterable[bool | None]) -> bool | None:
    """Kleene's or: one True decides; else one unknown makes it unknown."""
    result: bool | None = False
    for value in values:
        if value is True:
            return True
        if value is None:
            result = None
    return result


def look_up(env: Env, root: str, names: Iterable[str]) -> Any:
    """The fact, or None when it or an object above it is missing."""
    value = env.get(root)
    for name in names:
        if value is None:
            return None
        value = value.get(name)
    return value


def list_members(node: Quantifier, env: Env, params: Params) -> list[Env] | None:
    """The environments in which the body is asked, one a member; None when the list is unknown."""
    members = evaluate(node.list, env, params)
    if members is None:
        return None
    return [{**env, node.variable: member} for member in members]


@dataclass(frozen=True)
class UnknownAttribute:
    """A fact that an undecided expression reads: variable and fields; `member` is what the variable stands for."""

    root: str
    names: tuple[str, ...]
    member: Any = None


def missing(node: Node, env: Env, params: Params) -> Iterator[UnknownAttribute]:
    """The missing facts to ask for next while `node` is undecided.

    Parts that are decided, or cannot decide it, are left out, and so is what stands behind an undecided guard.
    """
    if evaluate(node, env, params) is not None:
        return
    match node:
        case Fact(root=root, names=names):
            yield UnknownAttribute(root, names, env.get(root))
        case Quantifier(list=over, body=body):
            inner = list_members(node, env, params)
            if inner is None:
                yield from missing(over, env, params)
            for one in inner or ():
                yield from missing(body, one, params)
        case Term(body=body) | Not(body=body):
            yield from missing(body, env, params)
        case And(parts=parts):  # what stands first guards what stands behind it: it is asked for first
            first = next(part for part in parts if evaluate(part, env, params) is None)
            yield from missing(first, env, params)
        case Or(parts=parts):
            for part in parts:
                yield from missing(part, env, params)
        case Compare(left=left, right=right) | Arithmetic(left=left, right=right):
            yield from missing(left, env, params)
            yield from missing(right, env, params)
        case In(item=item, list=over):
            yield from missing(item, env, params)
            yield from missing(over, env, params)
        case Size(list=over):
            yield from missing(over, env, params)
        case TextTest(text=text):
            yield from missing(text, env, params)


def _both(function: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    return None if left is None or right is None else function(left, right)


def _search(text: str, pattern: str) -> bool:
    import re2

    return re2.search(pattern, text) is not None
