"""The decision as plain data (decision.schema.json), which every report format reads.

Explanations are built here, only for findings that are shown.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

from vatspolicy.documents import Path, format_path
from vatspolicy.engine.decision import (
    Activity,
    Decision,
    Finding,
    Interpretation,
    MissingFact,
    RouteResult,
    Service,
    Subject,
    nearest_routes,
    rank_routes,
)
from vatspolicy.engine.explanation import ClauseReader, FactRead, FactReader, deciding_facts
from vatspolicy.engine.law_texts import LawTexts
from vatspolicy.engine.notices import notices
from vatspolicy.engine.opinions import OPINION, OpinionResult, applies
from vatspolicy.engine.record_parts import (
    copy_text,
    find_bearer,
    law_to_data,
    layer_to_data,
    opinion_to_data,
    reading_to_data,
    worst_to_data,
)
from vatspolicy.engine.subjects import Activations
from vatspolicy.i18n import LANGUAGES, Language
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import (
    Advise,
    Condition,
    Deny,
    Duty,
    Expression,
    Need,
    Policy,
    Route,
    Rule,
)
from vatspolicy.profile.profile import Profile
from vatspolicy.profile.vocabulary import label, question

if TYPE_CHECKING:
    from typing import Any


FORMAT = 1
"""Version of the data; it grows when a reader would break."""


class Detail(IntEnum):
    """The extent of the data of a decision."""

    OUTLINE = 0
    """Findings without law, routes and reasons."""
    SCREEN = 1
    """With law and routes, without checks in words, clauses, facts and places."""
    FULL = 2


def decision_to_data(
    bundle: Bundle,
    profile: Profile,
    decision: Decision,
    detail: Detail = Detail.FULL,
    languages: Sequence[Language] = LANGUAGES,
) -> dict[str, Any]:
    """Return the decision with its law and its facts. Sorted where order carries no meaning; no wall-clock time.

    What the program itself says (checks, deadlines, notices) is in the `languages` alone.
    """
    return {key: make() for key, make in decision_parts(bundle, profile, decision, detail, languages).items()}


def decision_parts(
    bundle: Bundle,
    profile: Profile,
    decision: Decision,
    detail: Detail = Detail.FULL,
    languages: Sequence[Language] = LANGUAGES,
) -> dict[str, Callable[[], Any]]:
    """Return a function for each part of the data of a decision, so that a reader of one part pays for that one."""
    maker = _Serializer(bundle, profile, decision, detail, languages)
    return {
        "decision": lambda: decision.decision,
        "range": lambda: list(decision.range),
        "product": lambda: decision.product,
        "title": lambda: profile.facts["product"].get("title", decision.product),
        "as_of": lambda: decision.as_of,
        "launch": lambda: profile.launch,
        "file": lambda: profile.document.file,
        "bundle": lambda: law_to_data(bundle, decision),
        "notices": lambda: [
            {"kind": kind, "message": maker.texts.say(message)}
            for kind, message in notices(bundle, profile, decision.as_of)
        ],
        "verification": lambda: decision.verification,
        "services": lambda: [maker.service(service) for service in decision.services],
        "denials": lambda: maker.findings(decision.denials),
        "needs": lambda: maker.findings(decision.needs),
        "would_need": lambda: maker.findings(decision.would_need),
        "met": lambda: maker.findings(decision.met),
        "duties": lambda: maker.findings(decision.duties),
        "advice": lambda: maker.findings(decision.advice),
        "undetermined": lambda: maker.findings(decision.undetermined),
        "missing": lambda: [maker.ask(ask) for ask in decision.missing],
        "opinions": lambda: maker.opinions(decision.opinions),
        "contested": lambda: [maker.reading(reading) for reading in decision.readings],
        "worst_reading": lambda: worst_to_data(decision.worst_reading),
    }


class _Serializer:
    def __init__(
        self, bundle: Bundle, profile: Profile, decision: Decision, detail: Detail, languages: Sequence[Language]
    ) -> None:
        self.bundle, self.profile, self.detail = bundle, profile, detail
        self.ruleset = bundle.on(decision.as_of)
        self.activations = Activations(self.ruleset, profile, decision.as_of)
        self.texts = LawTexts(bundle, decision.as_of, profile.launch, languages)
        self.reader = FactReader(profile, self.ruleset)
        self.clause_reader = ClauseReader(bundle, self.ruleset)
        self.operators: dict[Subject, str] = {}
        """Operator of each subject: company or partner."""
        self.shown: dict[tuple[str, Subject], dict[str, Any]] = {}
        """Routes by rule and subject: an activity and its needs show the same ones."""
        self.mark, self.format_path = functools.cache(profile.mark), functools.cache(format_path)

    def findings(self, findings: Iterable[Finding]) -> list[dict[str, Any]]:
        return [self.finding(finding) for finding in findings]

    def message(self, said: Rule | Condition, subject: Subject) -> dict[str, str]:
        """Return the message of a rule or of a condition, with the values of the facts that it shows."""
        if said.template is None:
            return copy_text(said.message)
        from vatspolicy.policies.message_values import show_values
        from vatspolicy.profile.wording import FactWording

        return show_values(said.template, self.activations.of(subject), FactWording(self.profile.schemas))

    def finding(self, finding: Finding) -> dict[str, Any]:
        rule = finding.rule
        policy = self.bundle.policies[rule.policy]
        data: dict[str, Any] = {
            "rule": rule.name,
            "version": policy.version,
            "effect": rule.kind,
            "subject": {"service": finding.subject.service, "class": finding.subject.cls},
            "state": finding.state,
            "message": self.message(rule, finding.subject),
            **self.layer(rule),
        }
        data |= self.explanation(finding)
        if finding.reasons:
            data["reasons"] = [
                {"code": code, "title": copy_text(label("reason", code, self.bundle.schemas))}
                for code in finding.reasons
            ]
        if finding.missing and self.detail > Detail.OUTLINE:
            data["asks"] = [self.ask(ask) for ask in finding.missing]
        match rule.effect:
            case Advise(kind=kind):
                data["kind"] = kind
            case Deny(curable=curable):
                data["curable"] = curable
            case Need(instrument=str(instrument)):
                data |= {
                    "instrument": self.texts.instrument(instrument),
                    "authority": self.texts.authority(finding.authority),
                }
            case Need():
                data["any_of"] = [self.texts.offer(offer) for offer in finding.any_of]
                data["routes"] = self.routes(finding.routes)
            case Duty(instrument=instrument, due=due, bearer=bearer):
                data |= {
                    "instrument": self.texts.instrument(instrument),
                    "authority": self.texts.authority(finding.authority),
                    "deadline": self.texts.deadline(rule, due),
                    "bearer": self.bearer(bearer, finding),
                    "done_on": finding.done_on,
                }
        return data

    def layer(self, rule: Rule) -> dict[str, str]:
        """Return the name of the layer of a rule, if there is more than the base."""
        return layer_to_data(self.bundle, rule)

    def explanation(self, finding: Finding) -> dict[str, Any]:
        """Return the law of a finding, and the facts that decide it with their places."""
        if self.detail is Detail.OUTLINE:
            return {"citations": []}
        rule, activation = finding.rule, self.activations.of(finding.subject)
        policy = self.bundle.policies[rule.policy]
        citations = self.closing(finding) + self.texts.citations(policy, rule.cite)
        if self.detail is Detail.SCREEN:
            return {"citations": citations}
        facts = deciding_facts(finding, self.reader, activation)
        return {
            "check": self.texts.check(rule.when),
            "citations": citations,
            "clauses": self.clauses(policy, rule.when, activation),
            "facts": [self.fact(fact) for fact in facts],
            "policy_file": _shown(policy.file, self.folder_of(policy)),
            "policy_line": rule.line,
            "location": self.location(finding.subject, facts),
        }

    def folder_of(self, policy: Policy) -> str:
        layer = self.bundle.layer_of(policy.id)
        return self.bundle.folder if layer is None else layer.folder

    def bearer(self, bearer: str, finding: Finding) -> str:
        if bearer != "operator":
            return "company"
        found = self.operators.get(finding.subject)
        if found is None:
            found = find_bearer(self.profile, bearer, self.activations.of(finding.subject))
            self.operators[finding.subject] = found
        return found

    def closing(self, finding: Finding) -> list[dict[str, Any]]:
        """Return the law of the nearest closed routes, which stand in the way of a need without an open one."""
        if finding.state != "closed":
            return []
        rules = dict.fromkeys(state.rule for state in nearest_routes(finding.routes))
        return [cited for rule in rules for cited in self.texts.citations(self.bundle.policies[rule.policy], rule.cite)]

    def clauses(self, policy: Policy, expression: Expression, activation: Mapping[str, Any]) -> list[dict[str, Any]]:
        found = self.clause_reader.read(policy, expression, activation)
        return [{"text": clause.text, "value": clause.value, "depth": clause.depth} for clause in found]

    def fact(self, fact: FactRead) -> dict[str, Any]:
        line, column = self.mark(fact.path)
        return {"path": fact.text, "value": fact.value, "line": line, "column": column}

    def facts(self, expression: Expression, subject: Subject) -> tuple[FactRead, ...]:
        return self.reader.read(expression, self.activations.of(subject))

    def location(self, subject: Subject, deciding: Iterable[FactRead]) -> dict[str, int]:
        """Return the line of the spec to show: the last written fact that decided, else the subject of the rule."""
        written = [fact for fact in deciding if fact.value is not None]
        if written:
            line, column = self.mark(written[-1].path)
            return {"line": line, "column": column}
        return self.place(subject)

    def place(self, subject: Subject) -> dict[str, int]:
        """Return the line of the spec where a subject stands."""
        path: Path = ("product",)
        if subject.service is not None:
            ids = [service["id"] for service in self.profile.facts["services"]]
            path = ("services", ids.index(subject.service))
            if subject.cls is not None:
                path = self.profile.path_of(self.profile.facts["services"][path[1]], ("offers",)) or path
        line, column = self.mark(path)
        return {"line": line, "column": column}

    def routes(self, states: Sequence[RouteResult]) -> list[dict[str, Any]]:
        return [self.route(state) for state in rank_routes(states)] if self.detail > Detail.OUTLINE else []

    def route(self, state: RouteResult) -> dict[str, Any]:
        found = self.shown.get((state.rule.name, state.subject))
        if found is None:
            found = self.shown[state.rule.name, state.subject] = self.new_route(state)
        return found

    def new_route(self, state: RouteResult) -> dict[str, Any]:
        effect, activation = state.rule.effect, self.activations.of(state.subject)
        assert isinstance(effect, Route)
        policy = self.bundle.policies[state.rule.policy]
        return {
            "rule": state.rule.name,
            "name": effect.name,
            "title": copy_text(effect.title),
            "state": state.state,
            "instrument": self.texts.instrument(effect.instrument),
            "authority": self.texts.authority(state.authority),
            "held": state.held,
            "max_foreign_percent": state.max_foreign_percent,
            "share_too_high": state.share_too_high,
            "unread": list(state.unread),
            "conditions": [
                {
                    "id": condition.id,
                    "message": self.message(condition, state.subject),
                    "value": self.ruleset.evaluate(condition.check, activation),
                    "reason": condition.reason,
                    "where": condition.where,
                    "applies": applies(activation, state.rule, condition),
                    **(self.condition_explanation(policy, state, condition) if self.detail is Detail.FULL else {}),
                }
                for condition in effect.conditions
            ],
            "citations": self.texts.citations(policy, state.rule.cite),
            **self.layer(state.rule),
        }

    def condition_explanation(self, policy: Policy, state: RouteResult, condition: Condition) -> dict[str, Any]:
        return {
            "check": self.texts.check(condition.check),
            "citations": self.texts.citations(policy, condition.cite or state.rule.cite),
            "facts": [self.fact(fact) for fact in self.facts(condition.check, state.subject)],
        }

    def service(self, service: Service) -> dict[str, Any]:
        return {
            "id": service.id,
            "state": service.state,
            "classified_by": [self.classified(finding) for finding in service.classified_by],
            "activities": [self.activity(activity) for activity in service.activities],
        }

    def classified(self, finding: Finding) -> dict[str, Any]:
        rule = finding.rule
        message = self.message(rule, finding.subject)
        data = {"rule": rule.name, "message": message, "contested": rule.contested}
        return data | self.layer(rule)

    def activity(self, activity: Activity) -> dict[str, Any]:
        return {
            "class": activity.cls,
            "title": copy_text(label("class", activity.cls, self.bundle.schemas)),
            "outcome": activity.outcome,
            "routes": self.routes(activity.routes),
        }

    def reading(self, reading: Interpretation) -> dict[str, Any]:
        return {**reading_to_data(self.bundle, reading), "location": self.place(reading.subject)}

    def ask(self, ask: MissingFact) -> dict[str, Any]:
        return {
            "path": self.format_path(ask.path),
            "question": copy_text(question(ask.path, self.profile.schemas)),
            "rules": list(ask.rules),
            **({"about": [self.matter(name) for name in ask.rules]} if ask.path == (OPINION.root,) else {}),
        }

    def matter(self, name: str) -> dict[str, Any]:
        """Return the rule or condition that an opinion is asked about, with its words and its law."""
        policy_id, rule_id, *condition = name.split("/")
        policy = self.bundle.policies[policy_id]
        rule = policy.rule(rule_id)
        message, cite = rule.message, rule.cite
        if condition and isinstance(rule.effect, Route):
            found = next(one for one in rule.effect.requirements if one.id == condition[0])
            message, cite = found.message, found.cite or cite
        return {"name": name, "message": copy_text(message), "citations": self.texts.citations(policy, cite)}

    def opinions(self, results: Iterable[OpinionResult]) -> list[dict[str, Any]]:
        return [self.opinion(result) for result in results]

    def opinion(self, result: OpinionResult) -> dict[str, Any]:
        line, column = self.profile.mark(("opinions", result.place))
        return {**opinion_to_data(self.profile, result), "line": line, "column": column}


def _shown(file: str, folder: str) -> str:
    """Return the path of a policy without the place of its folder, so that equal inputs give equal bytes."""
    return os.path.relpath(file, os.path.dirname(folder)).replace(os.sep, "/") if os.path.isabs(file) else file
