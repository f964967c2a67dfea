"""Documents with more errors than anybody reads: the first hundred are explained, and no work is done for the others."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from vatspolicy.core.documents import parse_document, value_messages
from vatspolicy.core.documents.validation import validate
from vatspolicy.core.documents.word_search import Word, search_words
from vatspolicy.core.profile.profile import load_profile, read_profile
from vatspolicy.errors import FURTHER, MAX_EXPLAINED, InvalidInput, Problem, suggest

MANY = 600


def spec(**service: Any) -> dict[str, Any]:
    return {"schema": 2, "product": {"id": "p"}, "company": {}, "services": [{"id": "s", **service}]}


SPECS: dict[str, dict[str, Any]] = {
    "places": spec(area=[f"shanghai-songjang{index}" for index in range(MANY)]),
    "offers": spec(offers=[f"data-center{index}" for index in range(MANY)]),
    "types": spec(area=[1] * MANY),
    "items given twice": spec(offers=["hosting"] * MANY),
    "keys": spec(**{f"operated_bi{index}": 1 for index in range(MANY)}),
    "services": {**spec(), "services": [{"id": f"s{index}", "offers": [f"hostin{index}"]} for index in range(MANY)]},
}


def problems_of(data: dict[str, Any]) -> tuple[Problem, ...]:
    with pytest.raises(InvalidInput) as error:
        load_profile(data)
    return error.value.problems


@pytest.mark.parametrize("name", SPECS)
def test_the_first_hundred_errors_are_explained(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No suggestion is sought for the others."""
    sought: list[str] = []

    def note(value: str, _: Sequence[Word]) -> list[tuple[int, Word]]:
        sought.append(value)
        return []

    monkeypatch.setattr(value_messages, "search_words", note)
    problems = problems_of(SPECS[name])
    assert len(problems) == MAX_EXPLAINED + 1
    assert [problem.message for problem in problems].count(FURTHER[0]) == 1
    assert problems[-1].message == FURTHER[0]
    assert len(sought) <= MAX_EXPLAINED + 1
    assert sought or name not in ("places", "offers", "services")


LOAD = """
import json, sys
from pathlib import Path
from vatspolicy.errors import InvalidInput
from vatspolicy.core.profile.profile import load_profile
try:
    load_profile(json.load(sys.stdin))
except InvalidInput as error:
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    print(len(error.problems), int(peak.split()[1]) // 1024)
"""
"""`ru_maxrss` would count the memory of the process that starts this one, too."""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells the peak of one process")
def test_the_memory_for_errors_does_not_grow_with_a_list_that_is_too_long() -> None:
    """Every error about a place holds all places; of a list that is too long, few members have errors."""
    data = json.dumps(spec(area=[f"shanghai-songjang{index}" for index in range(19_000)]))
    ran = subprocess.run([sys.executable, "-c", LOAD], input=data, capture_output=True, text=True, check=True)
    problems, megabytes = map(int, ran.stdout.split())
    assert problems == MAX_EXPLAINED + 1
    assert megabytes < 200


def test_lists_that_are_too_long_are_all_told() -> None:
    wrong = [{"id": f"s{index}", "area": ["nowhere"] * 40, "features": ["x"] * 40} for index in range(40)]
    told = {
        problem.path
        for problem in validate(parse_document(json.dumps({**spec(), "services": wrong}).encode(), "a.json"), "profile")
    }
    assert {"services", "services[0].area", "services[0].features"} <= told


def test_a_hundred_errors_are_all_told() -> None:
    keys = [f"operated_bi{index}" for index in range(MAX_EXPLAINED)]
    problems = problems_of(spec(**dict.fromkeys(keys, 1)))
    assert [problem.path for problem in problems] == [f"services[0].{key}" for key in keys]


@pytest.mark.parametrize(
    ("text", "file"),
    [("[" + "yes, " * MANY + "]", "a.yaml"), ("[" + "NaN," * MANY + "1]", "a.json"), ("a: 1\n" * MANY, "a.yaml")],
    ids=["doubtful words", "no numbers", "keys given twice"],
)
def test_reading_ends_at_the_hundredth_error(text: str, file: str) -> None:
    with pytest.raises(InvalidInput) as error:
        parse_document(text, file)
    assert len(error.value.problems) == MAX_EXPLAINED + 1
    assert error.value.problems[-1].message == FURTHER[0]


def test_a_long_word_is_near_nothing() -> None:
    """Comparing takes time with the square of the length."""
    assert suggest("a" * 1_000_000, ["a" * 999_999]) == ""
    assert search_words("hosting " * 100_000, ()) == []
    (problem,) = problems_of(spec(offers=["data centre " * 80_000]))
    assert "Did you mean" not in problem.hint


def test_a_long_key_does_not_flood_a_log() -> None:
    (problem,) = problems_of(spec(**{"k" * 1_000_000: 1}))
    assert len(problem.path) < 150


def test_opinions_on_one_matter_are_told_once_each() -> None:
    one = {"about": "class", "classes": ["B11"], "service": "s", "by": "me", "date": "2026-01-01"}
    document = parse_document(json.dumps({**spec(), "opinions": [one] * 3}), "spec.json")
    assert validate(document, "profile") == []
    with pytest.raises(InvalidInput) as error:
        read_profile(document)
    assert [problem.path for problem in error.value.problems] == ["opinions[1]", "opinions[2]"]
    assert all("(opinions[0])" in problem.message for problem in error.value.problems)
