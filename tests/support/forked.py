"""A command, or a function, in a fork of this process: it shares nothing with the next one, and starts no Python."""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
import re
import shlex
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

import vatspolicy
from tests.support.console import Ran
from vatspolicy import cli, clock


def read_plain(command: str) -> list[str] | None:
    """Return the words of a line of a shell that is one command of the program; None if it takes a shell."""
    command = command.replace("\\\n", " ")
    unquoted = re.sub(r"'[^']*'|\"[^\"$`\\]*\"", "", command)
    if re.search(r"[|&;<>$`*?(){}~\\\"'\n]", unquoted) or not command.startswith("vatspolicy "):
        return None
    return shlex.split(command)[1:]


@cache
def import_everything() -> None:
    """Import all modules of the program once, so that no fork has to: worth it before a dozen commands or more."""
    for module in pkgutil.walk_packages(vatspolicy.__path__, "vatspolicy."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def run_forked(words: Sequence[str], folder: Path, environment: Mapping[str, str], today: str) -> Ran:
    """Run a command of the program in a folder on a day, with this environment and nothing to read."""

    def run() -> int:
        clock.today = lambda: today
        sys.argv = ["vatspolicy", *words]
        cli.main()
        return 0

    return fork(run, folder, environment)


def fork(run: Callable[[], int], folder: Path, environment: Mapping[str, str]) -> Ran:
    """Call a function that returns an exit code, or exits, in a fork of this process, with nothing to read."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        if (process := os.fork()) == 0:
            gc.freeze()  # what this process has made is no garbage of the other
            _run([os.open(os.devnull, os.O_RDONLY), out.fileno(), err.fileno()], run, folder, environment)
        _, status = os.waitpid(process, 0)
        out.seek(0)
        err.seek(0)
        return Ran(os.waitstatus_to_exitcode(status), out.read().decode(), err.read().decode())


def _run(streams: Sequence[int], run: Callable[[], int], folder: Path, environment: Mapping[str, str]) -> None:
    code = 1
    try:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        code = run()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
