"""Generated Python, the fast back end: source from typed trees, compiled once for a whole bundle.

A generated function reads its variables from the activation and answers only if no missing attribute stands in its way.
Otherwise it raises KeyError, and the caller asks the interpreter. This is sound: Python's `and`, `or`, `any` and `all`
stop at the first operand that decides, and such an operand decides under Kleene's logic too. Quantifiers over lists of
scalars become set membership; a quantifier over constant objects looks up the candidates by one of their fields.

Of a policy's text, only constants of the tree reach the generated source, and those by `repr`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.util import MAGIC_NUMBER
from types import CodeType
from typing import Any, Generic, TypeAlias, TypeVar

from vatspolicy.cel.activation import Activation
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
    walk,
)
from vatspolicy.cel.interpreter import Params
from vatspolicy.cel.types import ListOf, Record

Function: TypeAlias = "Callable[[Activation], Any]"
"""Maps an activation to a value; raises KeyError if a missing attribute stands in the way."""


K = TypeVar("K")
"""Type of the keys by which a caller knows its expressions."""
BYTECODE_VERSION = MAGIC_NUMBER
"""Version of Python's byte code, on which compiled code depends."""


class GeneratedModule(Generic[K]):
    """Generated code for many expressions. `load` binds it to the parameter values of a day."""

    def __init__(self, expressions: Mapping[K, Node]) -> None:
        """Generate the source. `expressions`: trees by a key of the caller's choice."""
        writer = _Writer()
        names: dict[K, str] = {}
        known: dict[str, str] = {}  # expressions with equal source share a function
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
            "indexes": {name: list(index) for index, name in writer.indexes.items()},
        }

    @classmethod
    def restore(cls, parts: Mapping[str, Any]) -> GeneratedModule[K]:
        """Build the module from the data of `dump`."""
        module = cls({})
        module._parts = dict(parts)
        return module

    def dump(self) -> dict[str, Any]:
        """Return plain data and byte code, which only the same Python can restore (`BYTECODE_VERSION`)."""
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

    def load(self, params: Params) -> dict[K, Function]:
        """Return the functions for one day, by the caller's keys."""
        scope: dict[str, Any] = {"__builtins__": {}, "any": any, "all": all, "len": len, "map": map}
        scope.update({name: params[key] for name, key in self._parts["values"].items()})
        scope.update({name: frozenset(params[key]) for name, key in self._parts["sets"].items()})
        scope.update({name: frozenset(values) for name, values in self._parts["constants"].items()})
        scope.update({name: _Index(params[key], field) for name, (key, field) in self._parts["indexes"].items()})
        if self._parts["patterns"]:
            import re2

            scope.update({name: re2.compile(pattern).search for name, pattern in self._parts["patterns"].items()})
        exec(self._code, scope)
        return {key: scope[name] for key, name in self._parts["functions"].items()}


class _Index(dict["Any", "list[Any]"]):
    """Objects of a constant list by the value of a field; every key maps to all if one object lacks the field."""

    __slots__ = ("_others",)

    def __init__(self, objects: Sequence[Any], field: str) -> None:
        self._others: Sequence[Any] = ()
        for one in objects:
            if field not in one:
                self.clear()
                self._others = objects
                break
            self.setdefault(one[field], []).append(one)

    def __missing__(self, _: Any) -> Sequence[Any]:
        return self._others


def _is_constant(over: Node) -> bool:
    """Return True for a list of scalars that does not depend on facts."""
    match over:
        case Param(type=ListOf(item=item)):
            return not isinstance(item, Record)
        case Literal(value=tuple()):
            return True
    return False


def _reads(node: Node, variable: str) -> bool:
    """Return True if the node reads a variable of this name."""
    return any(isinstance(part, Fact) and part.root == variable for part in walk(node))


