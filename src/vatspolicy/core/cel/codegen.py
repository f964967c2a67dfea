"""Generated Python: the functions of `python_writer`, compiled once for a whole bundle.

A wheel has them as a source file, which the installer compiles; the byte code of other law is kept in the cache.

They give the results of the interpreter, the attributes to ask for included. Quantifiers over lists of scalars become
set membership; a quantifier over constant objects looks up the candidates by one of their fields.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from types import CodeType
from typing import Any, Generic, TypeVar

from vatspolicy import compile_cache
from vatspolicy.compile_cache import digest, get_or_build
from vatspolicy.core.cel.ast import Node
from vatspolicy.core.cel.interpreter import Evaluator, Params, Unknown, UnknownAttribute

K = TypeVar("K")
"""Type of the keys by which a caller knows its expressions."""


_TABLES = ("functions", "values", "sets", "constants", "patterns", "indexes", "unknowns", "members")
"""Parts of a module that name what its code uses."""


class GeneratedModule(Generic[K]):
    """Generated code for many expressions. `load` binds it to the parameter values of a day."""

    def __init__(self, parts: Mapping[str, Any], kept: bool = False) -> None:
        """Take the `parts` of a generated module, which are plain data. `kept`: the cache keeps the byte code.

        Raises ValueError for parts without the source, if the wheel does not hold it, or of another shape.
        """
        self.parts, self._kept = parts, kept
        if not parts["source"] and not os.path.isfile(self._shipped):
            raise ValueError(self._shipped)
        if not all(isinstance(parts[name], dict) for name in _TABLES):
            raise ValueError(_TABLES)

    @classmethod
    def generate(cls, expressions: Mapping[K, Node]) -> GeneratedModule[K]:
        """Generate the code of expressions, given as trees by a key of the caller's choice."""
        from vatspolicy.core.cel.python_writer import PythonWriter

        writer = PythonWriter()
        functions = {key: writer.write(node) for key, node in expressions.items()}
        return cls(
            {
                "source": writer.source,
                "digest": digest([writer.source.encode()]),
                "functions": functions,
                "values": {name: key for key, name in writer.values.items()},
                "sets": {name: key for key, name in writer.sets.items()},
                "constants": {name: list(values) for values, name in writer.constants.items()},
                "patterns": {name: pattern for pattern, name in writer.patterns.items()},
                "indexes": {name: index for index, name in writer.indexes.items()},
                "unknowns": {name: fact for fact, name in writer.unknowns.items()},
                "members": {name: fact for fact, name in writer.members.items()},
            }
        )

    @property
    def source(self) -> str:
        """The generated source. That of a wheel's law stands in its module alone."""
        if self.parts["source"]:
            return str(self.parts["source"])
        with open(self._shipped, encoding="utf-8") as file:
            return file.read()

    @property
    def _shipped(self) -> str:
        """Path of the module in a wheel."""
        return os.path.join(compile_cache.SHIPPED, f"{module_name(self.parts['digest'])}.py")

    @functools.cached_property
    def _code(self) -> CodeType:
        if not self._kept:
            return self._compile()
        from importlib.machinery import SourceFileLoader
        from importlib.util import MAGIC_NUMBER

        name, path = module_name(self.parts["digest"]), self._shipped
        shipped = SourceFileLoader(name, path).get_code(name) if os.path.isfile(path) else None
        key = digest([MAGIC_NUMBER, self.parts["digest"].encode()])
        return shipped or get_or_build("code", key, self._compile, self._require_code)

    def _require_code(self, data: Any) -> CodeType:
        """Return data that is code with the functions of this module. Raises TypeError."""
        if not isinstance(data, CodeType) or not set(self.parts["functions"].values()).issubset(data.co_names):
            raise TypeError(data)
        return data

    def _compile(self) -> CodeType:
        code: CodeType = compile(self.source, "<generated>", "exec")
        return code

    def load(self, params: Params) -> dict[K, Evaluator]:
        """Return the functions for one day, by the caller's keys."""
        parts = self.parts
        scope: dict[str, Any] = {**_COMMON, **self._unknowns}
        scope.update({name: params[key] for name, key in parts["values"].items()})
        scope.update({name: frozenset(params[key]) for name, key in parts["sets"].items()})
        scope.update({name: frozenset(values) for name, values in parts["constants"].items()})
        scope.update({name: _Index(params[key], field) for name, (key, field) in parts["indexes"].items()})
        if parts["patterns"]:
            import re2

            scope.update({name: re2.compile(pattern).search for name, pattern in parts["patterns"].items()})
        exec(self._code, scope)
        return {key: scope[name] for key, name in parts["functions"].items()}

    @functools.cached_property
    def _unknowns(self) -> dict[str, Any]:
        """Results for one missing attribute, and their makers, which serve every day."""
        parts = self.parts
        of_facts: dict[str, Any] = {name: _missing(*fact) for name, fact in parts["unknowns"].items()}
        return of_facts | {name: functools.partial(_missing, *fact) for name, fact in parts["members"].items()}


def module_name(digest: str) -> str:
    """Return the name of the module in a wheel that has the generated source of a digest."""
    return f"code_{digest[:40]}"


def _missing(root: str, names: Sequence[str], member: Any = None) -> Unknown:
    """Return the result of an expression that lacks one attribute, of a member of a list if there is one."""
    return Unknown((UnknownAttribute(root, tuple(names), member),))


def _join(first: Unknown | None, second: Unknown) -> Unknown:
    """Return the result of a disjunction or quantifier with another unknown operand; `first` is None for the first."""
    return second if first is None else Unknown(first.facts + second.facts)


def _combine(*operands: tuple[Any, Unknown]) -> Unknown:
    """Return the result of an operation. An operand is its value, None if it is unknown, and its result if so."""
    return Unknown(tuple(fact for value, unknown in operands if value is None for fact in unknown.facts))


def _named(members: Sequence[Any], objects: Sequence[Mapping[str, Any]], field: str) -> Sequence[Any]:
    """Return the members that some object names in a field, else one for all others; all if an object lacks it."""
    words = {entry.get(field) for entry in objects}
    return members if None in words else [member for member in members if member in words] or members[:1]


_COMMON: Mapping[str, Any] = {
    "__builtins__": {},
    "len": len,
    "nothing": {},
    "join": _join,
    "combine": _combine,
    "named": _named,
}
"""Names that every generated function may use."""


class _Index(dict["Any", "list[Any]"]):
    """Objects of a constant list by the value of a field; every key maps to all if one object lacks the field."""

    __slots__ = ("_others",)

    def __init__(self, objects: Sequence[Any], field: str) -> None:
        self._others: Sequence[Any] = ()
        for member in objects:
            if field not in member:
                self.clear()
                self._others = objects
                break
            self.setdefault(member[field], []).append(member)

    def __missing__(self, _: Any) -> Sequence[Any]:
        return self._others
