"""Cost of expressions: the maximum number of evaluation steps for any profile.

A step evaluates one node of the typed tree. A quantifier evaluates its body once for each member that the profile
schema allows in its list (`maxItems`), and a membership test looks at each member once. The bound ignores that `&&`,
`||` and quantifiers stop early, and that the index of rules leaves most rules out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from vatspolicy.core.cel.ast import Fact, In, Literal, Node, Param, Quantifier, SetTest, Term, children, in_quantifiers
from vatspolicy.core.documents.schemas import SchemaSet, derived_from_schemas
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Expression, Rule
from vatspolicy.core.policies.reads import ROOTS
from vatspolicy.core.profile.vocabulary import resolve_node

COSTLY = 100_000
"""Steps above which lint warns about an expression. Rules of the shipped law take less than half."""
_Source: TypeAlias = "tuple[str, ...] | int"
"""Paths of the facts that a value can represent; for a constant, the length of its longest list."""


def rule_cost(bundle: Bundle, rule: Rule) -> int:
    """Return the maximum number of steps of all expressions of a rule, for one subject."""
    return sum(expression_cost(bundle, expression) for expression in rule.compiled)


def expression_cost(bundle: Bundle, expression: Expression) -> int:
    """Return the maximum number of steps of an expression for one subject."""
    return _Cost(bundle).measure(expression.tree, {})[0]


@derived_from_schemas
def list_limits(schemas: SchemaSet) -> Mapping[str, int]:
    """Return the maximum length of each list of a profile, also derived lists, by path such as services.*.offers."""
    return dict(_limits(schemas.load("profile"), "", schemas))


def _limits(schema: Mapping[str, Any], path: str, schemas: SchemaSet) -> Iterator[tuple[str, int]]:
    schema = resolve_node(schema, schemas)
    if schema.get("type") == "array":
        yield path, schema["maxItems"]
        yield from _limits(schema["items"], f"{path}.*", schemas)
    for name, child in {**schema.get("properties", {}), **schema.get("x-derived", {})}.items():
        yield from _limits(child, f"{path}.{name}" if path else name, schemas)


class _Cost:
    def __init__(self, bundle: Bundle) -> None:
        self.bundle, self.limits = bundle, list_limits(bundle.schemas)

    def measure(self, node: Node, bound: Mapping[str, _Source]) -> tuple[int, _Source]:
        """Return the steps of a node and the source of its value. `bound`: sources of the members of lists."""
        match node:
            case Fact(root=root, names=names):
                source = bound.get(root, ROOTS.get(root, (root,)))
                return 1, source if isinstance(source, int) else tuple(".".join((path, *names)) for path in source)
            case Literal(value=value):
                return 1, _longest(value)
            case Param(key=key):
                policy, _, name = key.partition("/")
                return 1, max(_longest(value.value) for value in self.bundle.policies[policy].parameters[name].values)
            case Term(body=body):
                steps, source = self.measure(body, bound)
                return 1 + steps, source
            case Quantifier(variable=variable, list=over, body=body):
                steps, source = self.measure(over, bound)
                member = source if isinstance(source, int) else tuple(f"{path}.*" for path in source)
                return 1 + steps + self.members(source) * self.measure(body, {**bound, variable: member})[0], 0
            case SetTest():
                return self.measure(in_quantifiers(node), bound)
            case In(item=item, list=over):
                steps, source = self.measure(over, bound)
                return 1 + self.measure(item, bound)[0] + steps + self.members(source), 0
            case _:
                return 1 + sum(self.measure(child, bound)[0] for child in children(node)), 0

    def members(self, source: _Source) -> int:
        """Return the maximum length of a list from that source."""
        return source if isinstance(source, int) else max(self.limits[path] for path in source)


def _longest(value: Any) -> int:
    """Return the length of the longest list in a policy value, or 0 without a list."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return max((len(value) if isinstance(value, list | tuple) else 0, *map(_longest, inner)))
