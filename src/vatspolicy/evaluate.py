"""evaluate(bundle, profile, as_of): the decision for one profile on one day. Pure: no files, no clock, no printing."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
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
from vatspolicy.light import dataclass, field
from vatspolicy.policy import Classify, Deny, Duty, Need, Route, Rule
from vatspolicy.profile import Profile
from vatspolicy.subject import activity_env, product_env, service_env

_STRENGTH = ("primary", "secondary", "unverified")
"""Verifications, the weakest last."""
_LISTS = ("deny", "closed", "unmet", "met", "duty", "advise", "unknown")
_RANK = {word: rank for rank, word in enumerate(WORDS)}


def evaluate(bundle: Bundle, profile: Profile, as_of: str) -> Decision:
    """Decide a profile under the law of `as_of` (ISO day). Raises ValueError for a day the bundle does not cover."""
    law = bundle.on(as_of)
    result = _Evaluation(law, profile, as_of, {}, frozenset()).run()
    readings = tuple(_other_readings(law, profile, as_of, result))
    return _decide(bundle, law, profile, as_of, result, readings)


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
    undetermined = sum(finding.rule.kind == "duty" for finding in found.lists["unknown"])
    return Outlook((WORDS[found.low], WORDS[found.high]), still, undetermined, missing)


@dataclass
class _Outcome:
    """What one run over the rules found."""

    low: int = 0
    high: int = 0
    lists: dict[str, list[Finding]] = field(default_factory=lambda: _new_lists())
    """Findings about what is certain: needs by their state, others by their kind, and all that are unknown."""
    services: list[Service] = field(default_factory=list)
    contested: list[tuple[Rule, Subject]] = field(default_factory=list)
    open_questions: list[tuple[int, tuple[Ask, ...]]] = field(default_factory=list)
    """Facts that could still change the word: how strict it could become, and what to ask."""

    @property
    def findings(self) -> Iterator[Finding]:
        """All findings about what is certain."""
        return itertools.chain.from_iterable(self.lists.values())


def _new_lists() -> dict[str, list[Finding]]:
    return {key: [] for key in _LISTS}


class _Evaluation:
    """One run over the rules, under one choice of readings."""

    def __init__(
        self, law: Law, profile: Profile, as_of: str, readings: Readings, refused: frozenset[tuple[str, str]]
    ) -> None:
        """`refused`: contested routes read as not admitted, as (rule name, subject)."""
        self.law, self.profile, self.readings, self.refused = law, profile, readings, refused
        self.base = product_env(profile, as_of)
        self.result = _Outcome()
        self.fixed, self.filed = law.fixed_authorities, _filed(self.base)

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
        result = self.result
        low, high = _RANK[mildest] if certain else 0, _RANK[strictest]
        if low > result.low:
            result.low = low
        if high > result.high:
            result.high = high
        if certain and low < high and asks:  # what is only possible is asked for by its class first
            result.open_questions.append((high, asks))

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
            self.result.lists["unknown"].append(Finding(rule, subject, "unknown", env, asks=asks))
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
        lists = self.result.lists if certain else _new_lists()
        fixed, filed = self.fixed, self.filed
        for rule, holds in self.law.speaking(each, self.kinds, env):
            finding = Finding(rule, subject, "fires", env, certain)
            if not holds:
                finding.state, finding.asks = "unknown", self.asks_of(env, rule)
            key, effect = rule.kind, rule.effect
            if isinstance(effect, Duty):
                instrument = effect.instrument
                finding.authority = fixed.get(instrument) or authorities(self.law, env, instrument)
                if instrument in filed and certain:
                    finding.state, finding.asks, finding.done_on = "done", (), filed[instrument]
            elif isinstance(effect, Need):
                self.need(finding, effect, holds)
                states += finding.routes
                key = finding.state
            elif isinstance(effect, Deny):
                self.deny(finding, effect, holds)
            lists[key if finding.state != "unknown" else "unknown"].append(finding)
        return states

    def asks_of(self, env: Env, rule: Rule) -> tuple[Ask, ...]:
        return asks_of(self.law, self.profile, env, rule, rule.when)

    def asks_of_access(self, finding: Finding, target: Rule | str) -> tuple[Ask, ...]:
        return asks_of_access(self.law, self.profile, finding, target)

    kinds: tuple[str, ...] = ("deny", "need", "duty", "advise")
    """The effects that are asked for, in the order of findings."""

    def deny(self, finding: Finding, effect: Deny, holds: bool | None) -> None:
        self.open("deny" if holds else "allow", "deny", finding.asks, finding.certain)
        finding.reasons = (effect.reason,)

    def need(self, finding: Finding, effect: Need, holds: bool | None) -> None:
        if effect.through is not None:
            self.need_through(finding, holds, effect.through)
            return
        assert effect.instrument is not None
        has = held(self.law, finding.env, effect.instrument, effect.bearer if finding.subject.service else "company")
        if has:
            finding.state = "met"
        elif holds:
            finding.state = "unknown" if has is None else "unmet"
        if has is None and not finding.asks:
            finding.asks = self.asks_of_access(finding, effect.instrument)
        self.open(
            "needs-license" if holds and has is False else "allow",
            "allow" if has else "needs-license",
            finding.asks,
            finding.certain,
        )
        finding.authority = authorities(self.law, finding.env, effect.instrument)

    def need_through(self, finding: Finding, holds: bool | None, to: str) -> None:
        refused = {name for name, subject in self.refused if subject == str(finding.subject)}
        states = finding.routes = routes(self.law, finding.env, to, refused)
        self.result.contested += [
            (state.rule, finding.subject) for state in states if state.rule.contested and state.state != "closed"
        ]
        mildest, strictest = outcome(states)
        if mildest != strictest:
            for state in states:
                if state.state != "closed":
                    finding.asks += self.asks_of_access(finding, state.rule)
        self.open(mildest if holds else "allow", strictest, finding.asks, finding.certain)
        if not holds or mildest != strictest:
            finding.state = "unknown"
            return
        finding.asks = ()
        match strictest:
            case "allow":
                finding.state = "met"
            case "deny":
                finding.state, finding.reasons = "closed", tuple(_reasons(states))
            case _:
                finding.state, finding.any_of = "unmet", tuple(_offers(finding.subject, states))


class _Survey(_Evaluation):
    """A run that looks at what can change the decision word, and at nothing else."""

    def __init__(self, law: Law, profile: Profile, as_of: str, asking: bool, duties: bool) -> None:
        super().__init__(law, profile, as_of, {}, frozenset())
        self.asking = asking
        self.kinds = ("deny", "need", "duty") if duties else ("deny", "need")
        self.spans: list[tuple[int, int, bool]] = []
        """Of each finding: the mildest and the strictest word it leaves possible; whether its subject is certain."""

    def open(self, mildest: str, strictest: str, asks: tuple[Ask, ...], certain: bool = True) -> None:
        self.spans.append((WORDS.index(mildest), WORDS.index(strictest), certain))
        super().open(mildest, strictest, asks, certain)

    def asks_of(self, env: Env, rule: Rule) -> tuple[Ask, ...]:
        return super().asks_of(env, rule) if self.asking else ()

    def asks_of_access(self, finding: Finding, target: Rule | str) -> tuple[Ask, ...]:
        return super().asks_of_access(finding, target) if self.asking else ()


def _filed(env: Env) -> dict[str, str]:
    """The last day, up to the day decided, on which each instrument was filed."""
    found: dict[str, str] = {}
    for filing in env.get("filings", ()):
        if filing["date"] <= env["as_of"]:
            instrument = filing["instrument"]
            found[instrument] = max(filing["date"], found.get(instrument, ""))
    return found


def _offers(subject: Subject, states: Iterable[RouteState]) -> Iterator[Offer]:
    """The licences that open routes lead to."""
    assert subject.cls is not None
    for state in states:
        effect = state.rule.effect
        if state.state == "open" and isinstance(effect, Route):
            yield Offer(effect.instrument, subject.cls, effect.name, state.authority)


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


def _decide(
    bundle: Bundle, law: Law, profile: Profile, as_of: str, result: _Outcome, readings: tuple[Reading, ...]
) -> Decision:
    word = _word(result)
    lists = result.lists
    denials = (*lists["deny"], *lists["closed"])
    unmet, met = tuple(lists["unmet"]), tuple(lists["met"])
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
        duties=tuple(lists["duty"]),
        advice=tuple(lists["advise"]),
        undetermined=tuple(lists["unknown"]),
        missing=rank(result.open_questions, result.low) if word == "incomplete" else (),
        readings=readings,
        verification=_weakest(bundle, law, decided),
    )


def _weakest(bundle: Bundle, law: Law, findings: Iterable[Finding]) -> str | None:
    """The weakest verification among the articles cited by the findings and their routes, if any."""
    weakest = -1
    for finding in findings:
        weakest = max(weakest, _strength(bundle, law, finding.rule, whole=False))
        for state in finding.routes:
            weakest = max(weakest, _strength(bundle, law, state.rule, whole=state.state == "open"))
    return None if weakest < 0 else _STRENGTH[weakest]


def _strength(bundle: Bundle, law: Law, rule: Rule, whole: bool) -> int:
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
