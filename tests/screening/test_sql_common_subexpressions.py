"""Repeated expressions become columns: each written once, in stages that read no later one, and with the same values."""

from __future__ import annotations

from typing import Any

import pytest

duckdb = pytest.importorskip("duckdb", reason="the extra `portfolio` is not installed")
pytest.importorskip("sqlglot", reason="the extra `portfolio` is not installed")

from sqlglot import exp, parse_one  # noqa: E402 - they need the extra

from vatspolicy.screening.sql_common_subexpressions import extract_common  # noqa: E402
from vatspolicy.screening.sql_expressions import named, select  # noqa: E402

TEXTS = (
    "a + 1 > 2 AND b",
    "(a + 1 > 2) OR c",
    "CASE WHEN a + 1 > 2 AND b THEN a + 1 ELSE 7 END",
    "LIST_FILTER(l, LAMBDA x : x > a + 1 AND x > 0)",
    "LIST_FILTER(l, LAMBDA x : x > 0)",
    "LIST_FILTER(l, LAMBDA y : y > 0)",
    "LEN(LIST_FILTER(l, LAMBDA x : x > 0)) = 1",
    "a",
    "LIST_FILTER(l, LAMBDA a : a > 0 AND a > 0)",
    "a > 0",
    "NOT a > 0",
)


def written(texts: tuple[str, ...]) -> list[exp.Expr]:
    return [parse_one(text, dialect="duckdb") for text in texts]


def staged(texts: tuple[str, ...]) -> tuple[list[dict[str, exp.Expr]], exp.Select]:
    stages, values = extract_common(written(texts))
    query = select(exp.Star()).from_(exp.to_table("t"), copy=False)
    for stage in (*stages, {f"v{index}": value for index, value in enumerate(values)}):
        columns = [named(value, name) for name, value in stage.items()]
        query = select(exp.Star(), *columns).from_(query.subquery("stage", copy=False), copy=False)
    return stages, query


def test_values_stay_and_each_expression_stands_once() -> None:
    stages, query = staged(TEXTS)
    with duckdb.connect() as database:
        database.execute("CREATE TABLE t (a INT, b BOOLEAN, c BOOLEAN, l INT[])")
        rows: list[tuple[Any, ...]] = [(5, True, None, [1, 9]), (None, None, True, None), (0, False, False, [-1, 3])]
        database.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", rows)
        plain = database.execute(f"SELECT {', '.join(TEXTS)} FROM t").fetchall()
        names = ", ".join(f"v{index}" for index in range(len(TEXTS)))
        assert database.execute(f"SELECT {names} FROM ({query.sql('duckdb')})").fetchall() == plain
    text = query.sql("duckdb")
    assert text.count("a + 1") == 1
    assert text.count("> 2") == 1
    assert len(stages) == 3, "a + 1, then what reads it, then what reads that"


def test_what_a_lambda_binds_stays_in_it() -> None:
    stages, _ = staged(TEXTS)
    columns = [value.sql("duckdb") for stage in stages for value in stage.values()]
    assert not any(text.startswith(('"x', "x ")) for text in columns)
    assert sum("LIST_FILTER" in text for text in columns) == 1, "the same but for the name of its variable is another"


def test_what_stands_once_stays_where_it_is() -> None:
    stages, values = extract_common(written(("a > 1", "b > 1", "a")))
    assert stages == []
    assert [value.sql("duckdb") for value in values] == ["a > 1", "b > 1", "a"]
