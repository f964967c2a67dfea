"""Sentences of the program: made by `_` wherever one is told, and said in Chinese with their values."""

from __future__ import annotations

import ast
import copy
import pickle
import re
from collections.abc import Iterator

import pytest

from tests.support.shipped import ROOT
from vatspolicy.errors import Problem, did_you_mean, in_language
from vatspolicy.i18n import (
    Bilingual,
    Capital,
    ForeignText,
    Listing,
    Message,
    Phrase,
    Sentences,
    _,
    reason_of,
    translate,
)
from vatspolicy.i18n.foreign import SENTENCES, match
from vatspolicy.i18n.lint import HAN

SOURCE = ROOT / "src" / "vatspolicy"

# --- where sentences are told -----------------------------------------------------------------------------------------

TOLD = {
    "Problem": (4, 5),
    "problem": (1, 2),
    "note": (1, 2),
    "refuse": (1, 2),
    "abort": (0,),
    "warn": (0,),
    "HttpError": (2,),
    "_bad_request": (0,),
    "Row": (),
    "replace": (),
    "NotJson": (0,),
}
"""Functions and classes that take a sentence, with the positions of their arguments that are sentences."""
ERRORS = {
    *("ArchiveError", "BadVariable", "BundleFileError", "DayError", "ExpressionError", "InputError", "ScreenError"),
    *("ServeError", "SourceError"),
}
"""Exceptions whose text a user reads."""
WRAPPERS = {"_", "Listing", "ForeignText"}


def bare_sentences(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the texts that are told and that nobody can translate: literals and f-strings outside `_`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = called(node)
        told = [node.args[place] for place in TOLD.get(name, ()) if place < len(node.args)]
        told += node.args if name in ERRORS else []
        told += [
            keyword.value for keyword in node.keywords if name in TOLD and keyword.arg in ("message", "hint", "fault")
        ]
        for argument in told:
            yield from outside_wrappers(argument)


def called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def outside_wrappers(node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.Call) and called(node) in WRAPPERS:
        return
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and " " in str(node.value)):
        if re.search("[A-Za-z]{2,}", ast.unparse(node)):
            yield node.lineno, ast.unparse(node)
        return
    for child in ast.iter_child_nodes(node):
        yield from outside_wrappers(child)


ELSEWHERE = {
    ("cli/commands/ask.py", "f'--answer {dotted}: {error.text[lang]}'"): "its text is in the language of the run",
}


def test_no_sentence_is_told_without_its_mark() -> None:
    found = [
        (file.relative_to(SOURCE).as_posix(), line, text)
        for file in sorted(SOURCE.rglob("*.py"))
        for line, text in bare_sentences(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert [one for one in found if (one[0], one[2]) not in ELSEWHERE] == []


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ('abort("there is nothing here.")', 1),
        ('abort(f"there is no {name}.")', 1),
        ('warn(Sentences(_("Yes."), "and no."))', 1),
        ('Problem(file, 1, 1, "", "This is wrong.", _("Mend it."))', 1),
        ('raise DayError("no such day")', 1),
        ('raise HttpError(400, "invalid_parameter", "This is wrong.")', 1),
        ('raise HttpError(400, "invalid_parameter", _("This is wrong."))', 0),
        ('Row(1, "a text", fault="This is wrong.")', 1),
        ('abort(_("there is nothing here."))', 0),
        ('Problem("a file", 1, 1, "", _("This is wrong."))', 0),
        ('document.problem(path, message, hint="Mend it now.")', 1),
    ],
)
def test_the_search_finds_a_sentence_without_its_mark(code: str, count: int) -> None:
    assert len(list(bare_sentences(ast.parse(code)))) == count


# --- Chinese ----------------------------------------------------------------------------------------------------------


def test_a_value_is_quoted_as_the_language_does() -> None:
    told = _("The key {key!r} is missing.", key="id")
    assert told == "The key 'id' is missing."
    assert translate(told, "zh") == "缺少键“id”。"
    assert translate(told, "en") is told
    assert translate(_("The key {key!r} is missing.", key="a\nb"), "zh") == "缺少键“a\\nb”。"


def test_values_that_are_sentences_are_translated() -> None:
    reason = _("it is not UTF-8")
    assert translate(_("The file cannot be read: {reason}.", reason=reason), "zh") == "文件无法读取：它不是 UTF-8。"
    missing = reason_of(FileNotFoundError(2, "No such file or directory"))
    assert (
        translate(_("The file cannot be read: {reason}.", reason=missing), "zh") == "文件无法读取：没有这个文件或目录。"
    )


