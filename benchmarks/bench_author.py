"""The loop of an author of policies: whole commands on the shipped law.

    python benchmarks/bench_author.py [--rounds 5] [--json FILE]

Commands run in a repository with the policies, schemas and fixtures of this one.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench_diff import repository
from bench_startup import command_row, spawn
from measure import Report, Table, finish, parser
from servers import PROGRAM

SPEC = "fixtures/access/cloud-hosting-beijing.yaml"
POLICY = "policies/access/fite-provisions.yaml"
COMMANDS = (
    ("lint of the whole law", ("lint",)),
    ("lint of one file", ("lint", POLICY)),
    ("fmt --check of the whole law", ("fmt", "--check", "policies")),
    ("test of the whole law", ("test",)),
    ("test of one policy", ("test", "-r", "fite-provisions")),
    ("test --coverage of one policy", ("test", "-r", "fite-provisions", "--coverage")),
    ("explain of one rule", ("explain", "vats-pilot-2024/pilot-access")),
    ("eval of an expression", ("eval", "company.foreign_percent > 50.0", "--spec", SPEC)),
)


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        repository(folder, lambda policies: (policies.parent / "CHANGED").touch())
        for what, words in COMMANDS:
            turns = [spawn([*PROGRAM, *words], folder=folder) for _ in range(given.rounds)]
            if any(turn.code for turn in turns):
                print(f"{what}: exit code {turns[0].code}\n{turns[0].said.decode()}", file=sys.stderr)
                return 1
            rows.append(command_row(what, turns))
    report = Report(
        "author",
        "Whole commands on the shipped law.",
        [Table("author", "The loop of an author", rows)],
        [],
    )
    return finish(report, given)


if __name__ == "__main__":
    sys.exit(main())
