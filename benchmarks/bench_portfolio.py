"""`vatspolicy screen` on a portfolio: JSON lines to JSON lines, in its own processes, up to a million profiles.

    python benchmarks/bench_portfolio.py [--sizes 10000 1000000] [--python 300] [--work FOLDER] [--json FILE]

Profiles are synthetic and seeded (profiles.py); beyond 100,000 they come again under other ids. The answers must name
every row once, in order. The evaluator is timed alone, too. Memory is that of all processes together.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measure import Report, Row, Table, Target, descendants, finish, note, parser
from profiles import profiles
from servers import PROGRAM

from vatspolicy.core.engine.answer import INDEXED, answer
from vatspolicy.core.policies.bundle import load_bundle
from vatspolicy.screening.input import PortfolioRow as Input
from vatspolicy.screening.input import read_facts

DISTINCT = 100_000
MILLION = 1_000_000
MOST = 400
"""Most microseconds of the processor that a row of a million may take."""


@dataclass(frozen=True)
class Run:
    """One run of `screen`."""

    size: int
    wall: float
    cpu: float
    megabytes: float
    lost: int
    """Rows without an answer, or with one in another place."""

    @property
    def each(self) -> float:
        """Microseconds of the processor for a row."""
        return self.cpu / self.size * 1e6

    def row(self, title: str) -> Row:
        """As a row of the table."""
        more = {"rows/s": round(self.size / self.wall), "s": self.wall, "MB": round(self.megabytes), "lost": self.lost}
        return Row(title, self.each, None, "µs processor a row", more=more)


def lines(count: int) -> Iterator[str]:
    """Yield profiles as lines of JSON, each with an id of its own."""
    made: list[tuple[str, str]] = []
    for place, data in enumerate(profiles(min(count, DISTINCT))):
        before, _, after = json.dumps(data, ensure_ascii=False).partition(f'"p-{place}"')
        made.append((before, after))
        yield f'{before}"p-{place}"{after}\n'
    for place in range(len(made), count):
        before, after = made[place % len(made)]
        yield f'{before}"p-{place}"{after}\n'


def count_lost(answers: Path, size: int) -> int:
    """Return how many rows have no answer in their place."""
    found = place = 0
    with answers.open(encoding="utf-8") as file:
        for place, line in enumerate(file, 1):
            found += line.startswith(f'{{"row": {place}, "id": "p-{place - 1}"')
    return max(size, place) - found


def screen(source: Path, size: int, day: str, *options: str) -> Run:
    """Run `screen` on a file of profiles.

    Raises: RuntimeError if it fails.
    """
    output = source.with_suffix(".answers.jsonl")
    command = [*PROGRAM, "screen", str(source), "-o", str(output), "--as-of", day, *options]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    most = 0.0
    while process.poll() is None:
        most = max(most, _together(process.pid))
        time.sleep(0.1)  # a short run has a short peak
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit code {process.returncode}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    lost = count_lost(output, size)
    output.unlink()
    return Run(size, wall, cpu, most, lost)


def _together(pid: int) -> float:
    """Return the megabytes of a process and its descendants; shared pages count once (PSS)."""
    found = 0
    for one in (pid, *descendants(pid)):
        try:
            text = Path(f"/proc/{one}/smaps_rollup").read_text(encoding="ascii")
        except OSError:  # it has ended meanwhile
            continue
        found += next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)
    return found / 1024


def python_alone(count: int, day: str) -> Row:
    """Time the evaluator on one core."""
    law = load_bundle().on(day)
    law.build_indexes(INDEXED)
    facts: list[Any] = [read_facts(Input(place, "", data)) for place, data in enumerate(profiles(count))]
    for one in facts[:20]:  # load what is loaded once
        answer(law, one, day)
    began, cpu = time.perf_counter(), time.process_time()
    for one in facts:
        answer(law, one, day)
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    more = {"rows/s": round(count / wall), "s": wall}
    return Row(
        f"one core, the decision alone, {count}",
        cpu / count * 1e6,
        None,
        "µs processor a row",
        more=more,
    )


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--sizes", type=int, nargs="+", default=[10_000, MILLION], help="profiles")
    options.add_argument("--named", type=int, default=10_000, help="the largest size with missing facts named")
    options.add_argument("--python", type=int, default=3000, help="profiles that are decided alone")
    options.add_argument("--as-of", default="2026-01-01")
    options.add_argument("--work", type=Path, help="folder for the files of profiles")
    given = options.parse_args()
    runs, rows = list[Run](), list[Row]()
    try:
        rows.append(python_alone(given.python, given.as_of))
        with tempfile.TemporaryDirectory(dir=given.work) as folder:
            for size in sorted(given.sizes):
                note(f"{size:,} profiles")
                source = Path(folder) / "profiles.jsonl"
                with source.open("w", encoding="utf-8") as file:
                    file.writelines(lines(size))
                runs.append(screen(source, size, given.as_of, "--no-missing"))
                rows.append(runs[-1].row(f"screen, {size:,}"))
                if size <= given.named:
                    named = screen(source, size, given.as_of)
                    rows.append(named.row(f"screen, missing facts named, {size:,}"))
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    targets = [
        Target(
            f"screen of {run.size:,} profiles",
            f"at most {MOST} µs of the processor a row; no row lost",
            f"{run.each:.0f} µs, {run.lost} lost",
            run.each <= MOST and not run.lost,
        )
        for run in runs
        if run.size >= MILLION
    ]
    report = Report(
        "portfolio",
        f"Synthetic profiles under the law of {given.as_of}, JSON lines to JSON lines.",
        [Table("portfolio", "A portfolio", rows)],
        targets,
        {},
        [
            f"`screen` decides {run.size:,} products in {run.wall / 60:.1f} minutes."
            for run in runs
            if run.size >= MILLION
        ],
    )
    return finish(report, given, not any(run.lost for run in runs))


if __name__ == "__main__":
    sys.exit(main())
