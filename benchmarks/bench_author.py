"""The loop of an author of policies: whole commands on the shipped law, and answers of `watch` to a save.

    python benchmarks/bench_author.py [--rounds 5] [--json FILE]

Commands run in a repository with the policies, schemas and fixtures of this one. `watch` keeps the law loaded. A save
is a small edit of one policy. It is timed until the output has the line that ends the answer: before it stand lint,
the tests of the policy, and the effect of the edit since the commit.
"""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from bench_diff import CHANGED, replace_texts, repository
from bench_startup import command_row, spawn
from measure import Report, Row, Table, Target, finish, median, parser
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
LIMIT = 2.0
"""Most seconds from a save to the answer of `watch`."""
ANSWERED = re.compile(rb"^\d+\.\d s$")


def lines(output: IO[bytes], until: Callable[[bytes], bool]) -> Iterator[bytes]:
    """Yield lines up to one. Raises RuntimeError if the output ends before."""
    for line in output:
        yield line
        if until(line.strip()):
            return
    raise RuntimeError("watch ended")


def watch(folder: Path, rounds: int) -> list[float]:
    """Return the seconds from each save to its answer. Raises RuntimeError if an answer does not show the edit."""
    file = folder / POLICY
    before = file.read_text(encoding="utf-8")
    replace_texts(CHANGED[1:2])(folder / "policies")
    edited = file.read_text(encoding="utf-8")
    file.write_text(before, encoding="utf-8")
    command = [*PROGRAM, "watch", "--law", "policies", "--fixtures", "fixtures"]
    found = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder) as process:
        assert process.stdout is not None
        try:
            for _ in lines(process.stdout, lambda line: line.startswith(b"Watching")):
                pass
            for number in range(rounds):
                start = time.perf_counter()
                # a comment makes each save another file
                file.write_text(f"{edited}# {number}\n", encoding="utf-8")
                said = b"".join(lines(process.stdout, lambda line: bool(ANSWERED.match(line))))
                found.append(time.perf_counter() - start)
                if b"fite-provisions/" not in said:
                    raise RuntimeError(f"watch does not show the edit: {said.decode()}")
        finally:
            process.send_signal(signal.SIGINT)
    return found


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
        answers = watch(folder, given.rounds)
    answered = median(answers)
    rows.append(Row("watch, from a save to its answer", answered, min(answers), "s by the clock"))
    target = Target(
        "watch, from a save to its answer", f"less than {LIMIT:.0f} s", f"{answered:.1f} s", answered < LIMIT
    )
    report = Report(
        "author",
        "Whole commands on the shipped law, and the answer of a resident `watch` to a small edit of one policy.",
        [Table("author", "The loop of an author", rows)],
        [target],
        expect=[f"`watch` answers a save in {answered:.1f} s."],
    )
    return finish(report, given)


if __name__ == "__main__":
    sys.exit(main())
