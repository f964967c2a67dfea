"""Evaluation of a bundle's expressions by generated code; by the interpreter where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from vatspolicy.core.cel.ast import Node
from vatspolicy.core.cel.interpreter import Evaluator, Params, compile_interpreter
from vatspolicy.core.policies.model import Expression


class ExpressionEvaluator(Protocol):
    """Evaluator of the expressions of one rule set."""

    def function(self, expression: Expression) -> Evaluator:
        """Return the function that evaluates an expression: to a value, or to `Unknown` with the facts to ask for."""

    def source(self, expression: Expression) -> tuple[Node, Params]:
        """Return the tree that the function evaluates, and the parameter values."""


class CompiledEvaluator:
    """Evaluator of expressions under the parameter values of one day."""

    def __init__(
        self,
        functions: Mapping[int, Evaluator],
        params: Mapping[str, Any],
        shared: dict[tuple[Expression, bool, tuple[int, ...]], Evaluator] | None = None,
    ) -> None:
        """Initialize with the generated functions by the index of their expression.

        `shared` keeps interpreters for the evaluators of other days of the same bundle, by the identity of the values
        that each reads; the bundle holds these values.
        """
        self.functions, self._params = functions, params
        self._interpreters: dict[Expression, Evaluator] = {}
        self._shared = {} if shared is None else shared

    def function(self, expression: Expression) -> Evaluator:
        """Return the function that evaluates an expression."""
        run = self.functions.get(expression.index) or self._interpreters.get(expression)
        if run is None:  # made by a change of a policy
            run = self._interpreters[expression] = self._interpreter(expression)
        return run

    def source(self, expression: Expression) -> tuple[Node, Params]:
        """Return the tree that the function evaluates, and the parameter values."""
        return expression.tree, self._params

    def unguarded(self, expression: Expression) -> Evaluator:
        """Return the function that collects every missing fact of an expression, including later questions."""
        return self._interpreter(expression, guards=False)

    def _interpreter(self, expression: Expression, guards: bool = True) -> Evaluator:
        key = expression, guards, tuple([id(self._params[name]) for name in expression.parameters])
        run = self._shared.get(key)
        if run is None:
            run = self._shared[key] = compile_interpreter(expression.tree, self._params, guards=guards)
        return run
