"""Processes that decide batches at the same time: reading JSON and completing facts is Python, one core a process.

They are copies of this process, which hold the law already; that is safe only on Linux, and only while there is no
other thread. Elsewhere batches are decided here, one after the other, and give the same answers. A worker ends with its
parent, however that ends.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class WorkerLost(RuntimeError):
    """A worker was ended from outside, as systems do that run out of memory."""


def cores() -> int:
    """How many cores this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def can_share() -> bool:
    """Whether work can be given to other processes."""
    return sys.platform == "linux" and threading.active_count() == 1


def map_in_processes(begin: Callable[[], Callable[[T], R]], tasks: Iterable[T], processes: int) -> Iterator[R]:
    """What every task came to, as each is done. `begin` makes, in each process, what does a task.

    No more tasks are taken than processes can begin, and one more. Raises what a task raised, and Lost.
    """
    from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    gc.freeze()  # what is here by now stays: a collector that looks at it takes time, and copies what processes share
    with ProcessPoolExecutor(processes, get_context("fork"), _start, (begin,)) as pool:
        try:
            pool.submit(_nothing).result()  # all workers are there before any task is made, which may start threads
            running: set[Future[Any]] = set()
            for task in tasks:
                running.add(pool.submit(_do, task))
                if len(running) > processes:
                    finished, running = wait(running, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in finished)
            while running:
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in finished)
        except BrokenProcessPool as error:
            raise WorkerLost from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        finally:
            gc.unfreeze()


_WORK: list[Callable[[Any], Any]] = []
"""What does a task, in a worker."""
_BEGIN: list[Callable[[], Callable[[Any], Any]]] = []


def _start(begin: Callable[[], Callable[[Any], Any]]) -> None:
    _BEGIN[:] = [begin]
    signal.signal(signal.SIGINT, _leave)  # the terminal interrupts all at once, and the first process says so
    threading.Thread(target=_follow, daemon=True).start()


def _leave(*_: Any) -> None:
    os._exit(130)


def _follow() -> None:
    """End when the first process has: without it nobody would take the answers."""
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _nothing() -> None:
    pass


def _do(task: Any) -> Any:
    if not _WORK:
        _WORK.append(_BEGIN[0]())
    return _WORK[0](task)
