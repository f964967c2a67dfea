"""Fixtures that name everything a product owes: `exactly`, `at_most` and `advice`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.shipped import ROOT, shipped_bundle
from vatspolicy.authoring.testing.cases import one_fixture
from vatspolicy.core.policies.bundle import Bundle


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return shipped_bundle()


def problems(bundle: Bundle, folder: Path, old: str, new: str, profile: tuple[str, str] = ("", "")) -> list[str]:
    """Return what the fixture of the hotline says after a change of its expectation, and of its profile."""
    for name in ("hotline.yaml", "hotline.expect.yaml"):
        shutil.copy(ROOT / "fixtures" / "benign" / name, folder / name)
    for path, (before, after) in ((folder / "hotline.expect.yaml", (old, new)), (folder / "hotline.yaml", profile)):
        text = path.read_text(encoding="utf-8")
        assert before in text
        path.write_text(text.replace(before, after, 1), encoding="utf-8")
    (case,) = one_fixture(bundle, folder / "hotline.yaml")
    return case.run()


def test_a_complete_list_passes(bundle: Bundle, tmp_path: Path) -> None:
    assert problems(bundle, tmp_path, "exactly: true", "exactly: true") == []


def test_a_duty_that_is_not_named_is_a_difference(bundle: Bundle, tmp_path: Path) -> None:
    found = problems(bundle, tmp_path, "      - pi-rights-handling\n", "")
    assert found == ["pi-rights-handling is listed, but not expected under duties."]


def test_a_remark_that_is_not_named_is_a_difference(bundle: Bundle, tmp_path: Path) -> None:
    found = problems(bundle, tmp_path, "    advice:\n      - small-handler-relief/simplified-measures\n", "")
    assert found == ["small-handler-relief/simplified-measures is listed, but not expected under advice."]


def test_a_remark_that_is_missing_is_a_difference(bundle: Bundle, tmp_path: Path) -> None:
    found = problems(bundle, tmp_path, "    advice:\n", "    advice:\n      - some-law/some-rule\n")
    assert found == ["some-law/some-rule is expected under advice, but it does not appear."]


def test_more_is_allowed_where_the_list_is_not_complete(bundle: Bundle, tmp_path: Path) -> None:
    assert problems(bundle, tmp_path, "    exactly: true\n", "") == []


def test_an_undetermined_rule_is_a_difference(bundle: Bundle, tmp_path: Path) -> None:
    found = problems(bundle, tmp_path, "exactly: true", "exactly: true", ("  sensitive: false\n", ""))
    assert found
    assert all(line.endswith("is undetermined, but the test expects no undetermined rules.") for line in found)


def test_too_many_lines_are_a_difference(bundle: Bundle, tmp_path: Path) -> None:
    found = problems(bundle, tmp_path, "at_most: 5", "at_most: 4")
    assert found == ["Duties and advice take 5 lines, more than 4."]
