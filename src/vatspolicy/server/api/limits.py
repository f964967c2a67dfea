"""Limits of one server, and the worker threads that decide within them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class ApiLimits:
    """The limits of one server."""

    body: int = 2**20
    """Bytes of a request body."""
    seconds: float = 10.0
    """Seconds in which a body must arrive, and in which a decision must be made."""
    pending: int = 32
    """Decisions under way or waiting in one process."""
    threads: int = 2
    small: int = 4096
    services: int = 4
    """Bytes of a body, and services in it, whose decision is made at once, without a thread: it takes no longer than to
    hand it over, and others need not wait long for it.
    """
    answer: int = 2**23
    """Bytes of an answer. A larger one is an error, and is not cut."""
    batch: int = 256
    """Inputs of one batch."""


class BusyError(Exception):
    """An error for a request when every slot is taken."""


class LateError(Exception):
    """An error for work that is not done in the time of a request."""


class WorkerSlots:
    """Worker threads. A slot is free again when its work has ended, not when its caller gave up."""

    def __init__(self, limits: ApiLimits, observe: Callable[[int], None] = lambda _: None) -> None:
        """Take the limits, and a function that is called with the number of slots taken whenever it changes."""
        self._limits, self._observe = limits, observe
        self._pool = ThreadPoolExecutor(limits.threads, thread_name_prefix="decide")
        self._lock = threading.Lock()
        self.taken = 0

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` in a thread and return its result.

        Raises: BusyError, LateError, and every exception of `work`.
        """
        with self._lock:
            if self.taken >= self._limits.pending:
                raise BusyError
            self.taken += 1
            self._observe(self.taken)
        try:
            job = self._pool.submit(work)
        except BaseException:
            self._free()
            raise
        job.add_done_callback(self._free)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(job), self._limits.seconds)
        except TimeoutError:  # work that has not begun will not begin
            if job.done() and not job.cancelled():
                return job.result()
            raise LateError from None

    def close(self) -> None:
        """Let running work end, and cancel waiting work."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _free(self, _: Future[T] | None = None) -> None:
        with self._lock:
            self.taken -= 1
            self._observe(self.taken)
