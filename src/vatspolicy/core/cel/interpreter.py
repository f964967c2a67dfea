"""Exact evaluation of typed trees under Kleene's three-valued logic, with the unknown attributes as a result.

It is the specification of the back ends, and evaluates what has no generated code (`codegen`): expressions that are not
in a bundle, and clauses of those that are.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from vatspolicy.core.cel.activation import Activation
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
    Param,
    Quantifier,
    SetTest,
    Size,
    Term,
    TextTest,
    in_quantifiers,
)

Params: TypeAlias = Mapping[str, Any]
"""Parameter values of one day by key (policy/name)."""


class UnknownAttribute(NamedTuple):
    """A missing attribute that an undecided expression reads."""

    root: str
    """Its variable."""
    names: tuple[str, ...]
    """Fields from the variable down to the attribute."""
    member: Any = None
    """Member of a list for which the variable stands; None for a variable of the activation."""


class Unknown(NamedTuple):
    """The result of an expression that missing attributes keep undecided."""

    facts: tuple[UnknownAttribute, ...]
    """Attributes to ask for next. Operands that cannot decide the result add none, nor does a conjunct behind an
    undecided one, which guards it.
    """


Evaluator: TypeAlias = Callable[[Activation], Any]
"""Maps an activation to the value of an expression (a bool, a scalar or a list) or to `Unknown`."""

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ARITHMETIC: dict[str, Callable[[int, int], int]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {**COMPARE, **ARITHMETIC}
TEXT: dict[str, Callable[[str, str], bool]] = {
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": operator.contains,
    "matches": lambda text, pattern: _search(text, pattern),
}


def evaluate(node: Node, activation: Activation, params: Params) -> Any:
    """Return the value of a tree, or None if it is unknown."""
    value = compile_interpreter(node, params)(activation)
    return None if isinstance(value, Unknown) else value


def compile_interpreter(
    node: Node, params: Params, bound: frozenset[str] = frozenset(), guards: bool = True
) -> Evaluator:
    """Build the evaluator of a tree under the parameter values of one day. `bound`: variables of quantifiers.

    Unless `guards`, `Unknown` has the attributes of every undecided conjunct, also of one behind another.
    """
    return _compile_with_constant(node, params, bound, guards) or _compile(node, params, bound, guards)


def _compile(node: Node, params: Params, bound: frozenset[str], guards: bool) -> Evaluator:
    def inner(child: Node) -> Evaluator:
        return compile_interpreter(child, params, bound, guards)

    match node:
        case Fact(root=root, names=names):
            return _fact(root, names, root in bound)
        case Literal(value=value):
            return lambda _: value
        case Param(key=key):
            value = params[key]
            return lambda _: value
        case Term(body=body):
            return compile_interpreter(body, params, guards=guards)
        case Not(body=body):
            return _apply(operator.not_, inner(body))
        case And(parts=parts):
            return _and([*map(inner, parts)]) if guards else _gather([*map(inner, parts)], False)
        case Or(parts=parts):
            return _gather([*map(inner, parts)], True)
        case Compare(op=op, left=left, right=right) | Arithmetic(op=op, left=left, right=right):
            return _combine(_OPERATORS[op], inner(left), inner(right))
        case In(item=item, list=over):
            return _combine(_is_member, inner(item), inner(over))
        case Size(list=over):
            return _apply(len, inner(over))
        case TextTest(kind=kind, text=text, pattern=pattern):
            test = TEXT[kind]
            return _apply(lambda value: test(value, pattern), inner(text))
        case SetTest():
            return inner(in_quantifiers(node))
        case Quantifier(kind=kind, variable=variable, list=over, body=body):
            run = compile_interpreter(body, params, bound | {variable}, guards)
            return _quantifier(kind == "exists", variable, inner(over), run)
    raise TypeError(f"unknown node: {node!r}")


def _compile_with_constant(node: Node, params: Params, bound: frozenset[str], guards: bool) -> Evaluator | None:
    """Build the evaluator of a test of one operand against a constant; None for any other node."""
    match node:
        case Compare(op=op, left=left, right=Literal() | Param() as right):
            return _apply_to(COMPARE[op], compile_interpreter(left, params, bound, guards), _constant(right, params))
        case In(item=item, list=Literal() | Param() as over):
            return _apply_to(_is_member, compile_interpreter(item, params, bound, guards), _members(over, params))
        case Quantifier(
            kind=kind, list=over, body=In(item=Fact(root=root, names=()), list=Literal() | Param() as among)
        ):
            if root == node.variable:
                members = compile_interpreter(over, params, bound, guards)
                return _membership(kind == "exists", members, _members(among, params))
    return None


def conjunction(values: Iterable[bool | None]) -> bool | None:
    """Return Kleene's conjunction of truth values; None is unknown."""
    result: bool | None = True
    for value in values:
        if value is False:
            return False
        if value is None:
            result = None
    return result


