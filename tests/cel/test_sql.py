"""SQL gives the answers of Kleene's logic: on the shipped rules, and on random typed expressions, in a real DuckDB.

Sizes suit a quick run; VATSPOLICY_FUZZ=20 makes them twenty times larger, and VATSPOLICY_SEED starts elsewhere.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest

from tests.support.random_inputs import PARAMETERS, Profiles, near_days, parameter_types
from tests.support.samples import SEED, TIMES, Tally, batch, by_subject, environments, random_activation, shipped
from vatspolicy.cel.activation import Activation
from vatspolicy.cel.ast import Node, walk
from vatspolicy.cel.interpreter import evaluate
from vatspolicy.cel.parser import TypeEnvironment, parse
from vatspolicy.cel.types import INT, ListOf, Record, Text, Type
from vatspolicy.policies.compiler import variables

duckdb = pytest.importorskip("duckdb", reason="the extra `portfolio` is not installed")
pytest.importorskip("sqlglot", reason="the extra `portfolio` is not installed")

from vatspolicy.cel.sql import Known, column, to_sql, write  # noqa: E402 - they need the extra
from vatspolicy.screening.duckdb_engine import connect, load_rows  # noqa: E402

pytestmark = pytest.mark.xdist_group("differential")


@pytest.fixture(scope="module")
def database() -> Any:
    with connect(threads=2) as connection:
        yield connection


def answers(
    database: Any, trees: Sequence[Node], activations: Sequence[Activation], params: Mapping[str, Any], each: str
) -> list[tuple[Any, ...]]:
    """What SQL says of each environment (rows), tree by tree."""
    types = variables(each)
    rows = [
        {"row": index, **{name: activation[name] for name in types if name in activation}}
        for index, activation in enumerate(activations)
    ]
    load_rows(database, "envs", {"row": INT, **types}, rows)
    known = {name: column(name) for name in types}
    parts = [to_sql(write(tree, known, params)).sql("duckdb") for tree in trees]
    query = f'SELECT {", ".join(parts)} FROM envs ORDER BY "row"'
    return list(database.execute(query).fetchall())


def test_sql_agrees_on_every_rule(database: Any) -> None:
    draw = random.Random(SEED + 10)
    bundle, hints = shipped()
    profiles = Profiles(draw, hints)
    tally = Tally()
    for _ in range(2 * TIMES):
        day = max(near_days(draw, bundle.boundaries), bundle.covers_from)
        law = bundle.on(day)
        activations: dict[str, list[Activation]] = {}
        for _ in range(40):
            for each, activation in environments(draw, law, profiles.profile(), day):
                activations.setdefault(each, []).append(activation)
        for each, found in activations.items():
            expressions = [expression for _, expression in by_subject().get(each, ())]
            trees = [expression.tree for expression in expressions]
            rows = answers(database, trees, found[:60], law.params, each)
            for activation, row in zip(found[:60], rows, strict=True):
                for expression, value in zip(expressions, row, strict=True):
                    expected = evaluate(expression.tree, activation, law.params)
                    tally.answers[str(expected)] += 1
                    tally.expect("DuckDB", expression.text, f"{each}, {day}", expected, value)
    tally.check()
    assert min(tally.answers[answer] for answer in ("True", "False", "None")) > 500 * TIMES


def test_sql_agrees_on_random_expressions(database: Any) -> None:
    draw = random.Random(SEED + 11)
    bundle, hints = shipped()
    profiles = Profiles(draw, hints)
    params = {key: PARAMETERS[name] for name, (key, _) in parameter_types().items()}
    tally, kinds = Tally(), Counter[str]()
    for _ in range(15 * TIMES):
        made = batch(draw, hints, 40)
        kinds.update(type(node).__name__ for tree in made.trees.values() for node in walk(tree))
        activations = [
            random_activation(draw, profiles.profile(), near_days(draw, bundle.boundaries), made.each)
            for _ in range(20)
        ]
        rows = answers(database, list(made.trees.values()), activations, params, made.each)
        for activation, row in zip(activations, rows, strict=True):
            for (text, tree), value in zip(made.trees.items(), row, strict=True):
                expected = evaluate(tree, activation, params)
                tally.answers[str(expected)] += 1
                tally.expect("DuckDB", text, made.each, expected, value)
    tally.check()
    assert tally.compared["DuckDB"] > 10_000 * TIMES
    assert min(tally.answers[answer] for answer in ("True", "False", "None")) > 500 * TIMES
    assert set(kinds) == {kind.__name__ for kind in Node.__subclasses__()}


# --- where plain SQL would be wrong -----------------------------------------------------------------------------------

ITEM = Record("item", {"name": Text(), "size": INT, "words": ListOf(Text())})
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
    "items.exists(x, x.size == 1)",
    "items.all(x, x.size == 1)",
    "!items.exists(x, x.size == 1)",
    "items.exists(x, true)",
    "items.all(x, false)",
    "items.exists(x, x.words.exists(y, y == word))",
    "items.all(x, x.words.all(y, y in words))",
    "items.exists(x, x.size == 1) || word == 'a'",
    "items.all(x, x.size == 2 && word == 'b')",
    "word in words",
    "'a' in words",
    "words.exists(x, x == 'a')",
    "words.exists(x, x in ['a', 'c'])",
    "words.all(x, x in ['a', 'c'])",
    "['a', 'b'].exists(x, x in words)",
    "['a', 'b'].all(x, x == word)",
    "size(items) > 0 && size(words) == 1",
    "word.matches('(?i)^a$') || word == \"'\"",
    "word != 'a'",
    "(!(word == 'a')) in [false, true]",
    "!((!(word == 'a')) in [true])",
    "(!(word == 'a')) == (word in words)",
    "(!(word == 'a')) != (!(word in words))",
)


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
