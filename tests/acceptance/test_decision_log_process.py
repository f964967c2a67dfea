"""Processes that write to one decision log, killed and all at once: no complete record is lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.console import needs_posix
from tests.support.decision_logs import records
from tests.support.shipped import ROOT
from vatspolicy.gate.decision_log import append

WRITER = """
import sys
from pathlib import Path
from vatspolicy.gate.decision_log import append
name = sys.argv[2]
for n in range(100_000):
    append(Path(sys.argv[1]), [{"by": name, "n": n, "text": "x" * (n % 7) * 3_000}])
    print(n, flush=True)
"""


@needs_posix
def test_two_writers_killed_again_and_again_lose_nothing(tmp_path: Path) -> None:
    """SIGKILL at no chosen moment: every record that a writer was told is kept, is there, and whole."""
    path, draw = tmp_path / "d.log", random.Random(11)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    told: list[tuple[str, int]] = []
    for turn in range(6):
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", WRITER, str(path), f"{turn}.{half}"],
                stdout=subprocess.PIPE,
                env=environment,
                text=True,
            )
            for half in "ab"
        ]
        for writer in writers:
            assert writer.stdout is not None
            seen = [writer.stdout.readline() for _ in range(draw.randrange(3, 20))]
            assert all(seen)
            writer.send_signal(signal.SIGKILL)
            seen += writer.stdout.readlines()
            writer.wait()
            writer.stdout.close()
            told += [(writer.args[4], int(line)) for line in seen if line.endswith("\n")]  # type: ignore[index,misc]
    append(path, [{"by": "last", "n": 0}])
    found = {(record["by"], record["n"]) for record in records(path)}
    assert set(told) <= found
    assert ("last", 0) in found
    assert len(told) > 60


@needs_posix
def test_writers_at_once_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "d.log"
    code = WRITER.replace("100_000", "40")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(path), name], stdout=subprocess.DEVNULL, env=environment)
        for name in "abc"
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    found = records(path)
    assert len(found) == 120
    for name in "abc":
        assert [record["n"] for record in found if record["by"] == name] == list(range(40))
    assert not Path(f"{path}.torn").exists()
