"""An error of the program ends a comparison or its report: no part of it is ever marked and passed over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.comparisons import render
from tests.support.project_builder import PROFILE, compare, policy, project
from vatspolicy.authoring.diff import decisions, review
from vatspolicy.reports.diff import wording

LAW = policy("law")
MILDER = LAW.replace("value: 50.0", "value: 70.0")


def broken(*_: Any, **__: Any) -> Any:
    raise KeyError("somewhere")


def compared(folder: Path) -> dict[str, Any]:
    base = project(folder / "base", {"law": LAW}, {"p60": PROFILE})
    return compare(base, project(folder / "head", {"law": MILDER}, {"p60": PROFILE}))


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (review, "compare_structure"),
        (review, "law_in_words"),
        (review, "compare_decisions"),
        (review, "word_proofs"),
        (review, "check_release"),
        (decisions, "evaluate"),
    ],
)
def test_a_part_that_breaks_ends_the_comparison(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: Any, name: str
) -> None:
    monkeypatch.setattr(module, name, broken)
    with pytest.raises(KeyError, match="somewhere"):
        compared(tmp_path)


@pytest.mark.parametrize("format", ["text", "markdown", "html"])
@pytest.mark.parametrize("name", ["item_title", "detail", "edit"])
def test_a_part_that_cannot_be_written_ends_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format: str, name: str
) -> None:
    data = compared(tmp_path)
    monkeypatch.setattr(wording, name, broken)
    with pytest.raises(KeyError, match="somewhere"):
        render(format, data, "en")
