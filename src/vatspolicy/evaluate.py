"""evaluate(bundle, profile, as_of): the decision for one profile on one day. Pure: no files, no clock, no printing."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from vatspolicy.access import authorities, closest, held, outcome, routes
from vatspolicy.bundle import Bundle
from vatspolicy.classify import Classification, Readings, classify
from vatspolicy.decision import (
    WORDS,
    Activity,
    Ask,
    Decision,
    Finding,
    Offer,
    Reading,
    RouteState,
    Service,
    Subject,
)
from vatspolicy.expression.kleene import Env
from vatspolicy.inquiry import asks_of, asks_of_access, asks_of_offers, rank
from vatspolicy.law import Law
from vatspolicy.policy import Classify, Deny, Duty, Need, Route, Rule
from vatspolicy.profile import Profile
from vatspolicy.subject import activity_env, product_env, service_env

_STRENGTH = {"primary": 0, "secondary": 1, "unverified": 2}


def evaluate(bundle: Bundle, profile: Profile, as_of: str) -> Decision:
    """Decide a profile under the law of `as_of` (ISO day). Raises ValueError for a day the bundle does not cover."""
    law = bundle.on(as_of)
    result = _Evaluation(law, profile, as_of, {}, frozenset()).run()
    readings = tuple(_other_readings(law, profile, as_of, result))
    return _decide(bundle, profile, as_of, result, readings)


@dataclass(frozen=True)
class Outlook:
    """How far a profile is from its decision, under the rules' own readings and without explanations."""

    range: tuple[str, str]
    """The mildest and the strictest decision that is still possible."""
    open: int
    """Findings, those about classes that are only possible included, that could still make the decision stricter."""
    duties: int
    """Duties that a missing fact leaves undetermined."""
    missing: tuple[Ask, ...]
    """Facts that could still change the decision word; empty when it was not asked for them."""


def outlook(law: Law, profile: Profile, as_of: str, asking: bool = True, duties: bool = False) -> Outlook:
    """What is still possible, in a fraction of the time of `evaluate`.

    Without `asking`, which facts are missing is left out; duties are counted when they are wanted.
    """
    run = _Survey(law, profile, as_of, asking, duties)
    found = run.run()
    still = sum(high > found.low and (low < high or not certain) for low, high, certain in run.spans)
    missing = rank(found.open_questions, found.low) if asking else ()
    return Outlook((WORDS[found.low], WORDS[found.high]), still, run.undetermined, missing)


@dataclass
class _Outcome:
    """What one run over the rules found."""

    low: int
    high: int
    findings: list[Finding]
    services: list[Service]
    contested: list[tuple[Rule, Subject]]
    open_questions: list[tuple[int, tuple[Ask, ...]]]
    """Facts that could still change the word: how strict it could become, and what to ask."""


