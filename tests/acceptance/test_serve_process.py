"""`vatspolicy serve` as a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests.support.shipped import ROOT

httpx = pytest.importorskip("httpx", reason="needs the extra `test`")
pytest.importorskip("uvicorn", reason="needs the extra `serve`")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_it_listens_to_this_machine_alone_and_stops_on_a_signal(number: int, code: int) -> None:
    command = [sys.executable, "-c", "from vatspolicy.cli import main; main()"]
    with subprocess.Popen(
        [*command, "serve", "--port", "0", "--no-open"],
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
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (code, "", "vatspolicy: stopped.\n")
