"""The explained decision: the brief decision with its reasons, each text and each fact only once.

A finding names the facts that decide it by their place in `facts`, its rule and its articles by their ids. `policies`
has the message of every rule that is named, and the label of every article that is cited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from vatspolicy.core.documents import Path
from vatspolicy.core.engine.brief import BriefSerializer, brief_parts
from vatspolicy.core.engine.decision import Decision, Finding, Interpretation, MissingFact, RouteResult
from vatspolicy.core.engine.explanation import FactRead, NamedFacts, deciding_facts, fact_path
from vatspolicy.core.engine.law_texts import LawTexts, copy_text, titled
from vatspolicy.core.engine.notices import notices
from vatspolicy.core.engine.opinions import OPINION, applies
from vatspolicy.core.engine.record_builder import NOWHERE, make_opinion, make_reading, make_worst_reading
from vatspolicy.core.engine.result import encode
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Duty, Policy, Rule
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile
from vatspolicy.core.profile.vocabulary import label
from vatspolicy.i18n import LANGUAGES

if TYPE_CHECKING:
    from typing import Any, TypeAlias

    Data: TypeAlias = dict[str, Any]

FORMAT = 2
"""Version of the format, raised for incompatible changes. Version 1 repeated the texts in every finding."""
TABLES = ("facts", "questions", "deadlines", "titles", "policies")
"""Parts to which the others refer."""
_WORDS = {"authorities": "authority", "classes": "class", "reasons": "reason"}
"""Kinds of titles, each with the list of words that has them."""
_FINDINGS = ("denials", "needs", "would_need", "met", "duties", "advice")
_REFERRING = frozenset((*_FINDINGS, "undetermined", "services"))
"""Parts with places in tables."""


@dataclass(frozen=True, eq=False)
class _Texts:
    """Texts of one day, which serve every decision and are never changed."""

    titles: dict[tuple[str, str], Data] = field(default_factory=dict)
    """By kind and id."""
    policies: dict[str, Data] = field(default_factory=dict)
    rules: dict[str, tuple[Data, Data]] = field(default_factory=dict)
    """By rule: messages, and labels of articles."""


_TEXTS: WeakKeyDictionary[RuleSet, _Texts] = WeakKeyDictionary()


def explained_parts(bundle: Bundle, profile: Profile, decision: Decision) -> dict[str, Callable[[], Any]]:
    """Return a function for each part of the explained decision. Parts with references, and tables, need all parts."""
    return _Explained(bundle, profile, decision).parts


class _Explained:
    def __init__(self, bundle: Bundle, profile: Profile, decision: Decision) -> None:
        self.bundle, self.profile, self.decision = bundle, profile, decision
        self.ruleset = bundle.on(decision.as_of)
        self.brief = BriefSerializer(bundle, profile, decision)
        self.activations = self.brief.activations
        self.reader = NamedFacts(profile, self.ruleset)
        self.texts = _TEXTS.setdefault(self.ruleset, _Texts())
        self.law_texts = LawTexts(bundle, decision.as_of, profile.launch, LANGUAGES)
        self.facts: list[Data] = []
        self.places: dict[str, int] = {}
        """Places of the facts in `facts`, by path."""
        self.questions: Data = {}
        self.paths: dict[Path, str] = {}
        """Paths of the facts in `questions`, as reports write them."""
        self.deadlines: list[dict[str, str]] = []
        self.wordings: dict[str, int] = {}
        """Places of the deadlines in `deadlines`, by their English."""
        self.titles: dict[str, Data] = {kind: {} for kind in ("instruments", *_WORDS)}
        self.policies: dict[str, Data] = {}
        self.noted: set[tuple[str, bool]] = set()
        """Names of the rules in `policies`, and whether the labels of their articles are there."""
        self.made: Data = {}
        own: dict[str, Callable[[], Any]] = {
            "notices": lambda: [
                {"kind": kind, "message": copy_text(message)}
                for kind, message in notices(bundle, profile, decision.as_of)
            ],
            "services": self.services,
            "undetermined": lambda: [self.undetermined(finding) for finding in decision.undetermined],
            "missing": lambda: [{"path": self.ask(fact), "rules": list(fact.rules)} for fact in decision.missing],
            "opinions": lambda: [
                _placeless(make_opinion(profile, opinion, NOWHERE), "line", "column") for opinion in decision.opinions
            ],
            "contested": lambda: [self.reading(reading) for reading in decision.readings],
            "worst_reading": lambda: encode(make_worst_reading(decision.worst_reading)),
        }
        own |= {name: partial(self.findings, getattr(decision, name)) for name in _FINDINGS}
        self.makers = {"format": lambda: FORMAT, **brief_parts(bundle, profile, decision, self.brief), **own}
        self.parts: dict[str, Callable[[], Any]] = {key: partial(self.make, key) for key in (*self.makers, *TABLES)}

    def make(self, key: str) -> Any:
        """Return a part. A part with table references, and a table, require all other parts, built in order."""
        if key in self.made:
            return self.made[key]
        if key not in TABLES and key not in _REFERRING:
            return self.makers[key]()
        self.made |= {name: make() for name, make in self.makers.items()}
        self.made |= {table: getattr(self, table) for table in TABLES}
        return self.made[key]

    # --- findings

    def findings(self, findings: Iterable[Finding]) -> list[Data]:
        return [self.explain(finding, self.brief.finding(finding)) for finding in findings]

    def undetermined(self, finding: Finding) -> Data:
        data = self.brief.undetermined(finding)
        data["citations"] = self.brief.citations(finding.rule)
        return self.explain(finding, data)

    def explain(self, finding: Finding, data: Data) -> Data:
        """Add the facts that decide a finding to its brief data, and note the texts to which the data refers."""
        effect = finding.rule.effect
        self.note_rule(finding.rule)
        data["facts"] = self.refer(deciding_facts(finding, self.reader, self.activations.of(finding.subject)))
        if finding.missing:
            data["asks"] = list(dict.fromkeys([self.ask(fact) for fact in finding.missing]))
            about = [name for fact in finding.missing if fact.path == (OPINION.root,) for name in fact.rules]
            if about:
                data["about"] = about
        for reason in data.get("reasons", ()):
            self.note_title("reasons", reason["code"])
        for route in finding.nearest:
            self.note_rule(route.rule)
        for offer in finding.any_of:
            self.note_instrument(offer.instrument, offer.authority)
        if "instrument" in data:
            self.note_instrument(data["instrument"]["id"], finding.authority)
        if "deadline" in data:
            assert isinstance(effect, Duty)
            text = self.brief.deadline(finding.rule, effect.due)[1]
            index = self.wordings.get(text["en"])
            if index is None:
                index = self.wordings[text["en"]] = len(self.deadlines)
                self.deadlines.append(text)
            data["deadline"] = {**data["deadline"], "text": index}
        return data

    def refer(self, facts: Iterable[FactRead]) -> list[int]:
        """Return the places of facts in the table."""
        indexes, places = [], self.places
        for fact in facts:
            index = places.get(fact.text)
            if index is None:
                index = places[fact.text] = len(self.facts)
                self.facts.append({"path": fact.text, "value": fact.value})
            indexes.append(index)
        return indexes

    def ask(self, fact: MissingFact) -> str:
        """Note the question for a fact and the rules that read it. Return its path."""
        path = self.paths.get(fact.path)
        if path is None:
            path = self.paths[fact.path] = fact_path(fact.path)
            self.questions[path] = self.law_texts.question(fact.path)
        for name in fact.rules:
            if (name, False) not in self.noted:
                policy, rule, *_ = name.split("/")
                self.note_rule(self.bundle.policies[policy].rule(rule), cites=False)
        return path

    # --- services and other readings

    def services(self) -> list[Data]:
        services = self.brief.services()
        for service, data in zip(self.decision.services, services, strict=True):
            for finding in service.classified_by:
                self.note_rule(finding.rule, cites=False)
            for activity, of_activity in zip(service.activities, data["activities"], strict=True):
                self.note_title("classes", activity.cls)
                routes = {state.rule.name: state for state in activity.routes}
                for of_route in of_activity["routes"]:
                    of_route |= self.explain_route(routes[of_route["rule"]])
        return services

    def explain_route(self, state: RouteResult) -> Data:
        """Return the authorities of a route, and its conditions with the facts that each names."""
        rule, effect, activation = state.rule, state.rule.route, self.activations.of(state.subject)
        self.note_rule(rule)
        self.note_instrument(effect.instrument, state.authority)
        return {
            "authority": [{"id": id} for id in state.authority],
            "unread": list(state.unread),
            "citations": self.brief.citations(rule),
            "conditions": [
                {
                    "id": condition.id,
                    "value": self.ruleset.evaluate(condition.check, activation),
                    "applies": applies(activation, rule, condition),
                    "reason": condition.reason,
                    "citations": [{"policy": rule.policy, "key": key} for key in condition.cite or rule.cite],
                    "facts": self.refer(self.reader.read(condition.check, activation)),
                }
                for condition in effect.conditions
            ],
        }

    def reading(self, reading: Interpretation) -> Data:
        self.note_rule(reading.rule, cites=False)
        return _placeless(make_reading(self.bundle, reading, NOWHERE), "location")

    # --- texts

    def note_rule(self, rule: Rule, cites: bool = True) -> None:
        """Note the messages of a rule and of its conditions, and if it `cites` its articles there, their labels."""
        if (rule.name, cites) in self.noted:
            return
        self.noted.add((rule.name, cites))
        entry = self.policies.get(rule.policy)
        if entry is None:
            about = self.texts.policies.get(rule.policy)
            if about is None:
                policy, day = self.bundle.policies[rule.policy], self.decision.as_of
                about = {"title": titled(policy, day), "number": policy.number(day)}
                self.texts.policies[rule.policy] = about
            entry = self.policies[rule.policy] = {**about, "rules": {}, "articles": {}}
        texts = self.texts.rules.get(rule.name)
        if texts is None:
            texts = self.texts.rules[rule.name] = _texts_of(rule, self.bundle.policies[rule.policy])
        messages, labels = texts
        entry["rules"] |= messages
        if cites:
            entry["articles"] |= labels

    def note_instrument(self, id: str, authorities: Iterable[str]) -> None:
        """Note the titles of an instrument and of the authorities in charge of it."""
        self.note_title("instruments", id)
        for authority in authorities:
            self.note_title("authorities", authority)

    def note_title(self, kind: str, id: str) -> None:
        titles = self.titles[kind]
        if id not in titles:
            title = self.texts.titles.get((kind, id))
            if title is None:
                schemas, instruments = self.bundle.schemas, self.bundle.instruments
                text = label(_WORDS[kind], id, schemas) if kind in _WORDS else instruments[id].title
                title = self.texts.titles[kind, id] = copy_text(text)
            titles[id] = title


def _placeless(part: object, *keys: str) -> Data:
    """Return a part of a record as data, without its place in the spec."""
    return {key: value for key, value in encode(part).items() if key not in keys}


def _texts_of(rule: Rule, policy: Policy) -> tuple[Data, Data]:
    """Return the messages of a rule and of its conditions, by name, and the labels of articles, by key."""
    messages, cited = {rule.id: copy_text(rule.message)}, rule.cite
    for condition in rule.requirements:
        messages[f"{rule.id}/{condition.id}"] = copy_text(condition.message)
        cited += condition.cite
    return messages, {key: copy_text(policy.articles[key].label) for key in cited}
