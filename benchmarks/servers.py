"""Servers to measure: vatspolicy's and OPA's (Cerbos: cerbos.py), and the rules of the law in Rego.

OPA's program is `OPA`, or `opa` on the PATH: no registry that `make bench` uses has one.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from cerbos import free_port
from measure import descendants, processor_seconds, resident
from rego import Writer
from workload import Workload

OPA_MISSING = "no package has its server: install opa from openpolicyagent.org, or set OPA to the program"
PROGRAM = (sys.executable, "-c", "from vatspolicy.cli import main; main()")


class Server:
    """A running server."""

    def __init__(self, pid: int, port: int) -> None:
        self.pid, self.port = pid, port

    def cpu(self) -> float:
        """Return the seconds of the processor that the server and its workers have used."""
        return sum(processor_seconds(pid) for pid in (self.pid, *descendants(self.pid)))

    def megabytes(self) -> float:
        """Return the resident memory of the server and its workers; shared pages count for each."""
        return sum(resident(pid) for pid in (self.pid, *descendants(self.pid)))


# --- ours -------------------------------------------------------------------------------------------------------------


@functools.cache
def offers(command: str, option: str) -> bool:
    """Whether a command of vatspolicy has an option."""
    said = subprocess.run([*PROGRAM, command, "--help"], capture_output=True, text=True, check=True).stdout
    return f"{option} " in said


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def workers() -> list[int]:
    """Return the numbers of workers to measure: one, and one for each core if the server can have more."""
    return [1, cores()] if cores() > 1 and offers("serve", "--workers") else [1]


@contextlib.contextmanager
def ours(policies: Path | None, count: int) -> Iterator[Server]:
    """Run our server with so many workers."""
    command = [*PROGRAM, "serve", "--api", "--port", "0", "--pending", "64"]
    command += ["--law", str(policies)] if policies else []
    command += ["--workers", str(count)] if offers("serve", "--workers") else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline().split(b":")[2].partition(b"/")[0])
            _wait(port, "/health")
            yield Server(process.pid, port)
        finally:
            process.terminate()


# --- OPA --------------------------------------------------------------------------------------------------------------


def find_opa(given: str | None = None) -> str | None:
    """Return OPA's program, or None if there is none."""
    return given or os.environ.get("OPA") or shutil.which("opa")


@contextlib.contextmanager
def opa(program: str, folder: Path) -> Iterator[Server]:
    """Run OPA's server with the modules and data of a folder.

    Raises: RuntimeError if it does not start.
    """
    port = free_port()
    command = [program, "run", "--server", f"--addr=127.0.0.1:{port}", "--log-level=error", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait(port, "/health", process)
            yield Server(process.pid, port)
        finally:
            process.terminate()


MAIN = """\
package bench

import rego.v1

fires[place] := names if {
	some place, subject in input.subjects
	names := data.law[subject.each].fires with input as subject.facts
}
"""
"""All subjects of a profile in one request: the names of the rules that hold, by the place of the subject."""


def write_law(folder: Path, work: Workload) -> Path:
    """Write the rules of the law as modules of Rego, and their parameters as data."""
    folder.mkdir()
    (folder / "bench.rego").write_text(MAIN, encoding="utf-8")
    (folder / "data.json").write_text(json.dumps({"params": dict(work.law.params)}, ensure_ascii=False), "utf-8")
    for each, rules in work.rules.items():
        writer = Writer(f"law.{each}")
        for rule in rules:
            writer.rule(rule.name, rule.when.tree)
        (folder / f"{each}.rego").write_text(writer.source, encoding="utf-8")
    return folder


def _wait(port: int, path: str, process: subprocess.Popen[bytes] | None = None, seconds: float = 30) -> None:
    """Wait until a server answers.

    Raises: RuntimeError.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end and (process is None or process.poll() is None):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        time.sleep(0.05)
    raise RuntimeError("the server does not start")
