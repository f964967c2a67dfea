"""Index of rules by the values of single facts: it leaves the few rules that can match, without evaluating the others.

A rule is a conjunction, and most of its clauses test one fact. For each such fact a *dimension* maps a value to a
bitmap of the rules that the value leaves possible; the *candidates* are the intersection over all dimensions. The
operands of a disjunction have their own bits: it excludes a rule if all of them are excluded. Any other clause, and
a fact that is missing, excludes no rule. So the index never loses a rule that may hold, and every candidate must still
be evaluated.
"""

from __future__ import annotations

import functools
import operator
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, TypeVar

from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.cel.ast import (
    And,
    Compare,
    Fact,
    In,
    Literal,
    Node,
    Not,
    Or,
    Param,
    Quantifier,
    Term,
    conjuncts,
    shape_of,
    unfold,
    walk,
)
from vatspolicy.core.cel.interpreter import Evaluator, compile_interpreter
from vatspolicy.core.cel.scopes import unbound_facts
from vatspolicy.core.cel.types import Bool, Enum, Int, ListOf, Number, ObjectOf
from vatspolicy.core.policies.bitmap import find_places

Item = TypeVar("Item")

VALUE, NUMBER, SOME, EVERY, FILLED = "value", "number", "some", "every", "filled"
"""Tests of a fact: its value, its number, some or every member of a list of words, and a nonempty list of objects.
"""
_OTHER = object()
"""Represents any value that clauses do not mention."""


_Own: TypeAlias = tuple[str, Callable[[Any], int], int]
"""A fact of an object: its name, the rules that a value leaves possible, and the rules that hold without it."""


class RuleIndex:
    """Index of the rules whose conditions are given, each known by its place."""

    def __init__(self, conditions: Sequence[Node], params: Mapping[str, Any]) -> None:
        """Build the index under the parameter values of one day."""
        self._params = params
        self._rules = (1 << len(conditions)) - 1
        self._bits = len(conditions)
        self._predicates: dict[tuple[Any, bool], Predicate | None] = {}
        """By the shape of a clause and its truth value. Rules share clauses, above all those of terms."""
        self._places: dict[tuple[Any, bool], int | None] = {}
        """Places of disjunctions in the lists below, likewise; None for one that excludes nothing."""
        operands: list[int] = []
        excluded: list[int] = []
        self._operands, self._excluded = operands, excluded
        """By disjunction, inner first: the bits of its operands, and the bits to exclude if all operands are excluded.
        """
        dimensions: dict[tuple[Any, ...], Dimension] = {}
        for index, condition in enumerate(conditions):
            self._add(1 << index, condition, True, dimensions)
        self._everything = (1 << self._bits) - 1
        self._disjunctions = [(own, ~bits) for own, bits in zip(operands, excluded, strict=True)]
        self._owners: dict[tuple[str, ...], list[_Own]] = {}
        """Names of facts with their dimensions and the rules that hold without them, by the object that holds them."""
        for dimension in dimensions.values():
            dimension.finish(self._everything)
            without = self._everything & ~sum({bit for bit, predicate in dimension.tests if predicate.needed})
            self._owners.setdefault(dimension.path[:-1], []).append((dimension.name, dimension.possible, without))
        self._without = {
            path: functools.reduce(operator.and_, (without for _, _, without in dimensions))
            for path, dimensions in self._owners.items()
        }
        """The rules that hold without an object."""
        self._kept: dict[tuple[str, ...], tuple[Any, int, int]] = {}
        """The last object in each place with the bitmaps that it leaves. The subjects of one product share objects."""

    def _add(self, bit: int, condition: Node, wanted: bool, dimensions: dict[tuple[Any, ...], Dimension]) -> bool:
        """Index the clauses of a conjunction under a bit. Return whether any value can exclude it."""
        turns = Counter[tuple[Any, ...]]()
        indexed = False
        for clause, truth in conjuncts(condition, wanted, unfold):
            shape = (shape_of(clause), truth)
            if shape not in self._predicates:
                self._predicates[shape] = _predicate(clause, truth, self._params)
            predicate = self._predicates[shape]
            if predicate is not None:
                key: tuple[Any, ...] = (predicate.way, predicate.path)
                turns[key] += 1
                if predicate.way == SOME:  # different members of a list may pass different clauses
                    key = (*key, turns[key])
                dimension = dimensions.get(key)
                if dimension is None:
                    dimension = dimensions[key] = _DIMENSIONS[predicate.way](predicate.path)
                dimension.add(bit, predicate)
                indexed = True
            elif isinstance(clause, And | Or):
                if shape not in self._places:
                    self._places[shape] = self._add_alternatives(clause, truth, dimensions)
                index = self._places[shape]
                if index is not None:
                    self._excluded[index] |= bit
                    indexed = True
        return indexed

    def _add_alternatives(
        self, clause: And | Or, wanted: bool, dimensions: dict[tuple[Any, ...], Dimension]
    ) -> int | None:
        """Index the operands of a disjunction, each under its own bit. Return its place; None if an operand can always
        hold.
        """
        operands = 0
        for part in clause.parts:
            own = 1 << self._bits
            self._bits += 1
            operands |= own
            if not self._add(own, part, wanted, dimensions):
                return None
        self._operands.append(operands)
        self._excluded.append(0)
        return len(self._operands) - 1

    def split(self, activation: Activation) -> tuple[int, int]:
        """Return the bitmaps of the rules that may hold, and of those others that may be undecided."""
        possible_rules = holding = self._everything
        for path, dimensions in self._owners.items():
            owner: Any = activation
            for name in path:
                owner = owner.get(name)
                if owner is None:
                    holding &= self._without[path]
                    break
            else:
                kept = self._kept.get(path)
                if kept is None or kept[0] is not owner:
                    kept = self._kept[path] = (owner, *self._test(owner, dimensions))
                possible_rules &= kept[1]
                holding &= kept[2]
        holding &= possible_rules
        for operands, others in self._disjunctions:
            if not holding & operands:
                holding &= others
                if not possible_rules & operands:
                    possible_rules &= others
        return holding & self._rules, possible_rules & ~holding & self._rules

    def _test(self, owner: Mapping[str, Any], dimensions: Iterable[_Own]) -> tuple[int, int]:
        """Return the bitmaps of the rules that the facts of an object leave possible, and that may hold."""
        possible_rules = holding = self._everything
        for name, possible, without in dimensions:
            value = owner.get(name)
            if value is None:  # a missing fact excludes nothing
                holding &= without
            else:
                possible_rules &= possible(value)
        return possible_rules, holding

    def select(self, rules: Sequence[Item], activation: Activation) -> Iterator[Item]:
        """Yield the candidates among the rules, in order."""
        likely, others = self.split(activation)
        for index in find_places(likely | others):
            yield rules[index]


