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
    """Time limit in seconds for the arrival of a body, and for a decision."""
    pending: int = 32
    """Maximum number of running or waiting decisions in one process."""
    threads: int = 2
    small: int = 4096
    services: int = 4
    """Maximum bytes of a body, and its services, for a decision without a thread, which is as fast as using a thread.
    """
    answer: int = 2**23
    """Maximum bytes of a response. A larger response is an error and is never cut."""
    batch: int = 256
    """Inputs of one batch."""


class BusyError(Exception):
    """An error for a request when every slot is taken."""


class LateError(Exception):
    """Error for work that exceeds the time limit of a request."""


class WorkerSlots:
    """Worker threads. A slot becomes free when its work ends, not when its caller gives up."""

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
        """Finish running work, and cancel waiting work."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _free(self, _: Future[T] | None = None) -> None:
        with self._lock:
            self.taken -= 1
            self._observe(self.taken)
