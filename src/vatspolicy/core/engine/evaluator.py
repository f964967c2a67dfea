"""evaluate(bundle, profile, as_of): the decision for one profile on one day. Pure: no files, no clock, no printing.

A product is evaluated part by part: its own rules, then each service with its activities. Each part leaves a range of
outcomes possible, and the decision is the strictest of them. Then `missing_facts` names what the findings ask for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.engine.classification import NO_INTERPRETATIONS, Classification, Interpretations, classify
from vatspolicy.core.engine.decision import (
    INCOMPLETE,
    ActivityResult,
    Decision,
    Finding,
    Interpretation,
    MissingFact,
    Outcome,
    RouteResult,
    ServiceResult,
    Subject,
    WorstReading,
    word_of,
)
from vatspolicy.core.engine.licensing import answer_need, evaluate_routes, holds_needed
from vatspolicy.core.engine.missing_facts import MatchesBySubject, MissingFacts, missing_offers
from vatspolicy.core.engine.opinions import OPINION, OpinionResult, opinion_results, reading_of, settle
from vatspolicy.core.engine.parts import ProductPart, Waiting, merge_parts, weakest_verification
from vatspolicy.core.engine.subjects import Activations
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import CLOSED, KINDS, Deny, Duty, Need, Rule
from vatspolicy.core.policies.ruleset import Match, RuleSet
from vatspolicy.core.profile.profile import Profile

if TYPE_CHECKING:
    from vatspolicy.core.engine.readings import Choices

ALLOW, NEEDS_LICENSE, DENY = Outcome
BEARING = ("classify", "route", "deny", "need")
"""Kinds of rules that affect the outcome, in order of evaluation."""
_NO_ROUTES: frozenset[tuple[str, Subject]] = frozenset()


def evaluate(
    bundle: Bundle,
    profile: Profile,
    as_of: str,
    compare: bool = True,
    explain: bool = True,
    ruleset: RuleSet | None = None,
) -> Decision:
    """Decide a profile under the law of `as_of` (ISO day). Raises ValueError for a day the bundle does not cover.

    Unless `compare`, the decision only names its contested rules, and does not say what their other readings change.
    Unless `explain`, undecided duties and notes, which cannot change the word, do not name their missing facts, and
    a decision with `compare` finds them when they are first read.
    `ruleset`: the rule set of that day, if the caller has one without rules that never hold of the profile.
    """
    at_once = None if explain or not compare else BEARING  # the brief decision compares nothing, and reads them all
    evaluator = Evaluator(ruleset or bundle.on(as_of), profile, as_of, first=at_once)
    parts = list(evaluator.parts())
    whole = merge_parts(parts)
    word = word_of(whole.low, whole.high)
    asked = MissingFacts(evaluator.ruleset, profile, evaluator.activations, evaluator.matches)
    unmet = asked.name(whole.unmet)
    readings, worst = evaluator.compare_readings(parts) if compare and whole.contested else ((), None)
    return Decision.on_demand(
        {"undetermined": lambda: asked.name(whole.find_undecided(), KINDS if explain else BEARING)},
        decision=word,
        range=(whole.low.word, whole.high.word),
        product=profile.name,
        as_of=as_of,
        bundle_version=bundle.version,
        bundle_digest=bundle.digest,
        services=tuple(whole.services),
        denials=tuple(sorted((*whole.denials, *asked.name(whole.closed)), key=_is_curable)),
        needs=unmet if word == NEEDS_LICENSE.word else (),
        would_need=() if word == NEEDS_LICENSE.word else unmet,
        met=asked.name(whole.met),
        duties=tuple(whole.duties),
        advice=tuple(whole.advice),
        missing=asked.rank_all(whole.questions, whole.possible, whole.low) if word == INCOMPLETE else (),
        readings=readings,
        worst_reading=worst,
        verification=weakest_verification(whole),
        opinions=evaluator.opinions(),
        contested=tuple(dict.fromkeys(whole.contested)),
    )


class PossibleOutcomes(NamedTuple):
    """The outcomes that a profile leaves possible, under the rules' own interpretations and without explanations."""

    range: tuple[str, str]
    """The mildest and the strictest decision that is still possible."""
    open: int
    """Number of findings that could still make the decision stricter, those of merely possible classes included."""
    denials: int
    """Number of these that could still deny."""
    duties: int
    """Number of duties that a missing fact leaves undetermined."""
    missing: tuple[MissingFact, ...]
    """Facts to ask for next, which could still change the decision. Empty unless requested."""