def test_lists() -> None:
    assert did_you_mean(["a"]) == "Did you mean 'a'?"
    assert did_you_mean(["a", "b", "c"]) == "Did you mean 'a', 'b' or 'c'?"
    assert translate(did_you_mean(["a", "b", "c"]), "zh") == "是不是想写“a”、“b”或“c”？"
    assert Listing(["a", "b"]) == "a, b"
    assert Listing(["a", "b"], "and").chinese() == "a和b"
    assert Listing([_("a text"), _("a list")], "or").chinese() == "文本或列表"
    assert Listing([]) == ""


def test_sentences_follow_one_another_without_a_gap() -> None:
    told = Sentences(_("Put it in quotes."), "", did_you_mean(["x"]))
    assert told == "Put it in quotes. Did you mean 'x'?"
    assert told.chinese() == "请加引号。是不是想写“x”？"
    assert Sentences("Nobody's.", _("Put it in quotes.")).chinese() == "Nobody's. 请加引号。"


def test_a_phrase_that_begins_a_sentence() -> None:
    told = _("{one} cannot be compared with {two}.", one=Capital(_("a text")), two=_("a number"))
    assert told == "A text cannot be compared with a number."
    assert translate(told, "zh") == "文本不能与数字比较。"


@pytest.mark.parametrize(
    "text",
    [
        _("The key {key!r} is missing.", key="id"),
        Listing([_("a text"), "b"], "or", quoted=False),
        Sentences(_("Put it in quotes."), "b"),
        Bilingual("Yes.", "是。"),
        Capital(_("a text")),
        ForeignText("Permission denied"),
    ],
)
def test_a_text_survives_copies_and_other_processes(text: Message) -> None:
    for copied in (pickle.loads(pickle.dumps(text)), copy.copy(text), copy.deepcopy(text)):
        assert copied == text
        assert copied.chinese() == text.chinese()


def test_an_exception_keeps_its_sentence() -> None:
    told = _("Put it in quotes.")
    assert translate(str(ValueError(told)), "zh") == "请加引号。"
    assert translate(_("{reason}.", reason=ValueError(_("a list"))), "zh") == "列表。"


def test_braces_without_values_are_text() -> None:
    assert _("Add label: {en, zh}.") == "Add label: {en, zh}."
    assert translate(_("Add label: {en, zh}."), "zh") == "请加 label: {en, zh}。"


def test_other_texts_stay_as_they_are() -> None:
    problem = Problem("a.yaml", 1, 1, "", "A sentence that nobody wrote.", "Nor this one.")
    assert in_language(problem, "zh") is problem
    assert translate(Bilingual("Yes.", "是。"), "zh") == "是。"
    assert translate(Bilingual("Yes.", "是。"), "en") == "Yes."


# --- tables -----------------------------------------------------------------------------------------------------------


def test_a_phrase_is_a_text_by_language() -> None:
    phrase = Phrase("Missing command.")
    assert dict(phrase) == {"en": "Missing command.", "zh": "缺少命令。"}
    assert list(phrase) == ["en", "zh"]
    with pytest.raises(KeyError):
        phrase["fr"]


def test_values_of_a_phrase_are_in_its_language() -> None:
    filled = Phrase("{name} and {other}").fill(name=Phrase("Missing command."), other=2)
    assert filled["en"] == "Missing command. and 2"
    assert filled["zh"] == "缺少命令。 and 2"


# --- texts of other programs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("No such option: --lnag Did you mean --lang?", "没有选项 --lnag。是不是 --lang？"),
        (
            "Invalid value for '--fail-on': 'dney' is not one of 'deny', 'never'.",
            "“--fail-on”的值无效：“dney”不在可选值之中：“deny”、“never”。",
        ),
        ("Invalid value for '--port': 'x' is not a valid integer.", "“--port”的值无效：“x”不是整数。"),
        ("Permission denied", "没有权限"),
        ("A sentence that nobody wrote.", "A sentence that nobody wrote."),
    ],
)
def test_texts_of_other_programs_are_known_by_their_form(text: str, chinese: str) -> None:
    assert match(text) == chinese


def test_every_form_is_recognized() -> None:
    for form in SENTENCES:
        text = re.sub(r"\{\d!r\}", "'a'", re.sub(r"\{\d(![ls])?\}", "b", form))
        assert HAN.search(match(text)), text


def test_a_usage_error_may_end_with_a_sentence_of_the_program() -> None:
    own = _("Write a calendar day as YYYY-MM-DD.")
    assert (
        ForeignText(f"Invalid value for '--as-of': {own}", own).chinese()
        == "“--as-of”的值无效：请把日期写成 YYYY-MM-DD。"
    )
