"""Evaluation of a bundle's expressions: generated code first, the interpreter where it cannot answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from vatspolicy.cel.activation import Activation
from vatspolicy.cel.codegen import Function
from vatspolicy.cel.interpreter import Evaluator, compile_interpreter
from vatspolicy.policies.model import Expression


class ExpressionEvaluator(Protocol):
    """Evaluator of the expressions of one rule set."""

    def evaluate(self, expression: Expression, activation: Activation) -> Any:
        """Return the value of an expression: True, False, a scalar, or `Unknown` with the facts to ask for next."""


class CompiledEvaluator:
    """Evaluator of expressions under the parameter values of one day."""

    def __init__(self, functions: Mapping[int, Function], params: Mapping[str, Any]) -> None:
        """Take the generated functions by the index of their expression."""
        self.functions, self._params = functions, params
        self._interpreters: dict[Expression, Evaluator] = {}

    def evaluate(self, expression: Expression, activation: Activation) -> Any:
        """Return the value of an expression, or `Unknown`."""
        try:
            return self.functions[expression.index](activation)
        except KeyError:  # a fact is missing, or the expression has no generated code
            run = self._interpreters.get(expression)
            if run is None:
                run = self._interpreters[expression] = compile_interpreter(expression.tree, self._params)
            return run(activation)
