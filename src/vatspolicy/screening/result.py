"""The results of a screening: the answer about each profile, and the counts of all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, TypedDict

from vatspolicy.core.engine.result import FLAT
from vatspolicy.core.policies.bundle import LawIdentity

AnsweredActivity = TypedDict("AnsweredActivity", {"class": str, "decision": str})
"""The decision about a service in one class."""


class AnsweredService(TypedDict):
    """The decision about a service."""

    id: str
    state: str
    decision: str
    activities: list[AnsweredActivity]
    """By class."""


class RowAnswer(TypedDict):
    """The answer about one profile: a dictionary, as databases return it by the million."""

    id: str
    decision: str
    mildest: str
    strictest: str
    services: list[AnsweredService]
    rules: list[str]
    """Sorted names of the rules that hold."""


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
