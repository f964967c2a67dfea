"""A line on standard error that shows a long command at work. It needs a terminal, and goes before any other output."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

from vatspolicy.output import is_terminal, keep_status

SILENT = 1.0
"""Seconds after which a command shows that it is at work."""
_STEP = 0.5
_CLEAR = b"\r\x1b[K"
TALKING = ("ask", "serve", "watch", "completion")
"""Commands that are in a dialog, or run until they are stopped."""


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
    """Tell the status line how much of the work is done."""
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
        """Remove the line, and draw none in this context; it comes back while the command goes on."""
        held = self.lock.acquire(timeout=1)  # a forked process may inherit a lock that nobody opens
        try:
            if held and self.drawn:
                self._write(_CLEAR)
                self.drawn = False
            yield
        finally:
            if held:
                self.lock.release()

    def end(self) -> None:
        """Remove the line for good."""
        self.ended.set()
        with self.pause():
            pass
        self.thread.join(timeout=1)

    def _write(self, content: bytes) -> None:
        with contextlib.suppress(OSError):
            os.write(self.terminal, content)
