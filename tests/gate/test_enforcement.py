"""How a layer enforces its rules at the gate: a warning, or switched off, until a day, and never in silence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.law_builder import rule
from tests.support.layer_builder import write_layer
from tests.support.members import for_each
from tests.support.specs import SHOP
from vatspolicy.core.documents.validation import is_valid
from vatspolicy.reports.formats import FORMATS

CLOSED = "rules:\n" + rule("closed", "product", "true", "deny: {reason: HOSTED-ABROAD}", "unwaivable: true")
WORDS = {
    "warn": "only a warning until 2027-06-30, board: Trial.",
    "off": "switched off until 2027-06-30, board: Trial.",
}


@pytest.fixture
def company(console: Console, law: Path) -> Path:
    console.write("spec.yaml", SHOP)
    (console.folder / "law").symlink_to(law)
    return write_layer(console.folder / "company", "company", company=CLOSED)


def enforce(folder: Path, level: str, until: str = "2027-06-30") -> None:
    write_layer(folder, "company", company=CLOSED)
    head = folder / "layer.yaml"
    entry = f"{{level: '{level}', reason: Trial., from: '2026-07-01', until: '{until}', owner: board}}"
    head.write_text(f"{head.read_text()}enforce:\n  company/closed: {entry}\n")


def check(console: Console, *words: str) -> Any:
    return console("check", "spec.yaml", "--law", "law", "-p", "company", *words)


@pytest.mark.parametrize(("level", "code"), [("deny", 1), ("warn", 0), ("off", 0)])
def test_the_level_decides_for_the_gate_and_not_for_the_decision(
    console: Console, company: Path, level: str, code: int
) -> None:
    assert check(console).code == 1
    enforce(company, level)
    ran = check(console, "-f", "json", "--details")
    record = json.loads(ran.out)
    assert (ran.code, is_valid(record, "decision")) == (code, True)
    [decision] = record["decisions"]
    assert (decision["decision"], len(decision["denials"])) == ("deny", 1)
    assert decision.get("remaining") == ("allow" if code == 0 else "deny")
    waived = decision["denials"][0].get("waived")
    assert (waived and (waived["by"], waived["approver"], waived["file"])) == (
        (level, "board", "company/layer.yaml") if code == 0 else None
    )
    assert is_valid(json.loads(check(console, "-f", "json").out), "report")


@pytest.mark.parametrize("level", ["warn", "off"])
@for_each(FORMATS)
def test_every_report_shows_it(format: str, console: Console, company: Path, level: str) -> None:
    enforce(company, level)
    text = " ".join(check(console, "-f", format, "--details").out.replace("\\", "").split())
    assert WORDS[level] in text or (format == "json" and '"reason": "Trial."' in text)


@pytest.mark.parametrize(("launch", "code"), [("2027-06-30", 0), ("2027-07-01", 1)])
def test_it_ends_by_the_day_of_the_decision(console: Console, company: Path, launch: str, code: int) -> None:
    enforce(company, "warn")
    ran = check(console, "--details", "--as-of", launch)
    assert ran.code == code
    over = "company/closed is enforced as written again since 2027-06-30 has passed (layer company)."
    assert (over in " ".join(ran.out.split())) == (code == 1)


@pytest.mark.parametrize(
    ("launch", "told"),
    [
        (", launch: '2027-02-01'", "enforced as written, since the launch is after 2027-01-31 (layer company)."),
        ("", "enforced as written, since no launch day is stated (layer company)."),
    ],
)
def test_a_launch_that_may_be_later_is_not_let_through(console: Console, company: Path, launch: str, told: str) -> None:
    enforce(company, "warn", "2027-01-31")
    assert check(console, "--as-of", "2026-12-01").code == 0
    console.write("spec.yaml", SHOP.replace(", launch: '2027-01-31'", launch))
    for day in ("2026-12-01", "2027-01-31"):
        ran = check(console, "--details", "--as-of", day)
        assert ran.code == 1
        assert told in " ".join(ran.out.split())


def test_it_begins_by_the_day_of_the_decision(console: Console, company: Path) -> None:
    enforce(company, "warn")
    ran = check(console, "--details", "--as-of", "2026-06-30", "--allow-past-as-of")
    assert ran.code == 1
    assert "company/closed is enforced as written before 2026-07-01 (layer company)." in " ".join(ran.out.split())


def test_what_a_missing_fact_leaves_open_is_not_set_aside(console: Console, company: Path) -> None:
    """Silence is no permission: a rule that may deny keeps the decision open, even if it only warns."""
    enforce(company, "warn")
    policy = company / "company.yaml"
    policy.write_text(policy.read_text().replace("when: 'true'", "when: 'company.foreign_percent > 0.0'"))
    assert check(console).code == 0
    assert check(console, "--set", "company.foreign_percent=").code == 4
