"""Ways forward as plain data (routes.schema.json), which both reports read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vatspolicy.documents import Path, format_path
from vatspolicy.engine.serialize import decision_to_data
from vatspolicy.guidance.remediation.change import differences
from vatspolicy.guidance.remediation.search import Proposal, RemediationPlan
from vatspolicy.guidance.remediation.thresholds import ThresholdDistance, margins
from vatspolicy.guidance.remediation.wording import margin_text, title, value_text
from vatspolicy.policies.bundle import Bundle
from vatspolicy.profile.profile import Profile
from vatspolicy.profile.vocabulary import LocalizedText
from vatspolicy.profile.wording import FactWording

FORMAT = 1
"""Version of the data; it grows when a reader would break."""
_KEPT = ("product", "title", "file", "as_of", "bundle", "decision", "range", "verification", "missing")
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


def plan_to_data(bundle: Bundle, profile: Profile, ways: RemediationPlan) -> dict[str, Any]:
    """Routes, proposals and margins of one profile. Free of wall-clock time: equal inputs give equal bytes."""
    data = decision_to_data(bundle, profile, ways.decision)
    ids = [service["id"] for service in profile.facts["services"]]
    operators = {
        service["id"]: profile.facts.get("company" if service.get("operated_by") == "company" else "partner")
        if "operated_by" in service
        else None
        for service in profile.facts["services"]
    }
    return {
        "format": FORMAT,
        **{key: data[key] for key in _KEPT},
        "services": [_service(service, operators) for service in data["services"]],
        "denials": [_denial(finding) for finding in data["denials"] if "routes" not in finding],
        "goal": ways.goal,
        "proposals": [_proposal(bundle, profile, proposal, ids) for proposal in ways.proposals],
        "undecided": [_proposal(bundle, profile, proposal, ids) for proposal in ways.undecided],
        "search": {"looked": ways.looked, "most": ways.most, "exhausted": ways.exhausted},
        "margins": [_margin(bundle, margin, ids) for margin in margins(bundle, profile, ways.decision)],
    }


def _share_met(route: Mapping[str, Any], operator: Mapping[str, Any] | None) -> bool | None:
    """Whether the share is within the highest that a route admits; None where it is not known or nothing is asked."""
    if route["max_foreign_percent"] is None or operator is None or operator.get("foreign_percent") is None:
        return None
    return not route["share_too_high"]


def _service(service: Mapping[str, Any], operators: Mapping[str, Any]) -> dict[str, Any]:
    activities = [
        {
            **{key: activity[key] for key in ("class", "title", "outcome")},
            "routes": [
                {
                    **{key: route[key] for key in _ROUTE},
                    "share_met": _share_met(route, operators[service["id"]]),
                    "conditions": [
                        {key: condition[key] for key in ("id", "message", "value", "where")}
                        for condition in route["conditions"]
                    ],
                }
                for route in activity["routes"]
            ],
        }
        for activity in service["activities"]
    ]
    return {"id": service["id"], "state": service["state"], "activities": activities}


def _denial(finding: Mapping[str, Any]) -> dict[str, Any]:
    return {key: finding[key] for key in ("rule", "subject", "message", "citations")}


def _proposal(bundle: Bundle, profile: Profile, proposal: Proposal, ids: list[str]) -> dict[str, Any]:
    data = decision_to_data(bundle, proposal.profile, proposal.decision)
    return {
        "kinds": sorted(proposal.kinds),
        "phrases": [_text(move.phrase) for move in proposal.moves],
        "cost": proposal.cost,
        "differences": [
            {
                "path": format_path(path),
                "title": _text(title(path, ids, bundle.schemas)),
                "before": before,
                "after": after,
                "from": _text(value_text(bundle, path, before, after=False)),
                "to": _text(value_text(bundle, path, after, after=True)),
            }
            for path, before, after in differences(profile, proposal.moves)
        ],
        "as_of": proposal.decision.as_of,
        "decision": proposal.decision.decision,
        "needs": [_need(finding) for finding in data["needs"]],
        "missing": data["missing"],
        "also": [_text(target.name) for target in proposal.others],
        "split_off": [{"service": apart.services[0].id, "decision": apart.decision} for apart in proposal.apart],
        "contested": bool(proposal.decision.readings),
        "verification": data["verification"],
    }


def _need(finding: Mapping[str, Any]) -> dict[str, Any]:
    """A license to get: any one of several where routes are open side by side."""
    offers = finding.get("any_of") or [{"instrument": finding["instrument"], "authority": finding["authority"]}]
    titles = {route["name"]: route["title"] for route in finding.get("routes", [])}
    return {
        "rule": finding["rule"],
        "subject": finding["subject"],
        "any_of": [
            {
                "instrument": offer["instrument"],
                "authority": offer["authority"],
                "route": {"name": offer["route"], "title": titles[offer["route"]]} if "route" in offer else None,
            }
            for offer in offers
        ],
    }


def _margin(bundle: Bundle, margin: ThresholdDistance, ids: list[str]) -> dict[str, Any]:
    path: Path = margin.path
    policy = bundle.policies[margin.rule.policy]
    return {
        "path": format_path(path),
        "title": _text(title(path, ids, bundle.schemas)),
        "value": margin.value,
        "threshold": margin.threshold,
        "unit": FactWording(bundle.schemas).unit(path),
        "distance": round(margin.distance, 10),
        "safe": margin.safe,
        "rule": margin.rule.name,
        "subject": {"service": margin.service, "class": margin.cls},
        "text": _text(margin_text(bundle, margin, ids)),
        "law": {
            lang: comma.join([policy.title[lang], *(policy.articles[key].label[lang] for key in margin.rule.cite)])
            for lang, comma in (("en", ", "), ("zh", "，"))
        },
    }


def _text(text: LocalizedText) -> dict[str, str]:
    return {"en": text["en"], "zh": text["zh"]}
