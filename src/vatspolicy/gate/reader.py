"""Reader of a run of the gate: it is told of each spec while the run goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias, TypeVar

from vatspolicy.core.engine.result import Record

Progress: TypeAlias = "Callable[[int, int], None]"
"""Takes the number of specs that are done, and of all specs."""
T = TypeVar("T")
Take: TypeAlias = "Callable[[Record, float], T]"


class Reader(Protocol[T]):
    """Reads the decisions of a run while it goes on, so that the run need not keep them."""

    def take(self, record: Record, seconds: float) -> T:
        """Return what the reader wants of a decision, as plain data; perhaps in a process of its own."""

    def add(self, taken: T) -> None:
        """Accept what was taken, in the order of the specs."""
