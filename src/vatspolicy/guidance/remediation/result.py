"""Ways forward of one product, as reports read them and as JSON shows them (routes.schema.json)."""

from __future__ import annotations

from dataclasses import dataclass

from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.engine.result import Authority, Citation, Instrument, Law, Question, Reading, Subject, WorstReading
from vatspolicy.i18n import LocalizedText

FORMAT = 1
"""Version of the data format; incremented by incompatible changes."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Condition of a route."""

    id: str
    message: LocalizedText
    value: bool | None
    where: bool
    """True for a condition about places."""


@dataclass(frozen=True, slots=True)
class Route:
    """Route to a license for one activity."""

    rule: str
    name: str
    title: LocalizedText
    state: str
    """open, closed or unknown."""
    instrument: Instrument
    authority: tuple[Authority, ...]
    held: bool | None
    max_foreign_percent: float | None
    share_too_high: bool
    citations: tuple[Citation, ...]
    share_met: bool | None
    """True if the share is within the cap; None if it is unknown or there is no cap."""
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Activity:
    """Service in one of its classes, with its routes as the decision ranks them: closed ones the nearest first."""

    class_: str
    title: LocalizedText
    outcome: str
    routes: tuple[Route, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """Service of the product."""

    id: str
    state: str
    activities: tuple[Activity, ...]


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Denial that stands on every route."""

    rule: str
    subject: Subject
    message: LocalizedText
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class ChangedFact:
    """Fact that a proposal changes."""

    path: str
    title: LocalizedText
    before: Tree
    """None if it is not stated."""
    after: Tree
    """None if it is left out."""
    from_: LocalizedText
    to: LocalizedText


@dataclass(frozen=True, slots=True)
class NamedRoute:
    """Route by name."""

    name: str
    title: LocalizedText


@dataclass(frozen=True, slots=True)
class License:
    """License that would do."""

    instrument: Instrument
    authority: tuple[Authority, ...]
    route: NamedRoute | None


@dataclass(frozen=True, slots=True)
class Requirement:
    """License to get: any one of several if routes are alternatives."""

    rule: str
    subject: Subject
    any_of: tuple[License, ...]


@dataclass(frozen=True, slots=True)
class SplitOff:
    """Service that is split off, with the decision on it as it was."""

    service: str
    decision: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """Changes, and the decision after them."""

    kinds: tuple[str, ...]
    phrases: tuple[LocalizedText, ...]
    cost: int
    differences: tuple[ChangedFact, ...]
    as_of: str
    decision: str
    needs: tuple[Requirement, ...]
    missing: tuple[Question, ...]
    also: tuple[LocalizedText, ...]
    """Equally good places."""
    split_off: tuple[SplitOff, ...]
    contested: bool
    verification: str | None


@dataclass(frozen=True, slots=True)
class Extent:
    """Extent of the search."""

    looked: int
    """Combinations that were decided."""
    most: int
    """Most changes of a combination."""
    exhausted: bool


@dataclass(frozen=True, slots=True)
class Unstated:
    """Fact that no change was considered of, because it is not stated."""

    path: str
    title: LocalizedText


@dataclass(frozen=True, slots=True)
class Margin:
    """Distance of a number to a threshold."""

    path: str
    title: LocalizedText
    value: float
    threshold: float
    unit: str
    distance: float
    safe: bool
    rule: str
    subject: Subject
    text: LocalizedText
    law: LocalizedText


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """Routes, proposals and margins of one product."""

    format: int = FORMAT
    product: str
    title: str
    file: str
    as_of: str
    bundle: Law
    decision: str
    range: tuple[str, str]
    verification: str | None
    missing: tuple[Question, ...]
    contested: tuple[Reading, ...]
    worst_reading: WorstReading | None
    services: tuple[Service, ...]
    denials: tuple[Obstacle, ...]
    goal: str | None
    """None if nothing is milder than the decision."""
    proposals: tuple[Proposal, ...]
    undecided: tuple[Proposal, ...]
    """Proposals that lift every denial but leave facts missing."""
    search: Extent
    unstated: tuple[Unstated, ...]
    margins: tuple[Margin, ...]
