"""Work in a process of its own: it runs beside this one, and its result does not depend on where it was made."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import os, signal, threading
from vatspolicy.authoring.symbolic.workers import start_apart
here = os.getpid()

def fall():
    if os.getpid() != here:
        os.kill(os.getpid(), signal.SIGKILL)
    return here

def refuse():
    raise ValueError("refused")

assert start_apart(os.getpid)() != here, "the work ran in this process"
assert start_apart(fall)() == here, "a process that is killed leaves the work undone"
assert start_apart(lambda: lambda: here)()() == here, "what cannot be sent is made here"
try:
    start_apart(refuse)()
except ValueError as error:
    assert str(error) == "refused"
else:
    raise AssertionError("an error was lost")
stop = threading.Event()
threading.Thread(target=stop.wait).start()
assert start_apart(os.getpid)() == here, "a process with threads was forked"
stop.set()
print("done")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
def test_work_is_done_in_another_process_or_here() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60)
    assert done.stdout == "done\n", done.stderr
