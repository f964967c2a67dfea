"""Whether version, changelog and reviews fit what a change does."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.project_builder import compare, policy, project

LAW = policy("law")
MILDER = LAW.replace("value: 50.0", "value: 70.0")
LATER = LAW.replace("value: 50.0}", "value: 50.0}\n      - {from: '2026-09-01', cite: art-1, value: 70.0}")
REWORDED = LAW.replace("en: Too foreign.", "en: Too much.")
GONE = LAW.replace("  - id: tell", "  - id: inform")
TESTED = LAW + "tests:\n  base: {}\n  cases: []\n"


def release(
    folder: Path, before: str = LAW, after: str = LAW, versions: tuple[str, str] = ("1.2.3", "1.2.3"), **more: Any
) -> Any:
    logs = more.pop("changelogs", (None, None))
    sides = [
        project(folder / name, {"law": text}, version=version, changelog=log)
        for name, text, version, log in zip(("base", "head"), (before, after), versions, logs, strict=True)
    ]
    return compare(*sides, **more)["release"]


def faults(found: Any) -> list[str]:
    return [fault["code"] for fault in found["faults"]]


@pytest.mark.parametrize(
    ("after", "level", "because"),
    [
        (LAW, "none", []),
        (REWORDED, "patch", ["text-changed"]),
        (MILDER, "minor", ["decisions-change"]),
        (LATER, "minor", ["decisions-change", "law-added"]),
        (LAW.replace("value: 50.0}", "value: 50.0}\n      - {from: '2026-09-01', cite: art-1, value: 51.0}"), "minor", ["law-added"]),
        (GONE, "major", ["rule-removed"]),
    ],
)  # fmt: skip
def test_the_level_follows_from_what_was_measured(tmp_path: Path, after: str, level: str, because: list[str]) -> None:
    found = release(tmp_path, after=after)
    assert (found["level"], found["because"]) == (level, because)


@pytest.mark.parametrize(
    ("after", "versions", "needed", "fits"),
    [
        (LAW, ("1.2.3", "1.2.3"), "1.2.3", True),
        (LAW, ("1.2.3", "1.2.2"), "1.2.3", False),
        (REWORDED, ("1.2.3", "1.2.3"), "1.2.4", False),
        (REWORDED, ("1.2.3", "1.2.4"), "1.2.4", True),
        (MILDER, ("1.2.3", "1.2.9"), "1.3.0", False),
        (MILDER, ("1.2.3", "1.3.0"), "1.3.0", True),
        (GONE, ("1.2.3", "1.9.0"), "2.0.0", False),
        (GONE, ("1.2.3", "2.0.0"), "2.0.0", True),
        (GONE, ("0.2.3", "0.3.0"), "0.3.0", True),  # below 1.0.0 the second number is the one that breaks
        (MILDER, ("0.2.3", "0.2.4"), "0.3.0", False),
    ],
)
def test_the_version_has_to_follow(
    tmp_path: Path, after: str, versions: tuple[str, str], needed: str, fits: bool
) -> None:
    found = release(tmp_path, after=after, versions=versions)
    assert (found["needed"], "version" not in faults(found)) == (needed, fits)


def test_a_version_that_is_not_released_yet_may_take_more_changes(tmp_path: Path) -> None:
    log = "# Changes\n\n## 1.3.0 (unreleased)\n\n- One.\n\n## 1.2.3\n\n- Old.\n"
    more = log.replace("- One.", "- One.\n- Two.")
    assert faults(release(tmp_path / "a", after=MILDER, versions=("1.3.0", "1.3.0"), changelogs=(log, more))) == [
        "file-version"
    ]
    assert release(tmp_path / "b", after=GONE, versions=("1.3.0", "1.3.0"), changelogs=(log, more))["needed"] == "2.0.0"
    only = "## 0.1.0 (unreleased)\n\n- First.\n"
    found = release(tmp_path / "c", after=GONE, versions=("0.1.0", "0.1.0"), changelogs=(only, only + "- Second.\n"))
    assert (found["needed"], "version" in faults(found)) == (None, False)


@pytest.mark.parametrize(
    ("after", "log", "missing"),
    [
        (MILDER, "## 1.3.0\n\n- The cap is 70 from 2020 on.\n\n## 1.2.3\n\n- Old.\n", False),
        (MILDER, "## Unreleased\n\n- The cap.\n\n## 1.2.3\n\n- Old.\n", False),
        (MILDER, "## 1.2.3\n\n- Old.\n- The cap.\n", True),
        (MILDER, "## 1.2.3\n\n- Old.\n", True),
        (REWORDED, "## 1.2.3\n\n- Old.\n", False),
    ],
)
def test_a_change_of_decisions_needs_an_entry(tmp_path: Path, after: str, log: str, missing: bool) -> None:
    found = release(tmp_path, after=after, versions=("1.2.3", "1.3.0"), changelogs=("## 1.2.3\n\n- Old.\n", log))
    assert ("changelog" in faults(found)) is missing


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (MILDER, True),
        (MILDER.replace("version: 1.0.0", "version: 1.0.1"), False),
        (LATER, False),
        (REWORDED, False),
    ],
)
def test_rewriting_the_past_raises_the_version_of_the_file(tmp_path: Path, after: str, expected: bool) -> None:
    assert ("file-version" in faults(release(tmp_path, after=after, versions=("1.2.3", "2.0.0")))) is expected


REVIEWED = LAW.replace("topics: [telecom]", "topics: [telecom]\nreview: {by: A, 'on': '2026-01-01', version: 1.0.0}")


@pytest.mark.parametrize(
    ("after", "stale"),
    [
        (REVIEWED, False),
        (REVIEWED.replace("value: 50.0", "value: 70.0"), True),
        (REVIEWED.replace("value: 50.0", "value: 70.0").replace("version: 1.0.0\n", "version: 1.1.0\n", 1), True),
        (REVIEWED.replace("\nversion: 1.0.0", "\nversion: 1.1.0").replace("version: 1.0.0}", "version: 1.1.0}").replace("value: 50.0", "value: 70.0"), False),
        (REVIEWED.replace("en: Nobody", "en: Somebody"), False),
    ],
)  # fmt: skip
def test_a_review_of_an_earlier_text_is_stale(tmp_path: Path, after: str, stale: bool) -> None:
    assert ("review" in faults(release(tmp_path, REVIEWED, after, versions=("1.2.3", "2.0.0")))) is stale


def test_tests_and_fixtures_are_not_released(tmp_path: Path) -> None:
    after = (
        LAW
        + "tests:\n  base: {services: [{id: s, offers: [saas]}]}\n  cases:\n    - {it: says nothing, as_of: '2026-01-01', expect: {tell: unknown}}\n"
    )
    assert release(tmp_path, after=after)["level"] == "none"
