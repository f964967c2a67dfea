"""What cel-python 0.5.0 does otherwise than CEL: why the language is a subset, and why the reference is built as it is.

Each test pins one defect, with what the project does about it. A test that fails tells that a new version behaves
differently; look again at what rests on the defect before allowing that version.
"""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
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


PARSERS: dict[type[celpy.Runner], Any] = {}


@pytest.fixture(autouse=True)
def _own_parser() -> Iterator[None]:
    """cel-python keeps one parser for the whole process, made for the first runner that asks."""
    kept, CELParser.CEL_PARSER = CELParser.CEL_PARSER, None
    yield
    CELParser.CEL_PARSER = kept


def run(text: str, runner: type[celpy.Runner] = celpy.InterpretedRunner) -> Any:
    CELParser.CEL_PARSER = PARSERS.get(runner)
    environment = celpy.Environment(runner_class=runner)
    PARSERS[runner] = CELParser.CEL_PARSER
    return environment.program(environment.compile(text)).evaluate(dict(FACTS))


def fails(text: str, runner: type[celpy.Runner] = celpy.InterpretedRunner) -> bool:
    try:
        run(text, runner)
    except CELEvalError:
        return True
    return False


def refused(text: str) -> bool:
    try:
        parse(text, SCOPE, None)
    except ExpressionError:
        return True
    return False


def test_these_are_the_defects_of_the_version_that_is_installed() -> None:
    assert importlib.metadata.version("cel-python").startswith("0.5."), "look at every test of this file again"


# --- what the subset rests on, and must stay as it is -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("m.two == 1 || true", True),
        ("true || m.two == 1", True),
        ("m.two == 1 && false", False),
        ("false && m.two == 1", False),
        ("[1, 2].exists(x, m.two == x || x == 2)", True),
        ("[1, 2].all(x, m.two == x && x == 2)", False),
        ("[1].exists(x, m.two == x) || true", True),
        ("list.exists(x, m.two == x)", False),
        ("list.all(x, m.two == x)", True),
        ("nobody.two == 1 || true", True),
    ],
)
def test_an_error_is_absorbed_as_an_unknown_fact_should_be(text: str, value: bool) -> None:
    """Reading an error as unknown is Kleene's logic, as long as this holds."""
    assert run(text) == value
    assert isinstance(run(text), celtypes.BoolType)


@pytest.mark.parametrize("text", ["m.two in list", "m.two in [1, 2]", "!(m.two == 1)", "m.two == 1 || false"])
def test_an_error_that_nothing_absorbs_remains(text: str) -> None:
    assert fails(text)


# --- the compiled runner: never used ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["!has(m.two)", "has(m.two) ? false : true", "[1, 2, 3].exists(x, x / 0 == 1 || x == 3)"]
)
def test_the_compiled_runner_errs_where_the_interpreted_one_answers(text: str) -> None:
    assert run(text) == celtypes.BoolType(True)
    assert fails(text, celpy.CompiledRunner)


def test_the_compiled_runner_forgets_the_filter_of_map() -> None:
    """It gives the conditions instead of the mapped members."""
    assert run("[1, 2].map(x, x > 1, x)", celpy.CompiledRunner) == [False, True]
    with pytest.raises(ValueError, match="too many values"):
        run("[1, 2].map(x, x > 1, x)")


def test_runners_cannot_be_mixed_in_one_process() -> None:
    """The reference takes the interpreted runner and builds no other."""
    celpy.Environment(runner_class=celpy.InterpretedRunner)
    compiled = celpy.Environment(runner_class=celpy.CompiledRunner)
    with pytest.raises(AttributeError, match="checked_exception"):
        compiled.program(compiled.compile("true")).evaluate({})


# --- macros and has: not in the language ------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["has(m.two)", "has(m.two.three)", "has(nobody.one)"])
def test_has_of_anything_missing_is_false(text: str) -> None:
    """Where an object above is missing, CEL has an error; and 'not said' must not become 'no'."""
    assert run(text) == celtypes.BoolType(False)
    assert refused(text)


@pytest.mark.parametrize("text", ["[1].exists_one(x, m.two == x)", "[1].filter(x, m.two == x).size() > 0"])
def test_an_error_inside_these_macros_is_not_absorbed(text: str) -> None:
    assert fails(f"true || {text}")
    assert fails(f"{text} || true")
    assert refused(text)


def test_an_error_inside_map_is_not_absorbed() -> None:
    assert fails("true || [1].map(x, m.two)[0] == 1")
    assert refused("[1].map(x, x)")


def test_a_condition_that_errs_still_evaluates_its_first_branch() -> None:
    assert fails("(m.two == 1 ? [1].exists_one(x, m.two == x) : true) || true")
    assert refused("m.one == 1 ? true : false")


