"""`python -m tests.support.parts`: tests in parts of a few files, each part in a process of its own.

What a part leaves in memory goes with its process: no later test pays for it, and no cache is emptied that others need.
`-j 3` runs so many parts at once, `-j 0` all tests in one process. Other arguments are those of pytest: files and folders
choose the tests, and `--ignore=FOLDER` leaves one out.
"""

from __future__ import annotations

import gc
import importlib
import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.shipped import ROOT, shipped_bundle

FILES = 18
"""Most files of a part: more would leave more in the memory of its process."""
SHARE = 10
"""A part takes one in so many of what is left: long parts begin early, and short ones end together."""
LEAST = 150_000
"""Least weight of a part but the last: its process reads again what tests of the same folder share."""
WEIGHTS = {
    "acceptance": 6,
    "authoring": 2,
    "browser": 5,
    "differential": 4,
    "guidance": 3,
    "i18n": 3,
    "language_server": 3,
    "proofs": 3,
    "reports": 2,
}
"""How many times longer the tests of a folder take than others of as many bytes, as measured."""
SHARED = "TESTS_CACHE"
"""Variable that names the folder of compiled forms that the processes of a run share."""
PLUGIN = ("-p", "vatspolicy.pytest_plugin")
ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""What each part starts with: to look for the plugins of all packages takes a second, and only our own is needed."""
FAILED, NO_TESTS = 1, 5
"""Exit codes of pytest: a test failed, and no test is chosen."""


def main(arguments: Sequence[str]) -> int:
    """Run the tests and return the exit code of the run: that of pytest for all of them."""
    os.chdir(ROOT)
    jobs, places = int(arguments[1]), [one for one in arguments[2:] if is_place(one)]
    options = [*PLUGIN, *(one for one in arguments[2:] if one not in places)]
    os.environ |= ALONE
    if jobs == 0:
        return pytest.main([*options, *places])
    files = find_files(places or ["tests"], [one.partition("=")[2] for one in options if one.startswith("--ignore=")])
    with tempfile.TemporaryDirectory(prefix="vatspolicy-") as cache, tempfile.TemporaryDirectory() as folder:
        os.environ["VATSPOLICY_CACHE"] = os.environ.setdefault(SHARED, cache)
        warm_up()
        return run_parts(divide(files), options, jobs, folder)


def warm_up() -> None:
    """Compile the law, and load what every part needs: the process of a part is a fork of this one."""
    importlib.import_module("vatspolicy.cli.typer_app")
    shipped_bundle()
    gc.freeze()


def is_place(argument: str) -> bool:
    """Return whether an argument is a file or a folder of tests, or a test of a file; `-k` may name a folder, too."""
    has_folder = "/" in argument or argument in ("tests", "benchmarks")
    return has_folder and not argument.startswith("-") and Path(argument.partition("::")[0]).exists()


def find_files(places: Sequence[str], left_out: Sequence[str]) -> list[str]:
    """Return the test files of these places, neighbors beside each other; a file or a test of one stands for itself."""
    found = [
        str(file)
        for place in places
        for file in (sorted(Path(place).rglob("test_*.py")) if Path(place).is_dir() else [place])
    ]
    return [file for file in found if not any(Path(file).is_relative_to(folder) for folder in left_out)]


def divide(files: Sequence[str]) -> list[list[str]]:
    """Return the parts of these files, the longest first; neighbors share a process, and what is costly to make."""
    parts, weights, room = list[list[str]](), list(map(weigh, files)), 0.0
    left = sum(weights)
    for file, weight in zip(files, weights, strict=True):
        if not parts or len(parts[-1]) == FILES or room < weight / 2:
            parts.append([])
            room = max(left / SHARE, LEAST)
        parts[-1].append(file)
        room, left = room - weight, left - weight
    return sorted(parts, key=lambda part: -sum(map(weigh, part)))


def weigh(file: str) -> int:
    """Return about how long a file of tests takes, in bytes of other tests: what takes long begins early."""
    path = Path(file.partition("::")[0])
    return path.stat().st_size * next((times for folder, times in WEIGHTS.items() if folder in path.parts), 1)


def run_parts(parts: Sequence[Sequence[str]], options: Sequence[str], jobs: int, folder: str) -> int:
    """Run parts, so many at once, and print what each says: all of it where a test fails, or with `-v`.

    `folder` holds the temporary files of the tests.
    """
    totals, codes, started = Counter[str](), set[int](), time.monotonic()
    waiting, running = list(enumerate(parts)), dict[int, int]()
    for ended in range(1, len(parts) + 1):
        while waiting and len(running) < jobs:
            number, part = waiting.pop(0)
            running[start([*options, f"--basetemp={folder}/{number}", *part], f"{folder}/{number}.txt")] = number
        process, status = os.wait()
        number, code = running.pop(process), os.waitstatus_to_exitcode(status)
        codes.add(code)
        printed = Path(f"{folder}/{number}.txt").read_text(encoding="utf-8", errors="replace")
        told = next((line for line in reversed(printed.splitlines()) if re.search(r" in [\d.]+s\b", line)), "")
        totals.update({word: int(count) for count, word in re.findall(r"(\d+) ([a-z]+)", told)})
        if "-v" in options or code not in (0, NO_TESTS):
            print(printed)
        first, last = parts[number][0], parts[number][-1]
        print(f"{ended}/{len(parts)} {first} to {last}: {told.strip('= ')}", flush=True)
    print(f"{', '.join(f'{count} {word}' for word, count in totals.items())} in {time.monotonic() - started:.0f}s")
    if codes <= {NO_TESTS}:
        return NO_TESTS
    return FAILED if codes - {0, NO_TESTS} else 0


def start(arguments: Sequence[str], output: str) -> int:
    """Run pytest in a fork of this process, whose output goes to a file, and return the number of the process."""
    sys.stdout.flush()
    if (process := os.fork()) != 0:
        return process
    code = FAILED
    try:
        with open(output, "wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        code = pytest.main([*arguments])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
