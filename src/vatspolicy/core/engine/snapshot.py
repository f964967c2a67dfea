"""A decision as items that compare: from one day to another (timeline), or under two states of the law (diff).

`summarize` lists the items that a product team plans by; `itemize` lists all that a reviewer of a change checks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from vatspolicy.core.documents import format_path
from vatspolicy.core.engine.decision import Decision, Finding, ServiceResult
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.deadlines import deadline
from vatspolicy.core.policies.model import Advise, Article, Classify, Deny, Duty, Need, Rule
from vatspolicy.core.profile.vocabulary import LocalizedText, label
from vatspolicy.i18n import LANGUAGES, Language, Phrase
from vatspolicy.i18n.words import GRADES, aside, joint, word

SUMMARY_KINDS = ("decision", "service", "denial", "license", "route", "duty")
"""Kinds of items of a summary, in the order in which they are shown."""
DETAIL_KINDS = (
    "class",
    "service",
    "denial",
    "reason",
    "route",
    "need",
    "met",
    "missing",
    "duty",
    "instrument",
    "deadline",
    "bearer",
    "authority",
    "share-cap",
    "advice",
    "advice-kind",
    "curable",
    "waiver",
    "undetermined",
    "contested",
    "citation",
    "verification",
)
"""Kinds of items of a full list, in the order in which a reviewer reads them."""
DECISIVE_KINDS = ("denial", "route", "class", "need", "met", "undetermined")
"""Kinds of a full list whose rules can change the outcome, the likeliest cause first."""

_ONLY_BESIDE_OTHERS = (
    "instrument",
    "deadline",
    "bearer",
    "authority",
    "share-cap",
    "advice-kind",
    "curable",
    "waiver",
    "citation",
    "verification",
)
"""Kinds whose appearance is not a change by itself, because their parent item appears."""

_DECISION = Phrase("Decision")
_NOBODY = Phrase("none")

Key: TypeAlias = tuple[str, str, str, str]
"""Kind, name, service, class."""


@dataclass(slots=True)
class DecisionItem:
    """A comparable item of a decision on one subject.

    It is not frozen: a review of many edits makes millions, and that would take seven times as long.
    """

    kind: str
    name: str
    """Rule, reason code, class, route, instrument with class and route, or path of a fact, depending on the kind."""
    value: str
    """A state, an outcome, a list of authorities; for an open route of a summary the share cap in percent."""
    rules: tuple[Rule, ...] = field(default=(), compare=False, repr=False)
    """The rules that it comes from."""
    service: str = ""
    cls: str = ""
    title: LocalizedText | None = field(default=None, compare=False, repr=False)
    """The name for people; only in a summary."""
    text: LocalizedText | None = field(default=None, compare=False, repr=False)
    """The value for people, where it is not a state; only in a full list."""

    @property
    def key(self) -> Key:
        """The key of the item: kind, name and subject, without the value."""
        return self.kind, self.name, self.service, self.cls

    @property
    def subject(self) -> str:
        """The service, or the service and its class; empty for the product."""
        return "/".join(part for part in (self.service, self.cls) if part)

    @property
    def rule(self) -> str | None:
        """The name of the rule behind the item."""
        return self.rules[0].name if self.rules else None


def summarize(bundle: Bundle, decision: Decision) -> Mapping[Key, DecisionItem]:
    """Return outcomes of product and services, denials, needs, open routes, and duties due before the launch."""
    items: dict[Key, DecisionItem] = {}
    for item in _summary(bundle, decision):
        same = items.get(item.key)
        if same is not None:  # several rules have this result: show the strictest, and list all of them
            rules = tuple(dict.fromkeys((*same.rules, *item.rules)))
            item = DecisionItem(item.kind, item.name, same.value, rules, item.service, item.cls, same.title)
        items[item.key] = item
    return {item.key: item for item in sorted(items.values(), key=summary_order)}


def summary_order(item: DecisionItem) -> tuple[int, str, str]:
    """Return the sort key of an item of a summary."""
    return SUMMARY_KINDS.index(item.kind), item.subject, item.name


def itemize(
    decision: Decision, bundle: Bundle, marked: Collection[str] | None = None, cited: bool = False
) -> Mapping[Key, DecisionItem]:
    """Return every item of a decision of a bundle, without its explanations.

    `marked`: names of the rules of whose effects the parts are listed, and with `cited` the citations; None for all
    rules, without citations.
    """
    items = {item.key: item for item in _details(decision, bundle, marked)}
    return items | {item.key: item for item in _citations(decision, bundle, marked)} if cited and marked else items


def compare_items(
    before: Mapping[Key, DecisionItem], after: Mapping[Key, DecisionItem]
) -> dict[Key, tuple[DecisionItem | None, DecisionItem | None]]:
    """Return the items that differ between two lists, as pairs (before, after)."""
    items: dict[Key, tuple[DecisionItem | None, DecisionItem | None]] = {}
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if old is None or new is None:
            if key[0] not in _ONLY_BESIDE_OTHERS:
                items[key] = (old, new)
        elif old.value != new.value:
            items[key] = (old, new)
    return items


def say_value(item: DecisionItem, bundle: Bundle) -> LocalizedText | None:
    """Return the value of an item of a full list for people; None for a state."""
    if item.kind != "authority":
        return item.text
    names = [label("authority", body, bundle.schemas) for body in item.value.split(", ") if body]
    return {lang: joint("list", lang).join(name[lang] for name in names) for lang in LANGUAGES} if names else _NOBODY


def _item(
    kind: str,
    name: str,
    value: str,
    finding: Finding,
    rules: tuple[Rule, ...] = (),
    title: LocalizedText | None = None,
    text: LocalizedText | None = None,
) -> DecisionItem:
    """Return an item about the subject of a finding."""
    service, cls = finding.subject
    return DecisionItem(kind, name, value, rules or (finding.rule,), service or "", cls or "", title, text)


# --- summary


def _summary(bundle: Bundle, decision: Decision) -> Iterator[DecisionItem]:
    low, high = decision.range
    word = decision.decision if low == high else f"{decision.decision} ({low} – {high})"
    yield DecisionItem("decision", "decision", word, title=_DECISION)
    for service in decision.services:
        yield from _service_summary(bundle, service)
    reasons = [(finding, code) for finding in decision.denials for code in finding.reasons]
    for finding, code in reasons:
        title = label("reason", code, bundle.schemas)
        yield _item("denial", code, "denied", finding, rules=tuple(_answerable(finding)), title=title)
    needs = [(finding, needed) for finding in (*decision.needs, *decision.would_need) for needed in _needed(finding)]
    for finding, (instrument, rules) in needs:
        title = bundle.instruments[instrument].title
        yield _item("license", instrument, "needed", finding, rules=rules, title=title)
    for finding in decision.outstanding:
        assert isinstance(finding.rule.effect, Duty)
        instrument = finding.rule.effect.instrument
        value = "due" if finding.state == "fires" else "undetermined"
        yield DecisionItem("duty", instrument, value, (finding.rule,), title=bundle.instruments[instrument].title)


def _service_summary(bundle: Bundle, service: ServiceResult) -> Iterator[DecisionItem]:
    """Yield the outcome of a service, or of each activity, and the open routes."""
    rules = tuple(finding.rule for finding in service.classified_by)
    if not service.activities:
        yield DecisionItem("service", "", service.state, rules, service.id, title={"en": service.id, "zh": service.id})
    for activity in service.activities:
        title = label("class", activity.cls, bundle.schemas)
        yield DecisionItem("service", activity.cls, activity.outcome, rules, service.id, title=title)
        for state in activity.routes:
            if state.state == "open":
                route, cap = state.rule.route, state.max_foreign_percent
                value = "open" if cap is None else f"{cap:g}"
                yield DecisionItem("route", route.name, value, (state.rule,), service.id, activity.cls, route.title)


def _answerable(finding: Finding) -> Iterator[Rule]:
    """Yield the rule of a finding and, if a need is closed, the rules of the nearest routes."""
    yield finding.rule
    yield from (route.rule for route in finding.nearest)


def _needed(finding: Finding) -> Iterator[tuple[str, tuple[Rule, ...]]]:
    """Yield the instruments that a need requires, with the rules behind each."""
    effect = finding.rule.effect
    assert isinstance(effect, Need)
    if effect.instrument is not None:
        yield effect.instrument, (finding.rule,)
    for offer in finding.any_of:
        routes = (state.rule for state in finding.routes if state.rule.route.name == offer.route)
        yield offer.instrument, (finding.rule, *routes)


# --- details


def _details(decision: Decision, bundle: Bundle, marked: Collection[str] | None) -> Iterator[DecisionItem]:
    for service in decision.services:
        yield from _service_details(service)
    for finding in decision.denials:
        yield _stated("denial", finding)
        yield from (_item("reason", code, "given", finding) for code in finding.reasons)
        yield from _marks(finding, bundle, marked)
    for finding in (*decision.needs, *decision.would_need):
        yield from _need_details(finding)
        yield from _marks(finding, bundle, marked)
    stated = {"met": decision.met, "duty": decision.duties, "advice": decision.advice}
    stated["undetermined"] = decision.undetermined
    for kind, finding in ((kind, finding) for kind, findings in stated.items() for finding in findings):
        yield _stated(kind, finding)
        if isinstance(finding.rule.effect, Duty):
            yield _item("authority", finding.rule.effect.instrument, ", ".join(finding.authority), finding)
        yield from _marks(finding, bundle, marked)
    for ask in decision.missing:
        yield DecisionItem("missing", format_path(ask.path), "asked")
    for reading in decision.readings:
        name, about = f"{reading.rule.name}: {reading.reading}", reading.subject
        yield DecisionItem("contested", name, reading.decision, (reading.rule,), about.service or "", about.cls or "")
    if decision.worst_reading is not None:
        yield DecisionItem("contested", "", decision.worst_reading.decision, (), decision.worst_reading.service)
    if decision.verification is not None:
        yield DecisionItem("verification", "", decision.verification)


def _service_details(service: ServiceResult) -> Iterator[DecisionItem]:
    yield DecisionItem("service", "", service.state, service=service.id)
    yield from (_stated("class", finding) for finding in service.classified_by)
    for activity in service.activities:
        yield DecisionItem("class", activity.cls, activity.outcome, (), service.id, activity.cls)
        for state in activity.routes:
            about = (state.rule,), service.id, activity.cls
            yield DecisionItem("route", state.rule.route.name, state.state, *about)
            cap = "none" if state.max_foreign_percent is None else f"{state.max_foreign_percent:g}%"
            yield DecisionItem("share-cap", state.rule.route.name, cap, *about)


def _need_details(finding: Finding) -> Iterator[DecisionItem]:
    effect = finding.rule.effect
    assert isinstance(effect, Need)
    for offer in finding.any_of:
        yield _item("need", f"{offer.instrument} {offer.cls} {offer.route}", "asked", finding)
        yield _item("authority", f"{offer.instrument} {offer.route}", ", ".join(offer.authority), finding)
    if effect.instrument is not None:
        yield _item("need", effect.instrument, "asked", finding)
        yield _item("authority", effect.instrument, ", ".join(finding.authority), finding)


def _marks(finding: Finding, bundle: Bundle, marked: Collection[str] | None) -> Iterator[DecisionItem]:
    """Yield the parts of a rule's effect that a decision shows with its state, if the rule is one of those marked."""
    rule, effect = finding.rule, finding.rule.effect
    if marked is not None and rule.name not in marked:
        return
    yield _item("waiver", rule.name, "excluded" if rule.unwaivable else "possible", finding)
    if isinstance(effect, Deny):
        yield _item("curable", rule.name, "yes" if effect.curable else "no", finding)
    if isinstance(effect, Advise):
        yield _item("advice-kind", rule.name, effect.kind, finding)
    if isinstance(effect, Need | Duty):
        yield _item("bearer", rule.name, effect.bearer, finding)
    if isinstance(effect, Duty):
        text = deadline(effect.due, None).text
        yield _item("deadline", rule.name, text["en"], finding, text=text)
    named = rule.instrument
    if named is not None:
        yield _item("instrument", rule.name, named, finding, text=bundle.instruments[named].title)


