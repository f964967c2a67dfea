"""Tests that run in parts: a failure in any part fails the run, and a run without tests does not pass."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.parts import FAILED, FILES, NO_TESTS, divide, find_files, is_place, weigh
from tests.support.shipped import ROOT


def test_a_failure_in_any_part_fails_the_run(tmp_path: Path) -> None:
    def run(*arguments: str) -> tuple[int, list[str]]:
        command = [sys.executable, "-m", "tests.support.parts", "-j", "2", str(tmp_path), *arguments]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        return ran.returncode, ran.stdout.splitlines()

    (tmp_path / "test_0.py").write_text("import of_nothing\n")
    assert run("-k", "test_1")[0] == FAILED, "a file that cannot be read"
    for number in range(3):
        (tmp_path / f"test_{number}.py").write_text(f"def test_{number}() -> None:\n    assert {number} != 2\n")
    code, lines = run()
    assert code == FAILED
    assert [line for line in lines if line.startswith("E ")], "what failed is shown"
    assert "2 passed" in lines[-1]
    assert "1 failed" in lines[-1]
    assert run("-k", "nothing_of_this_name")[0] == NO_TESTS


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("tests", True),
        ("tests/test_parts.py", True),
        ("tests/test_parts.py::test_of_none", True),
        ("tests/nowhere", False),
        ("--ignore=tests/pipelines", False),
        ("release", False),
        ("a or b", False),
    ],
)
def test_files_and_folders_choose_tests(argument: str, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert is_place(argument) is expected


def test_long_parts_begin_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    files = find_files(["tests"], [])
    parts = divide(files)
    weights = [sum(map(weigh, part)) for part in parts]
    assert weights == sorted(weights, reverse=True)
    assert sorted(file for part in parts for file in part) == sorted(files)
    assert max(map(len, parts)) <= FILES


def test_no_two_files_have_the_same_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """One part could not import both."""
    monkeypatch.chdir(ROOT)
    names = [Path(file).name for file in find_files(["tests"], [])]
    assert sorted(names) == sorted({*names})


def test_every_file_is_run_but_those_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    found = find_files(["tests"], ["tests/pipelines"])
    assert len(found) == len(set(found))
    apart = {str(path.relative_to(ROOT)) for path in (ROOT / "tests/pipelines").rglob("test_*.py")}
    assert {*found, *apart} == {str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py")}
    assert not apart & set(found)