class Predicate(NamedTuple):
    """A test of one fact, which a rule fails if its clause is false."""

    way: str
    path: tuple[str, ...]
    constants: frozenset[Any]
    """Values that the test mentions."""
    passes: Evaluator
    """Function that tests the value, or a member of the list."""
    needed: bool = True
    """True if the clause is undecided while the fact is missing."""


class Dimension:
    """Bitmaps of possible rules by the value of one fact."""

    def __init__(self, path: tuple[str, ...]) -> None:
        """Take the path of the fact."""
        self.path, self.name = path, path[-1]
        self.tests: list[tuple[int, Predicate]] = []

    def add(self, bit: int, predicate: Predicate) -> None:
        """Add a predicate of the rule that has a bit."""
        self.tests.append((bit, predicate))

    def finish(self, everything: int) -> None:
        """Build the bitmaps from all predicates added. `everything` is the bitmap of all rules."""
        raise NotImplementedError

    def possible(self, value: Any) -> int:
        """Return the bitmap of the rules that a value leaves possible."""
        raise NotImplementedError


class ValueDimension(Dimension):
    """Dimension of a word or a truth value."""

    def finish(self, everything: int) -> None:
        """Build a table of the values that predicates mention."""
        self.everything = everything
        self.other = self.everything & ~_failing(self.tests, _OTHER)
        mentions: dict[Any, list[tuple[int, Predicate]]] = {}
        for bit, predicate in self.tests:
            for value in predicate.constants:
                mentions.setdefault(value, []).append((bit, predicate))
        by_bit: dict[int, list[tuple[int, Predicate]]] = {}
        for bit, predicate in self.tests:
            by_bit.setdefault(bit, []).append((bit, predicate))
        self.table: dict[Any, int] = {}
        for value, tests in mentions.items():
            bits = {bit for bit, _ in tests}
            concerned = sum(bits)
            failing = _failing((test for bit in bits for test in by_bit[bit]), value)
            self.table[value] = (self.other | concerned) & ~failing

    def possible(self, value: Any) -> int:
        """Return the bitmap of the rules that a value leaves possible."""
        return self.table.get(value, self.other)


class EveryDimension(ValueDimension):
    """Dimension of a list in which every member must pass."""

    def possible(self, value: Any) -> int:
        """Return the bitmap of the rules that a value leaves possible."""
        possible_rules, table, other = self.everything, self.table, self.other
        for member in value:
            possible_rules &= table.get(member, other)
        return possible_rules


class SomeDimension(ValueDimension):
    """Dimension of a list in which some member must pass."""

    def finish(self, everything: int) -> None:
        """Build the table without the rules that the dimension does not test."""
        super().finish(everything)
        untested = everything & ~sum(bit for bit, _ in self.tests)
        self.untested, self.other = untested, self.other & ~untested
        self.table = {value: bits & ~untested for value, bits in self.table.items()}

    def possible(self, value: Any) -> int:
        """Return the bitmap of the rules that a value leaves possible."""
        possible_rules, table, other = self.untested, self.table, self.other
        for member in value:
            possible_rules |= table.get(member, other)
        return possible_rules


