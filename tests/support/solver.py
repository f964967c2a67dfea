"""The mark of tests that need a solver, and periods in which no law changes."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

import pytest

from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.proofs.timeline import END, Period

needs_solver = pytest.mark.skipif(
    importlib.util.find_spec("z3") is None, reason="z3 is not installed (the extra smt): there is no solver to test"
)


def periods(bundles: Sequence[Bundle]) -> list[Period]:
    """The periods between the days on which a rule or a value of a bundle changes, latest first."""
    since = max(bundle.covers_from for bundle in bundles)
    days = sorted({since, *(day for bundle in bundles for day in bundle.boundaries if day > since)})
    return [Period(start, end) for start, end in zip(days, [*days[1:], END], strict=True)][::-1]
