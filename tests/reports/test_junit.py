"""JUnit reports as a reader from elsewhere has them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from junitparser import Failure, JUnitXml

from tests.support.console import Console
from tests.support.shipped import fixture_file

COUNTS = ("tests", "failures", "errors", "skipped")
DENIED, ALLOWED = "hosting-shenzhen-capital", "own-data-center"


def stated(text: str) -> list[tuple[int, ...]]:
    """The counts that stand at each suite of a report; junitparser counts the cases itself."""
    root = ET.fromstring(text)
    return [tuple(int(suite.attrib[name]) for name in COUNTS) for suite in root.iter("testsuite")]


def counted(report: JUnitXml) -> list[tuple[int, ...]]:
    return [(suite.tests, suite.failures, suite.errors, suite.skipped) for suite in report]


def failures(report: JUnitXml) -> list[str]:
    return [case.name for suite in report for case in suite if any(isinstance(one, Failure) for one in case.result)]


def test_a_failing_gate_is_a_failure_of_its_spec(console: Console) -> None:
    specs = [str(fixture_file(name)) for name in (DENIED, ALLOWED)]
    ran = console("check", *specs, "-q", "-o", f"junit={console.folder / 'report.xml'}")
    assert ran.code == 1
    report = JUnitXml.fromfile(str(console.folder / "report.xml"))
    assert {suite.name for suite in report} == {DENIED, ALLOWED}
    assert report.failures == len(failures(report)) > 0
    assert [suite.name for suite in report if suite.failures] == [DENIED]
    assert stated((console.folder / "report.xml").read_text(encoding="utf-8")) == counted(report)


@pytest.mark.parametrize("broken", [False, True])
def test_tests_of_policies_are_counted(console: Console, law: Path, broken: bool) -> None:
    file = law / "vats-pilot-2024.test.yaml"
    if broken:
        text = file.read_text(encoding="utf-8")
        assert "pilot-access: open" in text
        file.write_text(text.replace("pilot-access: open", "pilot-access: closed", 1), encoding="utf-8")
    ran = console("test", "--law", str(law), "-f", "junit")
    assert ran.code == broken
    report = JUnitXml.fromstring(ran.out.encode())
    assert report.tests > 100
    assert report.failures == len(failures(report)) == broken
    assert stated(ran.out) == counted(report)
