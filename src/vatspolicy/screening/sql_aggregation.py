"""Aggregation of answers: activities into their service, services into their product.

Every answer is a rank, a mask or a list here (see `sql_decision`), so that a disjunction is the highest rank.
"""

from __future__ import annotations

from sqlglot import exp

from vatspolicy.core.cel.sql import Sql, column, constant, field_of
from vatspolicy.screening.rule_columns import joined, mask_names
from vatspolicy.screening.sql_expressions import (
    ACTIVITIES,
    ROW,
    SERVICES,
    high_end,
    low_end,
    named,
    or_empty,
    select,
    struct,
    word_of,
)


def service_decisions(rules: int) -> exp.Select:
    """Build the query of services: row, position, denied, needed, masks of rules, and the reported service.

    `rules`: number of rules that a mask may hold.
    """
    activity = struct({"class": column("class"), "decision": word_of(column("denied"), column("needed"))})
    certain = exp.Filter(this=exp.ArrayAgg(this=activity), expression=exp.Where(this=column("certain")))
    activities = select(
        column(ROW),
        column("position"),
        named(exp.Max(this=column("denied")), "denied"),
        named(exp.Max(this=column("needed")), "needed"),
        *(named(exp.BitwiseOrAgg(this=column(name)), name) for name in mask_names(rules)),
        named(exp.ArraySort(this=certain), "activities"),
    )
    activities = activities.from_(exp.to_table("activity_answers"), copy=False).group_by(
        column(ROW), column("position"), copy=False
    )

    def own(name: str) -> exp.Column:
        return column(name, "service_answers")

    def other(name: str) -> exp.Column:
        return column(name, "found")

    denied, needed = (
        exp.Greatest(this=own(name), expressions=[exp.Coalesce(this=other(name), expressions=[constant(0)])])
        for name in ("denied", "needed")
    )
    joined = select(
        named(own(ROW), ROW),
        named(own("position"), "position"),
        named(own("id"), "id"),
        named(own("state"), "state"),
        named(denied, "denied"),
        named(needed, "needed"),
        *(_joined(own(name), other(name)) for name in mask_names(rules)),
        named(or_empty(other("activities"), ACTIVITIES), "activities"),
    )
    same = exp.and_(*(exp.EQ(this=own(name), expression=other(name)) for name in (ROW, "position")), copy=False)
    return joined.from_(exp.to_table("service_answers"), copy=False).join(
        activities.subquery("found", copy=False), on=same, join_type="left", copy=False
    )


def decisions(rules: int) -> exp.Select:
    """Build the query of decisions: row, id, decision, mildest, strictest, services, masks of rules.

    `rules`: number of rules that a mask may hold.
    """
    service = struct(
        {
            "position": column("position"),
            "id": column("id"),
            "state": column("state"),
            "decision": word_of(column("denied"), column("needed")),
            "activities": column("activities"),
        }
    )
    services = select(
        column(ROW),
        named(exp.Max(this=column("denied")), "denied"),
        named(exp.Max(this=column("needed")), "needed"),
        *(named(exp.BitwiseOrAgg(this=column(name)), name) for name in mask_names(rules)),
        named(exp.ArraySort(this=exp.ArrayAgg(this=service)), "services"),
    )
    services = services.from_(exp.to_table("service_decisions"), copy=False).group_by(column(ROW), copy=False)

    def own(name: str) -> exp.Column:
        return column(name, "product_answers")

    def other(name: str) -> exp.Column:
        return column(name, "found")

    denied, needed = (
        exp.Greatest(this=own(name), expressions=[exp.Coalesce(this=other(name), expressions=[constant(0)])])
        for name in ("denied", "needed")
    )
    same = exp.EQ(this=own(ROW), expression=other(ROW))
    joined = select(
        named(own(ROW), ROW), named(own("id"), "id"), named(denied, "denied"), named(needed, "needed"),
        *(_joined(own(name), other(name)) for name in mask_names(rules)), named(other("services"), "services"),
    ).from_(exp.to_table("product_answers"), copy=False)  # fmt: skip
    joined = joined.join(services.subquery("found", copy=False), on=same, join_type="left", copy=False)
    fields = {name: field_of(column("s"), name) for name in ("id", "state", "decision", "activities")}
    without_position = exp.Lambda(this=struct(fields), expressions=[exp.to_identifier("s", quoted=True)])
    shown = exp.Transform(this=column("services"), expression=without_position)
    low, high = low_end(column("denied"), column("needed")), high_end(column("denied"), column("needed"))
    return select(
        column(ROW),
        column("id"),
        named(word_of(column("denied"), column("needed")), "decision"),
        named(low, "mildest"),
        named(high, "strictest"),
        named(or_empty(shown, SERVICES), "services"),
        *map(column, mask_names(rules)),
    ).from_(joined.subquery("joined", copy=False), copy=False)


def _joined(own: exp.Column, other: exp.Column) -> Sql:
    """Return the union of two masks of one name. The second can be NULL."""
    return named(joined((own, exp.Coalesce(this=other, expressions=[constant(0)]))), own.name)
