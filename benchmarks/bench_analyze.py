"""`vatspolicy analyze` on the shipped law: the whole command.

    python benchmarks/bench_analyze.py [--rounds 3] [--only since] [--json FILE]

The whole bundle, with every kind of finding and every property; and what one small edit touches, in a git repository
with the policies of this one. A run counts only if it evaluated everything: what is left open, a property that is not
proved, or a finding that nobody accepted ends the benchmark. Needs the extra `smt` and git.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench_diff import CHANGED, replace_texts, repository
from bench_startup import Turn, command_row, command_target, spawn
from measure import Report, Table, finish, parser
from servers import PROGRAM


@dataclass(frozen=True)
class Run:
    """A run of the command on the shipped law."""

    name: str
    what: str
    options: tuple[str, ...]
    limit: int
    """Target: seconds of the whole command on two cores."""


RUNS = (
    Run("whole", "the whole bundle", (), 40),
    Run("since", "what one small edit touches", ("--since", "HEAD~1"), 15),
)


def check(report: dict[str, Any]) -> str:
    """Return what a report says, in short.

    Raises: RuntimeError if anything was left open, or found that nobody accepted.
    """
    if report["not_evaluated"]:
        raise RuntimeError(f"questions not evaluated: {len(report['not_evaluated'])}")
    if wrong := [one["id"] for one in report["properties"] if one["verdict"] != "proved"]:
        raise RuntimeError(f"not proved: {', '.join(wrong)}")
    found = [one for one in report["findings"] if one["severity"] == "error" and one["accepted"] is None]
    if found:
        raise RuntimeError(f"{found[0]['kind']}: {found[0]['message']['en']}")
    return f"rules: {report['rules']}, properties proved: {len(report['properties'])}"


def measure(folder: Path, run: Run, rounds: int) -> tuple[Sequence[Turn], str]:
    """Run the command so many times in a repository. Raises RuntimeError."""
    report = folder.parent / f"{run.name}.json"
    command = [*PROGRAM, "analyze", "--law", "policies", "-o", f"json={report}", *run.options]
    turns = [spawn(command, folder=folder) for _ in range(rounds)]
    if turns[-1].code:
        raise RuntimeError(f"{run.what}: exit code {turns[-1].code}\n{turns[-1].said.decode()}")
    return turns, check(json.loads(report.read_text(encoding="utf-8")))


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--only", choices=[run.name for run in RUNS], action="append")
    given = options.parse_args()
    rows, targets, expect = [], [], []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "law"
        repository(folder, replace_texts(CHANGED[1:2]))
        for run in RUNS:
            if given.only and run.name not in given.only:
                continue
            try:
                turns, said = measure(folder, run, given.rounds)
            except RuntimeError as error:
                print(error, file=sys.stderr)
                return 1
            rows.append(command_row(run.what, turns, said))
            targets.append(command_target("analyze", rows[-1], run.limit))
            expect.append(f"`analyze` looks at {run.what} in {rows[-1].median:.0f} s.")
    report = Report(
        "analyze",
        "The shipped law, every kind of finding and every property; processes share the work.",
        [Table("analyze", "`vatspolicy analyze`", rows)],
        targets,
        {"z3-solver": importlib.metadata.version("z3-solver")},
        expect,
    )
    return finish(report, given)


if __name__ == "__main__":
    sys.exit(main())
