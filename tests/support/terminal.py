"""A program on a terminal of its own (tmux): keys go in, the screen is read."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class Terminal:
    """One terminal of 160 columns and 40 lines."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket

    def tmux(self, *arguments: str) -> str:
        done = subprocess.run(["tmux", "-S", self.socket, *arguments], capture_output=True, text=True, check=True)
        return done.stdout

    def press(self, *keys: str) -> None:
        """Press keys, by the names that tmux has for them."""
        self.tmux("send-keys", *keys)

    def write(self, text: str) -> None:
        self.tmux("send-keys", "-l", text)

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p")

    def wait_for(self, is_so: Callable[[str], object]) -> str:
        """The screen as soon as it is so."""
        until = time.monotonic() + 60
        while not is_so(screen := self.screen()):
            assert time.monotonic() < until, screen
            time.sleep(0.1)
        return screen


@contextmanager
def run_in_terminal(folder: Path, environment: dict[str, str], *command: str) -> Iterator[Terminal]:
    """Run a command in a folder until the end of the block."""
    terminal = Terminal(folder.parent / "tmux")
    new = ["tmux", "-S", str(terminal.socket), "-f", "/dev/null", "new-session", "-d", "-x", "160", "-y", "40"]
    subprocess.run([*new, *command], cwd=folder, env=environment, check=True, capture_output=True)
    try:
        yield terminal
    finally:
        subprocess.run(["tmux", "-S", terminal.socket, "kill-server"], check=False, capture_output=True)
