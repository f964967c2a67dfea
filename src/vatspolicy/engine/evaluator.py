"""evaluate(bundle, profile, as_of): the decision for one profile on one day. Pure: no files, no clock, no printing.

A product is evaluated part by part: its own rules, then each service with its activities. Each part leaves a range of
outcomes possible, and the decision is the strictest of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from vatspolicy.cel.activation import Activation
from vatspolicy.engine.classification import NO_INTERPRETATIONS, Interpretations, classify
from vatspolicy.engine.decision import (
    INCOMPLETE,
    Activity,
    Decision,
    Finding,
    Interpretation,
    MissingFact,
    Outcome,
    RouteResult,
    Service,
    Subject,
    word_of,
)
from vatspolicy.engine.licensing import evaluate_routes, holds_instrument, outcome_range
from vatspolicy.engine.missing_facts import MissingFacts, missing_offers, rank_missing_facts
from vatspolicy.engine.subjects import activity_activation, product_activation, service_activation
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import KINDS, VERIFICATIONS, Classify, Duty, Need, Rule
from vatspolicy.policies.ruleset import Match, RuleSet
from vatspolicy.profile.profile import Profile

ALLOW, NEEDS_LICENSE, DENY = Outcome
NEED_STATES = {ALLOW: "met", NEEDS_LICENSE: "unmet", DENY: "closed"}
"""State of a need by the outcome that its routes leave."""
BEARING = ("classify", "route", "deny", "need")
"""Kinds of rules that bear on the outcome, in the order in which they are evaluated."""
_NO_ROUTES: frozenset[tuple[str, Subject]] = frozenset()


def evaluate(bundle: Bundle, profile: Profile, as_of: str) -> Decision:
    """Decide a profile under the law of `as_of` (ISO day). Raises ValueError for a day the bundle does not cover."""
    evaluator = _Evaluator(bundle.on(as_of), profile, as_of)
    parts = list(evaluator.parts())
    whole = merge_parts(parts)
    word = word_of(whole.low, whole.high)
    unmet = tuple(whole.unmet)
    return Decision(
        decision=word,
        range=(whole.low.word, whole.high.word),
        product=profile.name,
        as_of=as_of,
        bundle_version=bundle.version,
        bundle_digest=bundle.digest,
        services=tuple(whole.services),
        denials=(*whole.denials, *whole.closed),
        needs=unmet if word == NEEDS_LICENSE.word else (),
        would_need=() if word == NEEDS_LICENSE.word else unmet,
        met=tuple(whole.met),
        duties=tuple(whole.duties),
        advice=tuple(whole.advice),
        undetermined=tuple(whole.unknown),
        missing=rank_missing_facts(whole.questions, whole.low) if word == INCOMPLETE else (),
        readings=tuple(evaluator.interpretations(parts)) if whole.contested else (),
        verification=_weakest(_verifications(whole)),
    )


def evaluate_parts(ruleset: RuleSet, profile: Profile, as_of: str) -> list[Part]:
    """Evaluate the parts of a product: its own rules, then each service."""
    return list(_Evaluator(ruleset, profile, as_of).parts())


@dataclass(frozen=True)
class PossibleOutcomes:
    """The outcomes that a profile leaves possible, under the rules' own interpretations and without explanations."""

    range: tuple[str, str]
    """The mildest and the strictest decision that is still possible."""
    open: int
    """Number of findings that could still make the decision stricter, those of merely possible classes included."""
    duties: int
    """Number of duties that a missing fact leaves undetermined."""
    missing: tuple[MissingFact, ...]
    """Facts that could still change the decision word; empty when it was not asked for them."""


def possible_outcomes(
    ruleset: RuleSet, profile: Profile, as_of: str, asking: bool = True, duties: bool = False
) -> PossibleOutcomes:
    """Return the outcomes that are still possible, by the rules that bear on them alone.

    Missing facts are left out unless `asking`; duties are counted if `duties`.
    """
    kinds = (*BEARING, "duty") if duties else BEARING
    whole = merge_parts(_Evaluator(ruleset, profile, as_of, kinds, asking).parts())
    still = sum(high > whole.low and (low < high or not certain) for low, high, certain in whole.ranges)
    missing = rank_missing_facts(whole.questions, whole.low) if asking else ()
    undetermined = sum(finding.rule.kind == "duty" for finding in whole.unknown)
    return PossibleOutcomes((whole.low.word, whole.high.word), still, undetermined, missing)


