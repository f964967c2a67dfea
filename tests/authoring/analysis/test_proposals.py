"""Test cases proposed for clauses that no test covers: they pass, and they cover what they were made for."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.law_builder import SMALL
from tests.support.schemas import validator_of
from tests.support.solver import needs_solver
from vatspolicy.authoring.analysis import witness as proposals
from vatspolicy.core.documents import load_document, parse_document
from vatspolicy.core.documents.yaml_edit import append_items

POLICY = (
    SMALL
    + """\
      conditions:
        - id: in-china
          check: 'operator.mainland_entity == true || operator.foreign_percent <= param.cap'
          message: {en: Here., zh: 境内。}
    message: {en: Open., zh: 开放。}
  - id: tell
    cite: [art-1]
    each: product
    when: term.foreign && !(company.mainland_entity == true)
    advise: {kind: verify}
    message: {en: Tell., zh: 请核实。}
  - id: vain
    cite: [art-1]
    each: product
    when: company.foreign_percent > 60.0 && company.foreign_percent > param.cap
    advise: {kind: verify}
    message: {en: Vain., zh: 多余。}
"""
)
TESTS = """\
base:
  company: {foreign_percent: 60, foreign_percent_basis: ultimate, mainland_entity: true}
  services: [{id: s, operated_by: company, offers: [data-center]}]
cases:
  - {it: opens, as_of: '2026-01-01', expect: {open: open, tell: silent}}
"""


@pytest.fixture
def law(console: Console) -> Path:
    console.write("law/bundle.yaml", "version: 1.0.0\ncovers: {from: '2020-01-01'}\n")
    console.write("law/small.yaml", POLICY)
    return console.write("law/small.test.yaml", TESTS)


def propose(console: Console) -> dict[str, Any]:
    ran = console("test", "--law", "law", "--propose", "-f", "json")
    assert ran.err == ""
    told: dict[str, Any] = json.loads(ran.out)
    validator_of("test-run.schema.json").validate(told)
    return told


@needs_solver
def test_the_cases_cover_what_they_were_made_for(console: Console, law: Path) -> None:
    told = propose(console)
    gaps = {(gap["clause"], word == "true") for gap in told["coverage"]["not_decisive"] for word in gap["never"]}
    assert {(one["clause"], one["value"]) for one in told["proposals"]} == gaps
    cases = [parse_document(one["case"], "case.yaml").data[0] for one in told["proposals"] if one["case"]]
    assert len(cases) >= 8
    assert {one["tests"] for one in told["proposals"] if one["case"]} == {"law/small.test.yaml"}
    law.write_text(append_items(TESTS, ("cases",), cases), encoding="utf-8")
    again = propose(console)
    assert again["counts"] == {"passed": 1 + len(cases), "failed": 0, "skipped": 0}
    assert [(one["clause"], one["value"]) for one in again["proposals"]] == VAIN
    assert {one["reason"] for one in again["proposals"]} == {
        "There is proof that the clause never decides alone with this value."
    }


VAIN = [("operator.foreign_percent >= 0.0", False), ("company.foreign_percent > param.cap", False)]
"""No share is below zero; and above 60 % it is above the cap, so that the clause cannot be the one that fails."""


@needs_solver
def test_text_shows_each_case_below_its_clause(console: Console, law: Path) -> None:
    out = console("test", "--law", "law", "--propose").out.splitlines()
    place = out.index(
        "law/small.yaml:14: company.foreign_percent > 0.0 decides as false in this case of law/small.test.yaml:"
    )
    entry = itertools.takewhile(lambda line: line.startswith(" "), out[place + 1 :])
    [case] = parse_document("\n".join(entry), "case.yaml").data
    assert case["it"] == "shows tell where `company.foreign_percent > 0.0` is false"
    assert case["expect"] == {"tell": "silent"}
    assert case["set"]["company"]["foreign_percent"] == 0
    assert load_document(law).text == TESTS, "nothing is written"
    assert any("no case for company.foreign_percent > param.cap as false: There is proof" in line for line in out)
    assert "在 law/small.test.yaml 的下列测试中" in console("test", "--law", "law", "--propose", "--lang", "zh").out


@pytest.mark.usefixtures("law")
def test_without_the_solver_it_says_what_to_install(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proposals, "has_solver", lambda: False)
    told = propose(console)
    assert {one["reason"] for one in told["proposals"]} == {"Test cases are made by z3. Install the extra smt."}
    assert all(one["case"] is None for one in told["proposals"])


@pytest.mark.usefixtures("law")
def test_mutation_is_another_run(console: Console) -> None:
    assert console("test", "--law", "law", "--propose", "--mutation").code == 2
