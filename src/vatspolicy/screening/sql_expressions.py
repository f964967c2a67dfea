"""SQL building blocks: the types of facts, and lists, records, ranks and outcomes as expressions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlglot import exp

from vatspolicy.core.cel.sql import (
    Sql,
    Value,
    Variable,
    column,
    constant,
    disjunction,
    each_of,
    equal,
    field_of,
    first_of,
    is_null,
    negation,
    or_else,
    some,
    there,
    those_of,
    to_sql,
    when,
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
    tree: dict[str, Tree] = {}
    for path in paths:
        owner = tree
        for name in path[:-1]:
            owner = owner.setdefault(name, {})
        owner[path[-1]] = column(".".join(path))
    return tree


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
    return or_else(value, empty(type))


def name_at(names: Sequence[str], position: Sql) -> Sql:
    """Return the name at an index of a list."""
    return exp.Bracket(this=exp.Array(expressions=list(map(constant, names))), expressions=[position], offset=1)


def names_at(names: Sequence[str], places: Sql) -> Sql:
    """Return the list of the names at some indices."""
    if not names:
        return empty(NAMES)
    return each_of(places, "x", name_at(names, column("x")))


def select(*columns: Sql) -> exp.Select:
    """Build a query of columns."""
    return exp.Select(expressions=list(columns))


def over(query: exp.Select, name: str, *columns: Sql) -> exp.Select:
    """Build a query of columns over the rows of another query, which it knows by a name."""
    return select(*columns).from_(query.subquery(name, copy=False), copy=False)


def named(value: Sql, name: str) -> Sql:
    """Return the value as a column with a name."""
    return exp.Alias(this=value, alias=exp.to_identifier(name, quoted=True))


def is_true(value: Sql) -> Sql:
    """Return the test that a value is true; unknown is not."""
    return or_else(value, constant(False))


def present(values: list[Sql]) -> Sql:
    """Build the list of the values that are not NULL."""
    return those_of(exp.Array(expressions=values), "x", there(column("x")))


def members(classes: Sequence[Sql], possible: Sql) -> Sql:
    """Build the list of the indices of true classes and, if `possible` holds, the negated indices of unknown ones."""
    entries = []
    for position, value in enumerate(classes, 1):
        unknown = exp.and_(is_null(value), possible, copy=False)
        entries.append(first_of([(value, constant(position)), (unknown, constant(-position))]))
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
    arms = ((denied, WORDS[2]), (needed, WORDS[1]))
    reached = [(exp.GTE(this=value, expression=constant(rank)), constant(word)) for value, word in arms]
    return first_of(reached, constant(WORDS[0]))


def word_of(denied: Sql, needed: Sql) -> Sql:
    """Return the outcome of two ranks, or `incomplete`."""
    low, high = low_end(denied, needed), high_end(denied, needed)
    return when(equal(low, high), low, constant("incomplete"))


def operator_of(operated_by: Sql) -> Sql:
    """Return the company or the partner that operates a service, with the fields of a company: Spark has one type."""
    partner = {
        name: field_of(column("partner"), name)
        if name in record_fields("partner")
        else exp.Cast(this=exp.Null(), to=sql_type(type))
        for name, type in record_fields("company").items()
    }
    by_company = equal(operated_by, "company")
    return first_of([(by_company, column("company")), (there(operated_by), struct(partner))])


def operator_share(operated_by: Sql) -> Sql:
    """Return the foreign share that counts for an operator: the largest of its holders, today and after their deals."""
    arms = []
    for word in (*_RUN, None):
        names = holders(word or "partner")
        run = there(operated_by) if word is None else equal(operated_by, word)
        is_there = exp.and_(run, there(column(names[0])), copy=False)
        arms.append((is_there, _largest_share(names)))
    return first_of(arms)


_RUN = ("company", "contract-controlled")


def _largest_share(names: Sequence[str]) -> Sql:
    """Return the largest share: NULL while one is missing, unless another is the whole."""
    shares = [field_of(column(name), SHARE) for name in names]
    deal, deals = column("deal"), column("deals")
    target, after = field_of(deal, "target"), field_of(deal, SHARE_AFTER)
    counts = exp.In(this=target, expressions=[constant(name) for name in names])
    afterwards = each_of(deals, "deal", when(counts, after))
    largest = exp.ArrayMax(this=exp.Array(expressions=[*shares, exp.ArrayMax(this=afterwards)]))
    missing_share = exp.and_(is_true(counts), is_null(after), copy=False)
    missing: list[Value] = [exp.Paren(this=is_null(share)) for share in shares]
    missing.append(some(deals, "deal", exp.Paren(this=exp.or_(is_null(target), missing_share, copy=False))))
    is_whole = exp.GTE(this=largest, expression=constant(WHOLE))
    return first_of([(is_whole, largest), (to_sql(negation(disjunction(missing))), largest)])
