"""Questions shared by worker processes. How they are cut does not depend on how many there are, nor do the answers."""

from __future__ import annotations

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
    """What every task says of the two bundles, in order. A task is a function, and what it takes beside them.

    Without workers, with one task, or where processes cannot be started, the tasks are done here one after the other.
    """
    if min(workers, len(tasks)) > 1:
        try:
            return _shared(sides, tasks, min(workers, len(tasks)))
        except (BrokenProcessPool, OSError, pickle.PicklingError):
            pass  # the answers are the same, and only come later
    return [work(*sides, *rest) for work, rest in tasks]


def _shared(sides: Sides, tasks: Sequence[tuple[Callable[..., R], tuple[Any, ...]]], workers: int) -> list[R]:
    method = _start_method()
    start = (sides if method == "fork" else pickle.dumps(sides),)
    with ProcessPoolExecutor(workers, get_context(method), _start, start) as pool:
        return list(pool.map(_do, tasks))


def _start_method() -> str:
    """A copy of this process has both bundles at hand and saves seconds; it is safe only without other threads."""
    alone = sys.platform == "linux" and threading.active_count() == 1
    return "fork" if alone else "spawn"


_SIDES: list[Sides] = []
"""The two bundles of a worker process."""


def _start(sides: Sides | bytes) -> None:
    _SIDES[:] = [pickle.loads(sides) if isinstance(sides, bytes) else sides]  # noqa: S301 - from our own process


def _do(task: tuple[Callable[..., R], tuple[Any, ...]]) -> R:
    work, rest = task
    return work(*_SIDES[0], *rest)
