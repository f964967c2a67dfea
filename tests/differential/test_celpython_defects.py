"""What cel-python 0.5 does otherwise than CEL: the language has nothing of it, and the reference rests on the rest.

A test that fails tells that a new version behaves differently. Look at `tests/support/oracles.py` before allowing it.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from typing import Any

import celpy
import pytest
from celpy import celtypes
from celpy.celparser import CELParser
from celpy.evaluation import CELEvalError

from vatspolicy.core.cel.parser import ExpressionError, TypeEnvironment, parse
from vatspolicy.core.cel.types import INT, NUMBER, TEXT, ListOf, ObjectOf

FACTS: dict[str, celtypes.Value] = {
    "m": celtypes.MapType({celtypes.StringType("one"): celtypes.IntType(1)}),
    "whole": celtypes.IntType(3),
    "double": celtypes.DoubleType(3.0),
    "list": celtypes.ListType([]),
}
SCOPE = TypeEnvironment(
    {"m": ObjectOf("m", {"one": INT, "two": INT}), "whole": INT, "double": NUMBER, "list": ListOf(INT), "text": TEXT},
    {},
    lambda _name, _scope: None,
)
ERROR = "an error"


@pytest.fixture(autouse=True)
def _own_parser() -> Iterator[None]:
    """cel-python keeps one parser for the whole process, made for the first runner that asks."""
    kept, CELParser.CEL_PARSER = CELParser.CEL_PARSER, None
    yield
    CELParser.CEL_PARSER = kept


def run(text: str) -> Any:
    environment = celpy.Environment(runner_class=celpy.InterpretedRunner)
    try:
        return environment.program(environment.compile(text)).evaluate(dict(FACTS))
    except CELEvalError:
        return ERROR


def test_these_are_the_defects_of_the_version_that_is_installed() -> None:
    assert importlib.metadata.version("cel-python").startswith("0.5."), "look at every test of this file again"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("m.two == 1 || true", True), ("true || m.two == 1", True), ("m.two == 1 && false", False)),
        *(("false && m.two == 1", False), ("nobody.two == 1 || true", True)),
        ("[1, 2].exists(x, m.two == x || x == 2)", True),
        ("[1, 2].all(x, m.two == x && x == 2)", False),
        ("[1].exists(x, m.two == x) || true", True),
        *(("list.exists(x, m.two == x)", False), ("list.all(x, m.two == x)", True)),
        *(("m.two in list", ERROR), ("m.two in [1, 2]", ERROR)),
        *(("!(m.two == 1)", ERROR), ("m.two == 1 || false", ERROR)),
    ],
)
def test_an_error_is_absorbed_as_an_unknown_fact_should_be(text: str, value: Any) -> None:
    """Reading an error as unknown is Kleene's logic, as long as this holds."""
    assert run(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # where an object above is missing, CEL has an error; and "not said" must not become "no"
        *(("has(m.two)", False), ("has(m.two.three)", False), ("has(nobody.one)", False)),
        # an error inside these macros is not absorbed
        ("true || [1].exists_one(x, m.two == x)", ERROR),
        ("true || [1].filter(x, m.two == x).size() > 0", ERROR),
        ("true || [1].map(x, m.two)[0] == 1", ERROR),
        ("(m.two == 1 ? [1].exists_one(x, m.two == x) : true) || true", ERROR),
        # whole numbers and doubles meet in one order only
        *(("whole > 2.5", ERROR), ("3 == double", ERROR), ("double == 3", ERROR), ("whole in [1.0]", ERROR)),
        *(("2 * double == 6.0", ERROR), ("double * 2 == 6.0", True)),
        # truth is a number, unlike things are an error, and nothing is checked before it runs
        *(("true == 1", True), ("true < 1", False), ("'a' == 1", ERROR), ("null == 1", ERROR)),
        *(("false || 'a'", "a"), ("true && 'a'", "a"), ("true || nobody.knows(this)", True)),
        # texts: CEL has ?, no text, at most \377, a line break, and an end at the quote
        *((r"'\?'", r"\?"), (r"'\d'", r"\d"), (r"'\777'", "ǿ"), ("'''a\nb'''", "ab"), (r"r'a\'b'", r"a\'b")),
        # reserved words as names, and numbers that CEL does not have or a law does not need
        *(("[1].exists(if, if == 1)", True), ("[1].exists(in, true)", True)),
        *(("1. == 1.0", True), ("0x1F == 31", True)),
    ],
)
def test_what_it_does_otherwise_than_cel_is_not_in_the_language(text: str, value: Any) -> None:
    assert run(text) == value
    with pytest.raises(ExpressionError):
        parse(text, SCOPE, None)
