"""The law of one day: which rules are in force, and what they say when they are asked."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vatspolicy.expression.exact import Exact, Unknown, prepare
from vatspolicy.expression.kleene import Env, Missing
from vatspolicy.expression.python import Function
from vatspolicy.expression.trigger import Index
from vatspolicy.policy import Expression, Instrument, Rule

_Table = tuple[list[Rule], list[Function], Index | None]


@dataclass(frozen=True)
class Law:
    """The bundle as of one day: which rules are in force and what parameters are."""

    rules: Mapping[str, tuple[Rule, ...]]
    """By subject and effect, such as activity/deny, in a fixed order."""
    params: Mapping[str, Any]
    """Values by key (policy/name)."""
    instruments: Mapping[str, Instrument]
    access: tuple[str, ...]
    """Instruments that routes in force lead to: holding one makes an activity licensed."""
    _functions: Mapping[str, Function] = field(repr=False)
    _keys: Mapping[int, str] = field(repr=False)

    def of(self, each: str, effect: str) -> tuple[Rule, ...]:
        """Rules in force on one kind of subject with one effect."""
        return self.rules.get(f"{each}/{effect}", ())

    def speaking(self, each: str, effects: tuple[str, ...], env: Env) -> list[tuple[Rule, bool | None]]:
        """Rules with one of the effects that hold of the variables, or may hold (None), in the order of `effects`."""
        rules, functions, index = self._table(each, effects)
        if index is None:
            return [(rule, holds) for rule in rules if (holds := self.ask(rule.when, env)) is not False]
        found: list[tuple[Rule, bool | None]] = []
        for place in index.find(env):
            try:
                holds = functions[place](env)
            except KeyError:
                holds = self.ask(rules[place].when, env)
            if holds is not False:
                found.append((rules[place], holds))
        return found

    def _table(self, each: str, effects: tuple[str, ...]) -> _Table:
        """Rules, their generated code, and where to look them up.

        A law that answers otherwise than its rules say is asked them all, one by one.
        """
        key = (each, effects)
        if key not in self._tables:
            rules = [rule for effect in effects for rule in self.of(each, effect)]
            if type(self) is Law:
                functions = [
                    self._generated.get(id(rule.when)) or functools.partial(self.ask, rule.when) for rule in rules
                ]
                self._tables[key] = rules, functions, Index((rule.when.trigger for rule in rules), self.params)
            else:
                self._tables[key] = rules, [], None
        return self._tables[key]

    @functools.cached_property
    def _tables(self) -> dict[tuple[str, tuple[str, ...]], _Table]:
        return {}

    def ask(self, expression: Expression, env: Env) -> Any:
        """Value of an expression: True, False or a scalar; None when it is unknown."""
        try:
            return self._generated[id(expression)](env)
        except KeyError:  # a missing fact stands in the way of the generated code
            value = self._exactly(expression)(env)
            return None if type(value) is Unknown else value

    def lacking(self, expression: Expression, env: Env) -> tuple[Missing, ...]:
        """The missing facts to ask for next while an expression is unknown (see `kleene.missing`); none otherwise."""
        value = self._exactly(expression)(env)
        return value.facts if type(value) is Unknown else ()

    @functools.cached_property
    def fixed_authorities(self) -> Mapping[str, tuple[str, ...]]:
        """Who is in charge of the instruments that are with the same authority whatever the facts."""
        if type(self) is not Law:
            return {}  # it may answer otherwise than the expressions say
        return {
            name: instrument.authority[0][1]
            for name, instrument in self.instruments.items()
            if instrument.authority[0][0].is_true
        }

    @functools.cached_property
    def _generated(self) -> Mapping[int, Function]:
        """Generated code by the identity of the expression."""
        functions = self._functions
        return {id: functions[key] for id, key in self._keys.items()}

    def _exactly(self, expression: Expression) -> Exact:
        """The closure of an expression; it is kept with the expression, whose identity would else be given anew."""
        kept = self._closures.get(id(expression))
        if kept is None:
            kept = self._closures[id(expression)] = (expression, prepare(expression.tree, self.params))
        return kept[1]

    @functools.cached_property
    def _closures(self) -> dict[int, tuple[Expression, Exact]]:
        return {}
