"""The typed result of a search for ways forward, and its construction."""

from __future__ import annotations

from dataclasses import dataclass

from vatspolicy.core.documents import format_path
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.engine import result as record
from vatspolicy.core.engine.record_builder import make_record
from vatspolicy.core.engine.result import Authority, Citation, FactQuestion, InstrumentRecord, Law, SubjectRecord
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.operators import operator_of
from vatspolicy.core.profile.profile import Profile
from vatspolicy.core.profile.wording import FactWording
from vatspolicy.guidance.remediation import search
from vatspolicy.guidance.remediation.change import list_differences
from vatspolicy.guidance.remediation.thresholds import ThresholdDistance, find_threshold_distances
from vatspolicy.guidance.remediation.wording import threshold_text, title, value_text
from vatspolicy.i18n import LocalizedText
from vatspolicy.i18n.words import join_both, say_both

FORMAT = 1
"""Version of the data format; incremented by incompatible changes."""


@dataclass(frozen=True, slots=True)
class RouteCondition:
    """Condition of a route."""

    id: str
    message: LocalizedText
    value: bool | None
    where: bool
    """True for a condition about places."""


@dataclass(frozen=True, slots=True)
class RankedRoute:
    """Route to a license for one activity."""

    rule: str
    name: str
    title: LocalizedText
    state: str
    """open, closed or unknown."""
    instrument: InstrumentRecord
    authority: tuple[Authority, ...]
    held: bool | None
    max_foreign_percent: float | None
    share_too_high: bool
    citations: tuple[Citation, ...]
    share_met: bool | None
    """True if the share is within the cap; None if it is unknown or there is no cap."""
    conditions: tuple[RouteCondition, ...]


