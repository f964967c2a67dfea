"""Other CEL engines as oracles: cel-python's interpreter, and Google's C++ implementation where it is installed.

Both read the policy's own text. Of cel-python, the interpreted runner evaluates (the compiled one gives wrong answers
in 0.5.0). An error is read as unknown, which is what CEL's error absorption amounts to inside the subset.

Neither package has CEL's extension of sets, so both get its three functions here, by the meaning that cel-go documents.
Functions are strict in CEL: they have no value if an operand has none. Here a set test means its quantifiers, which
need no second list if the first one is empty. `strict` gives the tree that an engine should agree with.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.cel.ast import Arithmetic, Compare, Literal, Node, SetTest, Size, in_quantifiers
from vatspolicy.core.cel.types import BOOL, INT, Bool, Day, Enum, Int, ListOf, Number, ObjectOf, Text, Type
from vatspolicy.core.policies.compiler import variables

GOOGLE = importlib.util.find_spec("cel_expr_python") is not None


SETS: Mapping[str, Callable[[Sequence[Any], Sequence[Any]], bool]] = {
    "contains": lambda known, part: all(member in known for member in part),
    "equivalent": lambda one, other: all(x in other for x in one) and all(x in one for x in other),
    "intersects": lambda one, other: any(member in other for member in one),
}
"""Functions of CEL's extension of sets (cel-go, ext/sets)."""


def strict(node: Node) -> Node:
    """Return the tree in which a set test is unknown if one of its lists is, as functions are in CEL engines."""
    if isinstance(node, SetTest):
        sizes = (Size(INT, node.span, node.left), Size(INT, node.span, node.right))
        both = Compare(BOOL, node.span, ">=", Arithmetic(INT, node.span, "+", *sizes), Literal(INT, node.span, 0))
        return Compare(BOOL, node.span, "==", both, in_quantifiers(node))
    parts: dict[str, Any] = {}
    for name, value in vars(node).items():
        if isinstance(value, Node):
            parts[name] = strict(value)
        elif isinstance(value, tuple) and any(isinstance(part, Node) for part in value):
            parts[name] = tuple(map(strict, value))
    return dataclasses.replace(node, **parts) if parts else node


class CelPython:
    """Expressions that share parameters and terms, evaluated by cel-python.

    `params` are parameter values by short name with their types, `terms` the texts of terms by name.
    """

    def __init__(self, params: Mapping[str, tuple[Any, Type]], terms: Mapping[str, str]) -> None:
        from celpy import celtypes

        self._params, self._terms = params, terms
        self._converted = celtypes.MapType()

    def at(self, facts: Mapping[str, Any]) -> Callable[[str], Any]:
        """Evaluates texts in one environment (`facts` as `convert` makes them), its terms no more than once.

        The value is True, False, a number, a text or a list; None when cel-python reports an error.
        """
        from celpy import celtypes

        terms = celtypes.MapType()
        activation = {**facts, "param": self._converted, "term": terms, "sets": celtypes.MapType()}
        seen: set[str] = set()

        def ask(text: str) -> Any:
            for kind, name in set(_NAMES.findall(text)):
                word = celtypes.StringType(name)
                if kind == "param":
                    if word not in self._converted:
                        self._converted[word] = to_cel(*self._params[name])
                elif name not in seen:
                    seen.add(name)
                    value = ask(self._terms[name])
                    if value is not None:  # else it stays away, and reading it is an error again
                        terms[word] = value
            return _run(text, activation)

        return lambda text: _plain(ask(text))


@functools.cache
def _program(text: str) -> Any:
    """The text, compiled: it depends on neither facts nor parameters."""
    environment = _environment()
    functions = {name: functools.partial(_member_function, name) for name in SETS}
    return environment.program(environment.compile(text), functions=functions)


def _member_function(name: str, owner: Any, *operands: Any) -> Any:
    """A function of sets, which cel-python reads as a member of the variable `sets`, or the test of a text."""
    from celpy import celtypes

    if isinstance(owner, celtypes.StringType):
        return celtypes.BoolType(operands[0] in owner)
    return celtypes.BoolType(SETS[name](*operands))


@functools.cache
def _environment() -> Any:
    import celpy

    return celpy.Environment(runner_class=celpy.InterpretedRunner)


def _run(text: str, activation: dict[str, Any]) -> Any:
    from unittest.mock import patch

    from celpy.evaluation import CELEvalError

    program = _program(text)
    # Each error of 0.5.0 holds the text of those below it, twice: two dozen unknown parts would fill the memory.
    with patch.object(CELEvalError, "__repr__", lambda _: "an error"):
        try:
            return program.evaluate(activation)
        except Exception:  # it leaks IndexError and others from its own error printer
            return None


_NAMES = re.compile(r"\b(param|term)\.([a-z0-9_]+)")


def convert(activation: Mapping[str, Any], variables: Mapping[str, Type]) -> dict[str, Any]:
    """The variables of an environment as cel-python's own values."""
    return {name: to_cel(activation[name], type) for name, type in variables.items() if name in activation}


def _plain(value: Any) -> Any:
    from celpy import celtypes

    return bool(value) if isinstance(value, celtypes.BoolType) else value


def to_cel(value: Any, type: Type | None) -> Any:
    """The value as cel-python's own type, directed by the schema's: a `number` is a double even when JSON says 25."""
    from celpy import celtypes

    match type:
        case Bool():
            return celtypes.BoolType(value)
        case Int():
            return celtypes.IntType(value)
        case Number():
            return celtypes.DoubleType(value)
        case Text() | Enum() | Day():
            return celtypes.StringType(value)
        case ListOf(item=item):
            return celtypes.ListType([to_cel(member, item) for member in value])
        case ObjectOf(fields=fields):
            return celtypes.MapType(
                {celtypes.StringType(name): to_cel(child, fields[name]) for name, child in value.items()}
            )
    raise TypeError(f"no CEL type for {type!r}")


class Google:
    """Expressions that share parameters and terms, evaluated by Google's C++ engine. An error is unknown."""

    def __init__(self, params: Mapping[str, Any], terms: Mapping[str, str]) -> None:
        self._params, self._terms = dict(params), terms

    def at(self, activation: Activation) -> Callable[[str], Any]:
        from cel_expr_python import cel

        known: dict[str, Any] = {}
        asked: set[str] = set()
        # the engine takes plain dictionaries only, and an operator may be one whose foreign share is of several companies
        facts = {name: dict(value) if isinstance(value, dict) else value for name, value in activation.items()}
        data = {**facts, "param": self._params, "term": known}
        prepared = google_environment().Activation(data)

        def ask(text: str) -> Any:
            nonlocal prepared
            for name in set(re.findall(r"\bterm\.([a-z0-9_]+)", text)) - asked:
                asked.add(name)
                value = ask(self._terms[name])
                if value is not None:
                    known[name] = value
                    prepared = google_environment().Activation(data)
            result = google_program(text).eval(prepared)
            return None if result.type() == cel.Type.ERROR else result.plain_value()

        return ask


@functools.cache
def google_environment() -> Any:
    from cel_expr_python import cel

    lists = [cel.Type.List(cel.Type.DYN)] * 2
    functions = [
        cel.FunctionDecl(f"sets.{name}", [cel.Overload(f"sets_{name}", cel.Type.BOOL, lists, False, function)])
        for name, function in SETS.items()
    ]
    names = dict.fromkeys((*variables("license"), "param", "term"), cel.Type.DYN)
    return cel.NewEnv(variables=names, functions=functions)


@functools.cache
def google_program(text: str) -> Any:
    return google_environment().compile(text)
