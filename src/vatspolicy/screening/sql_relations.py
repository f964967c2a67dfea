"""The relational form of facts: the types of the profile schema as types of a database."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from vatspolicy.cel.types import Bool, Int, ListOf, Number, Record, Type
from vatspolicy.profile.vocabulary import profile_type

_SCALARS: Mapping[type, exp.DType] = {Bool: exp.DType.BOOLEAN, Int: exp.DType.BIGINT, Number: exp.DType.DOUBLE}
"""All other scalars are text; days too, which are written and compared as ISO text."""


def sql_type(type: Type) -> exp.DataType:
    """The nested type of a fact: STRUCT for a record, a list type for a list."""
    match type:
        case Record(fields=fields):
            members = [
                exp.ColumnDef(this=exp.to_identifier(name, quoted=True), kind=sql_type(child))
                for name, child in fields.items()
            ]
            return exp.DataType(this=exp.DType.STRUCT, expressions=members, nested=True)
        case ListOf(item=item) if item is not None:
            return exp.DataType(this=exp.DType.ARRAY, expressions=[sql_type(item)], nested=True)
    return exp.DataType(this=_SCALARS.get(type.__class__, exp.DType.VARCHAR))


def fact_columns() -> dict[str, Type]:
    """The columns of a table of profiles: every fact at the top of the schema, places expanded."""
    return {name: type for name, type in profile_type().fields.items() if name != "schema"}
