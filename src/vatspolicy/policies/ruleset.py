"""The law of one day: which rules are in force, and what they say when they are asked."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vatspolicy.cel.activation import ACTIVITY, Activation
from vatspolicy.cel.codegen import Function, GeneratedModule
from vatspolicy.cel.interpreter import Env, Evaluator, Unknown, UnknownAttribute, compile_interpreter
from vatspolicy.documents.schemas import SchemaSet
from vatspolicy.policies.model import Expression, Instrument, Rule
from vatspolicy.policies.stored import Instruments

if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from vatspolicy.cel.conjunct import Question
    from vatspolicy.cel.sieve import Row, Sieve

KEPT = 1_000
"""How many combinations of rules that speak together are remembered, of each effect."""
Matches: TypeAlias = "Sequence[tuple[Rule, bool]]"
"""Rules that speak, each with whether it holds."""
COLD = 24
"""How often a table of rules is asked one by one before a sieve is made of it, which pays after some decisions."""


class MatchedRules:
    """The rules that hold of some variables, or may hold: as bits, and as rules where they are looked at."""

    __slots__ = ("_table", "bits", "unknown")

    def __init__(self, table: RuleGroup, bits: int, unknown: int) -> None:
        """Of the rules of a table, those that hold or may hold, and those that only may."""
        self._table, self.bits, self.unknown = table, bits, unknown

    def rules(self, effect: int) -> Matches:
        """Those with one effect, the one at that place among those asked for, each with whether it holds; where it
        does not, a fact is missing.
        """
        table = self._table
        mask = table.masks[effect]
        speaking = self.bits & mask
        if not speaking:
            return ()
        said, key = table.said[effect], (speaking, self.unknown & mask)
        found = said.get(key)
        if found is None:
            if len(said) >= KEPT:
                said.clear()
            lacking = self.undecided(effect)
            found = said[key] = tuple([(rule, rule not in lacking) for rule in self.match(effect)])
        return found

    def match(self, effect: int) -> list[Rule]:
        """Those with one effect that hold or may hold."""
        return self._table.named(self.bits, effect)

    def undecided(self, effect: int) -> list[Rule]:
        """Those with one effect that only may hold."""
        return self._table.named(self.unknown, effect)


class RuleGroup:
    """Rules that are asked together, and what finds among them."""

    __slots__ = ("_eights", "_firsts", "asked", "masks", "rules", "said", "sieve")

    def __init__(self, parts: Iterable[tuple[Rule, ...]]) -> None:
        """Rules by effect."""
        self.rules: list[Rule] = []
        self.masks: list[int] = []
        """Of each effect, the bits of its rules."""
        self._firsts: list[int] = []
        """Of each effect, the byte in which they begin."""
        for part in parts:
            self.masks.append(((1 << len(part)) - 1) << len(self.rules))
            self._firsts.append(len(self.rules) // 8)
            self.rules += part
        self.said: list[dict[tuple[int, int], Matches]] = [{} for _ in self.masks]
        """Of each effect, what was said by the bits that are set, and those of them that are unknown."""
        self._eights: dict[int, list[Rule]] = {}
        """Rules by the byte that their bits make, and its place: there are few, and a set of bits is read by them."""
        self.asked = 0
        self.sieve: Sieve | None = None

    def named(self, bits: int, effect: int) -> list[Rule]:
        """The rules with one effect whose bits are set, in their order."""
        found: list[Rule] = []
        mask, first = self.masks[effect], self._firsts[effect]
        bits = (bits & mask) >> first * 8
        for place, byte in enumerate(bits.to_bytes((bits.bit_length() + 7) // 8, "little"), first):
            if byte:
                key = place << 8 | byte
                eight = self._eights.get(key)
                if eight is None:
                    rules = self.rules[place * 8 : place * 8 + 8]
                    eight = self._eights[key] = [rule for bit, rule in enumerate(rules) if byte >> bit & 1]
                found += eight
        return found


@dataclass(frozen=True)
class CompiledExpressions:
    """Generated code of a bundle's expressions, each by its place in the bundle's fixed order."""

    rules: GeneratedModule
    """When rules hold."""
    others: GeneratedModule
    """Everything else: caps and conditions of routes, what licences cover, who is in charge."""
    questions: GeneratedModule
    """What of the conjuncts of rules is asked whole, by the rule's place, the conjunct's and the question's: 12.0.1."""
    levels: Mapping[str, int]
    """Whose variables an expression reads, by its place (`scope`)."""


