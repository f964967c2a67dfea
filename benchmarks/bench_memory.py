"""Memory of each engine with the same rules: before, with the rules loaded, and as profiles pass.

    python benchmarks/bench_memory.py [--profiles 1000] [--cerbos PROGRAM] [--json FILE]

Each engine runs in its own process, which reads the rules and the profiles as JSON before the first figure. Ours also
reads and validates each profile; peers are handed facts. Figures are megabytes of resident memory on Linux.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import cerbos
from measure import Report, Row, Table, finish, note, parser, peak, resident
from workload import Workload, shipped

ENGINES = (
    ("vatspolicy: decisions", "vatspolicy", 1000),
    ("cel-expr-python (C++)", "google", 1000),
    ("common-expression-language (Rust)", "rust", 1000),
    ("OPA (Go, in process)", "opa", 200),
    ("cel-python, interpreted", "celpy", 10),
)
"""Titles, names, and most profiles."""
FILE = Path(__file__).with_name("engines.py")


def child(name: str, path: Path, profiles: int) -> dict[str, Any] | str:
    """Return the figures of one engine, or the last line of its stderr."""
    command = [sys.executable, str(FILE), name, str(path), "--memory", str(profiles)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return done.stderr.strip().splitlines()[-1][:160]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def server(program: str, work: Workload, profiles: int, folder: Path) -> dict[str, Any]:
    """Return the figures of a Cerbos server, which always has its rules loaded."""
    cerbos.write(folder / "policies", cerbos.by_action(work.cerbos))
    with cerbos.serving(program, folder, folder / "policies") as (pid, port):
        found: dict[str, Any] = {"before": 0.0, "loaded": resident(pid), "after": {}}
        with contextlib.closing(cerbos.Client(port, work.cerbos, False, 50)) as client:
            for number in range(profiles):
                client.ask(work.of(work.profiles[number % len(work.profiles)]))
                if number + 1 in (1, 10, 100, 1000, profiles):
                    found["after"][str(number + 1)] = resident(pid)
        return {**found, "peak": peak(pid)}


def row(title: str, found: dict[str, Any] | str) -> Row:
    """Build a row: memory at the end as the median, memory before as the least."""
    if isinstance(found, str):
        return Row(title, note=f"not measured: {found}")
    after = found["after"]
    last = max(after, key=int)
    more: dict[str, Any] = {
        "with the rules": round(found["loaded"], 1),
        "after 1": round(after["1"], 1),
        "after 10": round(after["10"], 1) if "10" in after else "",
        "at the end": round(after[last], 1),
        "profiles": int(last),
    }
    own = found["peak"] - found["before"]
    return Row(title, found["peak"], None, "MB at most", None, "", {"of its own": round(own, 1), **more})


def measure(options: argparse.Namespace) -> Table:
    work = shipped(20)
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        path = work.write(folder / "workload.json")
        for title, name, most in ENGINES:
            note(title)
            rows.append(row(title, child(name, path, min(most, options.profiles))))
        program = cerbos.find(options.cerbos)
        if program is None:
            rows.append(Row("Cerbos, server", note=f"not installed ({cerbos.INSTALL})"))
        else:
            try:
                rows.append(row("Cerbos, server", server(program, work, min(200, options.profiles), folder)))
            except (OSError, RuntimeError) as error:
                rows.append(Row("Cerbos, server", note=f"not measured: {str(error)[:160]}"))
    for one in rows[1:]:
        if one.median is not None and rows[0].median is not None:
            one.ratio = one.median / rows[0].median
    return Table("memory", "Memory with the same rules", rows, rows[0].what)


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--profiles", type=int, default=1000, help="most profiles")
    options.add_argument("--cerbos", metavar="PROGRAM")
    given = options.parse_args()
    about = "Megabytes of resident memory, each engine in a process of its own."
    return finish(Report("memory", about, [measure(given)]), given)


if __name__ == "__main__":
    sys.exit(main())
