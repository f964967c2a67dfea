"""SQL in a real DuckDB gives the answers of the interpreter: on the shipped rules, and on random typed expressions.

Sizes are of tests/support/effort.py.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.support.effort import LONG, SEED, TIMES, trials
from tests.support.random_inputs import PARAMETERS, Profiles, near_days, parameter_types
from tests.support.samples import Tally, batch, by_subject, environments, random_activation, shipped
from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.cel.ast import Node, walk
from vatspolicy.core.cel.interpreter import evaluate
from vatspolicy.core.cel.types import INT
from vatspolicy.core.policies.compiler import variables

pytest.importorskip("duckdb", reason="the extra `portfolio` is not installed")
pytest.importorskip("sqlglot", reason="the extra `portfolio` is not installed")

from vatspolicy.core.cel.sql import column, to_sql, write
from vatspolicy.screening.duckdb_engine import connect, load_rows, plan_quickly

ENVIRONMENTS = 60 if LONG else 24
"""Of each kind of subject, on which every rule is compared."""
AT_ONCE = 40
"""Expressions of one query: the time that DuckDB takes to plan one grows faster than they do."""


@pytest.fixture(scope="module")
def database() -> Any:
    with connect(threads=2) as connection:
        plan_quickly(connection)
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
    parts = [to_sql(write(tree, known, params)).sql("duckdb", copy=False) for tree in trees]
    found: list[tuple[Any, ...]] = [() for _ in rows]
    for some in (parts[start : start + AT_ONCE] for start in range(0, len(parts), AT_ONCE)):
        answered = database.execute(f'SELECT {", ".join(some)} FROM envs ORDER BY "row"').fetchall()
        found = [(*one, *more) for one, more in zip(found, answered, strict=True)]
    return found


def test_sql_agrees_on_every_rule(database: Any) -> None:
    draw = random.Random(SEED + 10)
    bundle, hints = shipped()
    profiles = Profiles(draw, hints)
    tally = Tally()
    for _ in range(trials(2)):
        day = max(near_days(draw, bundle.boundaries), bundle.covers_from)
        law = bundle.on(day)
        activations: dict[str, list[Activation]] = {}
        for _ in range(ENVIRONMENTS):
            for each, activation in environments(draw, law, profiles.profile(), day):
                activations.setdefault(each, []).append(activation)
        for each, found in activations.items():
            expressions = [expression for _, expression in by_subject().get(each, ())]
            trees = [expression.tree for expression in expressions]
            rows = answers(database, trees, found[:ENVIRONMENTS], law.params, each)
            for activation, row in zip(found[:ENVIRONMENTS], rows, strict=True):
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
    for _ in range(trials(15)):
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
