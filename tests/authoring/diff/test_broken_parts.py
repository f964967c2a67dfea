"""A part of a comparison or of its report that breaks is marked; the rest stands, and nothing passes for it."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.project_builder import PROFILE, compare, policy, project
from vatspolicy.authoring.diff import pairs, review
from vatspolicy.engine.evaluator import evaluate
from vatspolicy.reports.diff import render, wording

LAW = policy("law")
MILDER = LAW.replace("value: 50.0", "value: 70.0").replace("  - id: tell\n", "  - id: tell\n    until: '2027-01-01'\n")


def broken(*_: Any, **__: Any) -> Any:
    raise KeyError("somewhere")


def compared(folder: Path, **settings: Any) -> dict[str, Any]:
    other = {
        **PROFILE,
        "product": {"id": "p65"},
        "company": {"foreign_percent": 65, "foreign_percent_basis": "ultimate"},
    }
    fixtures = {"p60": PROFILE, "p65": other}
    base = project(folder / "base", {"law": LAW}, fixtures)
    return compare(base, project(folder / "head", {"law": MILDER}, fixtures), **settings)


def plain(text: str) -> str:
    return " ".join(html.unescape(text).replace("\\", "").split())


@pytest.mark.parametrize(
    ("name", "part", "heading"),
    [
        ("compare_structure", "structure", "What was edited"),
        ("law_in_words", "law", "The edited rules in words"),
        ("compare_decisions", "decisions", "Decisions that change"),
        ("check_release", "release", "Version"),
    ],
)
def test_a_part_that_breaks_is_marked_and_the_rest_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, part: str, heading: str
) -> None:
    monkeypatch.setattr(review, name, broken)
    data = compared(tmp_path, fail_on=["tightened"])
    assert (data["title"]["en"], data["state"], data["exit_code"]) == ("NOT EVALUATED", "not-evaluated", 4)
    assert [(why["code"], why["part"]) for why in data["why"]] == [("broken", part)]
    assert bool(data["decisions"]["rows"]) is (part != "decisions")
    assert bool(data["law"]) is (part not in ("law", "structure"))
    for format in ("text", "markdown", "html"):
        told = plain(render(format, data, "en"))
        sentence = "NOT EVALUATED: A part of the comparison broke off (KeyError); it is marked, and the rest stands."
        assert sentence in told.partition(heading)[2] or sentence in told.rpartition(heading)[2], format
        assert "p65" in told or part == "decisions"
    assert json.loads(render("sarif", data, "en"))["runs"][0]["invocations"][0]["executionSuccessful"] is False


def test_a_product_that_breaks_leaves_the_others_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    def evaluate_some(bundle: Any, profile: Any, *given: Any, **more: Any) -> Any:
        return broken() if profile.name == "p60" else evaluate(bundle, profile, *given, **more)

    monkeypatch.setattr(pairs, "evaluate", evaluate_some)
    data = compared(tmp_path)
    assert {row["product"] for row in data["decisions"]["rows"]} == {"p65"}
    assert (data["title"]["en"], data["exit_code"]) == ("NOT EVALUATED", 4)
    assert data["verdict"] == "loosened", "what was seen is told"
    told = plain(render("markdown", data, "en"))
    assert "NOT EVALUATED: A part of the comparison broke off (KeyError)" in told


@pytest.mark.parametrize("format", ["text", "markdown", "html"])
@pytest.mark.parametrize(
    ("module", "name", "part"),
    [(wording, "item_title", "edits"), (wording, "detail", "details"), (wording, "edit", "structure")],
)
def test_a_part_that_cannot_be_written_is_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str, module: Any, name: str, part: str
) -> None:
    data = compared(tmp_path)
    monkeypatch.setattr(module, name, broken)
    found: list[str] = []
    told = plain(render(format, data, "en", broken=found))
    assert set(found) == {part}
    assert "NOT EVALUATED: This part of the report could not be written (KeyError)." in told
    assert "p65" in told
    assert "未评估" in render(format, data, "zh")


@pytest.mark.parametrize("format", ["text", "markdown", "html", "sarif", "github"])
def test_a_report_of_which_nothing_can_be_written_says_so(tmp_path: Path, format: str) -> None:
    data = compared(tmp_path)
    data["title"] = {}
    found: list[str] = []
    told = plain(render(format, data, "en", broken=found))
    assert found[-1] == "report"
    assert "NOT EVALUATED: This part of the report could not be written (" in told


def test_a_report_that_is_not_whole_does_not_pass(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    compared(console.folder)
    assert console("diff", "base", "head", "--semantic", "off").code == 0
    monkeypatch.setattr(wording, "item_title", broken)
    ran = console("diff", "base", "head", "--semantic", "off", "-o", "markdown=r.md")
    assert (ran.code, ran.err) == (4, "")
    assert console("diff", "base", "head", "--semantic", "off", "--fail-on", "loosened").code == 1
