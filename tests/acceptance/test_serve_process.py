"""`vatspolicy serve` as a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.shipped import ROOT

httpx = pytest.importorskip("httpx", reason="needs the extra `test`")
pytest.importorskip("uvicorn", reason="needs the extra `serve`")


def test_it_listens_to_this_machine_alone_and_stops_on_a_signal(law: Path) -> None:
    command = [sys.executable, "-c", "from vatspolicy.cli import main; main()"]
    with subprocess.Popen(
        [*command, "serve", "--port", "0", "--no-open", "--law", law],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:")
        with httpx.Client(trust_env=False, timeout=60) as http:
            reply = http.get(address)
        assert (reply.status_code, "server" in reply.headers) == (200, False)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "vatspolicy: stopped.\n")
