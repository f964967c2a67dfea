"""Explanation of a rule's result, clause by clause, with the facts that it read."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.cel.ast import And, Node, Not, Or, Term
from vatspolicy.core.cel.interpreter import Evaluator, Params, Unknown, compile_interpreter, look_up
from vatspolicy.core.cel.scopes import unbound_facts
from vatspolicy.core.documents import Path, format_path
from vatspolicy.core.engine.decision import Finding
from vatspolicy.core.engine.result import Clause
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Expression, Policy
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile

if TYPE_CHECKING:
    from typing import Any


class FactRead(NamedTuple):
    """A fact in an expression."""

    path: Path
    text: str
    """The path as reports write it."""
    value: Any
    """Value of the fact; None if it is missing."""


@functools.lru_cache(maxsize=4096)
def fact_path(path: Path) -> str:
    """Return the path of a fact in the schema, as reports write it."""
    return format_path(path)


_DERIVED = ("within", "province")
"""Facts of a place derived from the stated fact."""


class _Clauses:
    """Clauses of the expressions of a rule set. Expressions share many, above all those of terms.

    Threads share a table. Each key has one value, and `setdefault` keeps the first.
    """

    def __init__(self) -> None:
        self.evaluators: dict[Node, Evaluator] = {}
        self.by_value: dict[tuple[str, int], Mapping[bool | None, Clause]] = {}
        """Clauses by text and depth, with each value."""
        self.of_expression: dict[tuple[str, int], tuple[tuple[Evaluator, Mapping[bool | None, Clause]], ...]] = {}
        """Evaluators of the clauses of an expression, and each clause by its value; by policy and index."""

    def evaluator(self, node: Node, params: Params) -> Evaluator:
        """Return the evaluator of a clause, the same for equal clauses."""
        evaluator = self.evaluators.get(node)
        return evaluator or self.evaluators.setdefault(node, compile_interpreter(node, params))

    def with_values(self, text: str, depth: int) -> Mapping[bool | None, Clause]:
        """Return a clause with each value."""
        made = {value: Clause(text, value, depth) for value in (True, False, None)}
        return self.by_value.setdefault((text, depth), made)


_CLAUSES: WeakKeyDictionary[RuleSet, _Clauses] = WeakKeyDictionary()
_NamedFact: TypeAlias = tuple[str, tuple[str, ...]]
"""Root and names of a fact in an expression."""
_FACTS: WeakKeyDictionary[RuleSet, dict[int, tuple[_NamedFact, ...]]] = WeakKeyDictionary()
"""Facts that the expressions of a rule set name, by the index of the expression."""


class ClauseReader:
    """Truth values of the clauses of one decision, each evaluated once per subject."""

    def __init__(self, bundle: Bundle, ruleset: RuleSet) -> None:
        self._bundle, self._ruleset = bundle, ruleset
        self._clauses = _CLAUSES.setdefault(ruleset, _Clauses())
        self._values: dict[int, tuple[Activation, dict[Evaluator, bool | None]]] = {}
        """Values by the evaluator of the clause, for each activation, which keeps its identity."""

    def read(self, policy: Policy, expression: Expression, activation: Activation) -> tuple[Clause, ...]:
        """Return the truth table of an expression: its clauses, terms followed by the clauses of their bodies."""
        table = self._clauses
        tests = table.of_expression.get((policy.id, expression.index))
        if tests is None:
            tests = table.of_expression[policy.id, expression.index] = tuple(
                (table.evaluator(node, self._ruleset.params), table.with_values(quote(text, node), depth))
                for text, node, depth in split_clauses(self._bundle, policy, expression.text, expression.tree, 0)
            )
        _, values = self._values.setdefault(id(activation), (activation, {}))
        for evaluate, _ in tests:
            if evaluate not in values:
                value = evaluate(activation)
                values[evaluate] = None if type(value) is Unknown else value
        return tuple([clauses[values[evaluate]] for evaluate, clauses in tests])


def split_clauses(
    bundle: Bundle, policy: Policy | None, text: str, node: Node, depth: int = 0
) -> Iterator[tuple[str, Node, int]]:
    """Yield each clause of a tree, with the text that contains it and its depth. Only a policy has terms."""
    match node:
        case And(parts=parts) | Or(parts=parts):
            for part in parts:
                yield from split_clauses(bundle, policy, text, part, depth)
        case Term(name=name, body=body):
            yield text, node, depth
            assert policy is not None
            owner, inner = bundle.term(policy, name)
            if isinstance(body, And | Or | Not | Term):
                yield from split_clauses(bundle, owner, inner, body, depth + 1)
        case Not(body=Term() | And() | Or() as body):
            yield text, node, depth
            yield from split_clauses(bundle, policy, text, body, depth + 1)
        case _:
            yield text, node, depth


def quote(text: str, node: Node) -> str:
    """Return the words of a node in the text that contains it, on one line."""
    start, end = node.span
    return " ".join(text[start:end].split())


class NamedFacts:
    """The facts of one profile in expressions. Facts in several expressions are looked up once."""

    def __init__(self, profile: Profile, ruleset: RuleSet) -> None:
        self._profile = profile
        self._named = _FACTS.setdefault(ruleset, {})
        self._found: dict[tuple[int, tuple[str, ...]], FactRead | None] = {}
        """Facts by their owner, an object of an activation, and their names below it."""
        self._of_activation: dict[int, dict[_NamedFact, FactRead | None]] = {}
        """Facts by their name, for each activation."""
        self._kept: list[Any] = []
        """Owners and activations, which keep their identity as long as they live."""

    def read(self, expression: Expression, activation: Activation) -> tuple[FactRead, ...]:
        """Return the facts of the profile that an expression names, each once, in the order of the text."""
        named = self._named.get(expression.index)
        if named is None:
            named = self._named[expression.index] = _facts_named(expression.tree)
        by_name = self._of_activation.get(id(activation))
        if by_name is None:
            self._kept.append(activation)
            by_name = self._of_activation[id(activation)] = {}
        facts: dict[str, FactRead] = {}
        for name in named:
            if name not in by_name:
                by_name[name] = self._look_up(activation, *name)
            fact = by_name[name]
            if fact is not None:
                facts.setdefault(fact.text, fact)
        return tuple(facts.values())

    def _look_up(self, activation: Activation, root: str, names: tuple[str, ...]) -> FactRead | None:
        owner = activation.get(root)
        if not isinstance(owner, dict):
            return None
        key = (id(owner), names)
        if key not in self._found:
            self._kept.append(owner)
            path = self._profile.path_of(owner, names)
            value = plain(look_up(activation, root, names))
            self._found[key] = None if path is None else FactRead(path, fact_path(path), value)
        return self._found[key]


def deciding_facts(finding: Finding, reader: NamedFacts, activation: Activation) -> Sequence[FactRead]:
    """Return the facts that decide a finding: those of its rule and, if no route is open, of the nearest ones."""
    own = reader.read(finding.rule.when, activation)
    if finding.state != "closed":
        return own
    facts = [*own]
    for route in finding.nearest:
        # the share comes first: the report links to the last fact
        for condition in sorted(route.failing, key=lambda condition: condition.cap is None):
            facts += reader.read(condition.check, activation)
    return list({fact.text: fact for fact in facts}.values())


def _facts_named(node: Node) -> tuple[_NamedFact, ...]:
    """Return root and names of the facts that an expression names, each once; of a place the fact that states it."""
    once = dict.fromkeys((fact.root, fact.names) for fact in reversed([*unbound_facts(node)]))
    stated = ((root, names[:-1] if names and names[-1] in _DERIVED else names) for root, names in reversed(once))
    return tuple(dict.fromkeys((root, names) for root, names in stated if names))


def plain(value: Any) -> Any:
    """Return a value as it was written: places without their surroundings."""
    if isinstance(value, dict):
        return {key: plain(child) for key, child in value.items() if key not in _DERIVED}
    if isinstance(value, list):
        return [plain(member) for member in value]
    return value
