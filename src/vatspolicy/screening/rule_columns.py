"""Columns for what was asked of rules and routes: each answer is computed once a row, however often it is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot import exp

from vatspolicy.cel.sql import (
    UNKNOWN,
    Known,
    Sql,
    Value,
    column,
    conjunction,
    constant,
    disjunction,
    to_sql,
)
from vatspolicy.policies.model import Route, Rule
from vatspolicy.screening.sql_common_subexpressions import share
from vatspolicy.screening.sql_expressions import PLACES, empty, named, present, select, when


class RuleColumns:
    """Rules about one kind of subject, and a column for the truth of each that a row can change."""

    def __init__(self, found: Iterable[tuple[Rule, Value]]) -> None:
        self.truths: dict[Rule, Value] = {}
        self.columns: dict[str, Sql] = {}
        self.rules: list[Rule] = []
        for index, (rule, value) in enumerate(found):
            self.rules.append(rule)
            if isinstance(value, Known):
                self.truths[rule] = value
            else:
                self.truths[rule] = column(f"w{index}")
                self.columns[f"w{index}"] = value

    def over(self, query: exp.Select, others: Mapping[str, Sql] | None = None) -> exp.Select:
        """The query, with the columns of rules, and others that ask the same subject."""
        columns = {**self.columns, **(others or {})}
        stages, values = share(list(columns.values()), "s")
        for stage in (*stages, dict(zip(columns, values, strict=True))):
            parts = [named(value, name) for name, value in stage.items()]
            query = select(exp.Star(), *parts).from_(query.subquery("stage", copy=False), copy=False)
        return query

    def of(self, kind: str) -> list[Rule]:
        """The rules with one effect."""
        return [rule for rule in self.rules if rule.kind == kind]

    def truth(self, rule: Rule) -> Value:
        """Whether the rule holds."""
        return self.truths[rule]

    def fired(self, places: Mapping[str, int]) -> Sql:
        """The places of the rules that hold, each of which has one by its name."""
        found = [
            when(to_sql(truth), constant(places[rule.name]), exp.Null())
            for rule, truth in self.truths.items()
            if truth not in (Known(False), UNKNOWN)
        ]
        return present(found) if found else empty(PLACES)


class Routes:
    """Routes, with columns for whether each is open and whether its instrument is held."""

    def __init__(self, found: Iterable[tuple[Rule, Route, Value, Value]]) -> None:
        self.columns: dict[str, Sql] = {}
        self.by_target: dict[str, list[tuple[Value, Value]]] = {}
        holding: dict[str, Value] = {}
        for index, (_, route, is_open, held) in enumerate(found):
            if route.instrument not in holding:
                holding[route.instrument] = self.column(f"held{index}", held)
            pair = (self.column(f"open{index}", is_open), holding[route.instrument])
            self.by_target.setdefault(route.to, []).append(pair)

    def column(self, name: str, value: Value) -> Value:
        """A column for the value, unless it is known."""
        if isinstance(value, Known):
            return value
        self.columns[name] = value
        return column(name)

    def to(self, target: str) -> tuple[Value, Value]:
        """Whether a route to the target is open; whether an open one's instrument is held."""
        pairs = self.by_target.get(target, [])
        return disjunction(is_open for is_open, _ in pairs), disjunction(map(conjunction, pairs))
