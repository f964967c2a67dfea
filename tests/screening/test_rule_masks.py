"""Sets of rules as bits in columns: the names that come back are those whose condition was true."""

from __future__ import annotations

import random

import pytest

duckdb = pytest.importorskip("duckdb", reason="the extra `portfolio` is not installed")

from vatspolicy.core.cel.sql import column  # noqa: E402
from vatspolicy.screening.rule_columns import WIDTH, MaskReader, mask_names, masks, names_in  # noqa: E402
from vatspolicy.screening.sql_decision import text_of  # noqa: E402
from vatspolicy.screening.sql_expressions import named, select  # noqa: E402

COUNT = 2 * WIDTH + 7
NAMES = [f"rule-{place:03}" for place in range(COUNT)]


def test_names_of_true_conditions_come_back_in_order() -> None:
    """Unknown is not true; the first and the last bit of a column count as any other."""
    dice = random.Random(7)
    rows = [[dice.choice((True, False, None)) for _ in NAMES] for _ in range(50)]
    rows += [[True] * COUNT, [None] * COUNT]
    expected = [[name for name, value in zip(NAMES, row, strict=True) if value] for row in rows]
    conditions = {place: column(f"w{place}") for place in range(COUNT)}
    query = select(*masks(conditions, COUNT)).from_("truths")
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE truths ({', '.join(f'w{place} BOOLEAN' for place in range(COUNT))})")
        connection.executemany(f"INSERT INTO truths VALUES ({', '.join('?' * COUNT)})", rows)
        connection.execute(f"CREATE TABLE found AS {text_of(query, 'duckdb')}")
        found = connection.execute("SELECT * FROM found").fetchall()
        by_sql = connection.execute(text_of(select(named(names_in(NAMES), "x")).from_("found"), "duckdb")).fetchall()
    reader = MaskReader(NAMES)
    assert [reader.read(values) for values in found] == expected
    assert [names for (names,) in by_sql] == expected


@pytest.mark.parametrize("certain", [True, False])
def test_rules_of_an_activity_that_is_only_possible_are_left_out(certain: bool) -> None:
    query = select(*masks({WIDTH: column("w")}, COUNT, column("certain")))
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE one AS SELECT true AS w, {certain} AS certain")
        (values,) = connection.execute(text_of(query.from_("one"), "duckdb")).fetchall()
    assert len(values) == len(mask_names(COUNT)) == 3
    assert MaskReader(NAMES).read(values) == ([NAMES[WIDTH]] if certain else [])
