"""What one server gives to its callers, and the slots in which decisions are made."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Limits:
    """Bytes of a body, seconds for a body to come and for a decision to be made, decisions under way, threads."""

    body: int = 2**20
    seconds: float = 10.0
    pending: int = 32
    threads: int = 2


class BusyError(Exception):
    """Every slot is taken."""


class LateError(Exception):
    """There is no answer in the time that a request has."""


class WorkerSlots:
    """Threads that decide. A slot is free again when its work has really ended, not when its caller gave up."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pool = ThreadPoolExecutor(limits.threads, thread_name_prefix="decide")
        self._lock = threading.Lock()
        self.taken = 0

    async def run(self, work: Callable[[], T]) -> T:
        """The result of `work`, made in a thread. Raises BusyError, LateError, and what `work` raises."""
        with self._lock:
            if self.taken >= self._limits.pending:
                raise BusyError
            self.taken += 1
        job = self._pool.submit(work)
        job.add_done_callback(self._free)
        try:
            return await asyncio.wait_for(asyncio.wrap_future(job), self._limits.seconds)
        except TimeoutError:  # work that has not begun will not begin
            if job.done() and not job.cancelled():
                return job.result()
            raise LateError from None

    def close(self) -> None:
        """Let what has begun end, and nothing else begin."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _free(self, _: Future[T]) -> None:
        with self._lock:
            self.taken -= 1
