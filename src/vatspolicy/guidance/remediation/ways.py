"""Ways forward of one product, from its record and its remediation plan."""

from __future__ import annotations

from vatspolicy.core.documents import format_path
from vatspolicy.core.engine import result as record
from vatspolicy.core.engine.serialize import make_record
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.operators import operator_of
from vatspolicy.core.profile.profile import Profile
from vatspolicy.core.profile.wording import FactWording
from vatspolicy.guidance.remediation import result, search
from vatspolicy.guidance.remediation.change import list_differences
from vatspolicy.guidance.remediation.thresholds import ThresholdDistance, find_threshold_distances
from vatspolicy.guidance.remediation.wording import threshold_text, title, value_text
from vatspolicy.i18n.words import join_both, say_both


def describe_ways(bundle: Bundle, profile: Profile, plan: search.RemediationPlan) -> result.Ways:
    """Return routes, proposals and threshold distances of one profile. Equal inputs give equal results."""
    made = make_record(bundle, profile, plan.decision, explain=False)
    ids = [service["id"] for service in profile.facts["services"]]
    operators = {service["id"]: operator_of(profile.facts, service) for service in profile.facts["services"]}
    stated = {id for id, operator in operators.items() if operator and operator.get("foreign_percent") is not None}
    return result.Ways(
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
            result.Obstacle(one.rule, one.subject, one.message, one.citations)
            for one in made.denials
            if not isinstance(one, record.Need) or one.routes is None
        ),
        goal=plan.goal,
        proposals=tuple(_proposal(bundle, profile, proposal, ids) for proposal in plan.proposals),
        undecided=tuple(_proposal(bundle, profile, proposal, ids) for proposal in plan.undecided),
        search=result.Extent(plan.evaluated, plan.most, plan.exhausted),
        unstated=tuple(
            result.Unstated(format_path(path), say_both(title(path, ids, bundle.schemas))) for path in plan.unstated
        ),
        margins=tuple(
            _margin(bundle, distance, ids) for distance in find_threshold_distances(bundle, profile, plan.decision)
        ),
    )


def _service(service: record.Service, share_is_stated: bool) -> result.Service:
    activities = (
        result.Activity(one.class_, one.title, one.outcome, tuple(_route(way, share_is_stated) for way in one.routes))
        for one in service.activities
    )
    return result.Service(service.id, service.state, tuple(activities))


def _route(route: record.Route, share_is_stated: bool) -> result.Route:
    return result.Route(
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
        tuple(result.Condition(one.id, one.message, one.value, one.where) for one in route.conditions),
    )


def _proposal(bundle: Bundle, profile: Profile, proposal: search.Proposal, ids: list[str]) -> result.Proposal:
    made = make_record(bundle, proposal.profile, proposal.decision, explain=False)
    return result.Proposal(
        tuple(sorted(proposal.kinds)),
        tuple(say_both(change.phrase) for change in proposal.changes),
        proposal.cost,
        tuple(
            result.ChangedFact(
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
        tuple(result.SplitOff(one.services[0].id, one.decision) for one in proposal.split_off),
        bool(proposal.decision.readings),
        made.verification,
    )


def _requirement(need: record.Need) -> result.Requirement:
    licenses = (
        result.License(
            offer.instrument,
            offer.authority,
            result.NamedRoute(offer.route, need.route(offer.route).title) if offer.route else None,
        )
        for offer in need.offers
    )
    return result.Requirement(need.rule, need.subject, tuple(licenses))


def _margin(bundle: Bundle, distance: ThresholdDistance, ids: list[str]) -> result.Margin:
    policy = bundle.policies[distance.rule.policy]
    return result.Margin(
        format_path(distance.path),
        say_both(title(distance.path, ids, bundle.schemas)),
        distance.value,
        distance.threshold,
        FactWording(bundle.schemas).unit(distance.path),
        round(distance.distance, 10),
        distance.safe,
        distance.rule.name,
        record.Subject(distance.service, distance.cls),
        say_both(threshold_text(bundle, distance, ids)),
        join_both([policy.title, *(policy.articles[key].label for key in distance.rule.cite)], "comma"),
    )
