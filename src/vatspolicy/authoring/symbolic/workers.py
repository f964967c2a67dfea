"""Worker processes that share questions about two bundles. The answers do not depend on their number."""

from __future__ import annotations

import os
import pickle
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, TypeVar

from vatspolicy.policies.bundle import Bundle

Sides = tuple[Bundle, Bundle]
Work = Callable[..., Any]
R = TypeVar("R")


def run_tasks(sides: Sides, tasks: Sequence[tuple[Callable[..., R], tuple[Any, ...]]], workers: int) -> list[R]:
    """Return the results of tasks on two bundles, in order. A task is a function and its further arguments.

    With one worker or one task, or if processes cannot be started, the tasks run in this process.
    """
    if min(workers, len(tasks)) > 1:
        try:
            return _shared(sides, tasks, min(workers, len(tasks)))
        except (BrokenProcessPool, OSError, pickle.PicklingError):
            pass  # run the tasks here instead: the answers are the same
    return [work(*sides, *rest) for work, rest in tasks]


def _shared(sides: Sides, tasks: Sequence[tuple[Callable[..., R], tuple[Any, ...]]], workers: int) -> list[R]:
    method = _start_method()
    start = (sides if method == "fork" else pickle.dumps(sides),)
    os.environ["PYTHONSAFEPATH"] = "1"  # a process that is spawned imports nothing from the working directory
    with ProcessPoolExecutor(workers, get_context(method), _start, start) as pool:
        return list(pool.map(_do, tasks))


def start_apart(work: Callable[[], R]) -> Callable[[], R]:
    """Start work in a process of its own, and return a function that waits for its result, which must be plain data.

    If no process can be forked, or it breaks, that function does the work in this process.
    """
    if not _can_fork():
        return work
    pool = ProcessPoolExecutor(1, get_context("fork"), _WORK.append, (work,))
    try:
        future = pool.submit(_work_apart)
    except (BrokenProcessPool, OSError):
        return work

    def wait() -> R:
        try:
            with pool:
                found: R = future.result()
                return found
        except (BrokenProcessPool, OSError, pickle.PicklingError, TypeError, AttributeError):
            return work()  # the result is the same

    return wait


_WORK: list[Callable[[], Any]] = []
"""The work of a process that was started apart."""


def _work_apart() -> Any:
    return _WORK[-1]()


def _start_method() -> str:
    """Return the start method: a fork has both bundles already, but is safe only without other threads."""
    return "fork" if _can_fork() else "spawn"


def _can_fork() -> bool:
    return sys.platform == "linux" and threading.active_count() == 1


_SIDES: list[Sides] = []
"""Both bundles of a worker process."""


def _start(sides: Sides | bytes) -> None:
    _SIDES[:] = [pickle.loads(sides) if isinstance(sides, bytes) else sides]  # noqa: S301 - from our own process


def _do(task: tuple[Callable[..., R], tuple[Any, ...]]) -> R:
    work, rest = task
    return work(*_SIDES[0], *rest)
