"""Processes that share a cache of compiled policies."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.shipped import ROOT


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VATSPOLICY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_two_processes_at_once(folder: Path, law: Path) -> None:
    code = f"from vatspolicy import load_bundle; print(load_bundle({str(law)!r}).digest)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    running = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    told = {process.communicate(timeout=120)[0] for process in running}
    assert len(told) == 1
    assert all(process.returncode == 0 for process in running)
    assert len([path for path in folder.iterdir() if path.name.startswith("bundle-")]) == 1
