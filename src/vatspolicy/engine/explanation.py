"""Explanation of a rule's result, clause by clause, with the facts that it read and their positions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from vatspolicy.cel.activation import Activation
from vatspolicy.cel.ast import And, Fact, Node, Not, Or, Quantifier, Term, children
from vatspolicy.cel.interpreter import Evaluator, Unknown, compile_interpreter, look_up
from vatspolicy.documents import Path
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Expression, Policy
from vatspolicy.policies.ruleset import RuleSet
from vatspolicy.profile.profile import Profile

if TYPE_CHECKING:
    from typing import Any, TypeAlias

    _CompiledClause: TypeAlias = tuple[str, Evaluator, int]


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


_CLAUSES: WeakKeyDictionary[RuleSet, dict[tuple[str, int], list[_CompiledClause]]] = WeakKeyDictionary()
"""Clauses by policy and expression: one table serves every decision of a day."""
_FACTS: WeakKeyDictionary[RuleSet, dict[int, tuple[Fact, ...]]] = WeakKeyDictionary()
"""Facts that an expression names, by the index of the expression."""


def clauses(
    bundle: Bundle, ruleset: RuleSet, policy: Policy, expression: Expression, activation: Activation
) -> Iterator[Clause]:
    """Yield the truth table of an expression: its clauses, terms followed by the clauses of their bodies."""
    table = _CLAUSES.setdefault(ruleset, {})
    key = (policy.id, expression.index)
    found = table.get(key)
    if found is None:
        found = table[key] = [
            (_slice(text, node), compile_interpreter(node, ruleset.params), depth)
            for text, node, depth in _clauses(bundle, policy, expression.text, expression.tree, 0)
        ]
    for text, run, depth in found:
        value = run(activation)
        yield Clause(text, None if type(value) is Unknown else value, depth)


def _clauses(bundle: Bundle, policy: Policy, text: str, node: Node, depth: int) -> Iterator[tuple[str, Node, int]]:
    """Yield each clause with the text that it stands in."""
    match node:
        case And(parts=parts) | Or(parts=parts):
            for part in parts:
                yield from _clauses(bundle, policy, text, part, depth)
        case Term(name=name, body=body):
            yield text, node, depth
            owner, inner = bundle.term(policy, name)
            if isinstance(body, And | Or | Not | Term):
                yield from _clauses(bundle, owner, inner, body, depth + 1)
        case Not(body=Term() | And() | Or() as body):
            yield text, node, depth
            yield from _clauses(bundle, policy, text, body, depth + 1)
        case _:
            yield text, node, depth


def _slice(text: str, node: Node) -> str:
    start, end = node.span
    return " ".join(text[start:end].split())


def facts_read(
    profile: Profile,
    ruleset: RuleSet,
    expression: Expression,
    activation: Activation,
    mark: Callable[[Path], tuple[int, int]],
) -> tuple[FactRead, ...]:
    """Return the facts of the profile that an expression names, each once, in the order of the text.

    `mark` is that of the profile, or one that remembers its results.
    """
    table = _FACTS.setdefault(ruleset, {})
    named = table.get(expression.index)
    if named is None:
        once = {(fact.root, fact.names): fact for fact in reversed([*unbound_facts(expression.tree)])}
        named = table[expression.index] = tuple(reversed(once.values()))
    found: dict[Path, FactRead] = {}
    for fact in named:
        owner = activation.get(fact.root)
        if owner is None or not isinstance(owner, dict):
            continue
        names = fact.names[:-1] if fact.names and fact.names[-1] in ("within", "province") else fact.names
        path = profile.path_of(owner, names)
        if path is None or path in found or not names:
            continue
        line, column = mark(path)
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