def disjunction(values: Iterable[bool | None]) -> bool | None:
    """Return Kleene's disjunction of truth values; None is unknown."""
    result: bool | None = False
    for value in values:
        if value is True:
            return True
        if value is None:
            result = None
    return result


def look_up(activation: Activation, root: str, names: Iterable[str]) -> Any:
    """Return an attribute, or None if it or an object above it is missing."""
    value = activation.get(root)
    for name in names:
        if value is None:
            return None
        value = value.get(name)
    return value


def list_members(node: Quantifier, activation: Activation, params: Params) -> list[Activation] | None:
    """Return one activation per member of the list, in which the body is evaluated; None if the list is unknown."""
    members = evaluate(node.list, activation, params)
    return None if members is None else [{**activation, node.variable: member} for member in members]


def _fact(root: str, names: tuple[str, ...], is_bound: bool) -> Evaluator:
    missing = Unknown((UnknownAttribute(root, names),))

    def run(activation: Activation) -> Any:
        owner = value = activation.get(root)
        for name in names:
            if value is None:
                break
            value = value.get(name)
        if value is not None:
            return value
        return Unknown((UnknownAttribute(root, names, owner),)) if is_bound else missing

    return run


def _and(parts: Sequence[Evaluator]) -> Evaluator:
    def run(activation: Activation) -> Any:
        result: Any = True
        for part in parts:
            value = part(activation)
            if value is False:
                return False
            if result is True:
                result = value
        return result

    return run


def _gather(parts: Sequence[Evaluator], decisive: bool) -> Evaluator:
    """Return a junction that one decisive operand settles, and that asks for the facts of all that are unknown."""

    def run(activation: Activation) -> Any:
        unknown: tuple[UnknownAttribute, ...] = ()
        for part in parts:
            value = part(activation)
            if value is decisive:
                return decisive
            if isinstance(value, Unknown):
                unknown += value.facts
        return Unknown(unknown) if unknown else not decisive

    return run


def _quantifier(exists: bool, variable: str, over: Evaluator, body: Evaluator) -> Evaluator:
    def run(activation: Activation) -> Any:
        members = over(activation)
        if type(members) is Unknown:
            return members
        inner = dict(activation)
        unknown: tuple[UnknownAttribute, ...] = ()
        for inner[variable] in members:
            value = body(inner)
            if value is exists:
                return exists
            if type(value) is Unknown:
                unknown += value.facts
        return Unknown(unknown) if unknown else not exists

    return run


def _apply(function: Callable[[Any], Any], operand: Evaluator) -> Evaluator:
    def run(activation: Activation) -> Any:
        value = operand(activation)
        return value if type(value) is Unknown else function(value)

    return run


def _apply_to(function: Callable[[Any, Any], Any], operand: Evaluator, constant: Any) -> Evaluator:
    def run(activation: Activation) -> Any:
        value = operand(activation)
        return value if type(value) is Unknown else function(value, constant)

    return run


def _membership(exists: bool, over: Evaluator, among: Any) -> Evaluator:
    def run(activation: Activation) -> Any:
        members = over(activation)
        if type(members) is Unknown:
            return members
        for member in members:
            if (member in among) is exists:
                return exists
        return not exists

    return run


def _constant(node: Literal | Param, params: Params) -> Any:
    return params[node.key] if isinstance(node, Param) else node.value


def _members(node: Literal | Param, params: Params) -> Any:
    """Return the members of a constant list, as a set if they are scalars."""
    values = _constant(node, params)
    return values if not values or any(isinstance(value, dict | list) for value in values) else frozenset(values)


def _combine(function: Callable[[Any, Any], Any], left: Evaluator, right: Evaluator) -> Evaluator:
    def run(activation: Activation) -> Any:
        first, second = left(activation), right(activation)
        if type(first) is Unknown:
            return Unknown(first.facts + second.facts) if type(second) is Unknown else first
        return second if type(second) is Unknown else function(first, second)

    return run


def _is_member(item: Any, members: Collection[Any]) -> bool:
    return item in members


def _search(text: str, pattern: str) -> bool:
    import re2

    return re2.search(pattern, text) is not None