class FilledDimension(Dimension):
    """Dimension of a list in which at least one object must pass. An empty list excludes all rules with that test."""

    def finish(self, everything: int) -> None:
        """Build the bitmaps of the empty list and of any other."""
        self.empty, self.filled = (
            everything & ~functools.reduce(operator.or_, (bit for bit, _ in self.tests)),
            everything,
        )

    def possible(self, value: Any) -> int:
        """Return the bitmap of the rules that a value leaves possible."""
        return self.filled if value else self.empty


class NumberDimension(Dimension):
    """Dimension of a number: bitmaps by the interval in which it lies, the constants being their own intervals."""

    def finish(self, everything: int) -> None:
        """Build a bitmap for each constant, and for the numbers between them."""
        self.cuts = sorted({value for _, predicate in self.tests for value in predicate.constants})
        between = [(low + high) / 2 for low, high in zip(self.cuts, self.cuts[1:], strict=False)]
        points: list[Any] = [self.cuts[0] - 1]
        for cut, after in zip(self.cuts, [*between, self.cuts[-1] + 1], strict=True):
            points += [cut, after]
        self.bitmaps = [everything & ~_failing(self.tests, point) for point in points]

    def possible(self, value: Any) -> int:
        """Return the bitmap of the rules that a value leaves possible."""
        index = bisect_left(self.cuts, value)
        is_cut = index < len(self.cuts) and self.cuts[index] == value
        return self.bitmaps[2 * index + is_cut]


_DIMENSIONS: Mapping[str, type[Dimension]] = {
    VALUE: ValueDimension,
    NUMBER: NumberDimension,
    SOME: SomeDimension,
    EVERY: EveryDimension,
    FILLED: FilledDimension,
}


def _failing(tests: Iterable[tuple[int, Predicate]], value: Any) -> int:
    failing = 0
    for bit, predicate in tests:
        if not predicate.passes(value):
            failing |= bit
    return failing


def _predicate(clause: Node, wanted: bool, params: Mapping[str, Any]) -> Predicate | None:
    """Return the test that a clause makes of one fact, or None if it tests more, or in another way."""
    filled = _filled_list(clause, wanted)
    if filled is not None:
        return Predicate(FILLED, (filled.root, *filled.names), frozenset(), bool)
    facts = {(fact.root, *fact.names): fact for fact in unbound_facts(clause)}
    nodes = list(walk(clause))
    if len(facts) != 1 or not all(isinstance(node, _SIMPLE) for node in nodes):
        return None
    ((path, fact),) = facts.items()
    constants = list(_constants(nodes, params))
    match fact.type:
        case Bool():
            way, constants = VALUE, [True, False]
        case Enum():
            way = VALUE
        case Int() | Number() if constants:
            way = NUMBER
        case ListOf(item=Enum()):
            way = _list_way(clause, wanted)
        case _:
            return None
    if not way or any(isinstance(value, dict) for value in constants):
        return None
    run = compile_interpreter(clause, params)
    listed, other = way in (SOME, EVERY), not isinstance(fact.type, Bool)

    def passes(value: Any) -> bool:
        if value is _OTHER and not other:
            return True  # there is no other truth value, and a disjunction takes none
        return run(_nested(path, [value] if listed else value)) is wanted

    needed = run(_nested(path[:-1], {})) is not wanted
    return Predicate(way, path, frozenset(constants), passes, needed)


_SIMPLE = (Not, And, Or, Term, Compare, In, Literal, Param, Fact, Quantifier)
"""Nodes under which unmentioned values share one result."""


def _filled_list(clause: Node, wanted: bool) -> Fact | None:
    """Return the list in which a clause requires at least one object to pass, if that is its only content."""
    match clause:
        case Quantifier(kind=kind, list=Fact(type=ListOf(item=ObjectOf())) as over) if (kind == "exists") is wanted:
            return over
    return None


def _constants(nodes: Iterable[Node], params: Mapping[str, Any]) -> Iterator[Any]:
    for node in nodes:
        if isinstance(node, Literal | Param):
            value = params[node.key] if isinstance(node, Param) else node.value
            yield from value if isinstance(value, list | tuple) else (value,)


def _list_way(node: Node, wanted: bool) -> str:
    """Return how a clause tests each member of the list that it reads; empty if it does not test members singly."""
    match node:
        case Term(body=body):
            return _list_way(body, wanted)
        case Not(body=body):
            return _list_way(body, not wanted)
        case And(parts=parts) | Or(parts=parts):
            own = SOME if isinstance(node, Or) is wanted else EVERY
            return own if all(_list_way(part, wanted) == own for part in parts) else ""
        case In(item=Literal() | Param(), list=Fact()):
            return SOME if wanted else EVERY
        case Quantifier(kind=kind, variable=variable, list=Fact(), body=body) if not any(
            unbound_facts(body, frozenset([variable]))
        ):
            return SOME if (kind == "exists") is wanted else EVERY
    return ""


def _nested(path: tuple[str, ...], value: Any) -> Any:
    """Return an activation in which one fact has a value."""
    return functools.reduce(lambda inner, name: {name: inner}, reversed(path), value)
