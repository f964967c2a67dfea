"""Pieces of the queries: lists, records, ranks and decision words as SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from vatspolicy.cel.sql import Known, Sql, Value, column, constant
from vatspolicy.cel.types import BOOL, TEXT, ListOf, Record
from vatspolicy.engine.decision import WORDS
from vatspolicy.screening.sql_relations import sql_type

ROW = "row"
"""The column of a table of profiles that numbers its rows."""

BOOLEAN, NAMES = sql_type(BOOL), sql_type(ListOf(TEXT))
PLACES = exp.DataType(this=exp.DType.ARRAY, expressions=[exp.DataType(this=exp.DType.INT)], nested=True)
"""Lists of places in a list of names, from 1: numbers are copied, told apart and sorted faster than names."""
ACTIVITY = Record("activity", {"class": TEXT, "decision": TEXT})
ACTIVITIES = sql_type(ListOf(ACTIVITY))
SERVICE = Record("service", {"id": TEXT, "state": TEXT, "decision": TEXT, "activities": ListOf(ACTIVITY)})
SERVICES = sql_type(ListOf(SERVICE))


def empty(type: exp.DataType) -> Sql:
    """An empty list of a type."""
    return exp.Cast(this=exp.Array(expressions=[]), to=type)


def or_empty(value: Sql, type: exp.DataType) -> Sql:
    """The list, or an empty one where it is NULL."""
    return exp.Coalesce(this=value, expressions=[empty(type)])


def together(one: Sql, other: Sql) -> Sql:
    """Two lists of places as one; the other may be NULL."""
    return exp.Flatten(this=exp.Array(expressions=[one, or_empty(other, PLACES)]))


def name_at(names: Sequence[str], place: Sql) -> Sql:
    """The name that has a place in a list."""
    return exp.Bracket(this=exp.Array(expressions=list(map(constant, names))), expressions=[place], offset=1)


def names_at(names: Sequence[str], places: Sql) -> Sql:
    """The names that have places in a list, as a list of their own; an empty one where there is none."""
    if not names:
        return empty(NAMES)
    one = exp.Lambda(this=name_at(names, column("x")), expressions=[exp.to_identifier("x", quoted=True)])
    return exp.Transform(this=places, expression=one)


def select(*columns: Sql) -> exp.Select:
    """A query of these columns."""
    return exp.Select(expressions=list(columns))


def named(value: Sql, name: str) -> Sql:
    """A column under a name."""
    return exp.Alias(this=value, alias=exp.to_identifier(name, quoted=True))


def when(condition: Sql, then: Sql, otherwise: Sql) -> Sql:
    """One value where the condition is true, else the other."""
    return exp.Case(ifs=[exp.If(this=condition, true=then)], default=otherwise)


def there(value: Sql) -> Sql:
    """Whether a value is not NULL."""
    return exp.Not(this=exp.Is(this=value, expression=exp.Null()))


def is_true(value: Sql) -> Sql:
    """Whether it is true, unknown being no."""
    return exp.Coalesce(this=value, expressions=[constant(False)])


def rank(value: Value) -> Sql:
    """The rank of a truth: 2 true, 1 unknown, 0 false."""
    if isinstance(value, Known):
        return constant({True: 2, None: 1, False: 0}[value.value])
    whole = exp.Mul(this=constant(2), expression=exp.Cast(this=value, to=exp.DataType(this=exp.DType.INT)))
    return exp.Coalesce(this=whole, expressions=[constant(1)])


def present(values: list[Sql]) -> Sql:
    """A list of the values that are not NULL."""
    name = exp.to_identifier("x", quoted=True)
    kept = exp.Lambda(this=there(column("x")), expressions=[name])
    return exp.ArrayFilter(this=exp.Array(expressions=values), expression=kept)


def members(classes: Sequence[Sql], possible: Sql) -> Sql:
    """The places of the classes that are true, and where `possible` holds, below 0, of those that are unknown."""
    entries: list[Sql] = [
        exp.Case(
            ifs=[
                exp.If(this=value, true=constant(place)),
                exp.If(this=exp.and_(exp.Not(this=there(value)), possible, copy=False), true=constant(-place)),
            ]
        )
        for place, value in enumerate(classes, 1)
    ]
    return present(entries)


def struct(fields: Mapping[str, Sql]) -> Sql:
    """A record of these fields."""
    return exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(name, quoted=True), expression=value)
            for name, value in fields.items()
        ]
    )


def low_end(denied: Sql, needed: Sql) -> Sql:
    """The mildest decision word that two ranks leave possible."""
    return _range_end(denied, needed, 2)


def high_end(denied: Sql, needed: Sql) -> Sql:
    """The strictest decision word that two ranks leave possible."""
    return _range_end(denied, needed, 1)


def _range_end(denied: Sql, needed: Sql, rank: int) -> Sql:
    return exp.Case(
        ifs=[
            exp.If(this=exp.GTE(this=denied, expression=constant(rank)), true=constant(WORDS[2])),
            exp.If(this=exp.GTE(this=needed, expression=constant(rank)), true=constant(WORDS[1])),
        ],
        default=constant(WORDS[0]),
    )


def word_of(denied: Sql, needed: Sql) -> Sql:
    """The decision word of two ranks."""
    low, high = low_end(denied, needed), high_end(denied, needed)
    return when(exp.EQ(this=low, expression=high), low, constant("incomplete"))
