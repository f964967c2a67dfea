"""Timeline of a product, as reports read it and as JSON shows it (timeline.schema.json)."""

from __future__ import annotations

from dataclasses import dataclass

from vatspolicy.core.engine.result import DatedFact, ItemChange, LawChange
from vatspolicy.core.policies.bundle import LawIdentity
from vatspolicy.core.profile.vocabulary import LocalizedText

FORMAT = 1
"""Version of the data; it grows when a reader would break."""


@dataclass(frozen=True, slots=True)
class SummaryItem:
    """An item of the summary of a decision."""

    kind: str
    subject: str
    id: str
    title: LocalizedText
    value: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A day that is marked."""

    mark: str
    """today or launch."""
    day: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A period in which the decision is the same, and what differs from the period before."""

    from_: str
    decision: str
    range: tuple[str, str]
    findings: tuple[SummaryItem, ...]
    changes: tuple[ItemChange, ...]
    instruments: tuple[LawChange, ...]
    facts: tuple[DatedFact, ...]
    until: str | None
    """First day of the next period; None for the last one."""
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The decisions on a product over law time."""

    format: int = FORMAT
    product: str
    title: str
    file: str
    bundle: LawIdentity
    from_: str
    to: str | None
    """Last day asked for; None for no end."""
    today: str
    launch: str | None
    entries: tuple[Entry, ...]
