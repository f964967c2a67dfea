"""The bundle's rules as CEL text for other engines: terms and parameters are inlined."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

from vatspolicy.core.cel import ast as t
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Policy
from vatspolicy.core.policies.ruleset import RuleSet

_NAMED = r"([\w.]+|\[[^\]]*\])"
_AS_QUANTIFIERS = {
    rf"sets\.intersects\({_NAMED}, {_NAMED}\)": r"\1.exists(m_, m_ in \2)",
    rf"sets\.contains\({_NAMED}, {_NAMED}\)": r"\2.all(m_, m_ in \1)",
    rf"sets\.equivalent\({_NAMED}, {_NAMED}\)": r"(\1.all(m_, m_ in \2) && \2.all(m_, m_ in \1))",
}
"""Tests of sets as quantifiers: peers know no extension."""


def spelled(bundle: Bundle, law: RuleSet, policy: Policy, text: str) -> str:
    """Return the author's text of an expression with its terms and the values of its parameters inlined."""
    for test, quantifiers in _AS_QUANTIFIERS.items():
        text = re.sub(test, quantifiers, text)
    files = [policy, *(bundle.policies[used] for used in policy.uses)]
    params = {name: law.params[parameter.key] for file in files for name, parameter in file.parameters.items()}
    text = re.sub(
        r"\bterm\.([a-z0-9_]+)",
        lambda found: f"({spelled(bundle, law, policy, bundle.term(policy, found[1])[1])})",
        text,
    )
    return re.sub(r"\bparam\.([a-z0-9_]+)", lambda found: json.dumps(params[found[1]], ensure_ascii=False), text)


class Doubles:
    """Typed trees as CEL for an engine that reads every number of JSON as a double, and variables below `prefix`."""

    def __init__(self, law: RuleSet, prefix: str = "R.attr.") -> None:
        self.params, self.prefix = law.params, prefix

    def text(self, node: t.Node, bound: Collection[str] = ()) -> str:
        """Return the text of an expression. `bound`: variables of enclosing quantifiers."""
        match node:
            case t.Literal(value=value):
                return self.constant(value)
            case t.Param(key=key):
                return self.constant(self.params[key])
            case t.Fact(root=root, names=names):
                return ".".join([root if root in bound else self.prefix + root, *names])
            case t.Term(body=body):
                return f"({self.text(body)})"
            case t.Not(body=body):
                return f"!({self.text(body, bound)})"
            case t.And(parts=parts) | t.Or(parts=parts):
                sign = " && " if isinstance(node, t.And) else " || "
                return "(" + sign.join(self.text(part, bound) for part in parts) + ")"
            case t.Compare(op=op, left=left, right=right) | t.Arithmetic(op=op, left=left, right=right):
                return f"({self.text(left, bound)} {op} {self.text(right, bound)})"
            case t.In(item=item, list=over):
                return f"({self.text(item, bound)} in {self.text(over, bound)})"
            case t.SetTest():
                return self.text(t.in_quantifiers(node), bound).replace("set member", "m_")
            case t.Quantifier(kind=kind, variable=variable, list=over, body=body):
                return f"{self.text(over, bound)}.{kind}({variable}, {self.text(body, {*bound, variable})})"
            case t.Size(list=over):
                return f"double(size({self.text(over, bound)}))"
            case t.TextTest(kind=kind, text=text, pattern=pattern):
                return f"{self.text(text, bound)}.{kind}({self.constant(pattern)})"
        raise TypeError(f"no CEL for {type(node).__name__}")

    def constant(self, value: Any) -> str:
        """Return a value as a literal."""
        match value:
            case bool():
                return "true" if value else "false"
            case int() | float():
                return repr(float(value))
            case str():
                return json.dumps(value, ensure_ascii=False)
            case dict():
                return "{" + ", ".join(f"{json.dumps(k)}: {self.constant(v)}" for k, v in value.items()) + "}"
        return f"[{', '.join(map(self.constant, value))}]"
