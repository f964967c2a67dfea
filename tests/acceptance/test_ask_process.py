"""`vatspolicy ask` as a process: on a terminal, and killed on the way."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.support.console import needs_posix
from vatspolicy.core.documents import load_document
from vatspolicy.core.profile.profile import load_profile

READY = "\x1b[?2004h"
"""How a prompt begins: the terminal marks what is pasted."""


def spawn(folder: Path, law: Path, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    code = "import vatspolicy.clock as c; c.today = lambda: '2026-06-01'; from vatspolicy.cli import main; main()"
    command = [sys.executable, "-c", code, "ask", "--law", str(law), *arguments]
    return subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "COLUMNS": "100", "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"},
        **options,
    )


def read_until(descriptor: int, wanted: str, seconds: float = 60) -> str:
    """What comes until a text has come."""
    found, end = b"", time.monotonic() + seconds
    while wanted.encode() not in found:
        ready, _, _ = select.select([descriptor], [], [], max(0, end - time.monotonic()))
        assert ready, found.decode(errors="replace")
        found += os.read(descriptor, 65536)
    return found.decode(errors="replace")


@needs_posix
def test_killed_at_any_moment_nothing_is_lost(tmp_path: Path, law: Path) -> None:
    """Killed right after each answer was taken: the file is whole and holds every answer so far."""
    typed = ["my-idc", "2027-03-01", "1", "2"]
    for count in range(1, len(typed) + 1):
        folder = tmp_path / str(count)
        folder.mkdir()
        process = spawn(folder, law, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdin is not None
        assert process.stderr is not None
        for line in typed[:count]:
            read_until(process.stderr.fileno(), "> ")
            process.stdin.write(f"{line}\n".encode())
            process.stdin.flush()
        read_until(process.stderr.fileno(), "noted: ")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        profile = load_profile(folder / "my-idc.yaml")
        assert profile.launch == ("2027-03-01" if count > 1 else None)
        assert len(profile.facts["services"]) == (1 if count > 2 else 0)
        assert [path.name for path in folder.iterdir()] == ["my-idc.yaml"]


@needs_posix
def test_killed_while_it_writes(tmp_path: Path, law: Path) -> None:
    """Killed at moments that nobody chose, in the middle of many answers: the file is a profile each time."""
    path = tmp_path / "p.yaml"
    for delay in (0.0, 0.02, 0.05, 0.1):
        process = spawn(tmp_path, law, "p.yaml", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if not path.exists():
            assert process.stderr is not None
            read_until(process.stderr.fileno(), "> ")
        assert process.stdin is not None
        process.stdin.write(b"2027-03-01\nb\n" * 200 + b"2027-03-01\n")
        process.stdin.flush()
        time.sleep(delay)
        process.kill()
        process.communicate()
        assert load_profile(path).name == "p"


@needs_posix
def test_on_a_real_terminal(tmp_path: Path, law: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    process = spawn(tmp_path, law, "--lang", "zh", stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    screen = ""
    for line in ("My IDC", "2027-03-01", "数据中心托管", "?", "b", "cdn", "q"):
        screen += read_until(ours, READY)
        os.write(ours, f"{line}\r".encode())
    screen += read_until(ours, "vatspolicy ask my-idc.yaml")
    os.close(ours)
    assert process.wait(60) == 4
    assert "\x1b[1m" in screen, "colors on a terminal"
    assert "已记录：为他人提供数据中心托管、服务器出租" in screen
    assert load_document(tmp_path / "my-idc.yaml").data["services"] == [{"id": "cdn", "offers": ["cdn"]}]
