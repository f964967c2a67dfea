"""Work in a process of its own: it runs beside this one, and its result does not depend on where it was made."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = """
import os, signal, threading
from vatspolicy.workers import STATUS, Apart, start_apart
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

def tell(task):
    return task, os.getpid()

def ask():
    with Apart(tell) as apart:
        return os.getpid(), [wait() for wait in [apart.submit(task) for task in range(3)]]

worker, told = start_apart(ask)()
assert [task for task, _ in told] == [0, 1, 2]
assert len({here, worker, *(process for _, process in told)}) == 3, "a worker's worker is one process more"

def tell_or_fall(task):
    if task and os.getpid() != here:
        os.kill(os.getpid(), signal.SIGKILL)
    return task

with Apart(tell_or_fall) as apart:
    assert [wait() for wait in [apart.submit(task) for task in (0, 1, 2)]] == [0, 1, 2], "a lost task was not done here"
    assert apart.submit(3)() == 3, "a process that is gone was asked"
with Apart(tell, fork=False) as apart:
    assert apart.submit(4)() == (4, here)
stop = threading.Event()
threading.Thread(target=stop.wait, name=STATUS).start()
assert start_apart(os.getpid)() != here, "a status line on a terminal kept the work in this process"
assert start_apart(lambda: start_apart(os.getpid)() == os.getpid())() is False, "work apart started none of its own"
threading.Thread(target=stop.wait).start()
assert start_apart(os.getpid)() == here, "a process with threads was forked"
stop.set()
print("done")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
def test_work_is_done_in_another_process_or_here() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60)
    assert done.stdout == "done\n", done.stderr


FROZEN = """
import gc
from vatspolicy.workers import map_in_order, start_apart

def counts():
    seen = []
    def begin():
        return lambda task: task
    for _ in range(2):
        start_apart(int)()
        assert list(map_in_order(begin, range(3), 2)) == [0, 1, 2]
        seen.append(gc.get_freeze_count())
    return seen

start = gc.get_freeze_count()
assert max(counts()) <= start, "what exists stays out of garbage collection"
kept = [[] for _ in range(50_000)]
gc.freeze()
assert min(counts()) > 50_000, "what the process left out for good is in again"
print("done")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
def test_garbage_collection_leaves_out_what_it_did_before() -> None:
    """A process that serves has left the law out for good, and looks at none of it after it forked for a request."""
    done = subprocess.run([sys.executable, "-c", FROZEN], capture_output=True, text=True, timeout=60)
    assert done.stdout == "done\n", done.stderr


LONG = """
import os, sys, time
from vatspolicy.workers import start_apart

def work():
    print(os.getpid(), flush=True)
    time.sleep(600)

start_apart(work)()
"""


def runs(process: int) -> bool:
    """Whether a process is neither gone nor a zombie."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
def test_work_apart_ends_with_its_parent() -> None:
    """However the parent ends: nothing is left that works on for nobody."""
    with subprocess.Popen([sys.executable, "-c", LONG], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    until = time.monotonic() + 30
    while runs(child):
        assert time.monotonic() < until
        time.sleep(0.05)
