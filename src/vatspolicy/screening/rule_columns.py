"""Columns for the values of rules and routes, each computed once per row however often it is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot import exp

from vatspolicy.core.cel.sql import UNKNOWN, Known, Sql, Value, column, conjunction, disjunction, to_sql
from vatspolicy.core.policies.model import Route, Rule
from vatspolicy.screening.rule_masks import masks
from vatspolicy.screening.sql_common_subexpressions import extract_common
from vatspolicy.screening.sql_expressions import named, select


class RuleColumns:
    """Rules about one kind of subject, with a column for each truth value that depends on the row."""

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
        """Return the query with the columns of rules, and with other columns about the same subject."""
        columns = {**self.columns, **(others or {})}
        stages, values = extract_common(list(columns.values()), "s")
        for stage in (*stages, dict(zip(columns, values, strict=True))):
            parts = [named(value, name) for name, value in stage.items()]
            query = select(exp.Star(), *parts).from_(query.subquery("stage", copy=False), copy=False)
        return query

    def of(self, kind: str) -> list[Rule]:
        """Return the rules with one effect."""
        return [rule for rule in self.rules if rule.kind == kind]

    def truth(self, rule: Rule) -> Value:
        """Return the truth value of a rule."""
        return self.truths[rule]

    def fired(self, places: Mapping[str, int], only_if: Sql | None = None) -> list[Sql]:
        """Return the masks of the rules that hold, none unless `only_if` is true. `places`: by name, from 0."""
        found = {
            places[rule.name]: to_sql(truth)
            for rule, truth in self.truths.items()
            if truth not in (Known(False), UNKNOWN)
        }
        return masks(found, len(places), only_if)


class Routes:
    """Routes, with columns for each one being open and its instrument being held."""

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
        """Return a column for the value, or the value itself if it is known."""
        if isinstance(value, Known):
            return value
        self.columns[name] = value
        return column(name)

    def to(self, target: str) -> tuple[Value, Value]:
        """Return two truth values: a route to the target is open; the instrument of an open one is held."""
        pairs = self.by_target.get(target, [])
        return disjunction(is_open for is_open, _ in pairs), disjunction(map(conjunction, pairs))
