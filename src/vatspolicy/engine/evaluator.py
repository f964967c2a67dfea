"""evaluate(bundle, profile, as_of): the decision for one profile on one day. Pure: no files, no clock, no printing."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from vatspolicy.cel.activation import Activation
from vatspolicy.cel.interpreter import Env
from vatspolicy.engine.classification import Interpretations, classify
from vatspolicy.engine.decision import (
    WORDS,
    Activity,
    Asking,
    Decision,
    EvaluationContext,
    Finding,
    Findings,
    Interpretation,
    MissingFact,
    RouteResult,
    Service,
    Subject,
    done_among,
    settle,
)
from vatspolicy.engine.licensing import evaluate_routes, holds_instrument, outcome_range
from vatspolicy.engine.missing_facts import (
    missing_facts_of,
    missing_facts_of_access,
    missing_offers,
    rank_missing_facts,
)
from vatspolicy.engine.subjects import activity_activation, product_activation, service_activation
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Classify, Need, Route, Rule
from vatspolicy.policies.ruleset import MatchedRules, Matches, RuleSet
from vatspolicy.profile.profile import Profile

_STRENGTH = ("primary", "secondary", "unverified")
"""Verifications, the weakest last."""
KINDS = ("deny", "need", "duty", "advise")
"""Effects that are asked for, in the order of findings."""
BEARING = ("deny", "need")
"""Those that bear on the decision word."""
CLASSES, ROUTES, DENIALS, NEEDED, DUTIES, ADVICE = range(2 + len(KINDS))
"""Places of effects, in the order in which they are asked for."""
_NO_READINGS: Interpretations = {}
_COMES_TO = {"allow": "met", "needs-license": "unmet", "deny": "closed"}
"""The state of a need by the word that its routes leave."""
_RANK = {word: rank_missing_facts for rank_missing_facts, word in enumerate(WORDS)}
ALLOW, NEEDS, DENY = range(len(WORDS))


def evaluate(bundle: Bundle, profile: Profile, as_of: str) -> Decision:
    """Decide a profile under the law of `as_of` (ISO day). Raises ValueError for a day the bundle does not cover."""
    law = bundle.on(as_of)
    scopes = _scopes(profile, as_of)
    result = _Evaluator(law, profile, scopes, KINDS).run()
    readings = tuple(_other_readings(law, profile, scopes, result)) if result.contested else ()
    return _decide(bundle, law, profile, as_of, result, readings)


def evaluate_rules(law: RuleSet, profile: Profile, as_of: str, kinds: tuple[str, ...] = KINDS) -> EvaluationState:
    """What the rules with effects of some kinds say of a profile under their own readings, before it is a decision."""
    return _Evaluator(law, profile, _scopes(profile, as_of), kinds).run()


def _scopes(profile: Profile, as_of: str) -> list[Activation]:
    """The variables of the product, then those of each service."""
    product = product_activation(profile, as_of)
    scopes = [product]
    for service in product["services"]:
        scopes.append(service_activation(product, service))
    return scopes


OutcomeRange = tuple[int, int]
"""The mildest and the strictest word that is possible, as places in WORDS."""


@dataclass
class EvaluationState:
    """What one run over the rules found."""

    low: int = 0
    high: int = 0
    parts: list[OutcomeRange] = field(default_factory=list)
    """Of the product's own rules, then of each service: a decision is the strictest of its parts."""
    spans: list[tuple[int, int, bool]] = field(default_factory=list)
    """Of each finding that bears on the word: the span it leaves possible; whether its subject is certain."""
    lists: dict[str, list[Finding]] = field(
        default_factory=lambda: {"closed": [], "unmet": [], "met": [], "unknown": []}
    )
    """Findings about what is certain: needs by their state, and all that are unknown."""
    spoken: list[tuple[EvaluationContext, MatchedRules]] = field(default_factory=list)
    """What rules say of what is certain: its denials, and what does not bear on the word."""
    services: list[Service] = field(default_factory=list)
    contested: list[tuple[Rule, Subject]] = field(default_factory=list)
    open_questions: list[tuple[int, Asking | Finding]] = field(default_factory=list)
    """Facts that could still change the word: how strict it could become, and what to ask, or whose asks."""

    @property
    def findings(self) -> Iterator[Finding]:
        """All findings about what is certain."""
        lazy = (Findings(self.spoken, effect) for effect in (DENIALS, DUTIES, ADVICE))
        return itertools.chain(*self.lists.values(), *lazy)


