"""Columns of rules: each value computed once per row, and sets of rules as bit masks.

The bits follow the order of the names, so that a mask gives sorted names.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import lru_cache, partial, reduce
from typing import TypeAlias

from sqlglot import exp

from vatspolicy.core.cel.sql import UNKNOWN, Known, Sql, Value, column, conjunction, constant, disjunction, to_sql, when
from vatspolicy.core.policies.model import Route, Rule
from vatspolicy.screening.sql_common_subexpressions import extract_common
from vatspolicy.screening.sql_expressions import named, names_at, over, present

Cases: TypeAlias = Mapping[tuple[Hashable, bool], Value]
"""Truth values that a rule applies except for one clause, by clause and required truth (`case_split`)."""
WIDTH = 30
"""Bits of a column: constants stay positive in 32 bits, a width that both databases keep."""


def mask_names(count: int) -> list[str]:
    """Return the names of the columns that hold the masks of a number of rules."""
    return [f"rules{number}" for number in range(-(-count // WIDTH))]


def masks(conditions: Mapping[int, Sql], count: int, only_if: Sql | None = None) -> list[Sql]:
    """Build the columns of masks of the rules whose condition is true; of none unless `only_if` is true.

    `conditions`: by the place of the rule among all of them, from 0; `count`: number of all of them.
    """
    by_mask: dict[int, list[Sql]] = {}
    for position, condition in sorted(conditions.items()):
        bit = when(condition, constant(1 << position % WIDTH), constant(0))
        by_mask.setdefault(position // WIDTH, []).append(bit)
    columns = [joined(by_mask.get(at, ())) for at in range(len(mask_names(count)))]
    if only_if is not None:
        columns = [when(only_if, mask, constant(0)) for mask in columns]
    return list(map(named, columns, mask_names(count)))


def joined(values: Iterable[Sql]) -> Sql:
    """Build the union of masks, none of which is NULL."""
    parts = list(values)
    if not parts:
        return constant(0)
    return reduce(lambda left, right: exp.BitwiseOr(this=exp.Paren(this=left), expression=exp.Paren(this=right)), parts)


def names_in(names: Sequence[str]) -> Sql:
    """Build the list of the names in the columns of masks."""
    columns = mask_names(len(names))
    places = []
    for position in range(len(names)):
        bit = exp.BitwiseAnd(this=column(columns[position // WIDTH]), expression=constant(1 << position % WIDTH))
        is_in = exp.GT(this=exp.Paren(this=bit), expression=constant(0))
        places.append(when(is_in, constant(position + 1), exp.Null()))
    return names_at(names, present(places) if places else exp.Array(expressions=[]))


class MaskReader:
    """Reads masks returned by a database. A column has few distinct sets of rules, each read once."""

    def __init__(self, names: Sequence[str]) -> None:
        parts = (names[start : start + WIDTH] for start in range(0, len(names), WIDTH))
        self.columns = [lru_cache(MOST_KEPT)(partial(_names_of, part)) for part in parts]

    def read(self, values: Sequence[int]) -> list[str]:
        """Return the names of rules in the values of the columns, in order."""
        names: list[str] = []
        for names_of, value in zip(self.columns, values, strict=True):
            if value:
                names += names_of(value)
        return names


def _names_of(names: Sequence[str], mask: int) -> list[str]:
    return [name for position, name in enumerate(names) if mask >> position & 1]


MOST_KEPT = 10_000
"""Maximum number of cached sets per column, to limit memory."""

# --- columns for the values of rules and routes, each computed once per row however often it is read


class RuleColumns:
    """Rules about one kind of subject, with a column for each truth value that depends on the row."""

    def __init__(self, values: Iterable[tuple[Rule, Value]]) -> None:
        self.truths: dict[Rule, Value] = {}
        """Truth value of each rule."""
        self.columns: dict[str, Sql] = {}
        self.rules: list[Rule] = []
        for index, (rule, value) in enumerate(values):
            self.rules.append(rule)
            if isinstance(value, Known):
                self.truths[rule] = value
            else:
                self.truths[rule] = column(f"w{index}")
                self.columns[f"w{index}"] = value

    def over(self, query: exp.Select, others: Mapping[str, Sql] | None = None) -> exp.Select:
        """Return the query with the columns of rules, and with other columns about the same subject."""
        columns = {**self.columns, **(others or {})}
        stages, values = extract_common(list(columns.values()))
        for stage in (*stages, dict(zip(columns, values, strict=True))):
            parts = [named(value, name) for name, value in stage.items()]
            query = over(query, "stage", exp.Star(), *parts)
        return query

    def of(self, kind: str) -> list[Rule]:
        """Return the rules with one effect."""
        return [rule for rule in self.rules if rule.kind == kind]

    def fired(self, places: Mapping[str, int], only_if: Sql | None = None) -> list[Sql]:
        """Return the masks of the rules that hold, none unless `only_if` is true. `places`: by name, from 0."""
        conditions = {
            places[rule.name]: to_sql(truth)
            for rule, truth in self.truths.items()
            if truth not in (Known(False), UNKNOWN)
        }
        return masks(conditions, len(places), only_if)


class Routes:
    """Routes, with columns for each one being open and its instrument being held."""

    def __init__(self) -> None:
        self.columns: dict[str, Sql] = {}
        self.by_target: dict[str, list[tuple[Value, Value, Cases]]] = {}
        self.holding: dict[str, Value] = {}
        self.count = 0

    def add(self, route: Route, is_open: Value, held: Value, cases: Cases) -> None:
        """Add a route. `cases`: truth values that it is open except for one clause."""
        index = self.count
        self.count += 1
        if route.instrument not in self.holding:
            self.holding[route.instrument] = self.column(f"held{index}", held)
        sides = {side: self.column(f"case{index}_{n}", value) for n, (side, value) in enumerate(cases.items())}
        values = (self.column(f"open{index}", is_open), self.holding[route.instrument], sides)
        self.by_target.setdefault(route.to, []).append(values)

    def column(self, name: str, value: Value) -> Value:
        """Return a column for the value, or the value itself if it is known."""
        if isinstance(value, Known):
            return value
        self.columns[name] = value
        return column(name)

    def to(self, target: str) -> tuple[Value, Value]:
        """Return two truth values: a route to the target is open; the instrument of an open one is held."""
        routes = self.by_target.get(target, [])
        opened = [is_open for is_open, _, _ in routes]
        met = [conjunction((is_open, held)) for is_open, held, _ in routes]
        met_in = [{side: conjunction((value, held)) for side, value in cases.items()} for _, held, cases in routes]
        return (
            disjunction((*opened, in_each_case(cases for _, _, cases in routes))),
            disjunction((*met, in_each_case(met_in))),
        )


def in_each_case(rules: Iterable[Cases]) -> Value:
    """Return whether, for some clause, one rule applies if it is true, and another if it is false."""
    sides: dict[Hashable, dict[bool, list[Value]]] = {}
    for cases in rules:
        for (clause, truth), value in cases.items():
            sides.setdefault(clause, {True: [], False: []})[truth].append(value)
    return disjunction(conjunction(map(disjunction, side.values())) for side in sides.values())
