"""Access matrix, as reports read it and as JSON shows it (matrix schema)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from vatspolicy.core.engine.result import InstrumentRecord
from vatspolicy.core.policies.bundle import LawIdentity
from vatspolicy.i18n import LocalizedText

State: TypeAlias = Literal["none", "prohibited", "closed", "open"]
FORMAT = 1
"""Version of the data format; incremented by incompatible changes."""


@dataclass(frozen=True, slots=True)
class CitedArticle:
    """An article behind a cell."""

    policy: str
    title: LocalizedText
    key: str
    label: LocalizedText
    verification: str


@dataclass(frozen=True, slots=True)
class Stated:
    """A cell of the access matrix without its reasons."""

    state: State
    max_foreign_percent: float | None
    """Highest foreign share of an open cell."""
    contested: bool


@dataclass(frozen=True, slots=True)
class Share(Stated):
    """Share with the routes that give it."""

    routes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Binding:
    """Condition of a route that some single change of the best case breaks."""

    id: str
    message: LocalizedText
    where: bool
    """True for a condition about places."""
    articles: tuple[CitedArticle, ...]


@dataclass(frozen=True, slots=True)
class ClosedReason:
    """Reason why a cell is not open: a condition of the route, or a prohibition."""

    rule: str
    message: LocalizedText
    articles: tuple[CitedArticle, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One business under one regime or at one set of places."""

    column: str
    state: State
    max_foreign_percent: float | None
    contested: bool


@dataclass(frozen=True, slots=True)
class RegimeCell(Cell):
    """One business under one regime."""

    rule: str | None
    conditions: tuple[Binding, ...]
    reasons: tuple[ClosedReason, ...]
    articles: tuple[CitedArticle, ...]


@dataclass(frozen=True, slots=True)
class PlaceCell(Cell):
    """One business at one set of places."""

    routes: tuple[str, ...]
    special: Share | None
    """A higher share for some investors."""


@dataclass(frozen=True, slots=True)
class Regulation:
    """Regulation behind a regime."""

    policy: str
    title: LocalizedText
    number: str | None


@dataclass(frozen=True, slots=True)
class Regime:
    """Column of a regime."""

    id: str
    title: LocalizedText
    places: LocalizedText | None
    """Places where it is open, if it depends on places."""
    instruments: tuple[InstrumentRecord, ...]
    policies: tuple[Regulation, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """Place that represents a set of places."""

    at: str
    zone: str
    title: LocalizedText


@dataclass(frozen=True, slots=True)
class PlaceSet:
    """Column of places that the law treats alike."""

    id: str
    title: LocalizedText
    sample: Sample
    count: int


@dataclass(frozen=True, slots=True)
class Offer:
    """Offer of a service."""

    id: str
    title: LocalizedText


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """Offers of one class that have equal cells."""

    class_: str
    title: LocalizedText
    offers: tuple[Offer, ...]
    cells: tuple[RegimeCell, ...] | tuple[PlaceCell, ...]
    whole: bool
    """True if the row has every offer of the class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Matrix of one day."""

    format: int = FORMAT
    by: str
    """regimes or places."""
    as_of: str
    place: str | None
    zone: str | None
    bundle: LawIdentity
    routes: Mapping[str, LocalizedText]
    """Titles of the routes by name."""
    columns: tuple[Regime, ...] | tuple[PlaceSet, ...]
    rows: tuple[MatrixRow, ...]
