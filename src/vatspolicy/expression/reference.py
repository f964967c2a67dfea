"""The reference back end: cel-python's interpreter on the policy's own text.

Only tests and benchmarks use it. It takes the interpreted runner (the compiled one gives wrong answers in 0.5.0) and
reads an error as unknown, which is what CEL's error absorption amounts to inside the subset.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vatspolicy.expression.types import Bool, Day, Enum, Int, ListOf, Number, Record, Text, Type


class Reference:
    """Expressions of one scope, evaluated by cel-python.

    `params` are parameter values by short name with their types, `terms` the texts of terms by name in an order in
    which a term stands after the terms it uses.
    """

    def __init__(self, variables: Mapping[str, Type], params: Mapping[str, tuple[Any, Type]], terms: Mapping[str, str]) -> None:
        import celpy

        self._celpy = celpy
        self._environment = celpy.Environment(runner_class=celpy.InterpretedRunner)
        self._variables = variables
        self._params = {name: to_cel(value, type) for name, (value, type) in params.items()}
        self._terms = {name: self._program(text) for name, text in terms.items()}

    def evaluate(self, text: str, env: Mapping[str, Any]) -> Any:
        """True, False, a number or a text; None when cel-python reports an error."""
        activation = {name: to_cel(env[name], type) for name, type in self._variables.items() if env.get(name) is not None}
        activation["param"] = self._celpy.celtypes.MapType(self._params)
        known: dict[Any, Any] = {}
        for name, program in self._terms.items():
            activation["term"] = self._celpy.celtypes.MapType(known)
            value = self._run(program, activation)
            if value is not None:
                known[self._celpy.celtypes.StringType(name)] = self._celpy.celtypes.BoolType(value) if isinstance(value, bool) else value
        activation["term"] = self._celpy.celtypes.MapType(known)
        return self._run(self._program(text), activation)

    def _program(self, text: str) -> Any:
        return self._environment.program(self._environment.compile(text))

    def _run(self, program: Any, activation: dict[str, Any]) -> Any:
        try:
            value = program.evaluate(activation)
        except Exception:  # cel-python 0.5.0 leaks IndexError and others from its own error printer
            return None
        return bool(value) if isinstance(value, self._celpy.celtypes.BoolType) else value


def to_cel(value: Any, type: Type | None) -> Any:
    """The value as cel-python's own type, directed by the schema's: a `number` is a double even when JSON says 25."""
    from celpy import celtypes

    match type:
        case Bool():
            return celtypes.BoolType(value)
        case Int():
            return celtypes.IntType(value)
        case Number():
            return celtypes.DoubleType(value)
        case Text() | Enum() | Day():
            return celtypes.StringType(value)
        case ListOf(item=item):
            return celtypes.ListType([to_cel(member, item) for member in value])
        case Record(fields=fields):
            return celtypes.MapType({celtypes.StringType(name): to_cel(child, fields[name]) for name, child in value.items()})
    raise TypeError(f"no CEL type for {type!r}")
