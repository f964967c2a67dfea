"""Explanation of a rule's result, clause by clause, with the facts that it read and their positions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from vatspolicy.cel.activation import Activation
from vatspolicy.cel.ast import And, Fact, Node, Not, Or, Quantifier, Term, children
from vatspolicy.cel.interpreter import evaluate, look_up
from vatspolicy.documents import Path
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Expression, Policy
from vatspolicy.policies.ruleset import RuleSet
from vatspolicy.profile.profile import Profile

if TYPE_CHECKING:
    from typing import Any


class Clause(NamedTuple):
    """A clause of an expression and its truth value."""

    text: str
    value: bool | None
    """True, False, or None for unknown."""
    depth: int
    """Depth in the tree: the clauses of a term are one level below it."""


class FactRead(NamedTuple):
    """A fact that an expression read."""

    path: Path
    value: Any
    """Value of the fact; None if it is missing."""
    line: int
    column: int


def clauses(
    bundle: Bundle, ruleset: RuleSet, policy: Policy, expression: Expression, activation: Activation
) -> tuple[Clause, ...]:
    """Return the truth table of an expression: its clauses, terms followed by the clauses of their bodies."""
    return tuple(_clauses(bundle, ruleset, policy, expression.text, expression.tree, activation, 0))


def _clauses(
    bundle: Bundle, ruleset: RuleSet, policy: Policy, text: str, node: Node, activation: Activation, depth: int
) -> Iterator[Clause]:
    match node:
        case And(parts=parts) | Or(parts=parts):
            for part in parts:
                yield from _clauses(bundle, ruleset, policy, text, part, activation, depth)
        case Term(name=name, body=body):
            yield Clause(_slice(text, node), evaluate(node, activation, ruleset.params), depth)
            owner, inner = bundle.term(policy, name)
            if isinstance(body, And | Or | Not | Term):
                yield from _clauses(bundle, ruleset, owner, inner, body, activation, depth + 1)
        case Not(body=Term() | And() | Or() as body):
            yield Clause(_slice(text, node), evaluate(node, activation, ruleset.params), depth)
            yield from _clauses(bundle, ruleset, policy, text, body, activation, depth + 1)
        case _:
            yield Clause(_slice(text, node), evaluate(node, activation, ruleset.params), depth)


def _slice(text: str, node: Node) -> str:
    start, end = node.span
    return " ".join(text[start:end].split())


def facts_read(profile: Profile, expression: Expression, activation: Activation) -> tuple[FactRead, ...]:
    """Return the facts of the profile that an expression names, each once, in the order of the text."""
    found: dict[Path, FactRead] = {}
    for fact in unbound_facts(expression.tree):
        owner = activation.get(fact.root)
        if owner is None or not isinstance(owner, dict):
            continue
        names = fact.names[:-1] if fact.names and fact.names[-1] in ("within", "province") else fact.names
        path = profile.path_of(owner, names)
        if path is None or path in found or not names:
            continue
        line, column = profile.mark(path)
        found[path] = FactRead(path, plain(look_up(activation, fact.root, names)), line, column)
    return tuple(found.values())


def unbound_facts(node: Node, bound: frozenset[str] = frozenset()) -> Iterator[Fact]:
    """Yield the facts below a node that are not read from a quantifier's variable."""
    if isinstance(node, Fact):
        if node.root not in bound:
            yield node
        return
    inner = bound | {node.variable} if isinstance(node, Quantifier) else bound
    for child in children(node):
        yield from unbound_facts(child, inner)


def plain(value: Any) -> Any:
    """Return a value as it was written: places without their surroundings."""
    if isinstance(value, dict):
        return {key: plain(child) for key, child in value.items() if key not in ("within", "province")}
    if isinstance(value, list):
        return [plain(member) for member in value]
    return value
