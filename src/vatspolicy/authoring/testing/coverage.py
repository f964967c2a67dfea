"""Coverage of rules and clauses by tests: both values of each clause."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from vatspolicy.authoring.testing.cases import Case
from vatspolicy.authoring.testing.rule_states import (
    is_clause,
    outside_terms,
    own_clauses,
    reads_facts,
    state_of,
    subjects,
)
from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.cel.ast import And, Node, Not, Or, Quantifier, Term
from vatspolicy.core.cel.interpreter import evaluate, list_members
from vatspolicy.core.cel.types import Bool
from vatspolicy.core.engine.explanation import quote
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Expression, Policy, Rule
from vatspolicy.core.policies.ruleset import RuleSet

Key = tuple[str, str, tuple[int, int]]
"""File, text of the expression, span of the clause."""


@dataclass(frozen=True)
class CoverageGap:
    """A clause without a test for one of its values."""

    file: str
    line: int
    name: str
    never: tuple[str, ...]


@dataclass
class Coverage:
    """The values and states that the cases run so far have shown."""

    bundle: Bundle
    _clauses: dict[Key, set[bool | None]] = field(default_factory=dict)
    _rules: dict[str, set[str]] = field(default_factory=dict)

    def note(self, case: Case) -> None:
        """Record the values of every rule and clause that the case evaluates. Skipped cases do not count."""
        for ruleset, policy, rule, activation in self._evaluated(case):
            self._note_rule(ruleset, policy, rule, activation)

    def note_states(self, case: Case) -> None:
        """Record only the states of the rules that the case evaluates, in a fifth of the time."""
        for ruleset, _, rule, activation in self._evaluated(case):
            self._note_state(ruleset, rule, activation)

    def _evaluated(self, case: Case) -> Iterator[tuple[RuleSet, Policy, Rule, Activation]]:
        """Yield the rules that a case evaluates; a rule that is not in force is noted as silent."""
        if case.skipped is not None:
            return
        ruleset = self.bundle.on(case.as_of)
        asked = [case.policy] if case.policy else list(self.bundle.policies.values())
        for each, _, activation in subjects(ruleset, case.profile, case.as_of):
            for policy in asked:
                for rule in policy.rules:
                    if not rule.in_force(case.as_of):
                        self._rules.setdefault(rule.name, set()).add("silent")
                    elif rule.each == each:
                        yield ruleset, policy, rule, activation

    def _note_state(self, ruleset: RuleSet, rule: Rule, activation: Activation) -> None:
        self._rules.setdefault(rule.name, set()).add(state_of(ruleset, rule, activation))

    def _note_rule(self, ruleset: RuleSet, policy: Policy, rule: Rule, activation: Activation) -> None:
        self._note_state(ruleset, rule, activation)
        for expression in expressions_of(rule):
            self._note_node(ruleset, policy, expression.text, expression.tree, activation)

    def _note_node(self, ruleset: RuleSet, policy: Policy, text: str, node: Node, activation: Activation) -> None:
        if isinstance(node, Term):
            owner, inner = self.bundle.term(policy, node.name)
            self._note_node(ruleset, owner, inner, node.body, activation)
        elif isinstance(node, And | Or):
            for part in node.parts:
                self._note_node(ruleset, policy, text, part, activation)
        elif isinstance(node, Not):
            self._note_node(ruleset, policy, text, node.body, activation)
        elif is_clause(node):
            value = evaluate(node, activation, ruleset.params)
            self._clauses.setdefault((policy.file, text, node.span), set()).add(value)
            if isinstance(node, Quantifier):
                for inner_activation in list_members(node, activation, ruleset.params) or ():
                    self._note_node(ruleset, policy, text, node.body, inner_activation)

    def states(self, rule: Rule) -> set[str]:
        """Return the states that tests have shown of a rule."""
        return self._rules.get(rule.name, set())

    def gaps(self) -> Iterator[CoverageGap]:
        """Yield clauses never shown true, or never shown false, in the order of the files."""
        for policy, text, line, node in self._own():
            values = self._clauses.get((policy.file, text, node.span), set())
            never = tuple(word for word, value in (("true", True), ("false", False)) if value not in values)
            if never:
                place = line + text.count("\n", 0, node.span[0])
                yield CoverageGap(policy.file, place, quote(text, node), never)

    def share(self) -> float:
        """Return the percentage of clause values (each clause true, each false) that tests have shown."""
        total, seen = 0, 0
        for policy, text, _, node in self._own():
            total, seen = total + 2, seen + len(self._clauses.get((policy.file, text, node.span), set()) - {None})
        return 100.0 * seen / total if total else 100.0

    def _own(self) -> Iterator[tuple[Policy, str, int, Node]]:
        """Yield every clause that can be true and false: its policy, the text and line of its expression, itself."""
        for policy, text, line, tree in _all_expressions(self.bundle):
            yield from ((policy, text, line, node) for node in own_clauses(tree) if reads_facts(node))


def expressions_of(rule: Rule) -> Iterator[Expression]:
    """Yield the boolean expressions of a rule."""
    yield from (expression for expression in rule.expressions if isinstance(expression.tree.type, Bool))


def _all_expressions(bundle: Bundle) -> Iterator[tuple[Policy, str, int, Node]]:
    """Yield every boolean expression of rules and every term that a rule uses: policy, text, line, tree."""
    bodies: dict[tuple[str, str], Node] = {}
    for policy in bundle.policies.values():
        for rule in policy.rules:
            for expression in expressions_of(rule):
                yield policy, expression.text, expression.line, expression.tree
                for name, owner, body in terms_of(bundle, policy, expression.tree):
                    bodies.setdefault((owner.id, name), body)
    for (owner_id, name), body in bodies.items():
        owner = bundle.policies[owner_id]
        yield owner, owner.terms[name], owner.term_lines[name], body


def terms_of(bundle: Bundle, policy: Policy, tree: Node) -> Iterator[tuple[str, Policy, Node]]:
    """Yield the terms that a tree uses, directly or through other terms, with the policies that define them."""
    for node in outside_terms(tree):
        if isinstance(node, Term):
            owner, _ = bundle.term(policy, node.name)
            yield node.name, owner, node.body
            yield from terms_of(bundle, owner, node.body)


def used_terms(bundle: Bundle) -> dict[tuple[str, str], Node]:
    """Return the trees of the terms that some expression uses, by (policy, name)."""
    return {
        (owner.id, name): body
        for policy, expression in bundle.owned_expressions()
        for name, owner, body in terms_of(bundle, policy, expression.tree)
    }
