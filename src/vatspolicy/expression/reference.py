"""The reference back end: cel-python's interpreter on the policy's own text.

Only tests and benchmarks use it. It takes the interpreted runner (the compiled one gives wrong answers in 0.5.0) and
reads an error as unknown, which is what CEL's error absorption amounts to inside the subset.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vatspolicy.expression.types import Bool, Day, Enum, Int, ListOf, Number, Record, Text, Type


class Reference:
    """Expressions of one scope, evaluated by cel-python.

    `params` are parameter values by short name with their types, `terms` the texts of terms by name in an order in
    which a term stands after the terms it uses.
    """

    def __init__(
        self,
        variables: Mapping[str, Type],
        params: Mapping[str, tuple[Any, Type]],
        terms: Mapping[str, str],
    ) -> None:
        import celpy

        self._environment = celpy.Environment(runner_class=celpy.InterpretedRunner)
        self._programs: dict[str, Any] = {}
        self._variables = variables
        self._params = to_cel({name: value for name, (value, _) in params.items()}, record_of(params))
        self._terms = terms

    def evaluate(self, text: str, env: Mapping[str, Any]) -> Any:
        """True, False, a number, a text or a list; None when cel-python reports an error."""
        return self.at(env)(text)

    def at(self, env: Mapping[str, Any]) -> Callable[[str], Any]:
        """`evaluate` for many texts in one environment: facts are converted and terms evaluated once."""
        from celpy import celtypes

        activation = {name: to_cel(env[name], type) for name, type in self._variables.items() if name in env}
        activation["param"] = self._params
        known = celtypes.MapType()
        activation["term"] = known
        for name, text in self._terms.items():
            value = self._run(text, activation)
            if value is not None:
                known[celtypes.StringType(name)] = value
        return lambda text: _plain(self._run(text, activation))

    def _run(self, text: str, activation: dict[str, Any]) -> Any:
        if text not in self._programs:
            self._programs[text] = self._environment.program(self._environment.compile(text))
        try:
            return self._programs[text].evaluate(activation)
        except Exception:  # cel-python 0.5.0 leaks IndexError and others from its own error printer
            return None


def record_of(params: Mapping[str, tuple[Any, Type]]) -> Record:
    """The type of the variable `param`."""
    return Record("param", {name: type for name, (_, type) in params.items()})


def _plain(value: Any) -> Any:
    from celpy import celtypes

    return bool(value) if isinstance(value, celtypes.BoolType) else value


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
            return celtypes.MapType(
                {celtypes.StringType(name): to_cel(child, fields[name]) for name, child in value.items()}
            )
    raise TypeError(f"no CEL type for {type!r}")