def _field_that_is(variable: str, inner: str, parts: Iterable[Node]) -> str | None:
    """Return the field that one operand equates with a variable which no other operand reads, if there is one."""
    found = None
    for part in parts:
        match part:
            case Compare(op="==", left=Fact(root=root, names=(field,)), right=Fact(root=other, names=())) if (
                root == inner and other == variable and found is None
            ):
                found = field
            case _ if _reads(part, variable):
                return None
    return found


class _Writer:
    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.sets: dict[str, str] = {}
        self.constants: dict[tuple[Any, ...], str] = {}
        self.patterns: dict[str, str] = {}
        self.indexes: dict[tuple[str, str], str] = {}

    def write(self, node: Node, bound: Mapping[str, str]) -> str:
        """Return the source of a node. `bound`: Python names of loop variables."""
        match node:
            case Literal(value=value):
                return repr(value)
            case Fact(root=root, names=names):
                start = bound.get(root, f"v[{root!r}]")
                return start + "".join(f"[{name!r}]" for name in names)
            case Param(key=key):
                return self.values.setdefault(key, f"p{len(self.values)}")
            case Term(body=body):
                return self.write(body, {})  # a term does not see bound variables
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
            case Quantifier():
                return self.quantifier(node, bound)
        raise TypeError(f"unknown node: {node!r}")

    def quantifier(self, node: Quantifier, bound: Mapping[str, str]) -> str:
        """Return the source of a quantifier: a membership test if the body is one, else a loop."""
        variable, exists = node.variable, node.kind == "exists"
        word = "any" if exists else "all"
        match node.body:
            case In(item=Fact(root=root, names=()), list=among) if root == variable and not _reads(among, variable):
                members, known = self.write(node.list, bound), self.set_of(among, bound)
                if not _is_constant(among):
                    return f"{word}(map({known}.__contains__, {members}))"
                return f"(not {known}.isdisjoint({members}))" if exists else f"{known}.issuperset({members})"
            case Compare(op="==", left=Fact(root=root, names=()), right=other) if (
                exists and root == variable and not _reads(other, variable)
            ):
                return f"({self.write(other, bound)} in {self.write(node.list, bound)})"
        name = f"x{len(bound)}"
        body = self.write(node.body, {**bound, variable: name})
        likely = self.likely(node, bound) if exists else None
        return f"{word}({body} for {name} in {likely or self.write(node.list, bound)})"

    def likely(self, node: Quantifier, bound: Mapping[str, str]) -> str | None:
        """Return the source of the candidates in a constant list, by one operand of the body; None for all members."""
        over, variable = node.list, node.variable
        if not isinstance(over, Param):
            return None
        for part in node.body.parts if isinstance(node.body, And) else (node.body,):
            match part:
                case Compare(op="==", left=Fact(root=root, names=(field,)), right=other) if root == variable:
                    if not _reads(other, variable):
                        index = self.indexes.setdefault((over.key, field), f"i{len(self.indexes)}")
                        return f"{index}[{self.write(other, bound)}]"
                case In(item=Fact(root=root, names=()), list=among) if root == variable:
                    if not _reads(among, variable):
                        return f"{self.set_of(over, bound)}.intersection({self.write(among, bound)})"
                case Quantifier(kind="all", variable=inner, list=among, body=Or(parts=parts)) if part is node.body:
                    name, said = f"x{len(bound)}", _field_that_is(variable, inner, parts)
                    if said and not _reads(among, variable):
                        # if all objects match without the word, any word selects them all
                        words = f"{name}[{said!r}] for {name} in {self.write(among, bound)}"
                        return f"({self.set_of(over, bound)}.intersection({words}) or {self.write(over, bound)})"
        return None

    def junction(self, word: str, parts: Iterable[Node], bound: Mapping[str, str]) -> str:
        return "(" + word.join(self.write(part, bound) for part in parts) + ")"

    def set_of(self, over: Node, bound: Mapping[str, str]) -> str:
        """Return a frozenset for a list that does not depend on facts, else the list."""
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
