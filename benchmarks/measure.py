"""Measurement on a shared machine: rounds that run every candidate once, and reports.

A busy spell of the machine slows all candidates of a round. Rounds may have different inputs, so that no result comes
from memory. Processor time counts all threads of this process, or of a server; wall-clock time is reported beside it.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))  # benchmarks share `tests.support` with the tests

BUILD = Path(__file__).resolve().parents[1] / "build" / "bench"
"""Folder of results and intermediate files."""


@dataclass
class Row:
    """One line of a table: title, median, least value and ratio."""

    what: str
    median: float | None = None
    least: float | None = None
    unit: str = ""
    ratio: float | None = None
    note: str = ""
    more: dict[str, Any] = field(default_factory=dict)
    """Further columns by their titles."""


@dataclass
class Target:
    """A target and the figure reached."""

    target: str
    wanted: str
    reached: str
    met: bool


@dataclass
class Table:
    """Rows under one title. `ratio`: title of the row to which ratios compare."""

    id: str
    title: str
    rows: list[Row]
    ratio: str = ""


@dataclass
class Report:
    """Result of one benchmark."""

    bench: str
    about: str
    """Description of the measurement, in a sentence or two."""
    tables: list[Table]
    targets: list[Target] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    expect: list[str] = field(default_factory=list)
    """Sentences for a reader who asks what the machine measured can do."""

    def write(self, path: Path | None) -> None:
        """Write the report as JSON, if a path is given."""
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            found = {**asdict(self), "machine": machine(), "state": state()}
            path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def show(self) -> None:
        """Print the report."""
        print(f"{self.about}\n")
        for table in self.tables:
            print(f"{table.title}" + (f" (ratio: {table.ratio})" if table.ratio else ""))
            for row in table.rows:
                print("  " + line(row))
            print()
        for target in self.targets:
            print(f"{'met   ' if target.met else 'MISSED'}  {target.target}: {target.wanted}; is {target.reached}")


def line(row: Row) -> str:
    """Return a row as text."""
    more = "  ".join(f"{title} {figure(value)}" for title, value in row.more.items())
    if row.median is None:
        return f"{row.what:58}  {row.note}"
    least = "" if row.least is None else f"{figure(row.least):>10}"
    ratio = "" if row.ratio is None else f"{figure(row.ratio)}x"
    return f"{row.what:58}{figure(row.median):>10}{least:10} {row.unit:16}{ratio:>9}  {more}  {row.note}".rstrip()


def figure(value: Any) -> str:
    """Format a number with three significant digits; return a text unchanged."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3f}" if abs(value) < 1 else f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


# --- rounds -----------------------------------------------------------------------------------------------------------

Clock = Callable[[], float]


@dataclass
class Candidate:
    """Something to measure."""

    name: str
    run: Callable[[Any], object]
    """Takes the number of the round, or the result of `ready` for it."""
    clock: Clock = time.process_time
    """Returns seconds of the processor."""
    rounds: int | None = None
    """Most rounds; None for all."""
    warm: Callable[[], object] | None = None
    """Runs before the first round, untimed."""
    prelude: Callable[[], object] | None = None
    """Runs before each turn, untimed, because the other candidates displaced the processor's caches."""
    ready: Callable[[int], Any] | None = None
    """Builds the input of a round from its number, untimed."""


@dataclass
class Times:
    """Seconds of each round, of the processor and of the wall clock."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    @property
    def rounds(self) -> int:
        """Number of rounds."""
        return len(self.cpu)


def interleave(candidates: Sequence[Candidate], rounds: int) -> dict[str, Times]:
    """Run every candidate once per round, with a garbage collection before each run.

    Objects that exist before the first round are excluded from collection: scanning the objects of all engines would
    slow the candidates that allocate.
    """
    found = {candidate.name: Times() for candidate in candidates}
    for candidate in candidates:
        if candidate.warm is not None:
            candidate.warm()
    gc.collect()
    gc.freeze()
    for number in range(rounds):
        for candidate in candidates:
            if candidate.rounds is not None and number >= candidate.rounds:
                continue
            given = number if candidate.ready is None else candidate.ready(number)
            gc.collect()
            if candidate.prelude is not None:
                candidate.prelude()
            wall, cpu = time.perf_counter(), candidate.clock()
            candidate.run(given)
            used, passed = candidate.clock() - cpu, time.perf_counter() - wall
            found[candidate.name].cpu.append(used)
            found[candidate.name].wall.append(passed)
            del given
    gc.unfreeze()
    return found


def median(values: Iterable[float]) -> float:
    """Return the median."""
    return statistics.median(values)


# --- memory -----------------------------------------------------------------------------------------------------------


def resident(pid: int | str = "self") -> float:
    """Return the resident memory of a process in megabytes."""
    return _status(pid, "VmRSS")


def peak(pid: int | str = "self") -> float:
    """Return the peak of resident memory of a process in megabytes."""
    return _status(pid, "VmHWM")


def _status(pid: int | str, name: str) -> float:
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    return next(int(row.split()[1]) / 1024 for row in text.splitlines() if row.startswith(f"{name}:"))


def processor_seconds(pid: int) -> float:
    """Return the processor time of a running process, all threads together, in seconds."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text(encoding="ascii").split()[0])
        except (FileNotFoundError, ProcessLookupError):  # the thread has ended meanwhile
            continue
    return total / 1e9


def descendants(pid: int) -> list[int]:
    """Return the ids of the processes that a process has started, and that they have started."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        for task in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                children = list(map(int, task.read_text(encoding="ascii").split()))
                found += children
                waiting += children
    return found


# --- the state and the machine ----------------------------------------------------------------------------------------


def state() -> str:
    """Return the commit that is measured, with a `+` if files differ from it; empty outside a repository."""

    def ask(*words: str) -> str:
        command = ["git", "-C", str(BUILD.parents[1]), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = ask("status", "--porcelain", "--untracked-files=no", "--", "src", "policies", "schemas", "benchmarks")
        return ask("rev-parse", "--short=8", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def machine() -> dict[str, Any]:
    """Describe the machine."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": _memory(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor()
    names = (row.partition(":")[2].strip() for row in text.splitlines() if row.startswith("model name"))
    return next(names, platform.processor())


def _memory() -> int | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    except (ValueError, OSError, AttributeError):
        return None


def parser(about: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options of every benchmark."""
    made = argparse.ArgumentParser(description=(about or "").partition("\n")[0])
    made.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    return made


def finish(report: Report, options: argparse.Namespace, sound: bool = True) -> int:
    """Write and print the report; return the exit code, 1 if results were wrong."""
    report.write(options.json)
    report.show()
    return 0 if sound else 1


def spread(times: Times, per: float) -> Mapping[str, float]:
    """Return the median and the least of both clocks, divided by `per`, in milliseconds."""
    return {
        "cpu": median(times.cpu) / per * 1e3,
        "cpu_least": min(times.cpu) / per * 1e3,
        "wall": median(times.wall) / per * 1e3,
        "wall_least": min(times.wall) / per * 1e3,
    }


def note(text: str) -> None:
    """Report progress on stderr."""
    print(text, file=sys.stderr, flush=True)
