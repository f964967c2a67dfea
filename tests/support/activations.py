"""Scopes for expressions in tests, and the shape of a tree as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.random_inputs import PARAMETERS, parameter_types
from vatspolicy.core.cel import ast as t
from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.cel.codegen import GeneratedModule
from vatspolicy.core.cel.interpreter import Evaluator, Params, Unknown, UnknownAttribute, compile_interpreter
from vatspolicy.core.cel.parser import TypeEnvironment, parse
from vatspolicy.core.policies.compiler import variables

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
    return run_generated(GeneratedModule.generate({"x": tree}).load(VALUES)["x"], tree, activation, VALUES)


def run_generated(function: Evaluator, node: t.Node, activation: Activation, params: Params) -> Any:
    """Return the value of generated code, None if it is unknown. The interpreter must give the same result."""
    found, expected = function(activation), compile_interpreter(node, params)(activation)
    assert described(found) == described(expected)
    return None if isinstance(found, Unknown) else found


def described(result: Any) -> Any:
    """Return a result for comparison: of an unknown one each attribute once, with the member that it is missing of."""
    if not isinstance(result, Unknown):
        return (type(result), result)
    return list(dict.fromkeys((fact.root, fact.names, id(fact.member)) for fact in result.facts))


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
        case t.SetTest(kind=kind, left=left, right=right):
            return f"{kind}({spell(left)} {spell(right)})"
        case t.Size(list=over):
            return f"size({spell(over)})"
        case t.TextTest(kind=kind, text=text, pattern=pattern):
            return f"{kind}({spell(text)} {pattern})"
        case t.Term(name=name, body=body):
            return f"{name}={spell(body)}"
    raise TypeError(node)
