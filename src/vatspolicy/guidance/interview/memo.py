"""Rule sets with memoized expressions, to try many answers on one profile.

Most expressions read nothing of what a trial changes. Their values are kept by the identity of the facts they read, so
trials must share the facts that they have in common (`share`), and every fact must outlive the memory (`keep`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import TypeAlias

from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.cel.ast import Fact, Quantifier, walk
from vatspolicy.core.cel.interpreter import Evaluator, look_up
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.policies.expression_evaluator import ExpressionEvaluator
from vatspolicy.core.policies.model import Expression
from vatspolicy.core.policies.ruleset import RuleSet

_Names: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]
"""Facts by variable and fields."""


class MemoizingEvaluator:
    """Evaluator that memoizes every value it computes."""

    def __init__(self, base: ExpressionEvaluator) -> None:
        self._base = base
        self._functions: dict[Expression, Evaluator] = {}
        self._memory: dict[tuple[Expression, tuple[int, ...]], Tree] = {}
        self._kept: list[object] = []

    def function(self, expression: Expression) -> Evaluator:
        """Return the function that evaluates an expression, or recalls its value."""
        found = self._functions.get(expression)
        if found is None:
            found = partial(self._recall, expression, _facts(expression), self._base.function(expression))
            self._functions[expression] = found
        return found

    def _recall(self, expression: Expression, facts: _Names, evaluate: Evaluator, activation: Activation) -> Tree:
        key = (expression, tuple(id(look_up(activation, root, names)) for root, names in facts))
        if key not in self._memory:
            self._memory[key] = evaluate(activation)
        return self._memory[key]

    def keep(self, facts: object) -> None:
        """Keep facts alive: the memory knows them by identity."""
        self._kept.append(facts)


def with_memory(ruleset: RuleSet) -> RuleSet:
    """Return a rule set that memoizes values, with an empty memory."""
    return dataclasses.replace(ruleset, evaluator=MemoizingEvaluator(ruleset.evaluator), indexed=False)


def reuse_equal(new: Tree, old: Tree) -> Tree:
    """Return the new facts, with the old objects wherever they are equal."""
    if type(new) is type(old) and new == old:
        return old
    if isinstance(new, Mapping) and isinstance(old, Mapping):
        return {key: reuse_equal(value, old.get(key)) for key, value in new.items()}
    if isinstance(new, list) and isinstance(old, list):
        return [reuse_equal(value, old[index] if index < len(old) else None) for index, value in enumerate(new)]
    return new


def _facts(expression: Expression) -> _Names:
    """Return the facts that an expression reads, without those of variables that it binds itself."""
    nodes = list(walk(expression.tree))
    bound = {node.variable for node in nodes if isinstance(node, Quantifier)}
    facts = (node for node in nodes if isinstance(node, Fact))
    return tuple(dict.fromkeys((fact.root, fact.names) for fact in facts if fact.root not in bound))
