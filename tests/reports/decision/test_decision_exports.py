"""The memo and the checklist for counsel: whole, in both languages, never a formula, the same bytes each time."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from docx import Document

from tests.support.console import Console
from tests.support.html_tree import HOSTILE
from tests.support.records import decision_to_data, export, to_record
from tests.support.shipped import fixture_file, shipped_bundle
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.errors import Problem
from vatspolicy.i18n import Language
from vatspolicy.i18n.words import VERDICTS
from vatspolicy.reports.decision import BINARY_FORMATS
from vatspolicy.reports.decision.digest import BEARERS, merge_duties
from vatspolicy.reports.formats.html_words import WORDS
from vatspolicy.reports.words import KNOWN

LANGUAGES: tuple[Language, ...] = ("en", "zh")
NAMES = ("own-shop-shanghai", "cloud-chengdu", "cloud-hosting-beijing", "shop-without-facts", "saas-shanghai")


@pytest.fixture(scope="module")
def records() -> dict[str, dict[str, Any]]:
    bundle, found = shipped_bundle(), {}
    for name in NAMES:
        profile = load_profile(fixture_file(name))
        data = decision_to_data(bundle, profile, evaluate(bundle, profile, profile.launch or "2027-03-01"))
        found[name] = {**data, "file": f"{name}.yaml"}
    return found


def read_memo(content: bytes) -> tuple[Any, str]:
    """Return a memo, and all of its text."""
    memo = Document(io.BytesIO(content))
    cells = [cell.text for table in memo.tables for row in table.rows for cell in row.cells]
    foot = [one.text for section in memo.sections for one in section.footer.paragraphs]
    return memo, "\n".join([*(one.text for one in memo.paragraphs), *cells, *foot])


def rows_of(content: bytes, sheet: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the rows of a sheet by the titles of their columns."""
    found = openpyxl.load_workbook(io.BytesIO(content)).worksheets[sheet].iter_rows()
    head = [str(cell.value) for cell in next(found)]
    for row in found:
        yield dict(zip(head, (cell.value for cell in row), strict=True))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_memo_has_the_answer_the_license_table_filings_and_sources(
    records: dict[str, dict[str, Any]], lang: Language
) -> None:
    data = records["cloud-hosting-beijing"]
    memo, text = read_memo(export("docx", [data], lang))
    [need] = data["needs"]
    [offer] = need["any_of"]
    licenses = [cell.text for cell in memo.tables[0].rows[1].cells]
    route = next(one for one in need["routes"] if one["name"] == offer["route"])
    assert licenses[:2] == [offer["instrument"]["title"][lang], offer["authority"][0]["title"][lang]]
    assert licenses[2] == BEARERS[need["bearer"]][lang]
    assert licenses[3] == data["services"][0]["activities"][0]["title"][lang]
    assert licenses[4] == route["title"][lang]
    assert all(cited["label"][lang] in licenses[5] for cited in need["citations"])
    assert VERDICTS["needs-license"][lang] in text
    assert WORDS["sources_count"][lang].partition("{")[0] in text
    for duty in data["duties"]:
        if duty["deadline"]["group"] == "before-launch" or duty["deadline"]["date"]:
            assert duty["instrument"]["title"][lang] in text
    assert data["bundle"]["digest"] in memo.sections[0].footer.paragraphs[0].text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_memo_of_several_specs_begins_with_the_worst(records: dict[str, dict[str, Any]], lang: Language) -> None:
    problem = Problem("bad.yaml", 1, 2, "", "Wrong.", "")
    memo, text = read_memo(export("docx", list(records.values()), lang, [problem]))
    titles = [one.text for one in memo.paragraphs if one.style.name == "Heading 1"]
    assert titles[0] == records["cloud-chengdu"]["title"]
    assert titles[-2:] == [records["saas-shanghai"]["title"], records["own-shop-shanghai"]["title"]]
    assert "bad.yaml:1:2: Wrong." in text
    assert records["saas-shanghai"]["contested"][0]["message"][lang] in text
    for ask in records["shop-without-facts"]["missing"]:
        assert ask["question"][lang] in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_checklist_has_a_row_for_each_license_filing_and_duty(
    records: dict[str, dict[str, Any]], lang: Language
) -> None:
    data = records["cloud-hosting-beijing"]
    rows = list(rows_of(export("xlsx", [data], lang)))
    what, day, kind = (WORDS[key][lang] for key in ("item", "day", "kind"))
    assert [row[kind] for row in rows].count(WORDS["license"][lang]) == 1
    groups = {(duty["instrument"]["title"][lang], duty["deadline"]["group"]) for duty in data["duties"]}
    assert len(rows) == 1 + len(groups)
    for duty in merge_duties(to_record(data).duties):
        [row] = [row for row in rows if row[what] == duty.instrument.title[lang]]
        assert (str(row[day].date()) if row[day] else None) == duty.deadline.date
        assert all(body.title[lang] in row[WORDS["authority"][lang]] for body in duty.authority)
        assert all(cited.label[lang] in row[WORDS["article"][lang]] for cited in duty.citations)
        grades = {cited.verification for cited in duty.citations}
        weakest = next(one for one in ("unverified", "secondary", "copy", "primary") if one in grades)
        assert row[WORDS["grade"][lang]] == KNOWN[weakest][lang]


