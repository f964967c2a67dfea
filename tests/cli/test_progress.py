"""Long commands show that they are at work: on a terminal, after a while, never within other output."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from tests.support.console import Console, needs_posix
from vatspolicy import output
from vatspolicy.cli import console
from vatspolicy.output import write_stderr
from vatspolicy.workers import STATUS, can_fork

CLEAR = "\r\x1b[K"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """A terminal as standard error; returns what it was sent."""
    master, slave = os.openpty()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(console, "SILENT", 0.05)
    monkeypatch.setattr(console, "_STEP", 0.05)
    with os.fdopen(slave, "w") as stream:
        for module in (console, output):  # pytest exchanges sys.stderr itself between a fixture and its test
            monkeypatch.setattr(module, "sys", SimpleNamespace(stderr=stream))

        def sent() -> str:
            stream.write("END")  # the system hands over what was written a little later, and in order
            stream.flush()
            found = b""
            while not found.endswith(b"END"):
                found += os.read(master, 100_000)
            return found.decode().removesuffix("END")

        yield sent
    os.close(master)


@needs_posix
def test_a_long_command_shows_that_it_is_at_work(terminal: Callable[[], str]) -> None:
    with console.show_progress("docs build"):
        time.sleep(0.4)
        write_stderr("a message\n")
    sent = terminal()
    assert sent.startswith(f"{CLEAR}vatspolicy docs build … 0 s")
    before, _, after = sent.partition("a message\r\n")
    assert before.endswith(CLEAR), "the message stands on a line of its own"
    assert not after or after.endswith(CLEAR), "nothing is left at the end"


@needs_posix
def test_a_short_command_and_a_dialog_show_nothing(terminal: Callable[[], str]) -> None:
    with console.show_progress("lint"):
        pass
    with console.show_progress("ask"):
        time.sleep(0.2)
    assert terminal() == ""


@needs_posix
def test_a_dumb_terminal_and_a_pipe_show_nothing(
    terminal: Callable[[], str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    with console.show_progress("lint"):
        time.sleep(0.2)
    assert terminal() == ""
    monkeypatch.setenv("TERM", "xterm")
    with open(os.devnull, "w") as pipe:
        monkeypatch.setattr(console, "sys", SimpleNamespace(stderr=pipe))
        with console.show_progress("lint"):
            time.sleep(0.2)
    assert capfd.readouterr() == ("", "")


def test_errors_have_color_where_color_is_wanted(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    red = "\x1b[1;31m"
    wrong = (("check", "nope.yaml"), ("check", "nope.yaml", "--summary", "--quiet"), ("check", "x", "--fail-on", "y"))
    for arguments in wrong:
        assert "\x1b" not in console(*arguments).err
        monkeypatch.setenv("FORCE_COLOR", "1")
        assert "31m" in console(*arguments).err, arguments
        monkeypatch.setenv("NO_COLOR", "1")
        assert "\x1b" not in console(*arguments).err
        monkeypatch.delenv("NO_COLOR")
        monkeypatch.delenv("FORCE_COLOR")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert console("check", "nope.yaml").err.startswith(f"{red}nope.yaml:1:1:\x1b[0m ")


def test_a_status_line_does_not_keep_a_command_to_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    before = can_fork()
    thread = threading.Thread(target=time.sleep, args=(0.5,), name=STATUS, daemon=True)
    thread.start()
    other = threading.Thread(target=time.sleep, args=(0.5,), daemon=True)
    assert can_fork() == before
    other.start()
    assert not can_fork()
    thread.join()
    other.join()
