"""The decision and its parts: plain frozen data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any, NamedTuple

from vatspolicy.core.documents import Path
from vatspolicy.core.engine.opinions import OpinionResult
from vatspolicy.core.policies.model import Condition, Deny, Route, Rule
from vatspolicy.frozen import OnDemand, frozen


class Outcome(IntEnum):
    """Outcome of a decision, from the mildest to the strictest. `incomplete` represents a range of outcomes."""

    ALLOW = 0
    NEEDS_LICENSE = 1
    DENY = 2

    @property
    def word(self) -> str:
        """The outcome as a decision shows it."""
        return WORDS[self]


WORDS = ("allow", "needs-license", "deny")
"""Decision words from the mildest to the strictest."""
INCOMPLETE = "incomplete"


def word_of(low: Outcome, high: Outcome) -> str:
    """Return the decision word of a range of possible outcomes."""
    return low.word if low == high else INCOMPLETE


class Subject(NamedTuple):
    """The product, one of its services, or one activity (a service seen as one class)."""

    service: str | None = None
    cls: str | None = None

    @classmethod
    def of(cls, activation: Mapping[str, Any]) -> Subject:
        """Return the subject that an activation belongs to."""
        service, activity = activation.get("service"), activation.get("activity")
        return cls(service and service["id"], activity and activity["class"])

    @property
    def each(self) -> str:
        """Kind of the subject, as in rules: product, service or activity."""
        return "activity" if self.cls else "service" if self.service else "product"

    def __str__(self) -> str:
        return "/".join(part for part in (self.service, self.cls) if part)


class MissingFact(NamedTuple):
    """A missing fact: its path in the profile, and the undecided rules that depend on it."""

    path: Path
    rules: tuple[str, ...]
    """Names of the undecided rules that read it."""


class LicenseOption(NamedTuple):
    """A license that an open route leads to."""

    instrument: str
    cls: str
    route: str
    authority: tuple[str, ...]


class RouteResult(NamedTuple):
    """State of one route for one activity."""

    rule: Rule
    subject: Subject
    state: str
    """open, closed or unknown."""
    held: bool | None
    """True if the operator holds the route's instrument for this activity and day; None if a fact is missing."""
    failing: tuple[Condition, ...]
    """Conditions that are false, the share cap last."""
    max_foreign_percent: float | None
    """The highest foreign share that the route admits."""
    authority: tuple[str, ...]
    """Authorities in charge of the route's instrument."""
    unread: tuple[str, ...] = ()
    """Names of the route or its conditions if they cite only unverified law and no opinion settles them."""
    undecided: int = 0
    """Number of conditions that a missing fact or a missing opinion leaves open."""
    by_case: bool = False
    """True if it is open in one case of an undecided clause, and another route is open in the other case."""

    @property
    def share_too_high(self) -> bool:
        """True if the foreign share is above the cap."""
        return any(condition.cap is not None for condition in self.failing)

    @property
    def distance(self) -> tuple[int, int, int]:
        """Distance from being open: how many conditions about places fail, how many fail, and how many are open."""
        return (sum(condition.where for condition in self.failing), len(self.failing), self.undecided)


def rank_routes(routes: Iterable[RouteResult]) -> tuple[RouteResult, ...]:
    """Return open routes, then possibly open routes, then closed ones, the nearest first."""
    order = ("open", "unknown", "closed")
    return tuple(sorted(routes, key=lambda route: (order.index(route.state), route.distance)))


class Finding(NamedTuple):
    """Result of one rule about one subject."""

    rule: Rule
    subject: Subject
    state: str
    """fires, unknown, unread (it holds, but cites only unread law, and no opinion settles it), met, unmet, closed (a
    need without a route) or done (a completed duty).
    """
    holds: bool = True
    """True if the rule holds; False if a missing fact or opinion leaves it open."""
    missing: tuple[MissingFact, ...] = ()
    """Facts that keep the finding unknown."""
    routes: tuple[RouteResult, ...] = ()
    authority: tuple[str, ...] = ()
    """Authorities in charge of the instrument that a need or a duty requires."""
    done_on: str | None = None
    """Day on which a duty was completed."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Reason codes of a denial: the rule's own, or those of the nearest closed routes."""
        effect = self.rule.effect
        if isinstance(effect, Deny):
            return (effect.reason,)
        if self.state != "closed":
            return ()
        failing = (condition for route in self.nearest for condition in route.failing)
        return tuple(dict.fromkeys(condition.reason or "SECTOR-NOT-OPEN" for condition in failing)) or (
            "SECTOR-NOT-OPEN",
        )

    @property
    def nearest(self) -> tuple[RouteResult, ...]:
        """For a need without an open route, the routes nearest to open: those with the smallest `distance`."""
        if self.state != "closed":
            return ()
        least = min((route.distance for route in self.routes), default=(0, 0, 0))
        return tuple(route for route in self.routes if route.distance == least)

    @property
    def any_of(self) -> tuple[LicenseOption, ...]:
        """Licenses through open routes, if a license is needed and none is held.

        Where a missing fact decides which route is open, the licenses of the routes that its cases open.
        """
        cls = self.subject.cls
        if self.state != "unmet" or cls is None:
            return ()
        return tuple(
            LicenseOption(effect.instrument, cls, effect.name, route.authority)
            for route in self.routes
            if (route.state == "open" or route.by_case) and isinstance(effect := route.rule.effect, Route)
        )


