"""`python -m tests.support.fuzz_coverage`, which the nightly workflow runs, reports a fuzz target that is blind."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.effort import long_run
from tests.support.shipped import ROOT

pytest.importorskip("coverage", reason="needs the extra `test`")
pytest.importorskip("starlette", reason="needs the extra `serve`")

BLIND = """\
import sys
from tests.support import fuzz_coverage, fuzz_targets
targets = fuzz_targets.TARGETS
targets["waivers"] = (targets["waivers"][0], lambda: [b"waivers: []"])
archives = [fuzz_targets.make_bundle(seed) for seed in targets["bundle"][1]()]
targets["bundle"] = (targets["bundle"][0], lambda: archives)
sys.argv = ["fuzz_coverage", "10"]
sys.exit(fuzz_coverage.main())
"""
"""Waivers of no schema, and bundles whose bytes are changed: each change breaks a checksum or a digest."""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


@long_run
@pytest.mark.parametrize("name", ["waivers", "bundle"])
def test_a_target_whose_inputs_are_refused_at_the_door_is_below_its_floors(name: str, blind: list[str]) -> None:
    lines = [line for line in blind if line.startswith(name)]
    assert lines
    assert all(line.endswith("BELOW") for line in lines)


@pytest.fixture(scope="module")
def blind() -> list[str]:
    """What is told of targets that were made blind."""
    ran = run("-c", BLIND)
    assert ran.returncode == 1, ran.stderr
    return ran.stdout.splitlines()
