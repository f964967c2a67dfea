"""Scopes for expressions in tests, and the shape of a tree as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.random_inputs import PARAMETERS, parameter_types
from vatspolicy.cel import ast as t
from vatspolicy.cel.activation import Activation
from vatspolicy.cel.codegen import Function, GeneratedModule
from vatspolicy.cel.interpreter import Params, Unknown, UnknownAttribute, compile_interpreter, evaluate
from vatspolicy.cel.parser import TypeEnvironment, parse
from vatspolicy.policies.compiler import variables

VALUES = {f"random/{name}": value for name, value in PARAMETERS.items()}
"""Values of the parameters by key."""


def scope_of(
    terms: Mapping[str, str], each: str = "activity", params: Mapping[str, Any] = PARAMETERS
) -> TypeEnvironment:
    """The names of one kind of rule, with parameters and terms."""

    def body(name: str, scope: TypeEnvironment) -> t.Node | None:
        return parse(terms[name], scope, None) if name in terms else None

    return TypeEnvironment(variables(each), parameter_types(params), body, frozenset(terms))


def tree_of(text: str, **terms: str) -> t.Node:
    return parse(text, scope_of(terms), None)


def ask(text: str, activation: Mapping[str, Any], **terms: str) -> Any:
    """The answer of Kleene's logic; generated Python must give the same."""
    tree = tree_of(text, **terms)
    expected = evaluate(tree, activation, VALUES)
    assert run_generated(GeneratedModule({"x": tree}).load(VALUES)["x"], tree, activation, VALUES) == expected
    return expected


def run_generated(function: Function, node: t.Node, activation: Activation, params: Params) -> Any:
    """Return the value from generated code, or from the interpreter where a fact is missing."""
    try:
        return function(activation)
    except KeyError:
        return evaluate(node, activation, params)


def unknown_attributes(node: t.Node, activation: Activation, params: Params) -> list[UnknownAttribute]:
    """Return the attributes that keep a tree unknown; none if it has a value."""
    value = compile_interpreter(node, params)(activation)
    return list(value.facts) if isinstance(value, Unknown) else []


def spell(node: t.Node) -> str:
    """The shape of a tree."""
    match node:
        case t.Literal(value=value):
            return repr(list(value) if isinstance(value, tuple) else value)
        case t.Fact(root=root, names=names):
            return ".".join((root, *names))
        case t.Param(key=key):
            return key.replace("random/", "$")
        case t.Not(body=body):
            return f"not({spell(body)})"
        case t.And(parts=parts) | t.Or(parts=parts):
            return f"{type(node).__name__.lower()}({' '.join(map(spell, parts))})"
        case t.Compare(op=op, left=left, right=right) | t.Arithmetic(op=op, left=left, right=right):
            return f"({spell(left)} {op} {spell(right)})"
        case t.In(item=item, list=over):
            return f"({spell(item)} in {spell(over)})"
        case t.Quantifier(kind=kind, variable=variable, list=over, body=body):
            return f"{kind}({variable} {spell(over)} {spell(body)})"
        case t.Size(list=over):
            return f"size({spell(over)})"
        case t.TextTest(kind=kind, text=text, pattern=pattern):
            return f"{kind}({spell(text)} {pattern})"
        case t.Term(name=name, body=body):
            return f"{name}={spell(body)}"
    raise TypeError(node)