class Part:
    """Findings about the product itself, one service or one activity, and the outcomes that they leave possible."""

    def __init__(self) -> None:
        self.low, self.high = ALLOW, ALLOW
        self.ranges: list[tuple[Outcome, Outcome, bool]] = []
        """For each finding that bears on the outcome: the range it leaves possible; whether its subject is certain."""
        self.questions: list[tuple[Outcome, tuple[MissingFact, ...]]] = []
        """Facts that could still change the outcome, with the strictest one that they can bring about."""
        self.denials: list[Finding] = []
        self.closed: list[Finding] = []
        self.unmet: list[Finding] = []
        self.met: list[Finding] = []
        self.duties: list[Finding] = []
        self.advice: list[Finding] = []
        self.unknown: list[Finding] = []
        self.contested: list[tuple[Rule, Subject]] = []
        """Contested rules that hold or may hold."""
        self.services: list[Service] = []

    def add(self, part: Part) -> None:
        """Add the findings of another part."""
        self.low, self.high = max(self.low, part.low), max(self.high, part.high)
        for name, found in vars(part).items():
            if found and type(found) is list:
                getattr(self, name).extend(found)

    def widen(self, low: Outcome, high: Outcome, missing: tuple[MissingFact, ...], certain: bool = True) -> None:
        """Take account of a finding that leaves a range of outcomes possible."""
        self.ranges.append((low, high, certain))
        self.high = max(self.high, high)
        if certain:  # a subject that is only possible is asked for by its class first
            self.low = max(self.low, low)
            if low < high:
                self.questions.append((high, missing))

    @property
    def findings(self) -> Iterator[Finding]:
        """All findings."""
        for found in (self.denials, self.closed, self.unmet, self.met, self.duties, self.advice, self.unknown):
            yield from found


def merge_parts(parts: Iterable[Part]) -> Part:
    """Return one part with the findings of all."""
    whole = Part()
    for part in parts:
        whole.add(part)
    return whole


