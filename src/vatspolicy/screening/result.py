"""The counts of a screening."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from vatspolicy.core.engine.result import FLAT
from vatspolicy.core.policies.bundle import LawIdentity

Counts: TypeAlias = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Totals:
    """The counts of a run."""

    rows: int
    rejected: int
    claimed: int
    """Rows with an opinion that was not granted and does not count."""
    decision: Counts
    tables: Mapping[str, Mapping[str, Counts]] = field(metadata=FLAT)
    """Decisions by key, for each table: region, class and rule."""
    moves: Counts
    """Counts by outcome before and after a change of the law, such as `deny->allow`."""
    gains: Counts
    losses: Counts


@dataclass(frozen=True, slots=True)
class ScreenReport:
    """The counts of a run, with its laws; of two laws, the first is before a change."""

    laws: tuple[LawIdentity, ...]
    totals: Totals = field(metadata=FLAT)
