"""Decisions as CSV: a row for each finding, and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.support.console import Console
from tests.support.specs import DENIED, HOSTING

TITLE = "Hosting in Lin-gang"


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("spec", [HOSTING, DENIED])
def test_each_finding_is_a_row(console: Console, spec: str, law: Path) -> None:
    console.write("spec.yaml", spec)
    words = ("check", "spec.yaml", "--law", law)
    [record] = json.loads(console(*words, "-f", "json", "--details").out)["decisions"]
    ran = console(*words, "-f", "csv")
    found = rows(ran.out)
    assert ran.code == 1
    for part in ("denials", "needs", "duties", "advice"):
        for one in record[part]:
            subject = (one["subject"]["service"] or "", one["subject"]["class"] or "")
            [row] = [row for row in found if (row["rule"], (row["service"], row["class"])) == (one["rule"], subject)]
            assert row["effect"] == one["effect"]
            assert row["state"] == one["state"]
            assert one["message"]["en"] in row["message"]
            assert row["line"] == str(one["location"]["line"])
            assert all(cited["label"]["en"] in row["articles"] for cited in one["citations"])
            if part == "duties":
                assert (row["deadline"], row["due"]) == (one["deadline"]["text"]["en"], one["deadline"]["date"] or "")
    assert {row["decision"] for row in found} == {record["decision"]}
    assert {row["day"] for row in found} == {record["as_of"]}
    assert [row["effect"] for row in found].count("verdict") == 1
    failures = json.loads(console(*words, "-f", "json").out)["gate"]["failures"]
    assert sorted(row["fails"] for row in found if row["fails"]) == sorted(one["level"] for one in failures)


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\uff1d", " =", "\u00a0=", "\u3000+", "\u200b@", "\u2060 ="])
def test_no_cell_is_a_formula(console: Console, sign: str, law: Path) -> None:
    console.write("spec.yaml", HOSTING.replace(TITLE, f'"{sign}HYPERLINK(1), \\"a\\"\\n::error::b"'))
    text = console("check", "spec.yaml", "--law", law, "-f", "csv").out
    found = rows(text)
    assert {row["title"] for row in found} == {f'\'{sign}HYPERLINK(1), "a"\ufffd::error::b'}
    assert len(text.splitlines()) == len(found) + 1
    assert all(line.startswith('"') for line in text.splitlines())


def test_a_spec_that_is_not_decided_is_a_row(console: Console, law: Path) -> None:
    console.write("broken.yaml", "schema: 9\n")
    ran = console("check", "broken.yaml", "--law", law, "-o", "out.csv")
    found = rows((console.folder / "out.csv").read_text(encoding="utf-8"))
    assert ran.code == 3
    assert {(row["file"], row["effect"], row["level"]) for row in found} == {("broken.yaml", "invalid", "error")}
    assert found[0]["message"]