# --- types: checked before anything runs ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("errs", "answers"),
    [
        ("whole > 2.5", "2.5 < double"),
        ("3 == double", "double < 4"),
        ("double == 3", "double > 2"),
        ("4 > double", "1.0 < 2"),
    ],
)
def test_whole_numbers_and_doubles_compare_in_one_order_only(errs: str, answers: str) -> None:
    """`4.9 > 3` works and `3 < 4.9` errs; so the language never lets the two meet, and profiles are read by schema."""
    assert fails(errs)
    assert run(answers)
    assert refused(errs)


def test_whole_numbers_and_doubles_multiply_in_one_order_only() -> None:
    assert run("double * 2 == 6.0")
    assert fails("2 * double == 6.0")
    assert refused("double * 2 == 6.0")
    assert refused("2 * double == 6.0")


def test_membership_among_the_other_kind_of_number_errs() -> None:
    assert fails("whole in [1.0]")
    assert refused("whole in [1.0]")


def test_truth_is_a_number() -> None:
    assert run("true == 1") == celtypes.BoolType(True)
    assert run("true < 1") == celtypes.BoolType(False)
    assert refused("true == 1")
    assert refused("true < 1")


@pytest.mark.parametrize("text", ["'a' == 1", "null == 1"])
def test_unlike_things_are_an_error_instead_of_unequal(text: str) -> None:
    assert fails(text)
    assert refused(text)


@pytest.mark.parametrize("text", ["false || 'a'", "true && 'a'"])
def test_logic_lets_texts_through(text: str) -> None:
    assert run(text) == "a"
    assert refused(text)


def test_nothing_is_checked_before_it_runs() -> None:
    """An unknown name is found when it is evaluated, or never."""
    assert run("true || nobody.knows(this)")
    assert refused("true || nobody.knows(this)")


# --- the grammar: wider than CEL's ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r"'\?'", r"\?"),  # CEL: ?
        (r"'\d'", r"\d"),  # CEL: not a text
        (r"'\777'", "ǿ"),  # CEL: at most \377
        ("'''a\nb'''", "ab"),  # CEL keeps the line break
        (r"r'a\'b'", r"a\'b"),  # CEL: a raw text ends at its quote
    ],
)
def test_texts_are_read_otherwise(text: str, value: str) -> None:
    assert run(text) == value
    assert refused(text)


@pytest.mark.parametrize("text", ["[1].exists(if, if == 1)", "[1].exists(in, true)", "1. == 1.0", "0x1F == 31"])
def test_what_cel_does_not_have_or_the_language_does_not_need_is_refused(text: str) -> None:
    """Reserved words as names and `1.` are no CEL; hexadecimal numbers are of no use to a law."""
    assert run(text)
    assert refused(text)


def test_true_and_false_have_no_place_in_the_text() -> None:
    """So errors could not point at them: the language uses the grammar with a parser of its own."""
    tree = CELParser().parse("true || whole == 1")
    left, right = tree.children[0].children
    assert [node.meta.start_pos for node in (tree, left, right)] == [None, None, len("true || ")]
    assert parse("true || whole == 1", SCOPE).span == (0, len("true || whole == 1"))


# --- limits and errors ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["(" * 100 + "true" + ")" * 100, " || ".join(["whole == 1"] * 2000)])
def test_depth_has_no_limit_but_python_s(text: str) -> None:
    with pytest.raises(RecursionError):
        run(text)


def test_the_error_printer_fails_on_an_empty_list() -> None:
    """So the reference catches every exception, not only those of cel-python."""
    with pytest.raises(IndexError):
        run("m.one == [] || m.two")
    assert refused("m.one == []")


def test_an_error_tells_everything_that_it_was_given() -> None:
    """So no text of cel-python's ever reaches a user."""
    facts = {"name": celtypes.StringType("a secret of the company")}
    environment = celpy.Environment(runner_class=celpy.InterpretedRunner)
    with pytest.raises(CELEvalError) as caught:
        environment.program(environment.compile("nobody.one == 1")).evaluate(facts)
    assert "a secret of the company" in str(caught.value)


GROWTH = """
import celpy
from celpy.evaluation import CELEvalError

environment = celpy.Environment(runner_class=celpy.InterpretedRunner)
sizes = []
for parts in (10, 14):
    text = " || ".join(f"m.x{part}" for part in range(parts))
    try:
        environment.program(environment.compile(text)).evaluate({"m": celpy.celtypes.MapType()})
    except CELEvalError as error:
        sizes.append(len(str(error)))
print(sizes[1] // sizes[0])
"""


def test_the_text_of_an_error_doubles_with_each_unknown_part() -> None:
    """Two dozen unknown parts fill the memory; so the reference gives errors a short text."""
    done = subprocess.run([sys.executable, "-c", GROWTH], capture_output=True, text=True, check=True)
    assert 10 < int(done.stdout) < 20
