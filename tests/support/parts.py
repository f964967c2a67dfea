"""`python -m tests.support.parts`: tests in parts of a few files, each part in a process of its own.

Processes are forks of this one, which has imported the program and loaded the law: no part does so again. What a part
leaves in memory goes with its process: no later test pays for it, and no cache is emptied that others need.
`-j 3` runs so many parts at once, `-j 0` all tests in one process. Other arguments are those of pytest: files and folders
choose the tests, and `--ignore=FOLDER` leaves one out.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import pkgutil
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO

import pytest

import vatspolicy
from tests.support.shipped import ROOT, fixture_files, shipped_bundle
from tests.support.specs import TODAY
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.gate.gate import Gate

FILES = 4
"""Files of a part: fewer would make more processes, more would leave more in the memory of each."""
SHARED = "TESTS_CACHE"
"""Variable that names the folder of compiled forms that the processes of a run share."""
IMPORTED = "ignore:Module already imported so cannot be rewritten:pytest.PytestAssertRewriteWarning"
FAILED, NO_TESTS = 1, 5
"""Exit codes of pytest: a test failed, and no test is chosen."""


def main(arguments: Sequence[str]) -> int:
    """Run the tests and return the exit code of the run: that of pytest for all of them."""
    jobs, places = int(arguments[1]), [one for one in arguments[2:] if is_place(one)]
    options = [one for one in arguments[2:] if one not in places]
    if jobs == 0:
        command = [sys.executable, "-m", "pytest", *options, *places]
        return subprocess.run(command, cwd=ROOT, check=False).returncode
    files = find_files(places or ["tests"], [one.partition("=")[2] for one in options if one.startswith("--ignore=")])
    parts = [files[start : start + FILES] for start in range(0, len(files), FILES)]
    parts.sort(key=lambda part: -sum(Path(file.partition("::")[0]).stat().st_size for file in part))
    with ExitStack() as stack:
        if SHARED not in os.environ:
            cache = stack.enter_context(tempfile.TemporaryDirectory(prefix="vatspolicy-"))
            os.environ[SHARED] = os.environ["VATSPOLICY_CACHE"] = cache
        prepare()
        return run_parts(parts, options, jobs)


def prepare() -> None:
    """Import every module of the program, load the law, and decide the fixtures: each part begins with what that makes."""
    for module in pkgutil.walk_packages(vatspolicy.__path__, "vatspolicy."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    gate = Gate(shipped_bundle(), TODAY, allow_past=True)
    for path in fixture_files():
        gate.decide(load_profile(path))
    gc.collect()
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


def run_parts(parts: Sequence[Sequence[str]], options: Sequence[str], jobs: int) -> int:
    """Run parts, so many at once, and print what each says: all of it where a test fails, or with `-v`."""
    totals, codes, started = Counter[str](), set[int](), time.monotonic()
    for number, (part, code, printed) in enumerate(fork_parts(parts, options, jobs), 1):
        codes.add(code)
        told = next((line for line in reversed(printed.splitlines()) if re.search(r" in [\d.]+s\b", line)), "")
        totals.update({word: int(count) for count, word in re.findall(r"(\d+) ([a-z]+)", told)})
        if "-v" in options or code not in (0, NO_TESTS):
            print(printed)
        print(f"{number}/{len(parts)} {part[0]} to {part[-1]}: {told.strip('= ')}", flush=True)
    print(f"{', '.join(f'{count} {word}' for word, count in totals.items())} in {time.monotonic() - started:.0f}s")
    if codes <= {NO_TESTS}:
        return NO_TESTS
    return FAILED if codes - {0, NO_TESTS} else 0


def fork_parts(
    parts: Sequence[Sequence[str]], options: Sequence[str], jobs: int
) -> Iterator[tuple[Sequence[str], int, str]]:
    """Yield each part as it ends, with the exit code of pytest, or minus a signal, and what it printed."""
    compiled = [path for path in Path(os.environ[SHARED]).rglob("*") if path.is_file()]
    running: dict[int, tuple[Sequence[str], BinaryIO]] = {}
    waiting = list(reversed(parts))
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                part = waiting.pop()
                for path in compiled:  # forks do not read them; unused, they would give way to the laws of tests
                    with suppress(FileNotFoundError):
                        os.utime(path)
                output: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 closed when the part ends
                running[_fork([*options, *part], output)] = (part, output)
            process, status = os.wait()
            ended, printed = running.pop(process)
            with printed:
                printed.seek(0)
                yield ended, os.waitstatus_to_exitcode(status), printed.read().decode(errors="replace")
    finally:
        for process in running:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGINT)


def _fork(arguments: Sequence[str], output: BinaryIO) -> int:
    """Start pytest in a fork of this process, and return its id."""
    sys.stdout.flush()
    if process := os.fork():
        return process
    code = FAILED
    try:
        signal.signal(
            signal.SIGINT, signal.default_int_handler
        )  # a shell leaves it ignored to what runs in its background
        os.chdir(ROOT)
        os.dup2(output.fileno(), 1)
        os.dup2(1, 2)
        sys.stdout = sys.stderr = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        code = int(pytest.main(["-W", IMPORTED, *arguments]))
    finally:
        with suppress(Exception):
            atexit._run_exitfuncs()
            sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
