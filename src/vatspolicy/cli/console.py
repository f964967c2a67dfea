"""Where results and complaints of a command go, what it holds while it runs, and how it ends early. Without typer."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING

from vatspolicy.errors import InvalidInput
from vatspolicy.gate.gate import ExitCode
from vatspolicy.i18n import translate
from vatspolicy.output import wants_colour, write_file, write_stderr, write_stdout

if TYPE_CHECKING:
    from pathlib import Path
    from typing import NoReturn, TypeVar

    R = TypeVar("R")

MOST = 100
"""Problems of one file that are shown; a log has an end, whatever a file brings."""
_HELD: ContextVar[contextlib.ExitStack] = ContextVar("held")


@contextlib.contextmanager
def holding() -> Iterator[None]:
    """A command runs inside; afterwards what it holds is let go of."""
    with contextlib.ExitStack() as stack:
        token = _HELD.set(stack)
        try:
            yield
        finally:
            _HELD.reset(token)


def enter(resource: contextlib.AbstractContextManager[R]) -> R:
    """Enter a context for as long as the command runs."""
    return _HELD.get().enter_context(resource)


def abort(message: str, code: ExitCode = ExitCode.USAGE) -> NoReturn:
    """Print one line on standard error and exit."""
    warn(message)
    raise SystemExit(code)


def warn(message: str) -> None:
    """One line on standard error, in the language chosen."""
    from vatspolicy.i18n.text import clean

    write_stderr(f"vatspolicy: {clean(translate(message), one_line=True)}\n")


def report_problems(error: InvalidInput) -> None:
    """Every problem on standard error. A name of a file may hold anything, line breaks and colours included."""
    from vatspolicy.errors import render
    from vatspolicy.i18n.text import clean

    count: dict[str, int] = {}
    for problem in error.problems:
        count[problem.file] = count.get(problem.file, 0) + 1
        if count[problem.file] > MOST:
            continue
        named = replace(problem, file=clean(problem.file, one_line=True))
        write_stderr(clean(render(named)) + "\n")
    if hidden := sum(max(found - MOST, 0) for found in count.values()):
        warn(f"{hidden} more problems are not shown.")


def print_result(text: str, machine: bool = False) -> None:
    """The result on standard output; `machine`: for a program, and so UTF-8 whatever the terminal is."""
    try:
        write_stdout(text, machine)
    except OSError as error:
        abort(f"cannot write to standard output: {error.strerror or error}.", ExitCode.INTERNAL)


def publish(report: Callable[[str, bool], str], format: str | None, outputs: Sequence[tuple[str, Path]] = ()) -> None:
    """Write a report to files in their formats, and print it in a format; `report` takes a format and colour or not."""
    for name, path in outputs:
        write_report(path, report(name, False))
    if format is not None:
        print_result(report(format, wants_colour()), machine=format != "text")


def write_report(path: Path, text: str) -> None:
    """A file, whole or not at all."""
    try:
        write_file(path, text)
    except (OSError, ValueError) as error:
        abort(f"cannot write {path}: {getattr(error, 'strerror', None) or error}.", ExitCode.INTERNAL)


def columns() -> int:
    """Room on the terminal, between 30 and 120 columns."""
    import os
    import sys

    try:  # shutil.get_terminal_size, without the import of shutil
        room = int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        room = 0
    if room <= 0:
        try:
            room = os.get_terminal_size(sys.__stdout__.fileno()).columns if sys.__stdout__ else 0
        except (AttributeError, ValueError, OSError):
            room = 0
    return max(30, min(room or 100, 120))
