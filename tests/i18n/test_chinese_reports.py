"""Chinese reports: no English sentence of the program in them, Chinese punctuation, and tables that line up."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import comparisons
from tests.support.effort import LONG, part
from tests.support.project_builder import compare, policy, project
from tests.support.shipped import fixture_file, fixture_files, shipped_bundle
from tests.support.specs import TODAY
from vatspolicy.core.engine.result import Record
from vatspolicy.core.engine.timeline import timeline
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.gate.gate import Gate
from vatspolicy.guidance.access_matrix import build_matrix
from vatspolicy.reports import timeline as timeline_report
from vatspolicy.reports.access_matrix.render import render as render_matrix
from vatspolicy.reports.decision import render
from vatspolicy.reports.formats import FORMATS
from vatspolicy.reports.policy.terminal import explain

ENGLISH = re.compile(r"[A-Za-z][a-z]*(?:[ ,]+[a-z]+){2,}")
"""Three words in a row: a sentence, and no name, code or number."""
HALF = re.compile(
    "(?<=[\u3400-\u9fff”》）])[,;?!]|(?<=[\u3400-\u9fff”》）]):(?!:)|(?<=[\u3400-\u9fff])[()]|[()](?=[\u3400-\u9fff])"
)
OPENING, CLOSING = "（《“‘【", "，。；：、？！）》”’】"


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    return shipped_bundle()


@pytest.fixture(scope="module")
def records(shipped: Bundle) -> list[Record]:
    gate = Gate(shipped, TODAY, allow_past=True)
    return [gate.decide(load_profile(path))[1] for path in part(fixture_files(), 2)]


@pytest.fixture(scope="module")
def own(records: list[Record]) -> list[str]:
    """What the specs say themselves, in whatever language they say it; the longest first."""
    found = {text for data in records for text in _texts(load_profile(data.file).document.data) if " " in text}
    escaped = {re.sub(r"([\\`*_{}\[\]()#+.!|<>~-])", r"\\\1", text) for text in found}
    return sorted(found | escaped, key=len, reverse=True)


def _texts(value: Any) -> Iterator[str]:
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(child)
    if isinstance(value, str):
        yield value


@pytest.mark.parametrize("format", [name for name in FORMATS if name != "json"])
def test_decisions_are_told_in_chinese(records: list[Record], own: list[str], format: str) -> None:
    assert len(records) > 60
    # An annotation list is cut at ten of a level, and a comment at ten specs, so that each spec has one of its own.
    runs = [[data] for data in records] if format in ("github", "comment") else [records]
    text = "".join(render(format, run, "zh") for run in runs)
    text = re.sub(r"vatspolicy explain [\w/-]+", "", text)
    text = re.sub(r"<(style|script)\b.*?</\1>", "", text, flags=re.DOTALL)
    quoted = r'<p lang="en">.*?</p>|<code.*?</code>'  # the law where there is no Chinese of it, and expressions
    text = re.sub(rf"{quoted}|<[^>]*>|https?://\S+", "", text)
    for said in own:  # as it is wrapped
        text = re.sub(r"\s+".join(map(re.escape, said.split())), "", text)
    assert len(text) > (40_000 if format == "comment" else 100_000) / (1 if LONG else 2)
    assert ENGLISH.findall(text) == []
    assert [text[max(0, m.start() - 10) : m.end() + 10] for m in HALF.finditer(text)] == []


def test_the_search_for_english_finds_some(records: list[Record]) -> None:
    assert ENGLISH.search(render("text", records[:3], "en"))
    assert HALF.search("许可, 二")
    assert HALF.search("许可(二)")


@pytest.mark.parametrize("name", ["vats-pilot-2024/pilot-access", "telecom-regulations"])
def test_a_rule_is_explained_with_chinese_punctuation(shipped: Bundle, name: str) -> None:
    text = explain(shipped, name, "zh", 100, "2026-01-01")
    labels = [line for line in text.splitlines() if re.match(r"  [\u3400-\u9fff]+[:：]", line)]
    assert len(labels) >= 3
    assert all("：" in line for line in labels)


# --- width ------------------------------------------------------------------------------------------------------------


def grid(line: str) -> str:
    """A line as the terminal shows it, one character a cell: behind a wide character comes a filler."""
    cells = ""
    for char in line:
        if unicodedata.combining(char):
            continue
        cells += char + ("\0" if unicodedata.east_asian_width(char) in "WF" else "")
    return cells


def starts(line: str) -> list[int]:
    """The cells at which the columns of a heading begin."""
    return [match.start() for match in re.finditer(r"(?<=  )\S|^\S", grid(line))]


@pytest.mark.parametrize(("by", "room"), [("regimes", 110), ("regimes", 120), ("places", 80), ("places", 100)])
def test_columns_of_the_matrix_line_up(bundle: Bundle, by: str, room: int) -> None:
    lines = render_matrix("text", [_matrix(bundle, by)], "zh", False, room).splitlines()
    tables = [index for index, line in enumerate(lines) if re.fullmatch(r"-{20,}", line.strip())]
    assert tables
    for rule in tables:
        columns = starts(lines[rule - 1])[1:]
        assert columns
        body = _until_blank(lines[rule + 1 :])
        assert len(body) > 10
        for line in body:
            cells = grid(line)
            assert len(cells.rstrip()) <= room
            for column in columns:
                assert cells.ljust(room)[column - 1] == " ", (column, line)
                assert cells.ljust(room)[column] != "\0", (column, line)
        filled = [line for line in body if not line.startswith(" ")]
        assert all(grid(line).ljust(room)[column] != " " for line in filled for column in columns)


_MATRICES: dict[str, Any] = {}


def _matrix(bundle: Bundle, by: str) -> Any:
    if by not in _MATRICES:
        _MATRICES[by] = build_matrix(bundle, TODAY, by=by)
    return _MATRICES[by]


def _until_blank(lines: list[str]) -> list[str]:
    found: list[str] = []
    for line in lines:
        if not line.strip():
            break
        found.append(line)
    return found


@pytest.mark.parametrize("room", [50, 79, 100])
def test_lines_keep_within_the_terminal(shipped: Bundle, records: list[Record], room: int) -> None:
    profile = load_profile(fixture_file("ai-dates"))
    told = [
        render("text", records[:12], "zh", False, room),
        timeline_report.render("text", timeline(shipped, profile, TODAY), "zh", False, room),
        explain(shipped, "telecom-regulations", "zh", room, "2026-01-01"),
        *(render_matrix("text", [_matrix(shipped, by)], "zh", False, room) for by in ("regimes", "places")),
    ]
    for text in told:
        for line in text.splitlines():
            assert len(grid(line)) <= room or not re.search("[\u3400-\u9fff]", line), line
            assert not line.strip().startswith(tuple(CLOSING)), line
            assert not line.rstrip().endswith(tuple(OPENING)), line


@pytest.mark.parametrize("room", [60, 100])
def test_a_comparison_keeps_within_the_terminal(tmp_path: Path, room: int) -> None:
    law = policy("law")
    data = compare(project(tmp_path / "base"), project(tmp_path / "head", {"law": law.replace("50.0", "70.0")}))
    text = comparisons.render("text", data, "zh", False, room)
    assert re.search("[\u3400-\u9fff]", text)
    for line in text.splitlines():
        assert len(grid(line)) <= room or " " not in line.strip(), line
