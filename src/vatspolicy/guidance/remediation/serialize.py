"""Remediation plan as data (routes.schema.json), which every report reads; parts of the record stay typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vatspolicy.documents import Path, format_path
from vatspolicy.engine.result import Finding, Need, Route, Service, encode
from vatspolicy.engine.serialize import make_record
from vatspolicy.guidance.remediation.change import list_differences
from vatspolicy.guidance.remediation.search import Proposal, RemediationPlan
from vatspolicy.guidance.remediation.thresholds import ThresholdDistance, find_threshold_distances
from vatspolicy.guidance.remediation.wording import threshold_text, title, value_text
from vatspolicy.i18n.words import join_both, say_both
from vatspolicy.policies.bundle import Bundle
from vatspolicy.profile.operators import operator_of
from vatspolicy.profile.profile import Profile
from vatspolicy.profile.wording import FactWording

FORMAT = 1
"""Version of the data format; incremented by incompatible changes."""
_KEPT = ("product", "title", "file", "as_of", "bundle", "decision", "range", "verification")
_ROUTE = (
    "rule",
    "name",
    "title",
    "state",
    "instrument",
    "authority",
    "held",
    "max_foreign_percent",
    "share_too_high",
    "citations",
)


def plan_to_data(bundle: Bundle, profile: Profile, plan: RemediationPlan) -> dict[str, Any]:
    """Return routes, proposals and threshold distances of one profile. Equal inputs give equal bytes."""
    record = make_record(bundle, profile, plan.decision, brief=True)
    ids = [service["id"] for service in profile.facts["services"]]
    operators = {service["id"]: operator_of(profile.facts, service) for service in profile.facts["services"]}
    return {
        "format": FORMAT,
        **{key: encode(getattr(record, key)) for key in _KEPT},
        "missing": record.missing,
        "contested": record.contested,
        "worst_reading": record.worst_reading,
        "services": [_service(service, operators) for service in record.services],
        "denials": [_denial(one) for one in record.denials if not isinstance(one, Need) or one.routes is None],
        "goal": plan.goal,
        "proposals": [_proposal(bundle, profile, proposal, ids) for proposal in plan.proposals],
        "undecided": [_proposal(bundle, profile, proposal, ids) for proposal in plan.undecided],
        "search": {"looked": plan.evaluated, "most": plan.most, "exhausted": plan.exhausted},
        "unstated": [
            {"path": format_path(path), "title": say_both(title(path, ids, bundle.schemas))} for path in plan.unstated
        ],
        "margins": [
            _threshold_distance(bundle, threshold_distance, ids)
            for threshold_distance in find_threshold_distances(bundle, profile, plan.decision)
        ],
    }


def _share_met(route: Route, operator: Mapping[str, Any] | None) -> bool | None:
    """Return True if the share is within the cap of a route, or None if it is unknown or there is no cap."""
    if route.max_foreign_percent is None or operator is None or operator.get("foreign_percent") is None:
        return None
    return not route.share_too_high


def _service(service: Service, operators: Mapping[str, Any]) -> dict[str, Any]:
    activities = [
        {
            "class": activity.class_,
            "title": activity.title,
            "outcome": activity.outcome,
            "routes": [
                {
                    **{key: encode(getattr(route, key)) for key in _ROUTE},
                    "share_met": _share_met(route, operators[service.id]),
                    "conditions": [
                        {key: getattr(condition, key) for key in ("id", "message", "value", "where")}
                        for condition in route.conditions
                    ],
                }
                for route in activity.routes
            ],
        }
        for activity in service.activities
    ]
    return {"id": service.id, "state": service.state, "activities": activities}


def _denial(finding: Finding) -> dict[str, Any]:
    return {key: encode(getattr(finding, key)) for key in ("rule", "subject", "message", "citations")}


def _proposal(bundle: Bundle, profile: Profile, proposal: Proposal, ids: list[str]) -> dict[str, Any]:
    record = make_record(bundle, proposal.profile, proposal.decision, brief=True)
    return {
        "kinds": sorted(proposal.kinds),
        "phrases": [say_both(change.phrase) for change in proposal.changes],
        "cost": proposal.cost,
        "differences": [
            {
                "path": format_path(path),
                "title": say_both(title(path, ids, bundle.schemas)),
                "before": before,
                "after": after,
                "from": say_both(value_text(bundle, path, before, after=False)),
                "to": say_both(value_text(bundle, path, after, after=True)),
            }
            for path, before, after in list_differences(profile, proposal.changes)
        ],
        "as_of": proposal.decision.as_of,
        "decision": proposal.decision.decision,
        "needs": [_need(finding) for finding in record.needs],
        "missing": record.missing,
        "also": [say_both(target.name) for target in proposal.alternatives],
        "split_off": [
            {"service": split_off.services[0].id, "decision": split_off.decision} for split_off in proposal.split_off
        ],
        "contested": bool(proposal.decision.readings),
        "verification": record.verification,
    }


def _need(finding: Need) -> dict[str, Any]:
    """Return a required license: any one of several if routes are alternatives."""
    return {
        "rule": finding.rule,
        "subject": encode(finding.subject),
        "any_of": [
            {
                "instrument": encode(offer.instrument),
                "authority": encode(offer.authority),
                "route": offer.route and {"name": offer.route, "title": finding.route(offer.route).title},
            }
            for offer in finding.offers
        ],
    }


def _threshold_distance(bundle: Bundle, threshold_distance: ThresholdDistance, ids: list[str]) -> dict[str, Any]:
    path: Path = threshold_distance.path
    policy = bundle.policies[threshold_distance.rule.policy]
    return {
        "path": format_path(path),
        "title": say_both(title(path, ids, bundle.schemas)),
        "value": threshold_distance.value,
        "threshold": threshold_distance.threshold,
        "unit": FactWording(bundle.schemas).unit(path),
        "distance": round(threshold_distance.distance, 10),
        "safe": threshold_distance.safe,
        "rule": threshold_distance.rule.name,
        "subject": {"service": threshold_distance.service, "class": threshold_distance.cls},
        "text": say_both(threshold_text(bundle, threshold_distance, ids)),
        "law": join_both(
            [policy.title, *(policy.articles[key].label for key in threshold_distance.rule.cite)], "comma"
        ),
    }