class _Evaluator:
    """Evaluator of one profile under one rule set."""

    def __init__(
        self,
        ruleset: RuleSet,
        profile: Profile,
        as_of: str,
        kinds: tuple[str, ...] = KINDS,
        asking: bool = True,
        interpretations: Interpretations = NO_INTERPRETATIONS,
        refused: frozenset[tuple[str, Subject]] = _NO_ROUTES,
    ) -> None:
        """Take the kinds of rules to evaluate, and whether findings name their missing facts.

        `refused` are contested routes that are read as not admitted: rule name and subject.
        """
        self.ruleset, self.profile, self.as_of, self.kinds, self.asking = ruleset, profile, as_of, kinds, asking
        self.readings, self.refused = interpretations, refused
        self.missing = MissingFacts(ruleset, profile)
        self.product = product_activation(profile, as_of)
        self.filed = _filed(self.product)

    def parts(self) -> Iterator[Part]:
        """Evaluate the product itself, then each service."""
        part = self.subject("product", self.product)
        if not self.product["services"]:
            part.widen(ALLOW, DENY, missing_offers(None))
        yield part
        for index in range(len(self.product["services"])):
            yield self.service(index)

    def service(self, index: int) -> Part:
        """Evaluate one service and the activities that it is, or may be."""
        activation = service_activation(self.product, self.product["services"][index])
        matches = self.ruleset.match("service", activation, self.kinds)
        classification = classify(
            self.ruleset, activation, self.readings, [one for one in matches if one[0].kind == "classify"]
        )
        part = self.subject("service", activation, matches=matches)
        subject = Subject.of(activation)
        part.contested += [(rule, subject) for rule in classification.contested]
        activities = []
        for cls in classification.classes:
            activity, inner = self.activity(activation, cls)
            activities.append(activity)
            part.add(inner)
        for cls in classification.possible:
            _, inner = self.activity(activation, cls, certain=False)
            part.add(inner)
        is_settled = bool(classification.classes or classification.rules)
        for rule in classification.undecided:
            finding = self.undecided(rule, subject, activation)
            part.unknown.append(finding)
            # further classes count as possible activities; here only what this service still owes by itself
            part.widen(ALLOW, ALLOW if is_settled else DENY, finding.missing)
            if classification.possible and part.high > part.low:
                part.questions.append((part.high, finding.missing))
        if classification.state == "unclassified":
            part.widen(ALLOW, DENY, missing_offers(index))
        classified_by = tuple(Finding(rule, subject, "fires") for rule in classification.rules)
        assert subject.service is not None
        part.services.append(Service(subject.service, classification.state, classified_by, tuple(activities)))
        return part

    def activity(self, service: Activation, cls: str, certain: bool = True) -> tuple[Activity, Part]:
        """Evaluate a service as one class. Nothing is certain of a class that is only possible."""
        activation = activity_activation(self.ruleset, service, cls)
        routes: list[RouteResult] = []
        part = self.subject("activity", activation, certain, routes)
        return Activity(cls, word_of(part.low, part.high), tuple(routes)), part

    def subject(
        self,
        each: str,
        activation: Activation,
        certain: bool = True,
        routes: list[RouteResult] | None = None,
        matches: Sequence[Match] | None = None,
    ) -> Part:
        """Evaluate the rules about one subject. The routes that needs go through are added to `routes`."""
        part, subject = Part(), Subject.of(activation)
        if matches is None:
            matches = self.ruleset.match(each, activation, self.kinds)
        for rule, holds in matches:
            match rule.kind:
                case "deny":
                    self.denial(part, rule, holds, subject, activation, certain)
                case "need":
                    finding = self.need(part, rule, holds, subject, activation, certain, matches)
                    if routes is not None:
                        routes += finding.routes
                case "duty" if certain:
                    self.duty(part, rule, holds, subject, activation)
                case "advise" if certain:
                    if holds:
                        part.advice.append(Finding(rule, subject, "fires"))
                    else:
                        part.unknown.append(self.undecided(rule, subject, activation))
        return part

    # --- rules

    def denial(
        self, part: Part, rule: Rule, holds: bool, subject: Subject, activation: Activation, certain: bool
    ) -> None:
        if holds and certain:
            part.denials.append(Finding(rule, subject, "fires"))
            part.low = part.high = DENY
        elif certain:
            finding = self.undecided(rule, subject, activation)
            part.unknown.append(finding)
            part.widen(ALLOW, DENY, finding.missing)
        else:
            part.widen(DENY if holds else ALLOW, DENY, (), certain)

    def need(
        self,
        part: Part,
        rule: Rule,
        holds: bool,
        subject: Subject,
        activation: Activation,
        certain: bool,
        matches: Sequence[Match],
    ) -> Finding:
        effect = rule.effect
        assert isinstance(effect, Need)
        missing = () if holds or not certain or not self.asking else self.missing.of_rule(rule, activation)
        routes: tuple[RouteResult, ...] = ()
        authority: tuple[str, ...] = ()
        if effect.through is not None:
            routes = self.routes(part, effect.through, subject, activation, matches)
            low, high = outcome_range(routes)
            state = NEED_STATES[high] if holds and low == high else "unknown"
            if low != high and certain and self.asking:
                usable = (route.rule for route in routes if route.state != "closed")
                missing += tuple(fact for route in usable for fact in self.missing.of_route(route, activation))
        else:
            assert effect.instrument is not None
            holder = effect.bearer if "service" in activation else "company"
            has = holds_instrument(self.ruleset, activation, effect.instrument, holder)
            low, high = ALLOW if has is not False else NEEDS_LICENSE, ALLOW if has else NEEDS_LICENSE
            state = "met" if has else "unmet" if holds and has is False else "unknown"
            if has is None and certain and self.asking:
                missing = missing or self.missing.of_instrument(rule, activation, effect.instrument, holder)
            authority = self.ruleset.authorities(effect.instrument, activation)
        part.widen(low if holds else ALLOW, high, missing, certain)
        finding = Finding(rule, subject, state, holds, missing, routes, authority)
        if certain:
            getattr(part, state).append(finding)
        return finding

    def routes(
        self, part: Part, to: str, subject: Subject, activation: Activation, matches: Sequence[Match]
    ) -> tuple[RouteResult, ...]:
        refused = [name for name, place in self.refused if place == subject]
        matching = [one for one in matches if one[0].kind == "route"]
        routes = evaluate_routes(self.ruleset, activation, to, refused, matching)
        part.contested += [
            (route.rule, subject) for route in routes if route.rule.contested and route.state != "closed"
        ]
        return routes

    def duty(self, part: Part, rule: Rule, holds: bool, subject: Subject, activation: Activation) -> None:
        effect = rule.effect
        assert isinstance(effect, Duty)
        done_on = self.filed.get(effect.instrument)
        if not holds and done_on is None:
            part.unknown.append(self.undecided(rule, subject, activation))
            return
        authority = self.ruleset.authorities(effect.instrument, activation)
        state = "fires" if done_on is None else "done"
        part.duties.append(Finding(rule, subject, state, holds, authority=authority, done_on=done_on))

    def undecided(self, rule: Rule, subject: Subject, activation: Activation) -> Finding:
        """Return the finding of a rule that a missing fact leaves undecided."""
        missing = self.missing.of_rule(rule, activation) if self.asking else ()
        authority: tuple[str, ...] = ()
        if isinstance(rule.effect, Duty):
            authority = self.ruleset.authorities(rule.effect.instrument, activation)
        return Finding(rule, subject, "unknown", False, missing, authority=authority)

    # --- interpretations

    def interpretations(self, parts: Sequence[Part]) -> Iterator[Interpretation]:
        """Yield the alternative interpretations of contested rules under which the decision differs.

        An interpretation concerns one service; the other parts of the product stay as they are.
        """
        word = _word(parts)
        ids = [service["id"] for service in self.product["services"]]
        for rule, subject in dict.fromkeys(one for part in parts for one in part.contested):
            assert subject.service is not None
            index = ids.index(subject.service)
            others = [*parts[: index + 1], *parts[index + 2 :]]
            for alternative in rule.effect.otherwise if isinstance(rule.effect, Classify) else ("closed",):
                is_class = isinstance(rule.effect, Classify)
                readings = {(rule.name, subject.service): alternative} if is_class else NO_INTERPRETATIONS
                refused = _NO_ROUTES if is_class else frozenset([(rule.name, subject)])
                other = _Evaluator(self.ruleset, self.profile, self.as_of, BEARING, False, readings, refused)
                found = _word([*others, other.service(index)])
                if found != word:
                    yield Interpretation(rule, subject, alternative, found)


def _word(parts: Sequence[Part]) -> str:
    return word_of(max(part.low for part in parts), max(part.high for part in parts))


def _filed(activation: Activation) -> dict[str, str]:
    """Return the last day, up to the day decided, on which each instrument was filed."""
    found: dict[str, str] = {}
    for filing in activation.get("filings", ()):
        if filing["date"] <= activation["as_of"]:
            instrument = filing["instrument"]
            found[instrument] = max(filing["date"], found.get(instrument, ""))
    return found


def _verifications(whole: Part) -> Iterator[str | None]:
    """Yield the verifications of the law that denials, classifications, needs and their routes rest on."""
    yield from (finding.rule.verification for finding in whole.denials)
    yield from (finding.rule.verification for service in whole.services for finding in service.classified_by)
    for finding in (*whole.closed, *whole.unmet, *whole.met):
        yield finding.rule.verification
        for route in finding.routes:
            yield route.rule.verification
            if route.state == "open":
                effect = route.rule.effect
                yield from (condition.verification for condition in getattr(effect, "conditions", ()))


def _weakest(verifications: Iterable[str | None]) -> str | None:
    places = [VERIFICATIONS.index(one) for one in verifications if one is not None]
    return VERIFICATIONS[max(places)] if places else None
