"""SQL building blocks: the types of facts, and lists, records, ranks and outcomes as expressions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlglot import exp

from vatspolicy.core.cel.sql import (
    Known,
    Sql,
    Value,
    Variable,
    column,
    constant,
    disjunction,
    field_of,
    negation,
    some,
    to_sql,
)
from vatspolicy.core.cel.types import BOOL, TEXT, Bool, Int, ListOf, Number, ObjectOf, Type
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.engine.decision import WORDS
from vatspolicy.core.profile.operators import SHARE, SHARE_AFTER, WHOLE, holders
from vatspolicy.core.profile.vocabulary import profile_type

ROW = "row"
"""Column of a table of profiles that numbers its rows."""

_SCALARS: Mapping[type, exp.DType] = {Bool: exp.DType.BOOLEAN, Int: exp.DType.BIGINT, Number: exp.DType.DOUBLE}
"""SQL types of scalars. All others are text, days too: they are written and compared as ISO text."""


def sql_type(type: Type) -> exp.DataType:
    """Return the SQL type of a fact: STRUCT for a record, a list type for a list."""
    match type:
        case ObjectOf(fields=fields):
            members = [
                exp.ColumnDef(this=exp.to_identifier(name, quoted=True), kind=sql_type(child))
                for name, child in fields.items()
            ]
            return exp.DataType(this=exp.DType.STRUCT, expressions=members, nested=True)
        case ListOf(item=item) if item is not None:
            return exp.DataType(this=exp.DType.ARRAY, expressions=[sql_type(item)], nested=True)
    return exp.DataType(this=_SCALARS.get(type.__class__, exp.DType.VARCHAR))


def fact_columns() -> dict[str, Type]:
    """Return the columns of a table of profiles: every fact at the top of the schema, places expanded."""
    return {name: type for name, type in profile_type().fields.items() if name != "schema"}


def record_fields(name: str) -> Mapping[str, Type]:
    """Return the fields of a column that holds a record."""
    record = fact_columns()[name]
    assert isinstance(record, ObjectOf)
    return record.fields


def by_path(paths: Iterable[tuple[str, ...]]) -> dict[str, Variable]:
    """Return nested records of columns, each named by the path of its fact."""
    found: dict[str, Tree] = {}
    for path in paths:
        owner = found
        for name in path[:-1]:
            owner = owner.setdefault(name, {})
        owner[path[-1]] = column(path_name(path))
    return found


def path_name(path: Sequence[str]) -> str:
    """Return the name of the column of a fact."""
    return ".".join(path)


BOOLEAN, NAMES = sql_type(BOOL), sql_type(ListOf(TEXT))
ACTIVITY = ObjectOf("activity", {"class": TEXT, "decision": TEXT})
ACTIVITIES = sql_type(ListOf(ACTIVITY))
SERVICE = ObjectOf("service", {"id": TEXT, "state": TEXT, "decision": TEXT, "activities": ListOf(ACTIVITY)})
SERVICES = sql_type(ListOf(SERVICE))


def empty(type: exp.DataType) -> Sql:
    """Return an empty list of a type."""
    return exp.Cast(this=exp.Array(expressions=[]), to=type)


def or_empty(value: Sql, type: exp.DataType) -> Sql:
    """Return the list, or an empty one if it is NULL."""
    return exp.Coalesce(this=value, expressions=[empty(type)])


def name_at(names: Sequence[str], place: Sql) -> Sql:
    """Return the name at an index of a list."""
    return exp.Bracket(this=exp.Array(expressions=list(map(constant, names))), expressions=[place], offset=1)


def names_at(names: Sequence[str], places: Sql) -> Sql:
    """Return the list of the names at some indices."""
    if not names:
        return empty(NAMES)
    one = exp.Lambda(this=name_at(names, column("x")), expressions=[exp.to_identifier("x", quoted=True)])
    return exp.Transform(this=places, expression=one)


def select(*columns: Sql) -> exp.Select:
    """Build a query of columns."""
    return exp.Select(expressions=list(columns))


def named(value: Sql, name: str) -> Sql:
    """Return the value as a column with a name."""
    return exp.Alias(this=value, alias=exp.to_identifier(name, quoted=True))


def when(condition: Sql, then: Sql, otherwise: Sql) -> Sql:
    """Return one value if the condition is true, else the other."""
    return exp.Case(ifs=[exp.If(this=condition, true=then)], default=otherwise)


def there(value: Sql) -> Sql:
    """Return the test that a value is not NULL."""
    return exp.Not(this=exp.Is(this=value, expression=exp.Null()))


def is_true(value: Sql) -> Sql:
    """Return the test that a value is true; unknown is not."""
    return exp.Coalesce(this=value, expressions=[constant(False)])


def rank(value: Value) -> Sql:
    """Return the rank of a truth value: 2 true, 1 unknown, 0 false."""
    if isinstance(value, Known):
        return constant({True: 2, None: 1, False: 0}[value.value])
    whole = exp.Mul(this=constant(2), expression=exp.Cast(this=value, to=exp.DataType(this=exp.DType.INT)))
    return exp.Coalesce(this=whole, expressions=[constant(1)])


def present(values: list[Sql]) -> Sql:
    """Build the list of the values that are not NULL."""
    name = exp.to_identifier("x", quoted=True)
    kept = exp.Lambda(this=there(column("x")), expressions=[name])
    return exp.ArrayFilter(this=exp.Array(expressions=values), expression=kept)


def members(classes: Sequence[Sql], possible: Sql) -> Sql:
    """Build the list of the indices of true classes and, if `possible` holds, the negated indices of unknown ones."""
    entries: list[Sql] = [
        exp.Case(
            ifs=[
                exp.If(this=value, true=constant(position)),
                exp.If(this=exp.and_(exp.Not(this=there(value)), possible, copy=False), true=constant(-position)),
            ]
        )
        for position, value in enumerate(classes, 1)
    ]
    return present(entries)


def struct(fields: Mapping[str, Sql]) -> Sql:
    """Build a record of fields."""
    return exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(name, quoted=True), expression=value)
            for name, value in fields.items()
        ]
    )


def low_end(denied: Sql, needed: Sql) -> Sql:
    """Return the mildest outcome that two ranks leave possible."""
    return _range_end(denied, needed, 2)


def high_end(denied: Sql, needed: Sql) -> Sql:
    """Return the strictest outcome that two ranks leave possible."""
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
    """Return the outcome of two ranks, or `incomplete`."""
    low, high = low_end(denied, needed), high_end(denied, needed)
    return when(exp.EQ(this=low, expression=high), low, constant("incomplete"))


def operator_of(operated_by: Sql) -> Sql:
    """Return the company or the partner that operates a service, with the fields of a company: Spark has one type."""
    partner = {
        name: field_of(column("partner"), name)
        if name in record_fields("partner")
        else exp.Cast(this=exp.Null(), to=sql_type(type))
        for name, type in record_fields("company").items()
    }
    return exp.Case(
        ifs=[
            exp.If(this=exp.EQ(this=operated_by, expression=constant("company")), true=column("company")),
            exp.If(this=there(operated_by), true=struct(partner)),
        ]
    )


def operator_share(operated_by: Sql) -> Sql:
    """Return the foreign share that counts for an operator: the largest of its holders, today and after their deals."""
    arms = []
    for word in (*_RUN, None):
        names = holders(word or "partner")
        run = there(operated_by) if word is None else exp.EQ(this=operated_by, expression=constant(word))
        is_there = exp.and_(run, there(column(names[0])), copy=False)
        arms.append(exp.If(this=is_there, true=_largest_share(names)))
    return exp.Case(ifs=arms)


_RUN = ("company", "contract-controlled")


def _largest_share(names: Sequence[str]) -> Sql:
    """Return the largest share: NULL while one is missing, unless another is the whole."""
    shares = [field_of(column(name), SHARE) for name in names]
    deal, deals = column("deal"), column("deals")
    target, after = field_of(deal, "target"), field_of(deal, SHARE_AFTER)
    counts = exp.In(this=target, expressions=[constant(name) for name in names])
    counted = exp.Case(ifs=[exp.If(this=counts, true=after)])
    afterwards = exp.Transform(
        this=deals, expression=exp.Lambda(this=counted, expressions=[exp.to_identifier("deal", quoted=True)])
    )
    largest = exp.ArrayMax(this=exp.Array(expressions=[*shares, exp.ArrayMax(this=afterwards)]))
    without_target, without_share = (
        exp.Is(this=target, expression=exp.Null()),
        exp.Is(this=after, expression=exp.Null()),
    )
    missing_share = exp.and_(exp.Coalesce(this=counts, expressions=[constant(False)]), without_share, copy=False)
    missing: list[Value] = [exp.Paren(this=exp.Is(this=share, expression=exp.Null())) for share in shares]
    missing.append(some(deals, "deal", exp.Paren(this=exp.or_(without_target, missing_share, copy=False))))
    return exp.Case(
        ifs=[
            exp.If(this=exp.GTE(this=largest, expression=constant(WHOLE)), true=largest),
            exp.If(this=to_sql(negation(disjunction(missing))), true=largest),
        ]
    )