class _Evaluator:
    """One run over the rules, under one choice of readings. `run` says what they found."""

    def __init__(
        self,
        law: RuleSet,
        profile: Profile,
        scopes: Sequence[Activation],
        kinds: tuple[str, ...],
        readings: Interpretations = _NO_READINGS,
        refused: frozenset[tuple[str, str]] = frozenset(),
    ) -> None:
        """`scopes`: see `_scopes`. `refused`: contested routes read as not admitted, as (rule name, subject)."""
        self.law, self.profile, self.readings, self.refused = law, profile, readings, refused
        self.effects = ("classify", "route", *kinds)
        self.beyond = range(DUTIES, DUTIES if readings or refused else len(self.effects))
        """Places of effects that do not bear on the decision word; what other readings come to is a word."""
        self.base, *self.services = scopes
        self.result = EvaluationState()
        self.filed = _filed(self.base)

    def run(self) -> EvaluationState:
        self.rules(
            self.law.match("product", self.effects, self.base), EvaluationContext(self.law, self.base, self.filed)
        )
        if not self.services:
            self.open(ALLOW, DENY, missing_offers(None))
        result = self.result
        result.parts.append((result.low, result.high))
        for index, env in enumerate(self.services):
            result.parts.append(self.service(index, env))
        return result

    def begin(self) -> OutcomeRange:
        """Begin a part. What others leave possible is set aside until its `end`."""
        result = self.result
        others = (result.low, result.high)
        result.low = result.high = 0
        return others

    def end(self, others: OutcomeRange) -> OutcomeRange:
        """What the part leaves possible by itself; it is added to what others leave possible."""
        result, (low, high) = self.result, others
        part = (result.low, result.high)
        if low > part[0]:
            result.low = low
        if high > part[1]:
            result.high = high
        return part

    def open(self, low: int, high: int, asks: Asking | Finding, certain: bool = True) -> None:
        """Note what a finding leaves possible for the decision word, and what to ask over it."""
        result = self.result
        result.spans.append((low, high, certain))
        if high > result.high:
            result.high = high
        if certain:  # what is only possible is asked for by its class first
            if low > result.low:
                result.low = low
            if low < high:
                result.open_questions.append((high, asks))

    # --- subjects

    def service(self, index: int, env: Env) -> OutcomeRange:
        others, result = self.begin(), self.result
        matter, id = EvaluationContext(self.law, env, self.filed), env["service"]["id"]
        spoken = self.law.match("service", self.effects, env)
        found = classify(self.law, env, self.readings, spoken.rules(CLASSES))
        state = found.state
        self.rules(spoken, matter)
        for rule in found.contested:
            result.contested.append((rule, matter.subject))
        activities, classified_by = [], []
        for cls in found.classes:
            activities.append(self.activity(env, cls, certain=True))
        for cls in found.possible:
            self.activity(env, cls, certain=False)
        for rule in found.rules:
            classified_by.append(Finding(rule, matter, "fires"))
        for rule in found.undecided:
            finding = self.unknown(rule, matter)
            result.lists["unknown"].append(finding)
            # further classes have been counted as possible activities; here only what is still owed to this service
            self.open(ALLOW, ALLOW if found.classes or found.rules else DENY, finding)
            if found.possible and result.high > result.low:
                result.open_questions.append((result.high, finding))
        if state == "unclassified":
            self.open(ALLOW, DENY, missing_offers(index))
        result.services.append(Service(id, state, tuple(classified_by), tuple(activities)))
        return self.end(others)

    def activity(self, service: Env, cls: str, certain: bool) -> Activity:
        others, env = self.begin(), activity_activation(self.law, service, cls)
        states = self.rules(
            self.law.match("activity", self.effects, env), EvaluationContext(self.law, env, self.filed, certain)
        )
        low, high = self.end(others)
        return Activity(cls, _word(low, high), states)

    # --- rules

    def rules(self, spoken: MatchedRules, matter: EvaluationContext) -> tuple[RouteResult, ...]:
        """What the rules that speak of a matter come to; the routes that were looked at."""
        states: tuple[RouteResult, ...] = ()
        result, certain = self.result, matter.certain
        for rule, holds in spoken.rules(DENIALS):
            if holds and certain:
                result.low = result.high = DENY
            else:
                self.may_deny(rule, matter, holds)
        for rule, holds in spoken.rules(NEEDED):
            finding = self.need(rule, matter, holds, spoken)
            if certain:
                result.lists[finding.state].append(finding)
            if finding.routes:
                states += finding.routes
        if certain:
            result.spoken.append((matter, spoken))
            if spoken.unknown:
                undecided = [rule for effect in self.beyond for rule in spoken.undecided(effect)]
                done = done_among(undecided, matter)
                result.lists["unknown"] += [self.unknown(rule, matter) for rule in undecided if rule not in done]
        return states

    def unknown(self, rule: Rule, matter: EvaluationContext) -> Finding:
        return Finding(rule, matter, "unknown", functools.partial(self.missing_facts_of, matter.env, rule))

    def missing_facts_of(self, env: Env, rule: Rule) -> tuple[MissingFact, ...]:
        return missing_facts_of(self.law, self.profile, env, rule, rule.when)

    def asks_of_holding(self, finding: Finding, rule: Asking, instrument: str) -> tuple[MissingFact, ...]:
        return settle(rule) or missing_facts_of_access(self.law, self.profile, finding, instrument)

    def asks_of_routes(self, finding: Finding, rule: Asking) -> tuple[MissingFact, ...]:
        open_routes = (state.rule for state in finding.routes if state.state != "closed")
        return settle(rule) + tuple(
            ask for route in open_routes for ask in missing_facts_of_access(self.law, self.profile, finding, route)
        )

    def may_deny(self, rule: Rule, matter: EvaluationContext, holds: bool) -> None:
        """Note a denial that is only possible: a fact is missing, or the subject itself is only possible."""
        finding = self.unknown(rule, matter)
        self.open(DENY if holds else ALLOW, DENY, finding, matter.certain)
        if matter.certain:
            self.result.lists["unknown"].append(finding)

    def need(self, rule: Rule, matter: EvaluationContext, holds: bool, spoken: MatchedRules) -> Finding:
        effect = rule.effect
        assert isinstance(effect, Need)
        finding = Finding(rule, matter, "fires") if holds else self.unknown(rule, matter)
        if effect.through is not None:
            self.need_through(finding, holds, effect.through, spoken.rules(ROUTES))
            return finding
        assert effect.instrument is not None
        has = holds_instrument(
            self.law, matter.env, effect.instrument, effect.bearer if "service" in matter.env else "company"
        )
        if has:
            finding.state = "met"
        elif holds:
            finding.state = "unknown" if has is None else "unmet"
        if has is None:
            finding.asking = functools.partial(self.asks_of_holding, finding, finding.asking, effect.instrument)
        low, high = NEEDS if holds and has is False else ALLOW, ALLOW if has else NEEDS
        self.open(low, high, finding, matter.certain)
        return finding

    def need_through(self, finding: Finding, holds: bool, to: str, spoken: Matches) -> None:
        matter = finding.matter
        refused = {name for name, place in self.refused if place == str(matter.subject)} if self.refused else ()
        states = finding.routes = evaluate_routes(self.law, matter.env, to, refused, spoken)
        for state in states:
            if state.rule.contested and state.state != "closed":
                self.result.contested.append((state.rule, matter.subject))
        mildest, strictest = outcome_range(states)
        if mildest != strictest:
            finding.asking = functools.partial(self.asks_of_routes, finding, finding.asking)
        self.open(_RANK[mildest] if holds else ALLOW, _RANK[strictest], finding, matter.certain)
        if not holds or mildest != strictest:
            finding.state = "unknown"
            return
        finding.asking = ()
        finding.state = _COMES_TO[strictest]


