"""The law of one day: which rules are in force, and what they say when they are asked."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from vatspolicy.expression.exact import Exact, Unknown, prepare
from vatspolicy.expression.kleene import Env, Missing
from vatspolicy.expression.python import Function, Module
from vatspolicy.expression.scope import ACTIVITY, Scope
from vatspolicy.light import dataclass, field
from vatspolicy.policy import Expression, Instrument, Rule
from vatspolicy.stored import Instruments

if TYPE_CHECKING:
    from vatspolicy.expression.sieve import Asked, Sieve

COLD = 24
"""How often a table of rules is asked one by one before a sieve is made of it, which pays after some decisions."""


@dataclass(frozen=True)
class Code:
    """Generated code of a bundle's expressions, each by its place in the bundle's fixed order."""

    rules: Module
    """When rules hold."""
    others: Module
    """Everything else: caps and conditions of routes, what licences cover, who is in charge."""
    questions: Module
    """What the conjuncts of rules ask, by the rule's place, the conjunct's and the question's: 12.0.1."""
    levels: Mapping[str, int]
    """Whose variables an expression reads, by its place (`scope`)."""


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
    _code: Code = field(repr=False)
    _keys: Mapping[int, str] = field(repr=False)
    """Places of expressions, by identity. One without a place has no generated code."""

    def of(self, each: str, effect: str) -> tuple[Rule, ...]:
        """Rules in force on one kind of subject with one effect."""
        return self.rules.get(f"{each}/{effect}", ())

    def speaking(self, each: str, effects: tuple[str, ...], env: Env) -> list[tuple[Rule, bool | None]]:
        """Rules with one of the effects that hold of the variables, or may hold (None), in the order of `effects`."""
        rules, sieve = self._table(each, effects)
        if sieve is None:
            return [(rule, holds) for rule in rules if (holds := self.ask(rule.when, env)) is not False]
        places, unknown = sieve.find(env)
        if unknown:
            return [(rules[place], None if unknown >> place & 1 else True) for place in places]
        return [(rules[place], True) for place in places]

    def _table(self, each: str, effects: tuple[str, ...]) -> tuple[list[Rule], Sieve | None]:
        """Rules, and what finds among them once they are asked often: until then they are asked one by one.

        So are those of a law that answers otherwise than its rules say.
        """
        table = self._tables.get((each, effects))
        if table is None:
            table = self._tables[each, effects] = ([rule for effect in effects for rule in self.of(each, effect)], None)
        rules, sieve = table
        if sieve is None and type(self) is Law:
            asked = self._asks[each, effects] = self._asks.get((each, effects), 0) + 1
            if asked > COLD:
                from vatspolicy.expression.sieve import Sieve

                sieve = Sieve(self._asked(rule.when) for rule in rules)
                table = self._tables[each, effects] = (rules, sieve)
        return table

    @functools.cached_property
    def _tables(self) -> dict[tuple[str, tuple[str, ...]], tuple[list[Rule], Sieve | None]]:
        return {}

    @functools.cached_property
    def _asks(self) -> dict[tuple[str, tuple[str, ...]], int]:
        return {}

    @functools.cached_property
    def strengths(self) -> dict[tuple[Rule, bool], int]:
        """How well the law behind each rule is verified, kept by `evaluate` once it has looked."""
        return {}

    def _asked(self, expression: Expression) -> Iterator[Asked]:
        """The conjuncts of an expression, with what answers them."""
        from vatspolicy.expression.conjunct import WHOLE, conjuncts
        from vatspolicy.expression.sieve import Asked

        key = self._keys.get(id(expression))
        if key is None:
            for part in conjuncts(expression.tree):
                questions = [(prepare(one.node, self.params), one.want, one.variable) for one in part.questions]
                yield Asked(part.way, part.path, questions)
            return
        functions = self._questions
        for number, (way, path, wanted, level) in enumerate(expression.conjuncts):
            yield Asked(
                way,
                path,
                [(functions[f"{key}.{number}.{turn}"], want, name) for turn, (want, name) in enumerate(wanted)],
                _later(expression, number, self.params) if way == WHOLE else None,
                level,
            )

    def ask(self, expression: Expression, env: Env) -> Any:
        """Value of an expression: True, False or a scalar; None when it is unknown."""
        function, level = self._generated.get(id(expression)) or self._generate(expression)
        known = env.known[level] if type(env) is Scope and function else {}
        value = known.get(function)
        if value is None:
            try:
                value = function(env) if function else self._exactly(expression)(env)
            except KeyError:  # a missing fact stands in the way of the generated code
                value = self._exactly(expression)(env)
            known[function] = value
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
        if isinstance(self.instruments, Instruments):
            return self.instruments.fixed
        return {
            name: instrument.authority[0][1]
            for name, instrument in self.instruments.items()
            if instrument.authority[0][0].is_true
        }

    @functools.cached_property
    def _questions(self) -> Mapping[str, Function]:
        return self._code.questions.load(self.params)

    @functools.cached_property
    def _generated(self) -> dict[int, tuple[Function | None, int]]:
        """Generated code, and whose variables it reads, by the identity of the expression, as far as it was asked."""
        return {}

    def _generate(self, expression: Expression) -> tuple[Function | None, int]:
        key = self._keys.get(id(expression))
        if key is None:
            return (None, ACTIVITY)
        function = self._rules.get(key) or self._others[key]
        self._generated[id(expression)] = found = (function, self._code.levels[key])
        return found

    @functools.cached_property
    def _rules(self) -> Mapping[str, Function]:
        return self._code.rules.load(self.params)

    @functools.cached_property
    def _others(self) -> Mapping[str, Function]:
        return self._code.others.load(self.params)

    def _exactly(self, expression: Expression) -> Exact:
        """The closure of an expression; it is kept with the expression, whose identity would else be given anew."""
        kept = self._closures.get(id(expression))
        if kept is None:
            kept = self._closures[id(expression)] = (expression, prepare(expression.tree, self.params))
        return kept[1]

    @functools.cached_property
    def _closures(self) -> dict[int, tuple[Expression, Exact]]:
        return {}


def _later(expression: Expression, number: int, params: Mapping[str, Any]) -> Exact:
    """The closure of a conjunct, made when it is first asked: few decisions need more than a handful."""
    made: list[Exact] = []

    from vatspolicy.expression.conjunct import conjuncts

    def ask(env: Env) -> Any:
        if not made:
            made.append(prepare(conjuncts(expression.tree)[number].questions[0].node, params))
        return made[0](env)

    return ask
