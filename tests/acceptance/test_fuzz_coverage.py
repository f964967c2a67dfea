"""No fuzz target is blind: each reaches the code that it is about, and one that does not is told."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.shipped import ROOT

pytest.importorskip("coverage", reason="needs the extra `test`")
pytest.importorskip("starlette", reason="needs the extra `serve`")

BLIND = """\
import sys
from tests.support import fuzz_coverage, fuzz_targets
target, _ = fuzz_targets.TARGETS["waivers"]
fuzz_targets.TARGETS["waivers"] = (target, lambda: [b"waivers: []"])
sys.argv = ["fuzz_coverage", "10"]
sys.exit(fuzz_coverage.main())
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def test_every_target_reaches_its_code() -> None:
    ran = run("-m", "tests.support.fuzz_coverage")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "BELOW" not in ran.stdout


def test_a_target_whose_seeds_are_refused_is_below_its_floor() -> None:
    ran = run("-c", BLIND)
    assert ran.returncode == 1, ran.stderr
    [line] = [line for line in ran.stdout.splitlines() if line.startswith("waivers")]
    assert line.endswith("BELOW")