def _filed(env: Env) -> dict[str, str]:
    """The last day, up to the day decided, on which each instrument was filed."""
    found: dict[str, str] = {}
    for filing in env.get("filings", ()):
        if filing["date"] <= env["as_of"]:
            instrument = filing["instrument"]
            found[instrument] = max(filing["date"], found.get(instrument, ""))
    return found


def _other_readings(
    law: RuleSet, profile: Profile, scopes: Sequence[Activation], base: EvaluationState
) -> Iterator[Interpretation]:
    """Decisions under each other reading of each contested rule, where they differ from the base.

    A reading is of one service; the other parts of the product decide as they did.
    """
    word = _word(base.low, base.high)
    ids = [scope["service"]["id"] for scope in scopes[1:]]
    for rule, subject in dict.fromkeys(base.contested):
        assert subject.service is not None
        index = ids.index(subject.service)
        others = [*base.parts[: index + 1], *base.parts[index + 2 :]]
        alternatives = rule.effect.otherwise if isinstance(rule.effect, Classify) else ("closed",)
        for alternative in alternatives:
            readings = {(rule.name, subject.service): alternative} if isinstance(rule.effect, Classify) else {}
            refused = frozenset() if readings else frozenset({(rule.name, str(subject))})
            run = _Evaluator(law, profile, scopes, KINDS, readings, refused)
            parts = [*others, run.service(index, scopes[index + 1])]
            other = _word(max(low for low, _ in parts), max(high for _, high in parts))
            if other != word:
                yield Interpretation(rule, subject, alternative, other)


