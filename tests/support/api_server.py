"""The API, or the page, as a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

Start = Callable[..., "Server"]
PROGRAM = "from vatspolicy.cli import main; main()"


class Server:
    """One running server."""

    def __init__(
        self, *options: str, folder: Path, program: str = PROGRAM, before: Sequence[str] = (), **environment: str
    ) -> None:
        self.log = folder / "stderr"
        command = [*before, sys.executable, "-c", program, "serve", "--port", "0", *options]
        if "--api" in options and "--allow-past-as-of" not in options:
            command.append("--allow-past-as-of")  # the profiles of tests launch in 2027
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env={**os.environ, **environment}
            )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().decode().strip()
        self.port = int(self.address.split(":")[2].partition("/")[0]) if self.address else 0
        self.base = f"http://127.0.0.1:{self.port}"

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """The exit code and what stood on standard error."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code, self.log.read_text()

    def connect(self) -> socket.socket:
        """A connection that waits for 30 seconds."""
        return socket.create_connection(("127.0.0.1", self.port), 30)

    def workers(self) -> list[int]:
        """The ids of the worker processes."""
        command = ["ps", "-o", "pid=,args=", "--ppid", str(self.process.pid)]
        found = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
        return sorted(int(line.split()[0]) for line in found if "spawn_main" in line)

    def wait_for(self, what: Callable[[], bool]) -> None:
        until = time.monotonic() + 40
        while not what():  # asked once: an old worker may still answer the next request
            assert time.monotonic() < until, self.log.read_text()
            time.sleep(0.05)


@pytest.fixture
def start(law: Path, tmp_path: Path) -> Iterator[Start]:
    started: list[Server] = []

    def begin(*options: str, policies: Path = law, **environment: str) -> Server:
        started.append(Server("--api", "--law", str(policies), *options, folder=tmp_path, **environment))
        return started[-1]

    yield begin
    for server in started:
        if server.process.poll() is None:
            server.process.kill()
            server.end()
