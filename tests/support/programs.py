"""Programs that others wrote, run as processes of a test."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest


def require_program(*names: str) -> str:
    """The path of the first of these names that is installed. Else the test skips; with REQUIRE_PROGRAMS set it fails."""
    for name in names:
        if found := shutil.which(name):
            return found
    reason = f"needs {names[0]} on the PATH (Debian has a package of that name)"
    (pytest.fail if os.environ.get("REQUIRE_PROGRAMS") else pytest.skip)(reason)


def pick_port() -> int:
    """A port of this machine that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def run_program(command: Sequence[str | Path], port: int, log: Path) -> Iterator[None]:
    """Run a server until the end of the block, which begins when it listens; `log` takes what it prints."""
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            until = time.monotonic() + 60
            while True:
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                assert process.poll() is None, log.read_text(errors="replace")[-2000:]
                assert time.monotonic() < until, log.read_text(errors="replace")[-2000:]
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