class _Evaluation:
    """One run over the rules, under one choice of readings."""

    def __init__(
        self, law: Law, profile: Profile, as_of: str, readings: Readings, refused: frozenset[tuple[str, str]]
    ) -> None:
        """`refused`: contested routes read as not admitted, as (rule name, subject)."""
        self.law, self.profile, self.readings, self.refused = law, profile, readings, refused
        self.base = product_env(profile, as_of)
        self.result = _Outcome(0, 0, [], [], [], [])

    def run(self) -> _Outcome:
        result = self.result
        self.rules("product", self.base, Subject())
        if not self.base["services"]:
            self.open("allow", "deny", asks_of_offers(None))
        for index, service in enumerate(self.base["services"]):
            self.service(index, service)
        return result

    def open(self, mildest: str, strictest: str, asks: tuple[Ask, ...], certain: bool = True) -> None:
        """Note what a finding leaves possible for the decision word."""
        low, high = WORDS.index(mildest) if certain else 0, WORDS.index(strictest)
        self.result.low = max(self.result.low, low)
        self.result.high = max(self.result.high, high)
        if certain and low < high and asks:  # what is only possible is asked for by its class first
            self.result.open_questions.append((high, asks))

    # --- subjects

    def service(self, index: int, service: Mapping[str, Any]) -> None:
        env = service_env(self.base, service)
        subject = Subject(service["id"])
        found = classify(self.law, env, self.readings)
        self.rules("service", env, subject)
        self.result.contested += [(rule, subject) for rule in found.contested]
        activities = [self.activity(env, service["id"], cls, certain=True) for cls in found.classes]
        for cls in found.possible:
            self.activity(env, service["id"], cls, certain=False)
        classified_by = tuple(Finding(rule, subject, "fires", env) for rule in found.rules)
        for rule in found.undecided:
            asks = self.asks_of(env, rule)
            self.add(Finding(rule, subject, "unknown", env, asks=asks))
            # further classes have been counted as possible activities; here only what is still owed to this service
            self.open("allow", "allow" if found.classes or found.rules else "deny", asks)
            self.note_possible(found, asks)
        if found.state == "unclassified":
            self.open("allow", "deny", asks_of_offers(index))
        self.result.services.append(Service(service["id"], found.state, classified_by, tuple(activities)))

    def note_possible(self, found: Classification, asks: tuple[Ask, ...]) -> None:
        if found.possible and self.result.high > self.result.low:
            self.result.open_questions.append((self.result.high, asks))

    def activity(self, env: Env, service: str, cls: str, certain: bool) -> Activity:
        bound = activity_env(self.law, env, cls)
        before = (self.result.low, self.result.high)
        self.result.low = self.result.high = 0
        states = self.rules("activity", bound, Subject(service, cls), certain)
        low, high = self.result.low, self.result.high
        self.result.low, self.result.high = max(before[0], low), max(before[1], high)
        word = WORDS[low] if low == high else "incomplete"
        return Activity(cls, word, states)

    # --- rules

    def rules(self, each: str, env: Env, subject: Subject, certain: bool = True) -> tuple[RouteState, ...]:
        """Ask every rule about one subject; returns the routes that were looked at."""
        states: tuple[RouteState, ...] = ()
        effects = self.effects
        for rule, holds in self.law.speaking(each, tuple(effects), env):
            if holds:
                finding = effects[rule.kind](Finding(rule, subject, "fires", env, certain), True)
            else:
                asks = self.asks_of(env, rule)
                finding = effects[rule.kind](Finding(rule, subject, "unknown", env, certain, asks=asks), False)
            if finding.routes:
                states += finding.routes
            self.add(finding)
        return states

    def asks_of(self, env: Env, rule: Rule) -> tuple[Ask, ...]:
        return asks_of(self.law, self.profile, env, rule, rule.when)

    def asks_of_access(self, finding: Finding, target: Rule | str) -> tuple[Ask, ...]:
        return asks_of_access(self.law, self.profile, finding, target)

    @functools.cached_property
    def effects(self) -> dict[str, Callable[[Finding, bool], Finding]]:
        return {"deny": self.deny, "need": self.need, "duty": self.duty, "advise": self.advise}

    def add(self, finding: Finding) -> None:
        self.result.findings.append(finding)

    def deny(self, finding: Finding, holds: bool) -> Finding:
        effect = finding.rule.effect
        assert isinstance(effect, Deny)
        self.open("deny" if holds else "allow", "deny", finding.asks, finding.certain)
        return replace(finding, reasons=(effect.reason,))

    def need(self, finding: Finding, holds: bool) -> Finding:
        effect = finding.rule.effect
        assert isinstance(effect, Need)
        if effect.through is not None:
            return self.need_through(finding, holds, effect.through)
        assert effect.instrument is not None
        has = held(self.law, finding.env, effect.instrument, effect.bearer if finding.subject.service else "company")
        state = "met" if has else finding.state if not holds or has is None else "unmet"
        state = "unknown" if holds and has is None else state
        asks = finding.asks or (self.asks_of_access(finding, effect.instrument) if has is None else ())
        self.open(
            "needs-license" if holds and has is False else "allow",
            "allow" if has else "needs-license",
            asks,
            finding.certain,
        )
        return replace(finding, state=state, asks=asks, authority=authorities(self.law, finding.env, effect.instrument))

    def need_through(self, finding: Finding, holds: bool, to: str) -> Finding:
        refused = {name for name, subject in self.refused if subject == str(finding.subject)}
        states = routes(self.law, finding.env, to, refused)
        self.result.contested += [
            (state.rule, finding.subject) for state in states if state.rule.contested and state.state != "closed"
        ]
        mildest, strictest = outcome(states)
        asks = finding.asks
        if mildest != strictest:
            asks += tuple(ask for s in states if s.state != "closed" for ask in self.asks_of_access(finding, s.rule))
        self.open(mildest if holds else "allow", strictest, asks, finding.certain)
        finding = replace(finding, routes=states, asks=asks)
        if not holds or mildest != strictest:
            return replace(finding, state="unknown")
        match strictest:
            case "allow":
                return replace(finding, state="met", asks=())
            case "deny":
                return replace(finding, state="closed", asks=(), reasons=tuple(_reasons(states)))
        assert finding.subject.cls is not None
        offers = tuple(
            Offer(state.rule.effect.instrument, finding.subject.cls, state.rule.effect.name, state.authority)
            for state in states
            if state.state == "open" and isinstance(state.rule.effect, Route)
        )
        return replace(finding, state="unmet", asks=(), any_of=offers)

    def duty(self, finding: Finding, holds: bool) -> Finding:
        effect = finding.rule.effect
        assert isinstance(effect, Duty)
        authority = authorities(self.law, finding.env, effect.instrument)
        done = self.filed.get(effect.instrument) if finding.certain else None
        return Finding(  # not `replace`: most findings are duties
            finding.rule,
            finding.subject,
            "done" if done else finding.state,
            finding.env,
            finding.certain,
            authority,
            asks=() if done else finding.asks,
            done_on=done,
        )

    @functools.cached_property
    def filed(self) -> dict[str, str]:
        """The last day, up to the day decided, on which each instrument was filed."""
        found: dict[str, str] = {}
        for filing in self.base.get("filings", ()):
            if filing["date"] <= self.base["as_of"]:
                instrument = filing["instrument"]
                found[instrument] = max(filing["date"], found.get(instrument, ""))
        return found

    def advise(self, finding: Finding, holds: bool) -> Finding:
        return finding


