"""The menu of `vatspolicy ask` on a terminal: what it offers, and what keys do."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.support.shipped import shipped_bundle
from vatspolicy.cli.commands.ask import complete, make_menu, read_answer
from vatspolicy.core.documents import Path
from vatspolicy.core.engine.decision import MissingFact
from vatspolicy.guidance.interview import Question, read_reply, start
from vatspolicy.guidance.interview.questions import make_question


@pytest.fixture(scope="module")
def questions() -> dict[Path, Question]:
    state = start(shipped_bundle(), "2026-06-01", name="p").answer([{"id": "s", "offers": ["saas"]}], ("services",))
    paths: tuple[Path, ...] = (
        ("services",),
        ("services", 0, "audience"),
        ("services", 0, "features"),
        ("company", "registered"),
        ("company", "mainland_entity"),
        ("company", "foreign_percent"),
    )
    return {path: make_question(state.state, MissingFact(path, ()), "decision") for path in paths}


def offered(question: Question, line: str, lang: Any = "en") -> list[str]:
    return [text for text, *_ in complete(question, line, lang)]


def test_an_empty_line_offers_every_choice_of_a_list(questions: dict[Path, Question]) -> None:
    assert offered(questions["services",], "")[:2] == ["saas", "ai-chat"]
    assert len(offered(questions["services",], "")) == len(questions["services",].choices)
    assert offered(questions["company", "mainland_entity"], "") == ["yes", "no"]
    assert offered(questions["company", "registered"], "") == [], "places are looked up"
    assert offered(questions["company", "foreign_percent"], "4") == []


@pytest.mark.parametrize(
    ("path", "line", "first"),
    [
        (("services",), "crm", "saas"),
        (("services",), "网约车", "ride-hailing"),
        (("services",), "saas, web sh", "own-shop"),
        (("services",), "saas/iot", "iot-platform"),
        (("services",), "heal", "drug-information"),
        (("services", 0, "audience"), "busi", "business"),
        (("company", "registered"), "peking", "beijing"),
        (("services",), "2", "ai-chat"),
    ],
)
def test_typing_searches(questions: dict[Path, Question], path: Path, line: str, first: str) -> None:
    assert first in offered(questions[path], line)[:3]


def test_a_choice_comes_with_its_name_and_group(questions: dict[Path, Question]) -> None:
    found = {text: (start, label, group) for text, start, label, group in complete(questions["services",], "cr", "zh")}
    assert found["credit-reporting"] == (-2, "个人征信", "支付、信贷与区块链")
    assert "saas" not in offered(questions["services",], "saas, "), "what is chosen is not offered again"


def test_every_offered_text_is_read_as_its_choice(questions: dict[Path, Question]) -> None:
    for question in questions.values():
        for choice, text in zip(question.choices, offered(question, ""), strict=False):
            value = read_reply(question, text)
            if question.kind == "services":
                assert value == [{"id": choice.value, "offers": [choice.value]}]
            else:
                assert value == ([choice.value] if question.several else choice.value)


@pytest.mark.parametrize(
    ("path", "keys", "line"),
    [
        (("services", 0, "audience"), "\x1b[B\x1b[B\r", "business"),
        (("services", 0, "audience"), "\x1b[B\x1b[A\r", ""),
        (("services",), "crm|\x1b[B\r", "saas"),
        (("company", "foreign_percent"), "49\r", "49"),
        (("services",), "\x04", None),
    ],
)
def test_arrow_keys_choose(questions: dict[Path, Question], path: Path, keys: str, line: str | None) -> None:
    from prompt_toolkit.input import create_pipe_input
    from prompt_toolkit.output import DummyOutput

    typed, _, later = keys.partition("|")
    with create_pipe_input() as pipe:
        pipe.send_text(typed)
        rest = threading.Timer(0.5 if later else 0, pipe.send_text, [later])  # the menu opens in the background
        rest.start()
        assert read_answer(questions[path], "en", input=pipe, output=DummyOutput()) == line
        rest.join()  # it writes to the pipe, which closes here


def test_a_pipe_has_no_menu() -> None:
    assert make_menu("en") is None
