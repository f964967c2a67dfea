"""Evaluation of a bundle's expressions: generated code first, the interpreter where it cannot answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from vatspolicy.cel.codegen import Function
from vatspolicy.cel.interpreter import Env, Evaluator, Unknown, UnknownAttribute, compile_interpreter
from vatspolicy.policies.model import Expression


class ExpressionEvaluator(Protocol):
    """Evaluator of the expressions of one rule set."""

    def evaluate(self, expression: Expression, activation: Env) -> Any:
        """Return the value of an expression: True, False, a scalar, or None if it is unknown."""

    def missing_facts(self, expression: Expression, activation: Env) -> tuple[UnknownAttribute, ...]:
        """Return the facts to ask for next while an expression is unknown; none if it is decided."""


class CompiledEvaluator:
    """Evaluator of expressions under the parameter values of one day."""

    def __init__(self, functions: Mapping[int, Function], params: Mapping[str, Any]) -> None:
        """Take the generated functions by the index of their expression."""
        self.functions, self._params = functions, params
        self._interpreters: dict[Expression, Evaluator] = {}

    def evaluate(self, expression: Expression, activation: Env) -> Any:
        """Return the value of an expression, or None if it is unknown."""
        try:
            return self.functions[expression.index](activation)
        except KeyError:  # a fact is missing, or the expression has no generated code
            value = self._interpret(expression, activation)
            return None if type(value) is Unknown else value

    def missing_facts(self, expression: Expression, activation: Env) -> tuple[UnknownAttribute, ...]:
        """Return the facts to ask for next while an expression is unknown."""
        value = self._interpret(expression, activation)
        return value.facts if type(value) is Unknown else ()

    def _interpret(self, expression: Expression, activation: Env) -> Any:
        run = self._interpreters.get(expression)
        if run is None:
            run = self._interpreters[expression] = compile_interpreter(expression.tree, self._params)
        return run(activation)
