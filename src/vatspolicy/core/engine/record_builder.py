"""The builder of the record of a decision (see `result`).

Explanations are built here, only for findings that are shown.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from vatspolicy.core.documents import Path, format_path
from vatspolicy.core.engine import result
from vatspolicy.core.engine.decision import (
    Decision,
    Finding,
    Interpretation,
    InterpretationChange,
    MissingFact,
    RouteResult,
    ServiceResult,
    Subject,
    WorstReading,
    rank_routes,
)
from vatspolicy.core.engine.explanation import ClauseReader, FactRead, NamedFacts, deciding_facts
from vatspolicy.core.engine.law_texts import LawTexts, RuleFields, copy_text, layer_of
from vatspolicy.core.engine.notices import notices
from vatspolicy.core.engine.opinions import OPINION, OpinionResult, applies
from vatspolicy.core.engine.subjects import Activations, bearer_of
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Advise, Condition, Deny, Duty, Need, Policy, Rule
from vatspolicy.core.profile.profile import Profile
from vatspolicy.core.profile.vocabulary import label
from vatspolicy.i18n import LANGUAGES, Language, LocalizedText

if TYPE_CHECKING:
    from vatspolicy.core.cel.activation import Activation

FORMAT = 2
"""Version of the data. Incompatible changes increase it."""


class _Common(RuleFields):
    """The fields that all findings have."""

    subject: result.SubjectRecord
    state: str
    explanation: result.Explanation | None
    reasons: tuple[result.DenialReason, ...]
    asks: tuple[result.FactQuestion, ...]


def make_record(
    bundle: Bundle,
    profile: Profile,
    decision: Decision,
    languages: Sequence[Language] = LANGUAGES,
    explain: bool = True,
    ahead: tuple[result.ChangeAhead, ...] | None = None,
) -> result.Record:
    """Return the decision with its law and its facts. Sorted where order carries no meaning; no wall-clock time.

    The program's own texts (checks, deadlines, notices) are only in the given `languages`. Without `explain` a
    record has no explanations: no checks in words, no clauses, no facts and no places. `ahead` are the coming changes.
    A part is made when it is first read.
    """
    maker = _Maker(bundle, profile, decision, languages, explain)
    makers: dict[str, Callable[[], object]] = {
        "decision": lambda: decision.decision,
        "range": lambda: decision.range,
        "product": lambda: decision.product,
        "title": lambda: str(profile.facts["product"].get("title", decision.product)),
        "as_of": lambda: decision.as_of,
        "launch": lambda: profile.launch,
        "file": lambda: profile.document.file,
        "bundle": lambda: make_law(bundle, decision),
        "notices": lambda: tuple(
            result.Notice(kind, maker.texts.say(message)) for kind, message in notices(bundle, profile, decision.as_of)
        ),
        "verification": lambda: decision.verification,
        "services": lambda: tuple(map(maker.service, decision.services)),
        "denials": lambda: tuple(map(maker.obstacle, decision.denials)),
        "needs": lambda: tuple(map(maker.need, decision.needs)),
        "would_need": lambda: tuple(map(maker.need, decision.would_need)),
        "met": lambda: tuple(map(maker.need, decision.met)),
        "duties": lambda: tuple(map(maker.duty, decision.duties)),
        "advice": lambda: tuple(map(maker.advice, decision.advice)),
        "undetermined": lambda: tuple(map(maker.finding, decision.undetermined)),
        "missing": lambda: tuple(map(maker.ask, decision.missing)),
        "opinions": lambda: tuple(
            make_opinion(profile, opinion, maker.place("opinions", opinion.place)) for opinion in decision.opinions
        ),
        "contested": lambda: tuple(
            make_reading(bundle, reading, find_place(profile, reading.subject)) for reading in decision.readings
        ),
        "worst_reading": lambda: make_worst_reading(decision.worst_reading),
        "changes_ahead": lambda: ahead,
        "conditional": lambda: make_conditional(bundle, profile, decision, maker.texts),
        "remaining": lambda: None,
    }
    return result.Record.on_demand(makers)


class _Maker:
    def __init__(
        self, bundle: Bundle, profile: Profile, decision: Decision, languages: Sequence[Language], explain: bool
    ) -> None:
        self.bundle, self.profile, self.explains = bundle, profile, explain
        self.ruleset = bundle.on(decision.as_of)
        self.activations = Activations(self.ruleset, profile, decision.as_of)
        self.texts = LawTexts(bundle, decision.as_of, profile.launch, languages)
        self.reader = NamedFacts(profile, self.ruleset)
        self.clause_reader = ClauseReader(bundle, self.ruleset)
        self.shown: dict[tuple[str, Subject], result.RouteRecord] = {}
        """Routes by rule and subject: an activity and its needs show the same ones."""
        self.facts: dict[int, result.FactRecord] = {}
        """Facts by the identity of what the reader returns, which keeps it."""
        self.mark, self.format_path = functools.cache(profile.mark), functools.cache(format_path)

    def place(self, *path: str | int) -> result.Location:
        return result.Location(*self.mark(path))

    # --- findings

    def finding(self, finding: Finding) -> result.FindingRecord:
        match finding.rule.effect:
            case Advise():
                return self.advice(finding)
            case Deny():
                return self.denial(finding)
            case Need():
                return self.need(finding)
            case Duty():
                return self.duty(finding)
        return result.FindingRecord(**self.common(finding))

    def advice(self, finding: Finding) -> result.AdviceRecord:
        assert isinstance(finding.rule.effect, Advise)
        return result.AdviceRecord(**self.common(finding), kind=finding.rule.effect.kind)

    def obstacle(self, finding: Finding) -> result.DenialRecord | result.NeedRecord:
        """Return a denial, or a need that no route answers."""
        return self.need(finding) if isinstance(finding.rule.effect, Need) else self.denial(finding)

    def denial(self, finding: Finding) -> result.DenialRecord:
        assert isinstance(finding.rule.effect, Deny)
        return result.DenialRecord(**self.common(finding), curable=finding.rule.effect.curable)

    def need(self, finding: Finding) -> result.NeedRecord:
        assert isinstance(finding.rule.effect, Need)
        instrument = finding.rule.effect.instrument
        bearer = bearer_of(finding.rule.effect, self.profile, self.activations.of(finding.subject))
        if instrument is not None:
            return result.NeedRecord(
                **self.common(finding),
                instrument=self.texts.instrument(instrument),
                authority=self.texts.authority(finding.authority),
                **bearer,
            )
        return result.NeedRecord(
            **self.common(finding),
            any_of=tuple(map(self.texts.offer, finding.any_of)),
            routes=tuple(map(self.route, rank_routes(finding.routes))),
            nearest=tuple(route.rule.name for route in finding.nearest),
            **bearer,
        )

    def duty(self, finding: Finding) -> result.DutyRecord:
        effect = finding.rule.effect
        assert isinstance(effect, Duty)
        return result.DutyRecord(
            **self.common(finding),
            instrument=self.texts.instrument(effect.instrument),
            authority=self.texts.authority(finding.authority),
            deadline=self.texts.deadline(finding.rule, effect.due),
            done_on=finding.done_on,
            **bearer_of(effect, self.profile, self.activations.of(finding.subject)),
        )

    def common(self, finding: Finding) -> _Common:
        rule, schemas = finding.rule, self.bundle.schemas
        common: _Common = {
            **self.texts.rule(rule),
            "subject": result.SubjectRecord(*finding.subject),
            "state": finding.state,
            "explanation": self.explanation(finding) if self.explains else None,
            "reasons": tuple(
                [result.DenialReason(code, copy_text(label("reason", code, schemas))) for code in finding.reasons]
            ),
            "asks": tuple(map(self.ask, finding.missing)) if finding.missing else (),
        }
        if rule.template is not None:
            common["message"] = self.message(rule, finding.subject)
        if finding.state == "closed":
            common["citations"] = (*self.closing(finding), *common["citations"])
        return common

    def message(self, said: Rule | Condition, subject: Subject) -> LocalizedText:
        """Return the message of a rule or of a condition, with the values of the facts that it shows."""
        if said.template is None:
            return copy_text(said.message)
        from vatspolicy.core.policies.message_values import show_values
        from vatspolicy.core.profile.wording import FactWording

        return show_values(said.template, self.activations.of(subject), FactWording(self.profile.schemas))

    def explanation(self, finding: Finding) -> result.Explanation:
        """Return the check of a finding with its clauses, and the facts that decide it with their places."""
        rule, activation = finding.rule, self.activations.of(finding.subject)
        policy = self.bundle.policies[rule.policy]
        facts = deciding_facts(finding, self.reader, activation)
        return result.Explanation(
            self.texts.check(rule.when),
            self.clause_reader.read(policy, rule.when, activation),
            tuple(map(self.fact, facts)),
            _shown(policy.file, self.folder_of(policy)),
            rule.line,
            self.location(finding.subject, facts),
        )

    def folder_of(self, policy: Policy) -> str:
        layer = self.bundle.layer_of(policy.id)
        return self.bundle.folder if layer is None else layer.folder

    def closing(self, finding: Finding) -> Iterable[result.Citation]:
        """Yield the law of the nearest closed routes, which block a need without an open one."""
        for rule in dict.fromkeys(route.rule for route in finding.nearest):
            yield from self.texts.citations(self.bundle.policies[rule.policy], rule.cite)

    def fact(self, fact: FactRead) -> result.FactRecord:
        record = self.facts.get(id(fact))
        if record is None:
            record = self.facts[id(fact)] = result.FactRecord(fact.text, fact.value, *self.mark(fact.path))
        return record

    def location(self, subject: Subject, deciding: Iterable[FactRead]) -> result.Location:
        """Return the place of the spec to show: the last written fact that decided, else the subject of the rule."""
        written = [fact for fact in deciding if fact.value is not None]
        return self.place(*written[-1].path) if written else find_place(self.profile, subject)

    # --- services and routes

    def service(self, service: ServiceResult) -> result.ServiceRecord:
        return result.ServiceRecord(
            service.id,
            service.state,
            tuple(
                result.Classified(
                    classified.rule.name,
                    self.message(classified.rule, classified.subject),
                    classified.rule.contested,
                    layer_of(self.bundle, classified.rule),
                )
                for classified in service.classified_by
            ),
            tuple(
                result.ActivityRecord(
                    activity.cls,
                    copy_text(label("class", activity.cls, self.bundle.schemas)),
                    activity.outcome,
                    tuple(map(self.route, rank_routes(activity.routes))),
                )
                for activity in service.activities
            ),
        )

    def route(self, state: RouteResult) -> result.RouteRecord:
        record = self.shown.get((state.rule.name, state.subject))
        if record is None:
            record = self.shown[state.rule.name, state.subject] = self.new_route(state)
        return record

    def new_route(self, state: RouteResult) -> result.RouteRecord:
        effect, activation = state.rule.route, self.activations.of(state.subject)
        policy = self.bundle.policies[state.rule.policy]
        return result.RouteRecord(
            state.rule.name,
            effect.name,
            copy_text(effect.title),
            state.state,
            self.texts.instrument(effect.instrument),
            self.texts.authority(state.authority),
            state.held,
            state.max_foreign_percent,
            state.share_too_high,
            state.unread,
            tuple(
                result.ConditionRecord(
                    condition.id,
                    self.message(condition, state.subject),
                    self.ruleset.evaluate(condition.check, activation),
                    condition.reason,
                    condition.where,
                    applies(activation, state.rule, condition),
                    self.condition_explanation(policy, state, condition, activation) if self.explains else None,
                )
                for condition in effect.conditions
            ),
            self.texts.citations(policy, state.rule.cite),
            layer_of(self.bundle, state.rule),
        )

    def condition_explanation(
        self, policy: Policy, state: RouteResult, condition: Condition, activation: Activation
    ) -> result.ConditionExplanation:
        return result.ConditionExplanation(
            self.texts.check(condition.check),
            self.texts.citations(policy, condition.cite or state.rule.cite),
            tuple(map(self.fact, self.reader.read(condition.check, activation))),
        )

    # --- missing facts

    def ask(self, ask: MissingFact) -> result.FactQuestion:
        return result.FactQuestion(
            self.format_path(ask.path),
            self.texts.question(ask.path),
            ask.rules,
            tuple(map(self.matter, ask.rules)) if ask.path == (OPINION.root,) else (),
        )

    def matter(self, name: str) -> result.Matter:
        """Return the rule or condition that needs an opinion, with its wording and its law."""
        policy_id, rule_id, *condition = name.split("/")
        policy = self.bundle.policies[policy_id]
        rule = policy.rule(rule_id)
        message, cite = rule.message, rule.cite
        if condition:
            unread = next(requirement for requirement in rule.requirements if requirement.id == condition[0])
            message, cite = unread.message, unread.cite or cite
        return result.Matter(name, copy_text(message), self.texts.citations(policy, cite))


def find_place(profile: Profile, subject: Subject) -> result.Location:
    """Return the place of a subject in the spec."""
    path: Path = ("product",)
    if subject.service is not None:
        ids = [service["id"] for service in profile.facts["services"]]
        path = ("services", ids.index(subject.service))
        if subject.cls is not None:
            path = profile.path_of(profile.facts["services"][path[1]], ("offers",)) or path
    return result.Location(*profile.mark(path))


def make_law(bundle: Bundle, decision: Decision) -> result.Law:
    """Return the law that decided, with its layers if there is more than the base."""
    return result.Law(
        bundle.origin.origin,
        bundle.origin.name,
        decision.bundle_version,
        decision.bundle_digest,
        bundle.known_until,
        tuple(
            result.LayerOfLaw(layer.name, copy_text(layer.title), layer.owner, layer.digest) for layer in bundle.layers
        ),
    )


def make_reading(bundle: Bundle, reading: Interpretation, location: result.Location) -> result.ReadingRecord:
    """Return another reading of a contested rule with all its changes."""
    readings = reading.rule.readings
    assert readings is not None
    held_by = next(held.held_by for held in readings.others if held.name == reading.reading)
    return result.ReadingRecord(
        reading.rule.name,
        str(reading.subject),
        reading.reading,
        reading.decision,
        reading.stricter,
        copy_text(reading.rule.message),
        copy_text(held_by),
        copy_text(readings.why),
        copy_text(readings.settled_by),
        tuple(_reading_change(bundle, change) for change in reading.changes),
        location,
    )


def _reading_change(bundle: Bundle, change: InterpretationChange) -> result.ReadingChange:
    """Return the change that a reading makes, by the name that reports show."""
    match change.kind:
        case "class" | "denial":
            title = label("class" if change.kind == "class" else "reason", change.id, bundle.schemas)
        case "route":
            assert change.rule is not None
            title = change.rule.route.title
        case _:
            title = bundle.instruments[change.id].title
    return result.ReadingChange(
        change.kind,
        "added" if change.added else "removed",
        change.id,
        change.cls,
        None if change.rule is None else change.rule.name,
        copy_text(title),
    )


def make_conditional(
    bundle: Bundle, profile: Profile, decision: Decision, texts: LawTexts
) -> result.ConditionalAnswer | None:
    """Return the facts that would settle an open decision, and the decision with them; None if there are none."""
    if decision.range[0] == decision.range[1]:
        return None
    from vatspolicy.core.engine.conditional import find_conditional
    from vatspolicy.core.profile.wording import FactWording

    conditional = find_conditional(bundle, profile, decision)
    if conditional is None:
        return None
    wording = FactWording(bundle.schemas, {name: instrument.title for name, instrument in bundle.instruments.items()})
    settings = []
    for path, value in conditional.settings:
        title, words = wording.title(path, conditional.profile), wording.value(value, path)
        settings.append(result.AssumedFact(format_path(path), value, texts.say(title), texts.say(words)))
    return result.ConditionalAnswer(conditional.decision, tuple(settings))


def make_worst_reading(worst: WorstReading | None) -> result.WorstReadingRecord | None:
    """Return the strictest combination of readings."""
    return worst and result.WorstReadingRecord(
        worst.service,
        worst.decision,
        worst.stricter,
        tuple(result.ReadingChoice(rule.name, str(subject), name) for rule, subject, name in worst.readings),
        worst.complete,
    )


def make_opinion(profile: Profile, used: OpinionResult, location: result.Location) -> result.Opinion:
    """Return an opinion of the profile, its effect, and what makes it count."""
    given, grant = profile.facts["opinions"][used.place], profile.granted.get(used.place)
    return result.Opinion(
        given["about"],
        given["by"],
        given["date"],
        given.get("authority"),
        given.get("service"),
        given.get("reading"),
        None if given.get("classes") is None else tuple(given["classes"]),
        given.get("note"),
        None if grant is None else result.Granted(*grant),
        used.state,
        location.line,
        location.column,
    )


def _shown(file: str, folder: str) -> str:
    """Return the path of a policy without the place of its folder, so that equal inputs give equal bytes."""
    return os.path.relpath(file, os.path.dirname(folder)).replace(os.sep, "/") if os.path.isabs(file) else file
