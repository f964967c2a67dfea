"""Opinions at the door: about rules that exist, of days that have come."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.console import Console

PROFILE = """\
schema: 2
product: {id: p}
company: {foreign_percent: 100}
services:
  - {id: s, offers: [own-shop], operated_by: company}
opinions:
  - {about: %s, by: Counsel & Co, date: '%s'}
"""
RULE = "negative-list-general/film-television, reading: applies"


def test_an_unknown_rule_is_refused_with_a_suggestion(console: Console) -> None:
    path = console.write("p.yaml", PROFILE % ("vats-pilot-2024/pilot-acces, reading: applies", "2026-01-01"))
    ran = console("check", path)
    assert ran.code == 3
    assert "p.yaml:7:13: opinions[0].about: The bundle has no rule 'vats-pilot-2024/pilot-acces'." in ran.err
    assert "Did you mean 'vats-pilot-2024/pilot-access'?" in ran.err


def test_an_unknown_condition_is_refused(console: Console) -> None:
    about = "vats-pilot-2024/pilot-access/no-such-one, reading: applies"
    assert (
        "has no condition 'no-such-one'"
        in console("check", console.write("p.yaml", PROFILE % (about, "2026-01-01"))).err
    )


@pytest.mark.parametrize("command", [("check",), ("routes",), ("timeline",), ("ask", "--next")])
def test_a_day_to_come_is_refused(console: Console, command: tuple[str, ...]) -> None:
    path = console.write("p.yaml", PROFILE % (RULE, "2999-01-01"))
    ran = console(command[0], path, *command[1:])
    assert ran.code == 3
    assert "is after today" in ran.err


@pytest.mark.parametrize(
    ("about", "message"),
    [
        ("class", "An opinion on classes needs 'classes'."),
        ("class, service: s, classes: [], reading: applies", "An opinion on classes cannot have 'reading'."),
        ("a/b, classes: []", "An opinion on a rule cannot have 'classes'."),
        ("a/b", "An opinion on a rule needs 'reading'."),
        ("a/b, reading: applies, service: t", "The profile has no service 't'."),
    ],
)
def test_a_wrong_shape_is_told(console: Console, about: str, message: str) -> None:
    assert message in console("check", console.write("p.yaml", PROFILE % (about, "2026-01-01"))).err


def test_two_opinions_of_one_day_on_one_matter_are_refused(console: Console) -> None:
    text = PROFILE % (RULE, "2026-01-01")
    path = console.write("p.yaml", text + text.splitlines(keepends=True)[-1])
    assert "Another opinion of the same day covers the same matter (opinions[0])." in console("check", path).err


def test_a_row_of_a_portfolio_is_rejected(console: Console, tmp_path: Path) -> None:
    facts = {
        "schema": 2,
        "product": {"id": "p"},
        "company": {},
        "services": [{"id": "s", "offers": ["own-shop"]}],
        "opinions": [{"about": "no/rule", "reading": "applies", "by": "X", "date": "2026-01-01"}],
    }
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps(facts) + "\n")
    console("screen", str(rows), "--output", str(tmp_path / "out.jsonl"))
    rejected = (tmp_path / "out.jsonl.rejects.jsonl").read_text()
    assert "The bundle has no rule 'no/rule'." in rejected
