"""Aggregation of answers: activities into their service, services into their product.

Every answer is a rank, a mask or a list here (see `sql_decision`), so that a disjunction is the highest rank.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from vatspolicy.core.cel.sql import Sql, column, constant, each_of, equal, field_of, or_else
from vatspolicy.screening.rule_columns import joined, mask_names
from vatspolicy.screening.sql_expressions import (
    ACTIVITIES,
    ROW,
    SERVICES,
    high_end,
    low_end,
    named,
    or_empty,
    over,
    select,
    struct,
    word_of,
)

_RANKS = ("denied", "needed")


def service_decisions(rules: int) -> exp.Select:
    """Build the query of services: row, position, denied, needed, masks of rules, and the reported service.

    `rules`: number of rules that a mask may hold.
    """
    activity = struct({"class": column("class"), "decision": word_of(*map(column, _RANKS))})
    certain = exp.Filter(this=exp.ArrayAgg(this=activity), expression=exp.Where(this=column("certain")))
    keys = (ROW, "position")
    found = _aggregate("activity_answers", keys, rules, named(exp.ArraySort(this=certain), "activities"))
    activities = named(or_empty(column("activities", "found"), ACTIVITIES), "activities")
    return _join("service_answers", (*keys, "id", "state"), keys, rules, found, activities)


def decisions(rules: int) -> exp.Select:
    """Build the query of decisions: row, id, decision, mildest, strictest, services, masks of rules.

    `rules`: number of rules that a mask may hold.
    """
    fields = {name: column(name) for name in ("position", "id", "state")}
    service = struct({**fields, "decision": word_of(*map(column, _RANKS)), "activities": column("activities")})
    services = named(exp.ArraySort(this=exp.ArrayAgg(this=service)), "services")
    found = _aggregate("service_decisions", (ROW,), rules, services)
    joined = _join("product_answers", (ROW, "id"), (ROW,), rules, found, named(column("services", "found"), "services"))
    without_position = struct({name: field_of(column("s"), name) for name in ("id", "state", "decision", "activities")})
    shown = each_of(column("services"), "s", without_position)
    return over(
        joined,
        "joined",
        column(ROW),
        column("id"),
        named(word_of(*map(column, _RANKS)), "decision"),
        named(low_end(*map(column, _RANKS)), "mildest"),
        named(high_end(*map(column, _RANKS)), "strictest"),
        named(or_empty(shown, SERVICES), "services"),
        *map(column, mask_names(rules)),
    )


def _aggregate(table: str, keys: Sequence[str], rules: int, entries: Sql) -> exp.Select:
    """Build the query of the highest ranks, the masks and the list of the rows with equal keys."""
    ranks = (named(exp.Max(this=column(name)), name) for name in _RANKS)
    masks = (named(exp.BitwiseOrAgg(this=column(name)), name) for name in mask_names(rules))
    query = select(*map(column, keys), *ranks, *masks, entries).from_(exp.to_table(table), copy=False)
    return query.group_by(*map(column, keys), copy=False)


def _join(
    table: str, kept: Sequence[str], keys: Sequence[str], rules: int, found: exp.Select, entries: Sql
) -> exp.Select:
    """Build the query of the rows of a table with ranks and masks that include those found for their keys, if any."""

    def both(name: str) -> tuple[Sql, Sql]:
        return column(name, table), or_else(column(name, "found"), constant(0))

    ranks = (named(exp.Greatest(this=own, expressions=[other]), name) for name in _RANKS for own, other in [both(name)])
    masks = (named(joined(both(name)), name) for name in mask_names(rules))
    columns = (named(column(name, table), name) for name in kept)
    same = (equal(column(name, table), column(name, "found")) for name in keys)
    query = select(*columns, *ranks, *masks, entries).from_(exp.to_table(table), copy=False)
    found_rows = found.subquery("found", copy=False)
    return query.join(found_rows, on=exp.and_(*same, copy=False), join_type="left", copy=False)