def test_a_filing_that_is_done_is_ticked() -> None:
    bundle = shipped_bundle()
    changes = [("filings", [{"instrument": "icp-filing", "date": "2026-12-01"}])]
    profile = load_profile(fixture_file("cloud-hosting-beijing"), changes)
    data = decision_to_data(bundle, profile, evaluate(bundle, profile, "2027-03-01"))
    done = [row for row in rows_of(export("xlsx", [{**data, "file": "x.yaml"}], "en")) if row["Done"] == "yes"]
    assert [row["Item"] for row in done] == ["Filing of a website (ICP filing)"]


@pytest.mark.parametrize("title", ["=1+1", '=HYPERLINK("http://evil.example")', "+1", "-1", "@SUM(A1)", HOSTILE])
def test_no_text_becomes_a_formula(records: dict[str, dict[str, Any]], title: str) -> None:
    data = {**records["cloud-hosting-beijing"], "title": title, "file": title}
    content = export("xlsx", [data], "en", [Problem(title, 1, 1, "", title, "")])
    book = openpyxl.load_workbook(io.BytesIO(content))
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert "f" not in {cell.data_type for cell in cells}
    held = [cell for cell in cells if isinstance(cell.value, str) and cell.value[:1] in "=+-@"]
    assert bool(held) == (title != HOSTILE)
    assert all(cell.quotePrefix for cell in held)
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        assert not any(b"<f>" in parts.read(name) for name in parts.namelist() if name.startswith("xl/worksheets"))
    _, text = read_memo(export("docx", [data], "en"))
    assert title[:2] in text


@pytest.mark.parametrize("format", BINARY_FORMATS)
def test_equal_decisions_give_equal_bytes(
    records: dict[str, dict[str, Any]], format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = export(format, list(records.values()), "zh")
    monkeypatch.setattr("time.localtime", lambda *_: (2031, 5, 6, 7, 8, 9, 1, 126, 0))
    assert export(format, list(records.values()), "zh") == first
    with zipfile.ZipFile(io.BytesIO(first)) as parts:
        assert {part.date_time[0] for part in parts.infolist()} == {1980}
        assert set(re.findall(rb"T[\d:]+Z", parts.read("docProps/core.xml"))) == {b"T00:00:00Z"}


# --- on the command line


def test_files_are_written_beside_the_text(console: Console, tmp_path: Path) -> None:
    spec = str(fixture_file("cloud-hosting-beijing"))
    memo, checklist = tmp_path / "memo.docx", tmp_path / "checklist.xlsx"
    done = console("check", spec, "--no-fail", "-o", memo, "-o", f"xlsx={checklist}")
    assert "NEEDS LICENSE" in done.out
    assert "Pilot approval" in read_memo(memo.read_bytes())[1]
    assert any("Pilot approval" in str(row["Item"]) for row in rows_of(checklist.read_bytes()))


@pytest.mark.parametrize("format", BINARY_FORMATS)
def test_a_file_is_not_printed_on_a_terminal(console: Console, format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    ran = console("check", str(fixture_file("cloud-chengdu")), "-f", format)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"vatspolicy: {format} is a binary file. Write it with: -o FILE.{format}\n"


@pytest.mark.parametrize("format", BINARY_FORMATS)
def test_without_the_extra_the_command_that_installs_it_is_named(
    console: Console, format: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    ran = console("check", str(fixture_file("cloud-chengdu")), "-o", f"{format}={tmp_path / 'x'}")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"vatspolicy: {format} needs an extra: pip install '")
    assert "[export]" in ran.err
    assert not (tmp_path / "x").exists()
