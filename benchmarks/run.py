"""Run every benchmark, one after another, and print one table.

    python benchmarks/run.py [NAME ...] [--json build/bench.json]

NAME is the name of a file without `bench_`, such as server; without NAME, all run. Parts that do not run keep the
figures of an earlier run, and the report names the commit that they are of. The output of each is kept in
build/bench/NAME.log, its figures in build/bench/NAME.json. The exit code is 1 if one failed or found wrong results.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from measure import BUILD, note
from report import ORDER, merge, text

HERE = Path(__file__).resolve().parent


def run(name: str) -> str | None:
    """Run one benchmark; return the reason if it failed."""
    figures, log = BUILD / f"{name}.json", BUILD / f"{name}.log"
    figures.unlink(missing_ok=True)
    start = time.perf_counter()
    with open(log, "wb") as output:
        command = [sys.executable, str(HERE / f"bench_{name}.py"), "--json", str(figures)]
        code = subprocess.run(command, stdout=output, stderr=output, check=False, cwd=HERE.parent).returncode
    note(f"{name}: {time.perf_counter() - start:.0f} s" + (f", exit code {code}" if code else ""))
    if not code and figures.exists():
        return None
    said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f"exit code {code}; {said[-1] if said else 'it said nothing'} ({log.relative_to(HERE.parent)})"


def _read_earlier(path: Path) -> dict[str, Any]:
    """Return the parts of the last report; none if there is no readable one."""
    try:
        benches: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["benches"]
    except (OSError, ValueError, KeyError):
        return {}
    return benches


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    known = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    parser.add_argument("--json", type=Path, default=HERE.parent / "build" / "bench.json", metavar="FILE")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in known]:
        parser.error(f"there is no bench_{unknown[0]}.py")
    BUILD.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {}
    failed: dict[str, str] = {}
    for name in options.names or sorted(known, key=ORDER.index):
        if wrong := run(name):
            failed[name] = wrong
        figures = BUILD / f"{name}.json"
        if figures.exists():
            found[name] = json.loads(figures.read_text(encoding="utf-8"))
    report = merge(_read_earlier(options.json) | found, failed)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(text(report), end="")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