class InterpretationChange(NamedTuple):
    """Something that another reading of the law adds or takes away."""

    kind: str
    """class, denial, license (to get), held (a license that counts), route (open) or duty."""
    added: bool
    id: str
    """The class, the reason of a denial, the instrument, or the rule of a route."""
    cls: str | None = None
    """Class of a license or a route."""
    rule: Rule | None = None
    """Rule of a denial or a route."""


class Interpretation(NamedTuple):
    """Another reading of a contested rule, with an effect."""

    rule: Rule
    subject: Subject
    reading: str
    """A class, `not-telecommunications`, or `closed` for a route that is not admitted."""
    decision: str
    stricter: bool
    """True if the decision is stricter, or if there are further licenses to get."""
    changes: tuple[InterpretationChange, ...]


class WorstReading(NamedTuple):
    """The strictest combination of readings for one service; other services keep their readings."""

    service: str
    decision: str
    stricter: bool
    readings: tuple[tuple[Rule, Subject, str], ...]
    """Rule, subject and reading of each contested rule with another reading; none if nothing is stricter."""
    complete: bool
    """True if every combination was decided; False if there were too many and readings were decided separately."""


class ActivityResult(NamedTuple):
    """A service in one of its classes, with its routes."""

    cls: str
    outcome: str
    """allow, needs-license, deny or incomplete: the outcome under licensing law alone."""
    routes: tuple[RouteResult, ...]


class ServiceResult(NamedTuple):
    """A service of the product."""

    id: str
    state: str
    """classified, not-telecom, partly-classified or unclassified."""
    classified_by: tuple[Finding, ...]
    activities: tuple[ActivityResult, ...]


@frozen(slots=True, kw_only=True)
class Decision(OnDemand):
    """The answer for one profile on one day."""

    decision: str
    """allow, needs-license, deny or incomplete."""
    range: tuple[str, str]
    """The mildest and the strictest possible decision; equal once decided."""
    product: str
    as_of: str
    bundle_version: str
    bundle_digest: str
    services: tuple[ServiceResult, ...]
    denials: tuple[Finding, ...]
    needs: tuple[Finding, ...]
    """Unmet needs, when the decision is needs-license."""
    would_need: tuple[Finding, ...]
    """Unmet needs of a product that is denied or open for other reasons."""
    met: tuple[Finding, ...]
    duties: tuple[Finding, ...]
    advice: tuple[Finding, ...]
    undetermined: tuple[Finding, ...]
    """Rules that a missing fact leaves undecided."""
    missing: tuple[MissingFact, ...]
    """Facts that could still change the decision word, the most decisive first; empty once decided."""
    readings: tuple[Interpretation, ...]
    """Other readings of contested rules that change anything, each alone."""
    worst_reading: WorstReading | None
    """The strictest combination of readings; None if no contested rule applies."""
    verification: str | None
    """The weakest verification among the articles that the decision rests on; None if it rests on none."""
    opinions: tuple[OpinionResult, ...] = ()
    """Every opinion of the profile, and its effect."""
    contested: tuple[tuple[Rule, Subject], ...] = ()
    """Contested rules that hold or may hold, each with its subject; `readings` lists the relevant other readings."""

    @property
    def routes(self) -> tuple[RouteResult, ...]:
        """The routes of every activity."""
        return tuple(state for service in self.services for activity in service.activities for state in activity.routes)

    @property
    def outstanding(self) -> tuple[Finding, ...]:
        """Duties before the launch that are not done, undetermined ones included."""
        duties = [finding for finding in self.duties if finding.state != "done"]
        duties += [finding for finding in self.undetermined if finding.rule.kind == "duty"]
        return tuple(duty for duty in duties if getattr(duty.rule.effect, "due", {}).get("before") == "launch")
