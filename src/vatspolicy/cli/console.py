"""Console output, progress, cleanup and exit of commands, independent of typer."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING

from vatspolicy.errors import MAX_EXPLAINED, InvalidInput
from vatspolicy.gate.gate import ExitCode
from vatspolicy.i18n import Sentences, _, reason_of, translate
from vatspolicy.output import (
    Style,
    disarm,
    find_link,
    is_terminal,
    keep_status,
    wants_color,
    write_bytes,
    write_file,
    write_stderr,
    write_stdout,
)

if TYPE_CHECKING:
    from pathlib import Path
    from typing import NoReturn, TypeVar

    from vatspolicy.output import Text

    R = TypeVar("R")


MAX_PROBLEMS = MAX_EXPLAINED + 1
"""Maximum number of problems shown for one file: those explained, and one for the rest."""
_ENTERED: ContextVar[contextlib.ExitStack] = ContextVar("entered")


@contextlib.contextmanager
def close_afterwards() -> Iterator[None]:
    """Provide the block in which a command runs; contexts that it enters are closed afterwards."""
    with contextlib.ExitStack() as stack:
        token = _ENTERED.set(stack)
        try:
            yield
        finally:
            _ENTERED.reset(token)


def enter(resource: contextlib.AbstractContextManager[R]) -> R:
    """Enter a context until the command ends."""
    return _ENTERED.get().enter_context(resource)


def abort(message: str, code: ExitCode = ExitCode.USAGE) -> NoReturn:
    """Print one line on standard error and exit."""
    warn(message)
    raise SystemExit(code)


def refuse_if(wrong: object, message: str, code: ExitCode = ExitCode.USAGE) -> None:
    """Print one line on standard error and exit, if an option or an input is wrong."""
    if wrong:
        abort(message, code)


def warn(message: str) -> None:
    """Print one line on standard error, in the language chosen."""
    from vatspolicy.i18n.text import clean

    style = Style(wants_color(errors=True))
    write_stderr(f"{style('vatspolicy:', 'bold', 'red')} {clean(translate(message), one_line=True)}\n")


def report_problems(error: InvalidInput) -> None:
    """Print problems on standard error. File names are cleaned: they may contain line breaks and control codes."""
    from vatspolicy.errors import render
    from vatspolicy.i18n.text import clean

    style = Style(wants_color(errors=True))
    count: dict[str, int] = {}
    for problem in error.problems:
        count[problem.file] = count.get(problem.file, 0) + 1
        if count[problem.file] > MAX_PROBLEMS:
            continue
        named = problem._replace(file=clean(problem.file, one_line=True))
        text = clean(render(named))
        position = f"{named.file}:{named.line}:{named.column}:"
        is_placed = text.startswith(position)
        write_stderr((style(position, "bold", "red") + text[len(position) :] if is_placed else text) + "\n")
    if hidden := sum(max(number - MAX_PROBLEMS, 0) for number in count.values()):
        warn(
            _("1 more problem is not shown.")
            if hidden == 1
            else _("{hidden} more problems are not shown.", hidden=hidden)
        )


def print_result(text: Text | bytes, machine: bool = False) -> None:
    """Print a result on standard output, for a program (`machine`) as UTF-8 regardless of the terminal."""
    try:
        write_stdout(text, machine)
    except OSError as error:
        abort_unwritten(None, error)


def publish(
    report: Callable[[str, bool], Text | bytes], format: str | None, outputs: Sequence[tuple[str, Path]] = ()
) -> None:
    """Write a report to files and print it in one format; `report` renders a format, with or without color.

    Parts of a report end where a line ends, or beside a sign of the format.
    """
    for name, path in outputs:
        refuse_link(path)
        write_report(path, report(name, False))
    if format is not None:
        shown = report(format, wants_color())
        if not isinstance(shown, bytes):
            shown = disarm(shown, format) if isinstance(shown, str) else (disarm(part, format) for part in shown)
        print_result(shown, machine=format != "text")


def refuse_link(path: Path) -> None:
    """End the command if a link below the working directory is part of a path: a checkout must not redirect reports."""
    try:
        link = find_link(path)
    except OSError:
        return  # writing reports the reason
    if link:
        message = _("cannot write {path}: {link} is a link. Use its target instead.", path=path, link=link)
        abort(message, ExitCode.USAGE)


def write_report(path: Path, report: Text | bytes) -> None:
    """Write a report to a file, whole or not at all."""
    try:
        if isinstance(report, bytes):
            write_bytes(path, report)
        else:
            write_file(path, report)
    except (OSError, ValueError) as error:
        abort_unwritten(path, error)


def abort_unwritten(path: Path | str | None, error: OSError | ValueError, hint: str = "") -> NoReturn:
    """End the command, with a hint, because an output (None: standard output) cannot be written."""
    import errno

    hints = {
        errno.ENOSPC: _("Free space there, or write to another place."),
        errno.EFBIG: _("Free space there, or write to another place."),
        errno.EACCES: _("Choose a folder where you may write."),
        errno.EPERM: _("Choose a folder where you may write."),
        errno.EROFS: _("Choose a folder where you may write."),
        errno.EISDIR: _("Choose a file."),
        errno.ENOENT: _("Create the folder first."),
        errno.ENXIO: _("No program reads the pipe: start the reader first, or choose a file."),
        errno.EPIPE: _("The reading program stopped before the end."),
    }
    hint = hint or hints.get(getattr(error, "errno", None) or 0, _("Choose another file."))
    if path is None:
        fault = _("cannot write to standard output: {reason}.", reason=reason_of(error))
    else:
        fault = _("cannot write {path}: {reason}.", path=path, reason=reason_of(error))
    abort(Sentences(fault, hint), ExitCode.INTERNAL)


def is_interactive() -> bool:
    """Return whether a person uses a terminal: both streams are terminals, and CI is not set."""
    streams = (sys.stdin, sys.stdout)
    return not os.environ.get("CI") and all(stream is not None and stream.isatty() for stream in streams)


def show_difference(before: str, after: str, name: str, changed: str) -> str:
    """Return the unified diff of two states of a file."""
    import difflib

    lines = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), name, changed)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def measure_width() -> int:
    """Return the width of the terminal, between 30 and 120 columns."""
    try:  # as shutil.get_terminal_size, without importing shutil
        room = int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        room = 0
    if room <= 0:
        try:
            room = os.get_terminal_size(sys.__stdout__.fileno()).columns if sys.__stdout__ else 0
        except (AttributeError, ValueError, OSError):
            room = 0
    return max(30, min(room or 100, 120))


SILENT = 1.0
"""Seconds after which a command shows its progress."""
_STEP = 0.5
_CLEAR = b"\r\x1b[K"
TALKING = ("ask", "serve")
"""Interactive commands, and commands that run until stopped."""


@contextlib.contextmanager
def show_progress(command: str) -> Iterator[None]:
    """Show the name of a command and its seconds while the block runs, from SILENT on; on a terminal only."""
    if command.partition(" ")[0] in TALKING or not is_terminal(sys.stderr):
        yield
        return
    line = _Line(command, sys.stderr.fileno())
    keep_status(line.pause)
    try:
        yield
    finally:
        keep_status(None)
        line.end()


_done = [""]


def tell_progress(done: int, total: int) -> None:
    """Update the progress in the status line."""
    _done[-1] = f", {done:,} of {total:,}"


class _Line:
    """A status line, drawn by a thread: it also moves while a solver or a database is at work."""

    def __init__(self, command: str, terminal: int) -> None:
        import threading
        import time

        from vatspolicy.workers import STATUS

        self.command, self.terminal, self.drawn = command, terminal, False
        self.clock, self.began = time.monotonic, time.monotonic()
        self.ended, self.lock = threading.Event(), threading.Lock()
        self.thread = threading.Thread(target=self._run, name=STATUS, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        pause = SILENT
        while not self.ended.wait(pause):
            pause = _STEP
            with self.lock:
                if not self.ended.is_set():
                    text = f"vatspolicy {self.command} … {self.clock() - self.began:.0f} s{_done[-1]}"
                    self._write(_CLEAR + text.encode(sys.stderr.encoding or "utf-8", "replace"))
                    self.drawn = True

    @contextlib.contextmanager
    def pause(self) -> Iterator[None]:
        """Hide the line in this context; it returns later in the command."""
        held = self.lock.acquire(timeout=1)  # a forked process may inherit a lock that is never released
        try:
            if held and self.drawn:
                self._write(_CLEAR)
                self.drawn = False
            yield
        finally:
            if held:
                self.lock.release()

    def end(self) -> None:
        """Remove the line permanently."""
        self.ended.set()
        with self.pause():
            pass
        self.thread.join(timeout=1)

    def _write(self, content: bytes) -> None:
        with contextlib.suppress(OSError):
            os.write(self.terminal, content)