@dataclass(frozen=True, slots=True)
class Activity:
    """Service in one of its classes, with its routes as the decision ranks them: closed ones the nearest first."""

    class_: str
    title: LocalizedText
    outcome: str
    routes: tuple[RankedRoute, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """Service of the product."""

    id: str
    state: str
    activities: tuple[Activity, ...]


@dataclass(frozen=True, slots=True)
class PlainDenial:
    """Denial on every route."""

    rule: str
    subject: SubjectRecord
    message: LocalizedText
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class FactDifference:
    """Fact that a proposal changes."""

    path: str
    title: LocalizedText
    before: Tree
    """None if it is not stated."""
    after: Tree
    """None if it is omitted."""
    from_: LocalizedText
    to: LocalizedText


@dataclass(frozen=True, slots=True)
class NamedRoute:
    """Route by name."""

    name: str
    title: LocalizedText


@dataclass(frozen=True, slots=True)
class License:
    """A sufficient license."""

    instrument: InstrumentRecord
    authority: tuple[Authority, ...]
    route: NamedRoute | None


@dataclass(frozen=True, slots=True)
class Requirement:
    """License to get: any one of several if routes are alternatives."""

    rule: str
    subject: SubjectRecord
    any_of: tuple[License, ...]


@dataclass(frozen=True, slots=True)
class SplitOff:
    """Service that is split off, with its decision in the original form."""

    service: str
    decision: str


@dataclass(frozen=True, slots=True)
class Settling:
    """Values of a missing fact with which the changes reach the goal, each alone."""

    path: str
    title: LocalizedText
    values: tuple[LocalizedText, ...]


@dataclass(frozen=True, slots=True)
class Remedy:
    """Changes, and the decision after them."""

    kinds: tuple[str, ...]
    phrases: tuple[LocalizedText, ...]
    cost: int
    differences: tuple[FactDifference, ...]
    as_of: str
    decision: str
    needs: tuple[Requirement, ...]
    missing: tuple[FactQuestion, ...]
    also: tuple[LocalizedText, ...]
    """Equally good places."""
    split_off: tuple[SplitOff, ...]
    settled_by: tuple[Settling, ...]
    contested: bool
    verification: str | None


@dataclass(frozen=True, slots=True)
class Extent:
    """Extent of the search."""

    looked: int
    """Number of decided combinations."""
    most: int
    """Maximum number of changes in a combination."""
    exhausted: bool


@dataclass(frozen=True, slots=True)
class Unstated:
    """Fact that is not stated, so that its changes were not considered."""

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
    subject: SubjectRecord
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
    missing: tuple[FactQuestion, ...]
    contested: tuple[record.ReadingRecord, ...]
    worst_reading: record.WorstReadingRecord | None
    services: tuple[Service, ...]
    denials: tuple[PlainDenial, ...]
    goal: str | None
    """None if a milder decision does not exist."""
    proposals: tuple[Remedy, ...]
    undecided: tuple[Remedy, ...]
    """Proposals that lift every denial but leave facts missing."""
    search: Extent
    unstated: tuple[Unstated, ...]
    margins: tuple[Margin, ...]


def describe_ways(bundle: Bundle, profile: Profile, plan: search.RemediationPlan) -> Ways:
    """Return routes, proposals and threshold distances of one profile. Equal inputs give equal results."""
    made = make_record(bundle, profile, plan.decision, explain=False)
    ids = [service["id"] for service in profile.facts["services"]]
    operators = {service["id"]: operator_of(profile.facts, service) for service in profile.facts["services"]}
    stated = {id for id, operator in operators.items() if operator and operator.get("foreign_percent") is not None}
    return Ways(
        product=made.product,
        title=made.title,
        file=made.file,
        as_of=made.as_of,
        bundle=made.bundle,
        decision=made.decision,
        range=made.range,
        verification=made.verification,
        missing=made.missing,
        contested=made.contested,
        worst_reading=made.worst_reading,
        services=tuple(_service(service, service.id in stated) for service in made.services),
        denials=tuple(
            PlainDenial(denial.rule, denial.subject, denial.message, denial.citations)
            for denial in made.denials
            if not isinstance(denial, record.NeedRecord) or denial.routes is None
        ),
        goal=plan.goal,
        proposals=tuple(_proposal(bundle, profile, proposal, ids) for proposal in plan.proposals),
        undecided=tuple(_proposal(bundle, profile, proposal, ids) for proposal in plan.undecided),
        search=Extent(plan.evaluated, plan.most, plan.exhausted),
        unstated=tuple(
            Unstated(format_path(path), say_both(title(path, ids, bundle.schemas))) for path in plan.unstated
        ),
        margins=tuple(
            _margin(bundle, distance, ids) for distance in find_threshold_distances(bundle, profile, plan.decision)
        ),
    )


def _service(service: record.ServiceRecord, share_is_stated: bool) -> Service:
    activities = (
        Activity(
            activity.class_,
            activity.title,
            activity.outcome,
            tuple(_route(way, share_is_stated) for way in activity.routes),
        )
        for activity in service.activities
    )
    return Service(service.id, service.state, tuple(activities))


def _route(route: record.RouteRecord, share_is_stated: bool) -> RankedRoute:
    return RankedRoute(
        route.rule,
        route.name,
        route.title,
        route.state,
        route.instrument,
        route.authority,
        route.held,
        route.max_foreign_percent,
        route.share_too_high,
        route.citations,
        not route.share_too_high if share_is_stated and route.max_foreign_percent is not None else None,
        tuple(
            RouteCondition(condition.id, condition.message, condition.value, condition.where)
            for condition in route.conditions
        ),
    )


def _proposal(bundle: Bundle, profile: Profile, proposal: search.FoundProposal, ids: list[str]) -> Remedy:
    made = make_record(bundle, proposal.profile, proposal.decision, explain=False)
    return Remedy(
        tuple(sorted(proposal.kinds)),
        tuple(say_both(change.phrase) for change in proposal.changes),
        proposal.cost,
        tuple(
            FactDifference(
                format_path(path),
                say_both(title(path, ids, bundle.schemas)),
                before,
                after,
                say_both(value_text(bundle, path, before, after=False)),
                say_both(value_text(bundle, path, after, after=True)),
            )
            for path, before, after in list_differences(profile, proposal.changes)
        ),
        proposal.decision.as_of,
        proposal.decision.decision,
        tuple(map(_requirement, made.needs)),
        made.missing,
        tuple(say_both(target.name) for target in proposal.alternatives),
        tuple(SplitOff(alone.services[0].id, alone.decision) for alone in proposal.split_off),
        tuple(
            Settling(
                format_path(path),
                say_both(title(path, ids, bundle.schemas)),
                tuple(say_both(value_text(bundle, path, value, after=True)) for value in values),
            )
            for path, values in proposal.settled_by
        ),
        bool(proposal.decision.readings),
        made.verification,
    )


def _requirement(need: record.NeedRecord) -> Requirement:
    licenses = (
        License(
            offer.instrument,
            offer.authority,
            NamedRoute(offer.route, need.route(offer.route).title) if offer.route else None,
        )
        for offer in need.offers
    )
    return Requirement(need.rule, need.subject, tuple(licenses))


def _margin(bundle: Bundle, distance: ThresholdDistance, ids: list[str]) -> Margin:
    policy = bundle.policies[distance.rule.policy]
    return Margin(
        format_path(distance.path),
        say_both(title(distance.path, ids, bundle.schemas)),
        distance.value,
        distance.threshold,
        FactWording(bundle.schemas).unit(distance.path),
        round(distance.distance, 10),
        distance.safe,
        distance.rule.name,
        record.SubjectRecord(distance.service, distance.cls),
        say_both(threshold_text(bundle, distance, ids)),
        join_both([policy.title, *(policy.articles[key].label for key in distance.rule.cite)], "comma"),
    )
