"""The fast back end: Python source generated from typed trees, compiled once for a whole bundle.

A generated function reads its variables from one mapping and answers only when no missing fact stands in its way;
otherwise KeyError leaves it, and the caller asks `exact` instead. That is sound: Python's `and`, `or`, `any` and `all`
stop at the first part that decides, and a part that decides is one that Kleene's logic lets decide. Quantifiers over
lists of scalars are membership in sets.

Nothing of a policy's text reaches the generated source except constants of the tree, and those by `repr`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from importlib.util import MAGIC_NUMBER
from types import CodeType

from vatspolicy.expression.kleene import Env, Params, evaluate
from vatspolicy.expression.tree import (
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
from vatspolicy.expression.types import ListOf, Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

Function: TypeAlias = "Callable[[Env], Any]"
"""Takes the variables and returns the value. Raises KeyError when a missing fact stands in the way."""


PYTHON = MAGIC_NUMBER
"""What byte code depends on: the version of Python's byte code."""


class Module:
    """Generated code for many expressions. `load` binds it to the parameter values of a day."""

    def __init__(self, expressions: Mapping[str, Node]) -> None:
        """`expressions` by a key of the caller's choice."""
        writer = _Writer()
        names: dict[str, str] = {}
        known: dict[str, str] = {}  # one function for one text, however many expressions are it
        for key, node in expressions.items():
            text = writer.write(node, {})
            names[key] = known.setdefault(text, f"f{len(known)}")
        lines = [line for text, name in known.items() for line in (f"def {name}(v):", f" return {text}")]
        self._parts: dict[str, Any] = {
            "source": "\n".join(lines) + "\n",
            "functions": names,
            "values": {name: key for key, name in writer.values.items()},
            "sets": {name: key for key, name in writer.sets.items()},
            "constants": {name: list(values) for values, name in writer.constants.items()},
            "patterns": {name: pattern for pattern, name in writer.patterns.items()},
        }

    @classmethod
    def restore(cls, parts: Mapping[str, Any]) -> Module:
        """The module that `dump` wrote."""
        module = cls({})
        module._parts = dict(parts)
        return module

    def dump(self) -> dict[str, Any]:
        """The module as plain data and byte code: only the same Python may restore it (`PYTHON`)."""
        return {**self._parts, "code": self._code}

    @property
    def source(self) -> str:
        """The generated source."""
        return str(self._parts["source"])

    @functools.cached_property
    def _code(self) -> CodeType:
        if "code" in self._parts:
            code: CodeType = self._parts["code"]
            return code
        return compile(self.source, "<generated>", "exec")

    def load(self, params: Params) -> dict[str, Function]:
        """The functions for one day, by the caller's keys."""
        scope: dict[str, Any] = {"__builtins__": {}, "any": any, "all": all, "len": len}
        scope.update({name: params[key] for name, key in self._parts["values"].items()})
        scope.update({name: frozenset(params[key]) for name, key in self._parts["sets"].items()})
        scope.update({name: frozenset(values) for name, values in self._parts["constants"].items()})
        if self._parts["patterns"]:
            import re2

            scope.update({name: re2.compile(pattern).search for name, pattern in self._parts["patterns"].items()})
        exec(self._code, scope)
        return {key: scope[name] for key, name in self._parts["functions"].items()}


def call(function: Function, node: Node, env: Env, params: Params) -> Any:
    """The value under Kleene's logic: generated code first, the exact back end where a fact is missing."""
    try:
        return function(env)
    except KeyError:
        return evaluate(node, env, params)


def _is_constant(over: Node) -> bool:
    """Whether the node is a list of scalars that facts do not change, and so a set."""
    match over:
        case Param(type=ListOf(item=item)):
            return not isinstance(item, Record)
        case Literal(value=tuple()):
            return True
    return False


class _Writer:
    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.sets: dict[str, str] = {}
        self.constants: dict[tuple[Any, ...], str] = {}
        self.patterns: dict[str, str] = {}

    def write(self, node: Node, bound: Mapping[str, str]) -> str:
        """Source of the node. `bound` maps loop variables to their Python names."""
        match node:
            case Literal(value=value):
                return repr(value)
            case Fact(root=root, names=names):
                start = bound.get(root, f"v[{root!r}]")
                return start + "".join(f"[{name!r}]" for name in names)
            case Param(key=key):
                return self.values.setdefault(key, f"p{len(self.values)}")
            case Term(body=body):
                return self.write(body, {})  # a term does not see the variables around it
            case Not(body=body):
                return f"(not {self.write(body, bound)})"
            case And(parts=parts):
                return self.junction(" and ", parts, bound)
            case Or(parts=parts):
                return self.junction(" or ", parts, bound)
            case Compare(op=op, left=left, right=right) | Arithmetic(op=op, left=left, right=right):
                return f"({self.write(left, bound)} {op} {self.write(right, bound)})"
            case In(item=item, list=over):
                return f"({self.write(item, bound)} in {self.set_of(over, bound)})"
            case Size(list=over):
                return f"len({self.write(over, bound)})"
            case TextTest(kind=kind, text=text, pattern=pattern):
                return self.text_test(kind, self.write(text, bound), pattern)
            case Quantifier(
                kind=kind, variable=variable, list=over, body=In(item=Fact(root=root, names=()), list=among)
            ) if root == variable and _is_constant(among):
                members, known = self.write(over, bound), self.set_of(among, bound)
                return f"(not {known}.isdisjoint({members}))" if kind == "exists" else f"{known}.issuperset({members})"
            case Quantifier(
                kind="exists",
                variable=variable,
                list=over,
                body=Compare(op="==", left=Fact(root=root, names=()), right=Literal(value=value)),
            ) if root == variable:
                return f"({value!r} in {self.write(over, bound)})"
            case Quantifier(kind=kind, variable=variable, list=over, body=body):
                name = f"x{len(bound)}"
                word = "any" if kind == "exists" else "all"
                inner = self.write(body, {**bound, variable: name})
                return f"{word}({inner} for {name} in {self.write(over, bound)})"
        raise TypeError(f"no such node: {node!r}")

    def junction(self, word: str, parts: Iterable[Node], bound: Mapping[str, str]) -> str:
        return "(" + word.join(self.write(part, bound) for part in parts) + ")"

    def set_of(self, over: Node, bound: Mapping[str, str]) -> str:
        """A frozenset for lists that facts do not change, else the list itself."""
        match over:
            case Param(key=key) if _is_constant(over):
                return self.sets.setdefault(key, f"s{len(self.sets)}")
            case Literal(value=tuple() as values):
                return self.constants.setdefault(values, f"c{len(self.constants)}")
            case _:
                return self.write(over, bound)

    def text_test(self, kind: str, text: str, pattern: str) -> str:
        match kind:
            case "startsWith" | "endsWith":
                return f"{text}.{kind.lower()}({pattern!r})"
            case "contains":
                return f"({pattern!r} in {text})"
            case _:
                name = self.patterns.setdefault(pattern, f"r{len(self.patterns)}")
                return f"({name}({text}) is not None)"