def possible_outcomes(
    ruleset: RuleSet, profile: Profile, as_of: str, asking: bool = True, duties: bool = False
) -> PossibleOutcomes:
    """Return the outcomes that are still possible, using only the rules that affect them.

    Missing facts are omitted unless `asking`; duties are counted if `duties`.
    """
    kinds = (*BEARING, "duty") if duties else BEARING
    evaluator = Evaluator(ruleset, profile, as_of, kinds)
    whole = merge_parts(list(evaluator.parts()))
    still = [high for low, high, certain in whole.ranges if high > whole.low and (low < high or not certain)]
    asked = MissingFacts(ruleset, profile, evaluator.activations, evaluator.matches)
    missing = asked.rank(whole.questions, whole.low) if asking else ()
    undetermined = sum(finding.rule.kind == "duty" for finding in whole.find_undecided())
    words = (whole.low.word, whole.high.word)
    return PossibleOutcomes(words, len(still), still.count(DENY), undetermined, missing)


class Evaluator:
    """Evaluator of one profile under one rule set."""

    def __init__(
        self,
        ruleset: RuleSet,
        profile: Profile,
        as_of: str,
        kinds: tuple[str, ...] = KINDS,
        interpretations: Interpretations = NO_INTERPRETATIONS,
        refused: frozenset[tuple[str, Subject]] = _NO_ROUTES,
        shared: Evaluator | None = None,
        first: tuple[str, ...] | None = None,
    ) -> None:
        """Take the kinds of rules, and the `first` of them if undecided rules of the others may wait to be read.

        `refused` are contested routes that are read as not admitted: rule name and subject. `shared` is the evaluator
        under the rules' own readings: another reading concerns a class of a service and leaves the others alone.
        """
        self.ruleset, self.profile, self.as_of, self.kinds = ruleset, profile, as_of, kinds
        self.readings, self.refused = interpretations, refused
        self.activations: Activations = shared.activations if shared else Activations(ruleset, profile, as_of)
        self.matches: MatchesBySubject = shared.matches if shared else {}
        self.made: dict[tuple[Subject, bool, frozenset[str]], ProductPart] = shared.made if shared else {}
        """Parts by subject, whether it is certain, and the names of its routes that are not admitted."""
        self.product = self.activations.of(Subject())
        self.filed = _filed(self.product)
        self.first = None if self.filed or self.product["opinions"] else first  # those may settle an undecided duty
        self.later: dict[Subject, Callable[[], list[Match]]] = shared.later if shared else {}
        """Functions that find the undecided rules of the other kinds, by subject."""
        self.asked: list[tuple[Rule, Activation]] = []
        """With granted opinions in the profile: the rules that hold or may hold, with their subjects."""

    # --- subjects

    def parts(self) -> Iterator[ProductPart]:
        """Evaluate the product itself, then each service."""
        part = self.part(Subject())
        if not self.product["services"]:
            part.widen(ALLOW, DENY, missing_offers(None))
        yield part
        for index in range(len(self.product["services"])):
            yield self.service(index)

    def service(self, index: int) -> ProductPart:
        """Evaluate one service, and the activities that it is or may be."""
        subject = Subject(self.product["services"][index]["id"])
        own = self.recall(subject)  # readings change its classes, but not the results of its own rules
        part = ProductPart(own.activation, own.matches)
        part.add(own)
        classification = classify(self.ruleset, part.activation, self.readings, _of_kind("classify", part.matches))
        part.contested += [(rule, subject) for rule in classification.contested]
        activities = []
        for cls in classification.classes:
            inner = self.recall(Subject(subject.service, cls))
            activities.append(ActivityResult(cls, word_of(inner.low, inner.high), tuple(inner.routes)))
            part.add(inner)
        is_settled = bool(classification.classes) or classification.spoke
        for cls in self.possible_classes(part, classification, is_settled):
            part.add(self.recall(Subject(subject.service, cls), certain=False))
        for match in classification.undecided:
            finding = self.undecided(part, match)
            # further classes count as possible activities; here only what this service still owes by itself
            part.widen(ALLOW, DENY if not is_settled or match[0] in classification.unread else ALLOW, finding)
            if classification.possible and part.high > part.low:
                part.questions.append((part.high, finding))
        if classification.state == "unclassified":
            part.widen(ALLOW, DENY, missing_offers(index))
        classified_by = tuple([Finding(rule, subject, "fires") for rule in classification.rules])
        id = part.activation["service"]["id"]
        part.services.append(ServiceResult(id, classification.state, classified_by, tuple(activities)))
        return part

    def possible_classes(self, part: ProductPart, classification: Classification, is_settled: bool) -> Iterable[str]:
        """Return the possible classes of a service to evaluate."""
        return classification.possible

    def recall(self, subject: Subject, certain: bool = True) -> ProductPart:
        """Return the part of a subject, which is evaluated once under the same readings. Nobody changes it."""
        key = (subject, certain, frozenset(name for name, refused in self.refused if refused == subject))
        part = self.made.get(key)
        if part is None:
            part = self.made[key] = self.part(subject, certain)
        return part

    def part(self, subject: Subject, certain: bool = True) -> ProductPart:
        """Evaluate the rules about one subject."""
        activation = self.activations.of(subject)
        matches = self.match(subject, activation)
        if self.product["opinions"]:
            self.asked += [(match[0], activation) for match in matches]
        part = ProductPart(activation, settle(matches, activation), certain)
        self.apply(part, part.matches)
        if certain and (later := self.later.get(subject)):
            part.unknown.append(_wait(self.ruleset, subject, activation, later))
        return part

    def apply(self, part: ProductPart, matches: Iterable[Match]) -> None:
        """Record the findings of the rules that match the subject of a part."""
        for match in matches:
            kind = match[0].kind
            if kind == "duty":
                if part.certain:
                    self.duty(part, match)
            elif kind == "deny":
                self.denial(part, match)
            elif kind == "need":
                self.need(part, match)
            elif kind == "advise" and part.certain:
                self.advice(part, match)

    def match(self, subject: Subject, activation: Activation) -> Sequence[Match]:
        """Return the rules that match a subject, which readings do not affect."""
        matches = self.matches.get(subject)
        if matches is None:
            if self.first is None:
                matches = self.ruleset.match(subject.each, activation, self.kinds)
            else:
                matches, later = self.ruleset.match_first(subject.each, activation, self.kinds, self.first)
                self.later[subject] = later
            self.matches[subject] = matches
        return matches

    # --- rules

    def denial(self, part: ProductPart, match: Match) -> None:
        """Record a denial, certain or possible."""
        rule, holds, _ = match
        if holds and part.certain:
            part.denials.append(Finding(rule, part.subject, "fires"))
            part.low = part.high = DENY
        else:
            part.widen(DENY if holds else ALLOW, DENY, self.undecided(part, match))

    def need(self, part: ProductPart, match: Match) -> None:
        """Record a need and whether it is met, by a held instrument or through its routes."""
        rule, holds, _ = match
        need = rule.effect
        assert isinstance(need, Need)
        routes = () if need.through is None else self.routes(part, need.through)
        held = holds_needed(self.ruleset, part.activation, rule)
        authority: tuple[str, ...] = ()
        if need.instrument is not None:
            authority = self.ruleset.authorities(need.instrument, part.activation)
        low, high, state = answer_need(need, holds, held, routes)
        finding = Finding(rule, part.subject, state, holds, (), routes, authority)
        part.widen(low if holds else ALLOW, high, finding)
        if part.certain:
            findings = {"met": part.met, "unmet": part.unmet, "closed": part.closed}.get(state, part.unknown)
            findings.append(finding)

    def routes(self, part: ProductPart, to: str) -> tuple[RouteResult, ...]:
        """Evaluate the routes to an instrument and record those that are contested."""
        refused = [name for name, subject in self.refused if subject == part.subject]
        routes = evaluate_routes(self.ruleset, part.activation, to, refused, _of_kind("route", part.matches))
        part.routes += routes
        part.contested += [
            (route.rule, part.subject)
            for route in routes
            if route.rule.contested and route.state != "closed" and reading_of(part.activation, route.rule) is None
        ]
        return routes

    def duty(self, part: ProductPart, match: Match) -> None:
        """Record a duty and the day on which it was fulfilled."""
        rule, holds, _ = match
        assert isinstance(rule.effect, Duty)
        done_on = self.filed.get(rule.effect.instrument)
        if holds or done_on is not None:
            authority = self.ruleset.authorities(rule.effect.instrument, part.activation)
            state = "fires" if done_on is None else "done"
            part.duties.append(Finding(rule, part.subject, state, holds, (), (), authority, done_on))
        else:
            self.undecided(part, match)

    def advice(self, part: ProductPart, match: Match) -> None:
        """Record a point for review."""
        if match[1]:
            part.advice.append(Finding(match[0], part.subject, "fires"))
        else:
            self.undecided(part, match)

    def undecided(self, part: ProductPart, match: Match) -> Finding:
        """Return the finding about a rule that a missing fact or opinion leaves undecided, noted if it is certain."""
        finding = _leave_open(self.ruleset, part.subject, part.activation, match)
        if part.certain:
            part.unknown.append(finding)
        return finding

    def opinions(self) -> tuple[OpinionResult, ...]:
        """Return the effect of each opinion in the profile."""
        entries = self.profile.facts["opinions"]
        if not entries:
            return ()
        rules = {rule.name: rule for group in self.ruleset.rules.values() for rule in group}
        return opinion_results(entries, self.profile.granted, self.as_of, rules, self.asked)

    # --- interpretations

    @property
    def ids(self) -> list[str]:
        """Ids of the services, in their order."""
        return [service["id"] for service in self.product["services"]]

    def compare_readings(self, parts: Sequence[ProductPart]) -> tuple[tuple[Interpretation, ...], WorstReading | None]:
        """Return the other readings that change anything, and the strictest combination."""
        from vatspolicy.core.engine.readings import compare_readings

        return compare_readings(parts, self.ids, self.reread)

    def reread(self, index: int, choices: Choices) -> ProductPart:
        """Evaluate one service under other readings of contested rules."""
        classes = {(rule.name, subject.service or ""): name for (rule, subject), name in choices.items()}
        classes = {key: name for key, name in classes.items() if name != CLOSED}
        refused = frozenset((rule.name, subject) for (rule, subject), name in choices.items() if name == CLOSED)
        evaluator = Evaluator(self.ruleset, self.profile, self.as_of, self.kinds, classes, refused, self, self.first)
        return evaluator.service(index)


