"""The compact decision: what was decided, by ids, straight from a `Decision`.

It is the data of `serialize` without texts, facts, clauses and places, and each key means the same in both. A citation
is the id of a policy and the key of its article; the texts of both, and of a rule, belong to the policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from vatspolicy.documents import format_path
from vatspolicy.engine.decision import Decision, Finding, LicenseOption, RouteResult, nearest_routes, rank_routes
from vatspolicy.engine.notices import notices
from vatspolicy.engine.serialize import find_bearer
from vatspolicy.engine.subjects import Activations
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.deadlines import deadline
from vatspolicy.policies.model import Advise, Deny, Duty, Need, Route, Rule
from vatspolicy.policies.ruleset import RuleSet
from vatspolicy.profile.profile import Profile

if TYPE_CHECKING:
    from typing import Any, TypeAlias

    Data: TypeAlias = dict[str, Any]

_CITATIONS: WeakKeyDictionary[RuleSet, dict[str, list[dict[str, str]]]] = WeakKeyDictionary()
"""Citations by the name of their rule: one table serves every decision of a day."""


def compact_parts(
    bundle: Bundle, profile: Profile, decision: Decision, serializer: CompactSerializer | None = None
) -> dict[str, Callable[[], Any]]:
    """Return a function for each part of the compact decision, so that a reader of one part pays for that one."""
    maker = serializer or CompactSerializer(bundle, profile, decision)
    return {
        "decision": lambda: decision.decision,
        "range": lambda: list(decision.range),
        "product": lambda: decision.product,
        "as_of": lambda: decision.as_of,
        "launch": lambda: profile.launch,
        "bundle": lambda: {
            "version": decision.bundle_version,
            "digest": decision.bundle_digest,
            "known_until": bundle.known_until,
        },
        "notices": lambda: [{"kind": kind} for kind, _ in notices(bundle, profile, decision.as_of)],
        "verification": lambda: decision.verification,
        "services": maker.services,
        "denials": lambda: maker.findings(decision.denials),
        "needs": lambda: maker.findings(decision.needs),
        "would_need": lambda: maker.findings(decision.would_need),
        "met": lambda: maker.findings(decision.met),
        "duties": lambda: maker.findings(decision.duties),
        "advice": lambda: maker.findings(decision.advice),
        "undetermined": lambda: [maker.undetermined(finding) for finding in decision.undetermined],
        "missing": lambda: [{"path": format_path(ask.path), "rules": list(ask.rules)} for ask in decision.missing],
        "opinions": lambda: [maker.opinion(result.place, result.state) for result in decision.opinions],
        "contested_rules": lambda: [
            {"rule": rule.name, "subject": {"service": subject.service, "class": subject.cls}}
            for rule, subject in decision.contested
        ],
    }


class CompactSerializer:
    """Serializer of one decision: each method returns a part by ids."""

    def __init__(self, bundle: Bundle, profile: Profile, decision: Decision) -> None:
        self.profile, self.decision = profile, decision
        ruleset = bundle.on(decision.as_of)
        self.activations = Activations(ruleset, profile, decision.as_of)
        self.cited = _CITATIONS.setdefault(ruleset, {})
        self.deadlines: dict[str, Data] = {}

    def services(self) -> list[Data]:
        """Return the services with their classes and routes."""
        return [
            {
                "id": service.id,
                "state": service.state,
                "classified_by": [
                    {"rule": finding.rule.name, "contested": finding.rule.contested}
                    for finding in service.classified_by
                ],
                "activities": [
                    {
                        "class": activity.cls,
                        "outcome": activity.outcome,
                        "routes": [self._route(route) for route in rank_routes(activity.routes)],
                    }
                    for activity in service.activities
                ],
            }
            for service in self.decision.services
        ]

    def _route(self, route: RouteResult) -> Data:
        effect = route.rule.effect
        assert isinstance(effect, Route)
        return {
            "rule": route.rule.name,
            "name": effect.name,
            "state": route.state,
            "instrument": {"id": effect.instrument},
            "held": route.held,
            "max_foreign_percent": route.max_foreign_percent,
            "share_too_high": route.share_too_high,
        }

    def findings(self, findings: Iterable[Finding]) -> list[Data]:
        """Return findings."""
        return [self.finding(finding) for finding in findings]

    def finding(self, finding: Finding) -> Data:
        """Return a finding with its law and what its effect adds."""
        data = self.undetermined(finding)
        data["citations"] = self._closing(finding) + self.citations(finding.rule)
        if reasons := finding.reasons:
            data["reasons"] = [{"code": code} for code in reasons]
        match finding.rule.effect:
            case Advise(kind=kind):
                data["kind"] = kind
            case Deny(curable=curable):
                data["curable"] = curable
            case Need(instrument=str(instrument)):
                data["instrument"], data["authority"] = {"id": instrument}, _bodies(finding.authority)
            case Need():
                data["any_of"] = [_offer(offer) for offer in finding.any_of]
            case Duty(instrument=instrument, due=due, bearer=bearer):
                data["instrument"], data["authority"] = {"id": instrument}, _bodies(finding.authority)
                data["deadline"] = self._deadline(finding.rule, due)
                data["bearer"] = find_bearer(self.profile, bearer, self.activations.of(finding.subject))
                data["done_on"] = finding.done_on
        return data

    def undetermined(self, finding: Finding) -> Data:
        """Return a finding by its rule, subject and state alone."""
        rule, subject = finding.rule, finding.subject
        return {
            "rule": rule.name,
            "effect": rule.kind,
            "subject": {"service": subject.service, "class": subject.cls},
            "state": finding.state,
        }

    def _deadline(self, rule: Rule, due: Mapping[str, Any]) -> Data:
        found = self.deadlines.get(rule.name)
        if found is None:
            last = deadline(due, self.profile.launch)
            found = self.deadlines[rule.name] = {"group": last.group, "date": last.date}
        return found

    def _closing(self, finding: Finding) -> list[dict[str, str]]:
        """Return the law of the nearest closed routes, which stand in the way of a need without an open one."""
        if finding.state != "closed":
            return []
        rules = {route.rule.name: route.rule for route in nearest_routes(finding.routes)}
        return [cited for rule in rules.values() for cited in self.citations(rule)]

    def citations(self, rule: Rule) -> list[dict[str, str]]:
        """Return the citations of a rule; the list serves every decision of a day and must not be changed."""
        found = self.cited.get(rule.name)
        if found is None:
            found = self.cited[rule.name] = [{"policy": rule.policy, "key": key} for key in rule.cite]
        return found

    def opinion(self, place: int, state: str) -> Data:
        """Return an opinion of the profile and its state."""
        given = self.profile.facts["opinions"][place]
        return {"about": given["about"], "service": given.get("service"), "state": state}


def _bodies(ids: Iterable[str]) -> list[dict[str, str]]:
    return [{"id": id} for id in ids]


def _offer(offer: LicenseOption) -> Data:
    return {
        "instrument": {"id": offer.instrument},
        "class": offer.cls,
        "route": offer.route,
        "authority": _bodies(offer.authority),
    }
