"""The brief decision: the results by id, directly from a `Decision`.

It is the data of `serialize` without texts, facts, clauses and places, and each key means the same in both. A citation
is the id of a policy and the key of its article; the texts of both, and of a rule, belong to the policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from vatspolicy.core.documents import format_path
from vatspolicy.core.engine.decision import (
    Decision,
    Finding,
    LicenseOption,
    RouteResult,
    Subject,
    rank_routes,
)
from vatspolicy.core.engine.law_texts import DEADLINES, layer_of
from vatspolicy.core.engine.notices import notices
from vatspolicy.core.engine.record_builder import make_law
from vatspolicy.core.engine.result import encode
from vatspolicy.core.engine.subjects import Activations, bearer_of
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.deadlines import deadline
from vatspolicy.core.policies.model import Advise, Deny, Duty, Need, Rule
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile

if TYPE_CHECKING:
    from typing import Any, TypeAlias

    Data: TypeAlias = dict[str, Any]


@dataclass(frozen=True, eq=False)
class _SharedData:
    """Data of the rules of one day, which serves every decision and is never changed."""

    citations: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    findings: dict[tuple[str, bool], Data] = field(default_factory=dict)
    """By rule, the fixed part of each of its findings, closed or not; None for a part that depends on the facts."""
    undetermined: dict[str, Data] = field(default_factory=dict)
    """By rule, the fixed part of each finding that a missing fact leaves undecided."""
    deadlines: dict[tuple[str, str | None], Data] = field(default_factory=dict)
    """By rule and launch day."""
    bodies: dict[tuple[str, ...], list[dict[str, str]]] = field(default_factory=dict)


_SHARED: WeakKeyDictionary[RuleSet, _SharedData] = WeakKeyDictionary()


def brief_parts(bundle: Bundle, profile: Profile, decision: Decision) -> dict[str, Callable[[], Any]]:
    """Return a function for each part of the brief decision, so that parts are computed on demand."""
    maker = BriefSerializer(bundle, profile, decision)
    return {
        "decision": lambda: decision.decision,
        "range": lambda: list(decision.range),
        "product": lambda: decision.product,
        "as_of": lambda: decision.as_of,
        "launch": lambda: profile.launch,
        "bundle": lambda: encode(make_law(bundle, decision)),
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


class BriefSerializer:
    """Serializer of one decision: each method returns a part by ids."""

    def __init__(self, bundle: Bundle, profile: Profile, decision: Decision) -> None:
        self.bundle, self.profile, self.decision, self.launch = bundle, profile, decision, profile.launch
        ruleset = bundle.on(decision.as_of)
        self.activations = Activations(ruleset, profile, decision.as_of)
        self.shared = _SHARED.setdefault(ruleset, _SharedData())
        self.subjects: dict[Subject, Data] = {}
        """Operator of each subject: company or partner."""

    def services(self) -> list[Data]:
        """Return the services with their classes and routes."""
        return [
            {
                "id": service.id,
                "state": service.state,
                "classified_by": [
                    {"rule": finding.rule.name, "contested": finding.rule.contested, **self.layer(finding.rule)}
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
        effect = route.rule.route
        return {
            "rule": route.rule.name,
            "name": effect.name,
            "state": route.state,
            "instrument": {"id": effect.instrument},
            "held": route.held,
            "max_foreign_percent": route.max_foreign_percent,
            "share_too_high": route.share_too_high,
            **self.layer(route.rule),
        }

    def findings(self, findings: Iterable[Finding]) -> list[Data]:
        """Return findings."""
        return [self.finding(finding) for finding in findings]

    def finding(self, finding: Finding) -> Data:
        """Return a finding with its law and the parts that its effect adds."""
        rule, effect = finding.rule, finding.rule.effect
        key = (rule.name, finding.state == "closed")
        fixed = self.shared.findings.get(key)
        if fixed is None:
            fixed = self.shared.findings[key] = self._fixed(rule, key[1])
        data = fixed.copy()
        data["subject"], data["state"] = self._subject(finding.subject), finding.state
        if isinstance(effect, Duty):
            data["authority"] = self._bodies(finding.authority)
            data["deadline"] = self.deadline(rule, effect.due)
            data |= bearer_of(effect, self.profile, self.activations.of(finding.subject))
            if finding.done_on is not None:
                data["done_on"] = finding.done_on
            return data
        if finding.state == "closed":
            data["citations"] = self._closing(finding) + fixed["citations"]
        if "reasons" in data:
            data["reasons"] = [{"code": code} for code in finding.reasons]
        if "authority" in data:
            data["authority"] = self._bodies(finding.authority)
        if "any_of" in data:
            data["any_of"] = [self._offer(offer) for offer in finding.any_of]
        if isinstance(effect, Need):
            data |= bearer_of(effect, self.profile, self.activations.of(finding.subject))
        return data

    def _fixed(self, rule: Rule, is_closed: bool) -> Data:
        data: Data = {"rule": rule.name, "effect": rule.kind, "subject": None, "state": None}
        data["citations"] = self.citations(rule)
        data |= self.layer(rule)
        if is_closed or isinstance(rule.effect, Deny):
            data["reasons"] = None
        match rule.effect:
            case Advise(kind=kind):
                data["kind"] = kind
            case Deny(curable=curable):
                data["curable"] = curable
            case Need(instrument=str(instrument)):
                data |= {"instrument": {"id": instrument}, "authority": None}
            case Need():
                data["any_of"] = None
            case Duty(instrument=instrument):
                data |= {"instrument": {"id": instrument}, "authority": None, "deadline": None}
        return data

    def undetermined(self, finding: Finding) -> Data:
        """Return a finding by its rule, subject and state alone."""
        rule = finding.rule
        fixed = self.shared.undetermined.get(rule.name)
        if fixed is None:
            fixed = {"rule": rule.name, "effect": rule.kind, "subject": None, "state": None} | self.layer(rule)
            self.shared.undetermined[rule.name] = fixed
        data = fixed.copy()
        data["subject"], data["state"] = self._subject(finding.subject), finding.state
        return data

    def layer(self, rule: Rule) -> dict[str, str]:
        """Return the name of a rule's layer if the law has layers."""
        layer = layer_of(self.bundle, rule)
        return {} if layer is None else {"layer": layer}

    def _subject(self, subject: Subject) -> Data:
        data = self.subjects.get(subject)
        if data is None:
            data = self.subjects[subject] = {"service": subject.service, "class": subject.cls}
        return data

    def deadline(self, rule: Rule, due: Mapping[str, Any]) -> Data:
        """Return the deadline of a duty; all decisions share it, so callers must not change it."""
        key, kept = (rule.name, self.launch), self.shared.deadlines
        found = kept.get(key)
        if found is None:
            if len(kept) >= DEADLINES:
                kept.clear()
            last = deadline(due, self.launch)
            found = kept[key] = {"group": last.group, "date": last.date}
        return found

    def _closing(self, finding: Finding) -> list[dict[str, str]]:
        """Return the law of the nearest closed routes, which block a need without an open one."""
        rules = {route.rule.name: route.rule for route in finding.nearest}
        return [cited for rule in rules.values() for cited in self.citations(rule)]

    def citations(self, rule: Rule) -> list[dict[str, str]]:
        """Return the citations of a rule; all decisions of a day share the list, so callers must not change it."""
        citation = self.shared.citations.get(rule.name)
        if citation is None:
            citation = self.shared.citations[rule.name] = [{"policy": rule.policy, "key": key} for key in rule.cite]
        return citation

    def opinion(self, index: int, state: str) -> Data:
        """Return an opinion of the profile and its state."""
        given = self.profile.facts["opinions"][index]
        grant = self.profile.granted.get(index)
        approver = grant.approver if grant else None
        return {"about": given["about"], "service": given.get("service"), "state": state, "approver": approver}

    def _bodies(self, ids: tuple[str, ...]) -> list[dict[str, str]]:
        bodies = self.shared.bodies.get(ids)
        if bodies is None:
            bodies = self.shared.bodies[ids] = [{"id": id} for id in ids]
        return bodies

    def _offer(self, offer: LicenseOption) -> Data:
        return {
            "instrument": {"id": offer.instrument},
            "class": offer.cls,
            "route": offer.route,
            "authority": self._bodies(offer.authority),
        }