def _leave_open(ruleset: RuleSet, subject: Subject, activation: Activation, match: Match) -> Finding:
    """Return the finding about a rule that a missing fact or opinion leaves undecided."""
    rule, _, facts = match
    authority: tuple[str, ...] = ()
    if isinstance(rule.effect, Duty):
        authority = ruleset.authorities(rule.effect.instrument, activation)
    state = "unread" if OPINION in facts else "unknown"
    return Finding(rule, subject, state, False, (), (), authority)


def _wait(ruleset: RuleSet, subject: Subject, activation: Activation, later: Callable[[], list[Match]]) -> Waiting:
    """Return what makes the undecided findings of a subject.

    It holds no evaluator and no part, which hold it: a decision leaves nothing for garbage collection.
    """
    return lambda: [_leave_open(ruleset, subject, activation, match) for match in settle(later(), activation)]


def _is_curable(denial: Finding) -> bool:
    """Return whether a change of the product can remove a denial. Permanent reasons come first."""
    effect = denial.rule.effect
    return isinstance(effect, Deny) and effect.curable


def _of_kind(kind: str, matches: Iterable[Match]) -> list[Match]:
    return [match for match in matches if match[0].kind == kind]


def _filed(activation: Activation) -> dict[str, str]:
    """Return the last day, up to the day decided, on which each instrument was filed."""
    days: dict[str, str] = {}
    for filing in activation.get("filings", ()):
        if filing["date"] <= activation["as_of"]:
            instrument = filing["instrument"]
            days[instrument] = max(filing["date"], days.get(instrument, ""))
    return days