@dataclass(frozen=True)
class RuleSet:
    """The bundle as of one day: which rules are in force and what parameters are."""

    rules: Mapping[str, tuple[Rule, ...]]
    """By subject and effect, such as activity/deny, in a fixed order."""
    params: Mapping[str, Any]
    """Values by key (policy/name)."""
    instruments: Mapping[str, Instrument]
    access: tuple[str, ...]
    """Instruments that routes in force lead to: holding one makes an activity licensed."""
    _code: CompiledExpressions = field(repr=False)
    _keys: Mapping[int, str] = field(repr=False)
    """Places of expressions, by identity. One without a place has no generated code."""
    schemas: SchemaSet = field(default_factory=SchemaSet.shipped, repr=False)
    """Schemas of the bundle."""

    def of(self, each: str, effect: str) -> tuple[Rule, ...]:
        """Rules in force on one kind of subject with one effect."""
        return self.rules.get(f"{each}/{effect}", ())

    def match(self, each: str, effects: tuple[str, ...], env: Env) -> MatchedRules:
        """The rules about one kind of subject and with some effects that hold of the variables, or may hold."""
        table = self._tables.get((each, effects))
        if table is None:
            table = self._tables[each, effects] = RuleGroup(self.of(each, effect) for effect in effects)
        sieve = table.sieve or self._sieve(table)
        left, unknown = sieve.find(env) if sieve else self._ask_each(table.rules, env)
        return MatchedRules(table, left, unknown)

    def _ask_each(self, rules: Iterable[Rule], env: Env) -> tuple[int, int]:
        """What a sieve finds, by asking one by one."""
        left = unknown = 0
        for place, rule in enumerate(rules):
            holds = self.ask(rule.when, env)
            if holds is not False:
                left |= 1 << place
                unknown |= 0 if holds else 1 << place
        return left, unknown

    def _sieve(self, table: RuleGroup) -> Sieve | None:
        """What finds the rules of a table that is asked often: until then they are asked one by one.

        So are those of a law that answers otherwise than its rules say.
        """
        table.asked += 1
        if table.asked <= COLD or type(self) is not RuleSet:
            return None
        from vatspolicy.cel.sieve import Sieve

        table.sieve = Sieve(self._row(rule.when) for rule in table.rules)
        return table.sieve

    @functools.cached_property
    def _tables(self) -> dict[tuple[str, tuple[str, ...]], RuleGroup]:
        return {}

    @functools.cached_property
    def strengths(self) -> dict[tuple[Rule, bool], int]:
        """How well the law behind each rule is verified, kept by `evaluate` once it has looked."""
        return {}

    def _row(self, expression: Expression) -> Row:
        """The conjuncts of an expression, with what it takes to ask them."""
        from vatspolicy.cel.rows import make_row

        place = self._keys.get(id(expression))
        base = place or ""
        nodes = functools.cache(lambda: _questions(expression, base))

        def functions(key: str) -> tuple[Function, Function]:
            exact = functools.cache(lambda: compile_interpreter(nodes()[key].node, self.params))  # few are ever needed
            return (self._questions[key] if place else exact(), lambda env: exact()(env))

        try:
            return make_row(expression.conjuncts, base, self.params, functions)
        except LookupError:  # constants that are asked of single facts are not there
            return self._whole_row(expression)

    def _whole_row(self, expression: Expression) -> Row:
        """An expression as one part, asked whole."""
        from vatspolicy.cel.sieve import Way

        function, level = self._generate(expression)

        def exact(env: Env) -> Any:
            return self._exactly(expression)(env)

        own = exact if function is _absent else function
        return ((Way("whole", (), level, function=own, exact=exact),),)

    def ask(self, expression: Expression, env: Env) -> Any:
        """Value of an expression: True, False or a scalar; None when it is unknown."""
        function, level = self._generated.get(id(expression)) or self._generate(expression)
        known = env.known[level] if type(env) is Activation and function is not _absent else None
        if known is not None and function in known:
            return known[function]
        try:
            value = function(env)
        except KeyError:  # a missing fact stands in the way of the generated code
            value = self._exactly(expression)(env)
            if type(value) is Unknown:
                value = None
        if known is not None:
            known[function] = value
        return value

    def missing_facts_in(self, expression: Expression, env: Env) -> tuple[UnknownAttribute, ...]:
        """The missing facts to ask for next while an expression is unknown; none otherwise."""
        value = self._exactly(expression)(env)
        return value.facts if type(value) is Unknown else ()

    def authorities(self, instrument: str, env: Env) -> tuple[str, ...]:
        """Who is in charge of an instrument: the first entry that holds; all that may hold while facts are missing."""
        always = self.fixed_authorities.get(instrument)
        if always is not None:
            return always
        found: list[str] = []
        for when, bodies in self.instruments[instrument].authority:
            holds = self.ask(when, env)
            if holds is not False:
                found += [body for body in bodies if body not in found]
            if holds:
                break
        return tuple(found)

    @functools.cached_property
    def fixed_authorities(self) -> Mapping[str, tuple[str, ...]]:
        """Who is in charge of the instruments that are with the same authority whatever the facts."""
        if type(self) is not RuleSet:
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
    def _generated(self) -> dict[int, tuple[Function, int]]:
        """Generated code, and whose variables it reads, by the identity of the expression, as far as it was asked."""
        return {}

    def _generate(self, expression: Expression) -> tuple[Function, int]:
        key = self._keys.get(id(expression))
        if key is None:
            return (_absent, ACTIVITY)
        function = self._rules.get(key) or self._others[key]
        self._generated[id(expression)] = found = (function, self._code.levels[key])
        return found

    @functools.cached_property
    def _rules(self) -> Mapping[str, Function]:
        return self._code.rules.load(self.params)

    @functools.cached_property
    def _others(self) -> Mapping[str, Function]:
        return self._code.others.load(self.params)

    def _exactly(self, expression: Expression) -> Evaluator:
        """The closure of an expression; it is kept with the expression, whose identity would else be given anew."""
        kept = self._closures.get(id(expression))
        if kept is None:
            kept = self._closures[id(expression)] = (expression, compile_interpreter(expression.tree, self.params))
        return kept[1]

    @functools.cached_property
    def _closures(self) -> dict[int, tuple[Expression, Evaluator]]:
        return {}


def _absent(_: Env) -> Any:
    """Stands for generated code where there is none."""
    raise KeyError


def _questions(expression: Expression, key: str) -> dict[str, Question]:
    """What the conjuncts of an expression ask, by keys that begin with `key`."""
    from vatspolicy.cel.conjunct import conjuncts, questions

    return dict(questions(conjuncts(expression.tree), key))