def missing_facts(result: EvaluationState) -> tuple[MissingFact, ...]:
    """Facts that could still change the decision word, the most decisive first."""
    questions = ((high, asks) for high, asks in result.open_questions if high > result.low)
    asks = ((high, one.asks if isinstance(one, Finding) else settle(one)) for high, one in questions)
    return rank_missing_facts(asks, result.low)


def _word(low: int, high: int) -> str:
    return WORDS[low] if low == high else "incomplete"


def _decide(
    bundle: Bundle,
    law: RuleSet,
    profile: Profile,
    as_of: str,
    result: EvaluationState,
    readings: tuple[Interpretation, ...],
) -> Decision:
    word, lists = _word(result.low, result.high), result.lists
    unmet = tuple(lists["unmet"])
    return Decision(
        decision=word,
        range=(WORDS[result.low], WORDS[result.high]),
        product=profile.name,
        as_of=as_of,
        bundle_version=bundle.version,
        bundle_digest=bundle.digest,
        services=tuple(result.services),
        denials=Findings(result.spoken, DENIALS, lists["closed"]),
        needs=unmet if word == "needs-license" else (),
        would_need=() if word == "needs-license" else unmet,
        met=tuple(lists["met"]),
        duties=Findings(result.spoken, DUTIES),
        advice=Findings(result.spoken, ADVICE),
        undetermined=tuple(lists["unknown"]),
        missing=missing_facts(result) if word == "incomplete" else (),
        readings=readings,
        resting=functools.partial(_weakest, bundle, law, result),
    )


def _weakest(bundle: Bundle, law: RuleSet, result: EvaluationState) -> str | None:
    """The weakest verification among the articles that denials, classifications, needs and their routes rest on."""
    rules = [rule for _, spoken in result.spoken for rule, holds in spoken.rules(DENIALS) if holds]
    rules += [finding.rule for service in result.services for finding in service.classified_by]
    opened: list[Rule] = []
    for finding in itertools.chain(*(result.lists[key] for key in ("closed", "unmet", "met"))):
        rules.append(finding.rule)
        for state in finding.routes:
            (opened if state.state == "open" else rules).append(state.rule)
    strengths = [_strength(bundle, law, rule, False) for rule in rules]
    strengths += [_strength(bundle, law, rule, True) for rule in opened]
    weakest = max(strengths, default=-1)
    return None if weakest < 0 else _STRENGTH[weakest]


def _strength(bundle: Bundle, law: RuleSet, rule: Rule, whole: bool) -> int:
    """The weakest verification among the articles of a rule and, if `whole`, of its route's conditions."""
    kept = law.strengths.get((rule, whole))
    if kept is None:
        keys = list(rule.cite)
        if whole and isinstance(rule.effect, Route):
            keys += [key for condition in rule.effect.conditions for key in condition.cite]
        articles = bundle.policies[rule.policy].articles
        kept = max((_STRENGTH.index(articles[key].verification) for key in keys), default=-1)
        law.strengths[rule, whole] = kept
    return kept
