"""SQL gives the answers of Kleene's logic: on the shipped rules, and on random typed expressions, in a real DuckDB."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import pytest

from vatspolicy.core.cel.ast import Node
from vatspolicy.core.cel.interpreter import evaluate
from vatspolicy.core.cel.parser import TypeEnvironment, parse
from vatspolicy.core.cel.types import INT, ListOf, ObjectOf, Text, Type

duckdb = pytest.importorskip("duckdb", reason="the extra `portfolio` is not installed")
pytest.importorskip("sqlglot", reason="the extra `portfolio` is not installed")

from vatspolicy.core.cel.sql import Known, column, to_sql, write  # noqa: E402 - they need the extra
from vatspolicy.screening.duckdb_engine import connect, load_rows  # noqa: E402


@pytest.fixture(scope="module")
def database() -> Any:
    with connect(threads=2) as connection:
        yield connection


# --- where plain SQL would be wrong -----------------------------------------------------------------------------------

ITEM = ObjectOf("item", {"name": Text(), "size": INT, "words": ListOf(Text())})
TYPES: dict[str, Type] = {"items": ListOf(ITEM), "words": ListOf(Text()), "word": Text()}


def small(text: str) -> Node:
    return parse(text, TypeEnvironment(TYPES, {}, lambda name, scope: None))


ROWS: list[dict[str, Any]] = [
    {},
    {"items": [], "words": [], "word": "a"},
    {"items": [{}], "words": ["a"]},
    {"items": [{"size": 1}, {}], "words": ["b"], "word": "b"},
    {"items": [{"size": 2}, {}], "words": ["a", "b"], "word": ""},
    {"items": [{"size": 1, "words": []}, {"size": 2, "words": ["a"]}], "word": "'"},
    {"items": [{"size": 2, "words": ["a"]}, {"words": ["b"]}, {"size": 2}], "word": "A"},
]
TEXTS = (
    "items.exists(x, x.size == 1)", "items.all(x, x.size == 1)", "!items.exists(x, x.size == 1)",
    "items.exists(x, true)", "items.all(x, false)", "items.exists(x, x.words.exists(y, y == word))",
    "items.all(x, x.words.all(y, y in words))", "items.exists(x, x.size == 1) || word == 'a'",
    "items.all(x, x.size == 2 && word == 'b')", "word in words", "'a' in words", "words.exists(x, x == 'a')",
    "words.exists(x, x in ['a', 'c'])", "words.all(x, x in ['a', 'c'])", "['a', 'b'].exists(x, x in words)",
    "['a', 'b'].all(x, x == word)", "size(items) > 0 && size(words) == 1", "word.matches('(?i)^a$') || word == \"'\"",
    "word != 'a'", "(!(word == 'a')) in [false, true]", "!((!(word == 'a')) in [true])",
    "(!(word == 'a')) == (word in words)", "(!(word == 'a')) != (!(word in words))",
)  # fmt: skip


def test_missing_lists_members_and_fields(database: Any) -> None:
    load_rows(database, "small", {"row": INT, **TYPES}, [{"row": i, **row} for i, row in enumerate(ROWS)])
    seen = set()
    for text in TEXTS:
        tree = small(text)
        sql = to_sql(write(tree, {name: column(name) for name in TYPES}, {})).sql("duckdb")
        found = [row[0] for row in database.execute(f'SELECT {sql} FROM small ORDER BY "row"').fetchall()]
        expected = [evaluate(tree, row, {}) for row in ROWS]
        assert found == expected, text
        seen |= set(expected)
    assert seen == {True, False, None}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("word == 'a' || true", True),
        ("word == 'a' && false", False),
        ("word == 'a'", None),
        ("words.exists(x, x == 'a')", None),
        ("[1, 2].exists(x, x == 2)", True),
    ],
)
def test_what_no_row_can_change_is_decided_before_any_row(text: str, value: bool | None) -> None:
    """Here no variable is given, so each fact is missing."""
    assert write(small(text), {}, {}) == Known(value)


def test_constants_cannot_leave_their_quotes(database: Any) -> None:
    words = ["'", "''", "\\", "\\'", '"', "--", "; DROP TABLE x", "北京", "a\nb"]
    load_rows(database, "small", TYPES, [{"word": word, "words": words} for word in words])
    for word, other in itertools.product(words, words):
        text = f"word == {_quoted(word)}"
        sql = to_sql(write(small(text), {"word": column("word")}, {})).sql("duckdb")
        found = database.execute(f"SELECT {sql} FROM small WHERE word = ?", [other]).fetchall()
        assert found == [(word == other,)]


def _quoted(text: str) -> str:
    escaped: Iterable[str] = ({"\\": "\\\\", "'": "\\'", "\n": "\\n"}.get(letter, letter) for letter in text)
    return "'" + "".join(escaped) + "'"
