"""Worker processes that share questions about two bundles. The answers do not depend on their number."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TypeAlias, TypeVar

from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.workers import can_fork, follow_parent, safe_path

Sides = tuple[Bundle, Bundle]
R = TypeVar("R")
Task: TypeAlias = tuple[Callable[..., R], tuple[object, ...]]
"""A function of two bundles, and its further arguments."""


def run_tasks(sides: Sides, tasks: Sequence[Task[R]], workers: int) -> list[R]:
    """Return the results of tasks on two bundles, in order. A task is a function and its further arguments.

    With one worker or one task, or if processes cannot be started, the tasks run in this process.
    """
    if min(workers, len(tasks)) > 1:
        try:
            return _shared(sides, tasks, min(workers, len(tasks)))
        except (BrokenProcessPool, OSError, pickle.PicklingError):
            pass  # run the tasks here instead: the answers are the same
    return [work(*sides, *rest) for work, rest in tasks]


def _shared(sides: Sides, tasks: Sequence[Task[R]], workers: int) -> list[R]:
    method = _start_method()
    start = (sides if method == "fork" else pickle.dumps(sides),)
    with safe_path(), ProcessPoolExecutor(workers, get_context(method), _start, start) as pool:
        return list(pool.map(_do, tasks))


def _start_method() -> str:
    """Return the start method: a fork has both bundles already, but is safe only without other threads."""
    return "fork" if can_fork() else "spawn"


_SIDES: list[Sides] = []
"""Both bundles of a worker process."""


def _start(sides: Sides | bytes) -> None:
    follow_parent()
    _SIDES[:] = [pickle.loads(sides) if isinstance(sides, bytes) else sides]  # noqa: S301 - from our own process


def _do(task: Task[R]) -> R:
    work, rest = task
    return work(*_SIDES[0], *rest)
