"""How much of the costly searches a run makes: a part of each in `make test`, the whole in `make test-long`.

VATSPOLICY_LONG=1 is the long run. VATSPOLICY_FUZZ=20 makes every random search twenty times larger than there, and
VATSPOLICY_SEED=n starts it elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TypeVar

import pytest

T = TypeVar("T")

LONG = os.environ.get("VATSPOLICY_LONG", "") not in ("", "0")
TIMES = float(os.environ.get("VATSPOLICY_FUZZ", "1" if LONG else "0.1"))
"""How many times the trials of a long run are made."""
SEED = int(os.environ.get("VATSPOLICY_SEED", "1"))

long_run = pytest.mark.skipif(not LONG, reason="a long search: `make test-long` runs it")


def trials(count: int, least: int = 1) -> int:
    """Return how many trials to make where the long run makes `count`; `least`: with fewer, a test sees too little."""
    return max(least, round(count * TIMES))


def part(cases: Iterable[T], every: int, keep: Sequence[T] = ()) -> list[T]:
    """Return all cases in the long run, else each `every`th of them and those to keep, in their order."""
    found = list(cases)
    return found if LONG else [case for place, case in enumerate(found) if place % every == 0 or case in keep]
