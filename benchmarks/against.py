"""Compare this checkout with another one, such as an earlier commit: what a user waits for, before and after.

    make bench AGAINST=../other-checkout [BENCH_ARGS='--pairs 5 --only start brief']

The two take turns, so that a busy spell of the machine slows both. Each checkout runs in its own `.venv`; one without
it runs its `src` in this one. Each has its own law and an empty cache, which an untimed run fills. The table has
processor time: the median, and the least and most.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench_check import write_specs
from bench_diff import CHANGES, repository
from bench_startup import spawn
from measure import figure, median
from profiles import profiles

HERE = Path(__file__).resolve().parents[1]
DAY = "2027-03-01"
COMMAND = "from vatspolicy.cli import main; main()"
DECIDE = """
import importlib.util, json, sys, time
from vatspolicy import evaluate, load_bundle, load_profile
inner = "vatspolicy.core.engine" if importlib.util.find_spec("vatspolicy.core") else "vatspolicy.engine"
def find(*names):
    there = (name for name in names if importlib.util.find_spec(inner + "." + name[0]))
    return next((getattr(importlib.import_module(inner + "." + module), name) for module, name in there), None)
brief_parts = find(("brief", "brief_parts"), ("compact", "compact_parts"))
encode = find(("result", "encode")) or (lambda record: record)
Gate = importlib.import_module("vatspolicy.gate.gate").Gate
def brief(profile):
    parts = brief_parts(bundle, profile, evaluate(bundle, profile, sys.argv[3], compare=False, explain=False))
    return {key: make() for key, make in parts.items()}
def full(profile):
    return encode(Gate(bundle, sys.argv[3], sys.argv[3]).decide(profile)[1])
bundle, run = load_bundle(), globals()[sys.argv[2]]
for turn in range(4):
    given = [load_profile(data) for data in json.load(open(sys.argv[1]))]
    start = time.process_time()
    for profile in given:
        run(profile)
    used = time.process_time() - start
print(used / len(given))
"""
"""Decides all profiles four times, each time read anew, and prints the seconds of a decision when all is built."""
ROWS = {
    "start": "`check` of 1 spec, with the start, ms",
    "brief": "a brief decision in process, ms",
    "full": "a full decision (record) in process, ms",
    "specs": "`check --quiet` of {specs:,} specs, ms",
    "one": "`diff` of 1 changed rule, ms",
    "fifteen": "`diff` of 15 changed rules, ms",
}


@dataclass(frozen=True)
class Side:
    """A checkout, and the folder of what is made for it."""

    root: Path
    folder: Path

    def prepare(self, specs: int, names: Sequence[str]) -> set[str]:
        """Write the specs, and for a row on `diff` the law with a change. Return the rows that its law cannot have."""
        self.folder.mkdir()
        write_specs(self.folder / "specs", specs)
        (self.folder / "profiles.json").write_text(json.dumps(list(profiles(min(specs, 200)))), encoding="utf-8")
        unfit = set()
        for change in CHANGES:
            if change.name in names:
                try:
                    repository(self.folder / change.name, change.edit, self.root)
                except ValueError as error:
                    print(f"{self.root}: {error}", file=sys.stderr)
                    unfit.add(change.name)
        return unfit

    def measure(self, name: str) -> float:
        """Return the milliseconds of the processor of a row. Raises RuntimeError."""
        if name in ("brief", "full"):
            return float(self._run(DECIDE, str(self.folder / "profiles.json"), name, DAY)[1]) * 1e3
        if name in ("start", "specs"):
            spec = self.folder / "specs" / ("spec-00000.yaml" if name == "start" else "")
            quiet = ["--quiet"] if name == "specs" else []
            return (
                self._run(COMMAND, "check", str(spec), "--no-fail", "--allow-past-as-of", "--as-of", DAY, *quiet)[0]
                * 1e3
            )
        return self._run(COMMAND, "diff", "HEAD~1..HEAD", within=self.folder / name)[0] * 1e3

    def _run(self, code: str, *arguments: str, within: Path | None = None) -> tuple[float, bytes]:
        own = self.root / ".venv" / "bin" / "python"
        places = {"VATSPOLICY_CACHE": str(self.folder / "cache"), "PYTHONPATH": str(self.root / "src")}
        command = [str(own) if own.exists() else sys.executable, "-c", code, *arguments]
        turn = spawn(command, os.environ | places, folder=within or self.root)
        if turn.code not in (0, 1):
            raise RuntimeError(f"{self.root}: {' '.join(arguments)} ended with {turn.code}")
        return turn.cpu, turn.said


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("against", type=Path, metavar="CHECKOUT")
    parser.add_argument("--pairs", type=int, help="of every row; by default 15, and 3 of what takes seconds")
    parser.add_argument("--specs", type=int, default=1000)
    parser.add_argument("--only", nargs="+", choices=ROWS, default=list(ROWS))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        sides = [Side(root.resolve(), Path(temporary) / name) for root, name in ((given.against, "a"), (HERE, "b"))]
        unfit = set[str]().union(*(side.prepare(given.specs, given.only) for side in sides))
        print("| processor time | before | after | after / before |\n| --- | ---: | ---: | ---: |")
        for name in given.only:
            if name in unfit:
                print(f"| {ROWS[name]} | not compared: the change does not fit both laws | | |", flush=True)
                continue
            found: dict[Side, list[float]] = {side: [] for side in sides}
            for number in range(-1, given.pairs or (15 if name in ("start", "brief", "full") else 3)):
                for side in sides if number % 2 else sides[::-1]:
                    used = side.measure(name)
                    if number >= 0:
                        found[side].append(used)
            before, after = found.values()
            ratio = median(two / one for one, two in zip(before, after, strict=True))
            cells = (f"{figure(median(each))} ({figure(min(each))} to {figure(max(each))})" for each in found.values())
            print(f"| {ROWS[name].format(specs=given.specs)} | {' | '.join(cells)} | {ratio:.2f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