def _citations(decision: Decision, bundle: Bundle, cited: Collection[str]) -> Iterator[DecisionItem]:
    """Yield the articles, with their verification, cited by the findings and routes of rules."""
    findings = (
        *(*decision.denials, *decision.needs, *decision.would_need, *decision.met),
        *(*decision.duties, *decision.advice, *decision.undetermined),
    )
    shown = [(finding.rule, finding.subject) for finding in findings]
    shown += [(state.rule, state.subject) for state in decision.routes]
    for rule, subject in shown:
        if rule.name in cited:
            articles = bundle.policies[rule.policy].articles
            keys = dict.fromkeys((*rule.cite, *(key for condition in rule.conditions for key in condition.cite)))
            value = ", ".join(f"{key} ({articles[key].verification})" for key in keys)
            text = {str(lang): _cited([articles[key] for key in keys], lang) for lang in LANGUAGES}
            yield DecisionItem(
                "citation", rule.name, value, (rule,), subject.service or "", subject.cls or "", text=text
            )


def _cited(articles: Iterable[Article], lang: Language) -> str:
    """Return articles with their verification in words."""
    labels = [article.label[lang] + aside(word(GRADES, article.verification, lang), lang) for article in articles]
    return joint("list", lang).join(labels)


def _stated(kind: str, finding: Finding) -> DecisionItem:
    effect = finding.rule.effect
    state = ", ".join(effect.classes) or "none" if isinstance(effect, Classify) else finding.state
    return _item(kind, finding.rule.name, state, finding)
