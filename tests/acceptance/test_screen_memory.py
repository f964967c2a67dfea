"""The memory of a run is that of its parts, whatever the size of the input."""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.portfolio_rows import DAY, lines, portfolio
from vatspolicy.screening import run

linux = pytest.mark.skipif(sys.platform != "linux", reason="processes share the work on Linux")


TELL = """
import atexit, sys
from itertools import pairwise
from pathlib import Path
from vatspolicy.cli import main
atexit.register(lambda: sys.stderr.write(Path("/proc/self/status").read_text()))
main()
"""
"""The command, which at its end tells what it was; the system's own count would be that of this process, if more."""


def peak(folder: Path, *options: str) -> float:
    """The most memory, in megabytes, that one process takes for a run."""
    command = [sys.executable, "-c", TELL, "screen", *options]
    one_heap = {**os.environ, "MALLOC_ARENA_MAX": "1"}  # heaps for each thread of the engine would differ by 60 MB
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=one_heap)
    assert ran.returncode == 0, ran.stderr
    return next(int(line.split()[1]) for line in ran.stderr.splitlines() if line.startswith("VmHWM:")) / 1024


@linux
def test_nine_times_the_rows_take_the_same_memory(console: Console, law: Path) -> None:
    """More rows would stand out: each has 900 kilobytes, and to keep them costs 230 MB.

    Peaks of equal runs differ by up to 90 MB, as the allocator and huge pages have it.
    """
    text = "".join(line.replace("{", "{" + " " * 900_000, 1) + "\n" for line in lines(portfolio(32)).splitlines())
    for name, times in (("some", 1), ("many", 9)):
        with (console.folder / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            file.writelines([text] * times)
    options = ("--no-missing", "-j", "1", "--law", str(law), *DAY)
    some = peak(console.folder, "some.jsonl", "-o", "some.out.jsonl", *options)
    many = peak(console.folder, "many.jsonl", "-o", "many.out.jsonl", *options)
    assert many <= some + 120, f"{some:.0f} MB for 32 rows, {many:.0f} MB for 288"


def test_nothing_of_a_part_is_kept(console: Console, law: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most parts leave no more objects than the line on progress takes; a part that is kept has thousands."""
    counts: list[int] = []
    decide = run.decide_part

    def count_first(*part: Any) -> Any:
        gc.collect()
        counts.append(sys.getallocatedblocks())
        return decide(*part)

    monkeypatch.setattr(run, "decide_part", count_first)
    monkeypatch.setattr(run, "ROWS", 5)
    gc.collect()
    gc.freeze()  # what stays from other tests is not searched again for each batch
    console.write("in.jsonl", lines(portfolio(5) * 8))
    options = ("--no-missing", "-j", "1", "--law", law, *DAY)
    assert console("screen", "in.jsonl", "-o", "out.jsonl", *options).code == 0
    assert len(counts) == 8
    assert statistics.median(after - before for before, after in pairwise(counts)) < 200, counts
