"""Typed trees as Rego, for OPA: correct if no fact is missing, because undefined differs from unknown."""

from __future__ import annotations

import json
from collections.abc import Mapping

from vatspolicy.core.cel import ast as t

TESTS = {"startsWith": "startswith", "endsWith": "endswith", "contains": "contains"}


class Writer:
    """A Rego module that is written rule by rule: `fires` is the set of the names of rules that hold."""

    def __init__(self, package: str) -> None:
        self.lines = [f"package {package}", "", "import rego.v1", ""]
        self.names: dict[tuple[str, ...], str] = {}

    def rule(self, name: str, node: t.Node) -> None:
        self.lines.append(f"fires contains {json.dumps(name)} if {self.condition(node, {})}")

    @property
    def source(self) -> str:
        return "\n".join(self.lines) + "\n"

    def condition(self, node: t.Node, bound: Mapping[str, str]) -> str:
        """Return an expression that succeeds if the node is true."""
        match node:
            case t.Term(body=body):
                return self.condition(body, {})
            case t.Not(body=body):
                return f"not {self.define([self.condition(body, bound)], bound)}"
            case t.And(parts=parts):
                return self.define(["; ".join(self.condition(part, bound) for part in parts)], bound)
            case t.Or(parts=parts):
                return self.define([self.condition(part, bound) for part in parts], bound)
            case t.SetTest():
                return self.condition(t.in_quantifiers(node), bound)
            case t.Quantifier(kind=kind, variable=variable, list=over, body=body):
                name = f"x{len(bound)}"
                inner, members = self.condition(body, {**bound, variable: name}), self.value(over, bound)
                if kind == "exists":
                    return self.define([f"some {name} in {members}; {inner}"], bound)
                return self.define([f"every {name} in {members} {{ {inner} }}"], bound)
            case t.In(item=item, list=over):
                return f"{self.value(item, bound)} in {self.value(over, bound)}"
            case t.TextTest(kind="matches", text=text, pattern=pattern):
                return f"regex.match({json.dumps(pattern)}, {self.value(text, bound)})"
            case t.TextTest(kind=kind, text=text, pattern=pattern):
                return f"{TESTS[kind]}({self.value(text, bound)}, {json.dumps(pattern)})"
            case t.Compare(op=op, left=left, right=right):
                return f"{self.value(left, bound)} {op} {self.value(right, bound)}"
        return f"{self.value(node, bound)} == true"

    def value(self, node: t.Node, bound: Mapping[str, str]) -> str:
        match node:
            case t.Literal(value=value):
                return json.dumps(value, ensure_ascii=False)
            case t.Param(key=key):
                return f"data.params[{json.dumps(key)}]"
            case t.Fact(root=root, names=names):
                return bound.get(root, f"input.{root}") + "".join(f"[{json.dumps(name)}]" for name in names)
            case t.Size(list=over):
                return f"count({self.value(over, bound)})"
            case t.Arithmetic(op=op, left=left, right=right):
                return f"({self.value(left, bound)} {op} {self.value(right, bound)})"
            case t.Term(body=body):
                return self.value(body, {})
        raise TypeError(f"no scalar in Rego: {type(node).__name__}")

    def define(self, bodies: list[str], bound: Mapping[str, str]) -> str:
        """Return a rule (a function of the bound variables) that holds if a body does; each is written once."""
        arguments = f"({', '.join(bound.values())})" if bound else ""
        key = (arguments, *bodies)
        if key not in self.names:
            self.names[key] = f"b{len(self.names)}"
            self.lines += [f"{self.names[key]}{arguments} if {{ {body} }}" for body in bodies]
        return self.names[key] + arguments
