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
        for _ in range(3)
    ]
    told = {process.communicate(timeout=120)[0] for process in running}
    assert len(told) == 1
    assert all(process.returncode == 0 for process in running)
    assert len([path for path in folder.iterdir() if path.name.startswith("bundle-")]) == 1


EDITED = """
import sys
from pathlib import Path
from vatspolicy import compile_cache as cache
from vatspolicy.core.policies.bundle import build_bundle
cache.MOST = int(sys.argv[3])
sources = [(path.name, path.read_bytes()) for path in sorted(Path(sys.argv[1]).glob("*.yaml"))]
for state in map(str, range(2)):
    edited = [(name, text + b"# " + state.encode()) for name, text in sources]
    assert build_bundle(edited).digest == build_bundle(edited).digest
print(build_bundle([(name, text + b"# own " + sys.argv[2].encode()) for name, text in sources]).digest)
"""


def test_processes_that_make_room_for_one_another(folder: Path, law: Path) -> None:
    """Each compiles and reads the same edited laws in a cache that holds hardly one of them, and none fails."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", EDITED, str(law), str(number), str(2**17)], env=environment, stdout=subprocess.PIPE
        )
        for number in range(2)
    ]
    told = [process.communicate(timeout=120)[0] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert len(set(told)) == 2
    assert not [path for path in folder.iterdir() if path.suffix != ".data"]


def test_entries_that_go_while_a_process_reads_them(folder: Path, law: Path) -> None:
    code = (
        "import sys; from vatspolicy import load_bundle; print('ready', flush=True);"
        f"print({{load_bundle({str(law)!r}).digest for _ in range(6)}})"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True) as reading:
        assert reading.stdout is not None
        assert reading.stdout.readline() == "ready\n"
        gone = 0
        while reading.poll() is None:
            for path in folder.glob("*-*"):
                path.unlink(missing_ok=True)
                gone += 1
        told = reading.stdout.read()
    assert reading.returncode == 0
    assert told.count("'") == 2, "one digest"
    assert gone > 6
