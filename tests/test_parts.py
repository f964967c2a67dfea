"""Tests that run in parts: a failure in any part fails the run, and a run without tests does not pass."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.parts import FAILED, FILES, NO_TESTS, find_files, is_place
from tests.support.shipped import ROOT


def run(folder: Path, *arguments: str) -> tuple[int, list[str]]:
    command = [sys.executable, "-m", "tests.support.parts", "-j", "2", str(folder), *arguments]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout.splitlines()


def test_a_failure_in_any_part_fails_the_run(tmp_path: Path) -> None:
    for number in range(FILES + 1):
        (tmp_path / f"test_{number}.py").write_text(f"def test_{number}() -> None:\n    assert {number} != {FILES}\n")
    code, lines = run(tmp_path)
    assert code == FAILED
    assert [line for line in lines if line.startswith("E ")], "what failed is shown"
    assert f"{FILES} passed" in lines[-1]
    assert "1 failed" in lines[-1]
    assert run(tmp_path, "-k", "nothing_of_this_name")[0] == NO_TESTS
    (tmp_path / "test_0.py").write_text("import of_nothing\n")
    assert run(tmp_path, "-k", "test_1 and not test_10")[0] == FAILED, "a file that cannot be read"


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


def test_every_file_is_run_but_those_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    found = find_files(["tests"], ["tests/pipelines"])
    assert len(found) == len(set(found))
    apart = {str(path.relative_to(ROOT)) for path in (ROOT / "tests/pipelines").rglob("test_*.py")}
    assert {*found, *apart} == {str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py")}
    assert not apart & set(found)
