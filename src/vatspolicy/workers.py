"""Worker processes that decide batches in parallel.

Workers are forks of this process, which has loaded the law; forking is safe only on Linux, and only without other
threads. Otherwise this process decides the batches one after another. A worker ends with its parent, however that ends.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from vatspolicy.errors import WorkerLost

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor
    from typing import Self

T = TypeVar("T")
R = TypeVar("R")


def cores() -> int:
    """Return the number of cores that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    else:
        return os.cpu_count() or 1


STATUS, FOLLOWER = "status line", "parent watcher"
"""Names of the threads for the status line and for the end of the parent. They are safe for a fork."""


def can_fork() -> bool:
    """Return True if it is safe to fork workers."""
    threads = [thread for thread in threading.enumerate() if thread.name not in (STATUS, FOLLOWER)]
    return sys.platform == "linux" and len(threads) == 1


class Apart(Generic[T, R]):
    """Runs tasks one after another in a child process.

    Tasks and results must be plain data. If no process can be forked, or it breaks, the tasks are done in this process.
    """

    def __init__(self, work: Callable[[T], R], fork: bool = True) -> None:
        """Fork the process. Without `fork`, there is none."""
        self._do = work
        self._pool = _fork_one(work) if fork and can_fork() else None

    def submit(self, task: T) -> Callable[[], R]:
        """Start a task, and return a function that waits for its result."""
        from concurrent.futures.process import BrokenProcessPool
        from pickle import PicklingError

        if self._pool is None:
            return partial(self._do, task)
        try:
            future = self._pool.submit(_do, task)
        except (BrokenProcessPool, OSError):
            return partial(self._do, task)

        def wait() -> R:
            try:
                result: R = future.result()
                return result
            except (BrokenProcessPool, OSError, PicklingError, TypeError, AttributeError):
                return self._do(task)  # the result is the same

        return wait

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        if self._pool is not None:
            self._pool.shutdown()


def _fork_one(work: Callable[[Any], Any]) -> ProcessPoolExecutor | None:
    """Return a pool of one process that does the work; None if it cannot be forked."""
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    def begin() -> Callable[[Any], Any]:
        gc.set_threshold(500_000, 50, 100)  # a short process leaves little to collect
        return work

    pool = ProcessPoolExecutor(1, get_context("fork"), _start, (begin,))
    try:
        # else garbage collection would copy the memory that both processes share
        with frozen_memory(), _no_interrupt():
            pool.submit(_nothing)
    except (BrokenProcessPool, OSError):
        return None
    return pool


FROZEN_AT_START = 10_000
"""Threshold above the few hundred objects that Python 3.12 itself excludes from garbage collection."""


@contextlib.contextmanager
def frozen_memory() -> Iterator[None]:
    """Exclude existing objects from garbage collection for a while.

    A process that has left its objects out permanently, as one that serves has, keeps them so.
    """
    if gc.get_freeze_count() > FROZEN_AT_START:
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def start_apart(work: Callable[[], R]) -> Callable[[], R]:
    """Start work in its own process, and return a function that waits for its result, which must be plain data.

    If no process can be forked, or it breaks, that function does the work in this process.
    """
    apart = Apart[None, R](lambda _: work())
    wait = apart.submit(None)

    def finish() -> R:
        with apart:
            return wait()

    return finish


def map_in_order(begin: Callable[[], Callable[[T], R]], tasks: Iterable[T], processes: int) -> Iterator[R]:
    """Run tasks in worker processes and yield results in the order of the tasks; see `map_in_processes`."""
    early: dict[int, R] = {}
    due = 0
    for index, result in map_in_processes(partial(_Numbered, begin), enumerate(tasks), processes):
        early[index] = result
        while due in early:
            yield early.pop(due)
            due += 1


def run_shared(pieces: Sequence[Callable[[], R]], processes: int) -> list[R]:
    """Return the results of tasks in order, using processes if they can be forked.

    If a process cannot be started or breaks, this one does all of the work: the results are the same.
    """
    processes = min(processes, len(pieces))
    if processes > 1 and can_fork():
        try:
            return list(map_in_order(lambda: lambda index: pieces[index](), range(len(pieces)), processes))
        except (OSError, WorkerLost):
            pass
    return [piece() for piece in pieces]


class _Numbered(Generic[T, R]):
    """A task function that also passes the number of its task."""

    def __init__(self, begin: Callable[[], Callable[[T], R]]) -> None:
        self._do = begin()

    def __call__(self, task: tuple[int, T]) -> tuple[int, R]:
        index, content = task
        return index, self._do(content)


def map_in_processes(begin: Callable[[], Callable[[T], R]], tasks: Iterable[T], processes: int) -> Iterator[R]:
    """Run tasks in worker processes and yield results as they complete.

    `begin` creates the task function in each worker. At most one task more than there are processes is taken ahead.

    Raises: WorkerLost, and the exceptions of tasks.
    """
    from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import active_children, get_context

    # else garbage collection would copy the memory that forks share
    with frozen_memory(), ProcessPoolExecutor(processes, get_context("fork"), _start, (begin,)) as pool:
        try:
            with _no_interrupt():
                forked = pool.submit(_nothing)  # fork all workers before a task may start threads
            forked.result()
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
            for worker in active_children():
                worker.terminate()  # its results are not needed, and an unawaited pool fails at exit
            pool.shutdown(cancel_futures=True)
            raise


_WORK: list[Callable[[Any], Any]] = []
"""Task function of a worker."""
_BEGIN: list[Callable[[], Callable[[Any], Any]]] = []


@contextlib.contextmanager
def _no_interrupt() -> Iterator[None]:
    """Defer Ctrl-C while the block forks: inside a fork, it would leave a worker with unreleased locks."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _start(begin: Callable[[], Callable[[Any], Any]]) -> None:
    _BEGIN[:] = [begin]
    _WORK.clear()  # of a worker that forks a worker
    signal.signal(signal.SIGINT, _leave)  # the terminal interrupts all processes; the parent reports it
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    follow_parent()


def _leave(*_: Any) -> None:
    os._exit(130)


def follow_parent() -> None:
    """End this process, a worker, when its parent has ended."""
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    parent = parent_process()
    assert parent is not None

    def follow(sentinel: int) -> None:
        wait([sentinel])
        os._exit(1)

    threading.Thread(target=follow, args=(parent.sentinel,), name=FOLLOWER, daemon=True).start()


def _nothing() -> None:
    pass


def _do(task: Any) -> Any:
    if not _WORK:
        _WORK.append(_BEGIN[0]())
    return _WORK[0](task)