class _Survey(_Evaluation):
    """A run that looks at what can change the decision word, and at nothing else."""

    def __init__(self, law: Law, profile: Profile, as_of: str, asking: bool, duties: bool) -> None:
        super().__init__(law, profile, as_of, {}, frozenset())
        self.asking, self.duties = asking, duties
        self.spans: list[tuple[int, int, bool]] = []
        """Of each finding: the mildest and the strictest word it leaves possible; whether its subject is certain."""
        self.undetermined = 0

    def open(self, mildest: str, strictest: str, asks: tuple[Ask, ...], certain: bool = True) -> None:
        self.spans.append((WORDS.index(mildest), WORDS.index(strictest), certain))
        super().open(mildest, strictest, asks, certain)

    def asks_of(self, env: Env, rule: Rule) -> tuple[Ask, ...]:
        return super().asks_of(env, rule) if self.asking else ()

    def asks_of_access(self, finding: Finding, target: Rule | str) -> tuple[Ask, ...]:
        return super().asks_of_access(finding, target) if self.asking else ()

    @functools.cached_property
    def effects(self) -> dict[str, Callable[[Finding, bool], Finding]]:
        effects = super().effects
        return {effect: effects[effect] for effect in ("deny", "need", *(["duty"] if self.duties else []))}

    def duty(self, finding: Finding, holds: bool) -> Finding:
        finding = super().duty(finding, holds)
        self.undetermined += finding.state == "unknown" and finding.certain
        return finding


def _reasons(states: Iterable[RouteState]) -> Iterator[str]:
    """Reason codes of the closest routes."""
    codes: dict[str, None] = {}
    for state in closest(states):
        codes |= {condition.reason or "SECTOR-NOT-OPEN": None for condition in state.failing}
        if state.share_too_high:
            codes["SHARE-ABOVE-CAP"] = None
    yield from codes or ("SECTOR-NOT-OPEN",)


def _other_readings(law: Law, profile: Profile, as_of: str, base: _Outcome) -> Iterator[Reading]:
    """Decisions under each other reading of each contested rule, where they differ from the base."""
    word = _word(base)
    for rule, subject in dict.fromkeys(base.contested):
        assert subject.service is not None
        alternatives = rule.effect.otherwise if isinstance(rule.effect, Classify) else ("closed",)
        for alternative in alternatives:
            readings = {(rule.name, subject.service): alternative} if isinstance(rule.effect, Classify) else {}
            refused = frozenset() if readings else frozenset({(rule.name, str(subject))})
            other = _word(_Evaluation(law, profile, as_of, readings, refused).run())
            if other != word:
                yield Reading(rule, subject, alternative, other)


def _word(result: _Outcome) -> str:
    return WORDS[result.low] if result.low == result.high else "incomplete"


def _decide(bundle: Bundle, profile: Profile, as_of: str, result: _Outcome, readings: tuple[Reading, ...]) -> Decision:
    word = _word(result)
    by_state: dict[tuple[str, str], list[Finding]] = {}
    duties: list[Finding] = []
    undetermined: list[Finding] = []
    for finding in result.findings:
        if not finding.certain:
            continue
        by_state.setdefault((finding.rule.kind, finding.state), []).append(finding)
        if finding.state == "unknown":
            undetermined.append(finding)
        elif finding.rule.kind == "duty":
            duties.append(finding)

    def having(kind: str, state: str) -> tuple[Finding, ...]:
        return tuple(by_state.get((kind, state), ()))

    unmet, met = having("need", "unmet"), having("need", "met")
    denials = having("deny", "fires") + having("need", "closed")
    decided = (*denials, *unmet, *met, *(f for s in result.services for f in s.classified_by))
    return Decision(
        decision=word,
        range=(WORDS[result.low], WORDS[result.high]),
        product=profile.name,
        as_of=as_of,
        bundle_version=bundle.version,
        bundle_digest=bundle.digest,
        services=tuple(result.services),
        denials=denials,
        needs=unmet if word == "needs-license" else (),
        would_need=() if word == "needs-license" else unmet,
        met=met,
        duties=tuple(duties),
        advice=having("advise", "fires"),
        undetermined=tuple(undetermined),
        missing=rank(result.open_questions, result.low) if word == "incomplete" else (),
        readings=readings,
        verification=_weakest(bundle, decided),
    )


def _weakest(bundle: Bundle, findings: Iterable[Finding]) -> str | None:
    """The weakest verification among the articles cited by the findings and their routes, if any."""
    cited: list[tuple[str, str]] = []
    for finding in findings:
        cited += [(finding.rule.policy, key) for key in finding.rule.cite]
        for state in finding.routes:
            effect = state.rule.effect
            conditions = effect.conditions if isinstance(effect, Route) and state.state == "open" else ()
            keys = [*state.rule.cite, *(key for condition in conditions for key in condition.cite)]
            cited += [(state.rule.policy, key) for key in keys]
    marks = [bundle.policies[policy].articles[key].verification for policy, key in cited]
    return max(marks, key=_STRENGTH.__getitem__, default=None)
