"""Decisions on a product over time: the days on which they change, the reasons, and the amendments."""

from __future__ import annotations

import functools
import itertools
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.documents import format_path
from vatspolicy.core.engine.classification import classify
from vatspolicy.core.engine.decision import Decision, Finding
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.engine.law_texts import copy_text, titled
from vatspolicy.core.engine.result import AmendedArticle, ChangeAhead, DatedFact, ItemChange, LawChange
from vatspolicy.core.engine.snapshot import DecisionItem, Key, summarize, summary_order
from vatspolicy.core.engine.subjects import activity_activation, product_activation, service_activation
from vatspolicy.core.policies.bundle import Bundle, LawIdentity
from vatspolicy.core.policies.model import Advise, Duty, Policy, Rule
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile
from vatspolicy.i18n import LANGUAGES, Language, LocalizedText

FORMAT = 1
"""Version of the data. Incompatible changes increase it."""


@dataclass(frozen=True, slots=True)
class SummaryItem:
    """An item of the summary of a decision."""

    kind: str
    subject: str
    id: str
    title: LocalizedText
    value: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A marked day."""

    mark: str
    """today or launch."""
    day: str


@dataclass(frozen=True, slots=True)
class DecisionPeriod:
    """A period with the same decision, and the differences from the previous period."""

    from_: str
    decision: str
    range: tuple[str, str]
    findings: tuple[SummaryItem, ...]
    changes: tuple[ItemChange, ...]
    instruments: tuple[LawChange, ...]
    facts: tuple[DatedFact, ...]
    until: str | None
    """First day of the next period; None for the last one."""
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The decisions on a product over law time."""

    format: int = FORMAT
    product: str
    title: str
    file: str
    bundle: LawIdentity
    from_: str
    to: str | None
    """Last day asked for; None for no end."""
    today: str
    launch: str | None
    entries: tuple[DecisionPeriod, ...]


# --- quick check whether changes of the law on a day can change a decision


@dataclass(frozen=True)
class _Turn:
    """Changes of the law on a boundary day."""

    rules: tuple[tuple[RuleSet, Rule], ...]
    """Rules that begin (with the law of the day) or end (with the law before it)."""
    other: bool
    """True if parameters, or the instruments that make an activity licensed, change too."""


def may_change(bundle: Bundle, profile: Profile, day: str) -> bool:
    """Return whether the decision on a profile may differ from that of the previous day; False is certain.

    A rule whose condition is false has no finding, so its begin or end changes nothing.
    """
    if day in profile.turning_days:
        return True
    turn = _turn(bundle, day)
    if turn.other:
        return True
    activations = dict(_subjects(bundle.on(day), profile, day)) if turn.rules else {}
    return any(
        ruleset.evaluate(rule.when, activation) is not False
        for ruleset, rule in turn.rules
        for activation in activations.get(rule.each, ())
    )


def _subjects(ruleset: RuleSet, profile: Profile, day: str) -> Iterator[tuple[str, list[Any]]]:
    """Yield the activations of all subjects by kind: product, service, activity."""
    product = product_activation(profile, day)
    services: list[Activation] = [service_activation(product, service) for service in product["services"]]
    activities = []
    for activation in services:
        result = classify(ruleset, activation)
        activities += [activity_activation(ruleset, activation, cls) for cls in (*result.classes, *result.possible)]
    yield from (("product", [product]), ("service", services), ("activity", activities))


@functools.lru_cache(maxsize=512)
def _turn(bundle: Bundle, day: str) -> _Turn:
    days = bundle.boundaries
    before, after = bundle.on(days[max(bisect_left(days, day) - 1, 0)]), bundle.on(day)
    was = {rule for rules in before.rules.values() for rule in rules}
    now = {rule for rules in after.rules.values() for rule in rules}
    changed = [(after, rule) for rule in now - was if _counts(rule)] + [
        (before, rule) for rule in was - now if _counts(rule)
    ]
    order = sorted(changed, key=lambda pair: pair[1].name)
    return _Turn(tuple(order), before.params != after.params or before.access != after.access)


def _counts(rule: Rule) -> bool:
    """Return whether findings of a rule are part of a period: advice and duties after the launch are not."""
    effect = rule.effect
    return not isinstance(effect, Advise) and (not isinstance(effect, Duty) or effect.due.get("before") == "launch")


# --- amendments of the law on one day, and those that explain a change of the decision


@dataclass(frozen=True, eq=False)
class Amendment:
    """A change of the law: a rule that begins or ends, or a parameter with a new value."""

    policy: Policy
    change: str
    """began, ended or value."""
    name: str
    """policy/rule, or policy/parameter."""
    cite: tuple[str, ...]


class Amendments:
    """The law that changed on a day."""

    def __init__(self, bundle: Bundle, day: str) -> None:
        self.bundle, self.day = bundle, day
        self.rules: dict[Rule, Amendment] = {}
        self.values: dict[str, Amendment] = {}
        for policy in bundle.policies.values():
            for rule in policy.rules:
                if day in (rule.since, rule.until):
                    change = "ended" if rule.until == day else "began"
                    self.rules[rule] = Amendment(policy, change, rule.name, rule.cite)
            # a rule never reads a parameter before its first value
            self.values |= {
                parameter.key: Amendment(policy, "value", parameter.key, value.cite)
                for parameter in policy.parameters.values()
                for value in parameter.values[1:]
                if value.since == day
            }

    def responsible(
        self, changed: Iterable[tuple[DecisionItem | None, DecisionItem | None]], before: Decision, after: Decision
    ) -> tuple[LawChange, ...]:
        """Return the instruments that changed items come from. `changed`: items before and after.

        An item is attributed to amendments of its own rules. If there are none, it is attributed to amendments of rules
        with a different finding on the same subject. A decision that changed without such items is attributed to
        amendments of all rules with a different finding.
        """
        amendments: dict[Amendment, None] = {}
        others = self._otherwise(before, after)
        for pair in changed:
            items = [item for item in pair if item is not None]
            if items[0].kind in ("decision", "service"):  # follows from the items below it
                continue
            direct = self._touched(rule for item in items for rule in item.rules)
            amendments |= dict.fromkeys(direct or self._touched(_about(others, items[0].subject)))
        if not amendments:
            amendments = dict.fromkeys(self._touched(others))
        order = sorted(amendments, key=lambda amendment: (amendment.policy.id, amendment.change, amendment.name))
        return tuple(map(self._record, order))

    def _otherwise(self, before: Decision, after: Decision) -> Mapping[Rule, frozenset[str]]:
        """Return the rules whose result about some subject changed, with the subjects."""
        was, now = dict(_spoken(before)), dict(_spoken(after))
        by_rule: dict[Rule, set[str]] = {}
        for key in {**was, **now}:
            if was.get(key) != now.get(key):
                by_rule.setdefault(key[0], set()).add(key[1])
        return {rule: frozenset(subjects) for rule, subjects in by_rule.items()}

    def _touched(self, rules: Iterable[Rule]) -> list[Amendment]:
        """Return the amendments of rules: that they began or ended, or a new value of a parameter that they read."""
        amendments: list[Amendment] = []
        for rule in rules:
            if rule in self.rules:
                amendments.append(self.rules[rule])
            elif self.values:
                amendments += [self.values[key] for key in self._read(rule) if key in self.values]
        return amendments

    @functools.cache  # noqa: B019 - the object lives as long as one entry of a timeline
    def _read(self, rule: Rule) -> tuple[str, ...]:
        """Return keys of the parameters that a rule reads, in terms and in the coverage of its instrument too."""
        instrument = self.bundle.instruments.get(rule.instrument or "")
        covers = () if instrument is None or instrument.covers is None else instrument.covers.parameters
        return tuple(dict.fromkeys((*rule.parameters, *covers)))

    def _record(self, amendment: Amendment) -> LawChange:
        policy = amendment.policy
        return LawChange(
            policy.id,
            titled(policy, self.day),
            policy.number(self.day),
            amendment.change,
            amendment.name,
            tuple(
                AmendedArticle(key, copy_text(policy.articles[key].label), policy.articles[key].verification)
                for key in amendment.cite
            ),
        )


def _about(rules: Mapping[Rule, frozenset[str]], subject: str) -> Iterator[Rule]:
    """Yield the rules about a subject, the service it belongs to, or one of its classes; all for the product."""
    for rule, subjects in rules.items():
        if not subject or any(
            name == subject or subject.startswith(f"{name}/") or name.startswith(f"{subject}/") for name in subjects
        ):
            yield rule


def _spoken(decision: Decision) -> Iterator[tuple[tuple[Rule, str], Any]]:
    """Yield the result of every rule about every subject: the state of its finding or of its route."""
    findings: Iterable[Finding] = (
        *decision.denials,
        *decision.needs,
        *decision.would_need,
        *decision.met,
        *decision.duties,
        *decision.undetermined,
        *(finding for service in decision.services for finding in service.classified_by),
    )
    for finding in findings:
        yield (finding.rule, str(finding.subject)), (finding.state, finding.reasons, finding.any_of)
    for route in decision.routes:
        yield (route.rule, str(route.subject)), (route.state, route.held, [condition.id for condition in route.failing])


# --- the timeline of a product
#
# The timeline of a product: how its decision changes over law time, and the instruments behind the changes.


_Differences: TypeAlias = tuple[tuple[ItemChange, ...], tuple[LawChange, ...], tuple[DatedFact, ...]]


@dataclass(frozen=True)
class _Period:
    """Days on which the decision is the same."""

    since: str
    decision: Decision
    state: Mapping[Key, DecisionItem]


def first_day(bundle: Bundle, profile: Profile, today: str, last: str | None = None) -> str:
    """Return the default first day of a timeline: today, or an earlier launch or end."""
    return max(bundle.covers_from, min(day for day in (today, profile.launch, last) if day))


def timeline(
    bundle: Bundle, profile: Profile, today: str, first: str | None = None, last: str | None = None
) -> Timeline:
    """Return the decision over the days from `first` (default: the first covered) to `last` (default: no end).

    `today` is only marked. Raises ValueError for a `first` that the bundle does not cover.
    """
    first = first or bundle.covers_from
    turning = {day for day in (*bundle.boundaries, *profile.turning_days) if first < day <= (last or day)}
    turning = {day for day in turning if may_change(bundle, profile, day)}
    periods = list(_periods(bundle, profile, {first, *turning}))
    marks = [Mark(mark, day) for mark, day in (("launch", profile.launch), ("today", today)) if day]
    marks = sorted((mark for mark in marks if last is None or mark.day <= last), key=lambda mark: (mark.day, mark.mark))
    entries = []
    for before, period, following in zip([None, *periods], periods, [*periods[1:], None], strict=False):
        until = following.since if following else None
        entries.append(
            DecisionPeriod(
                period.since,
                period.decision.decision,
                period.decision.range,
                tuple(summary_item(item) for item in period.state.values() if item.kind != "decision"),
                *(_differences(bundle, profile, before, period, LANGUAGES) if before else ((), (), ())),
                until,
                tuple(mark for mark in marks if period.since <= mark.day and (until is None or mark.day < until)),
            )
        )
    return Timeline(
        product=profile.name,
        title=profile.facts["product"].get("title", profile.name),
        file=profile.document.file,
        bundle=bundle.identity,
        from_=first,
        to=last,
        today=today,
        launch=profile.launch,
        entries=tuple(entries),
    )


def changes_ahead(
    bundle: Bundle,
    profile: Profile,
    day: str,
    first: str,
    turning: Iterable[str],
    languages: Sequence[Language] = LANGUAGES,
) -> tuple[ChangeAhead, ...]:
    """Return the changes of the decision after `first` on the days of `turning`; `day` is the day decided, the launch.

    Entries as in `changes_ahead` of decision.schema.json, with titles in the `languages`.
    """
    turning = [day for day in turning if may_change(bundle, profile, day)]
    periods = list(_periods(bundle, profile, {first, *turning})) if turning else []
    coming = []
    for before, period in itertools.pairwise(periods):
        phase = "before-launch" if period.since <= day else "after-launch"
        words = (before.decision.decision, period.decision.decision)
        changes, laws, facts = _differences(bundle, profile, before, period, languages)
        coming.append(ChangeAhead(period.since, phase, *words, changes, laws, facts))
    return tuple(coming)


def _periods(bundle: Bundle, profile: Profile, days: Iterable[str]) -> Iterator[_Period]:
    """Yield periods of equal decisions. `days` are those on which the law or a dated fact of the profile changes."""
    before: _Period | None = None
    for day in sorted(days):
        decision = evaluate(bundle, profile, day)
        period = _Period(day, decision, summarize(bundle, decision))
        if before is None or period.state != before.state:
            yield period
            before = period


def _differences(
    bundle: Bundle, profile: Profile, before: _Period, period: _Period, languages: Sequence[Language]
) -> _Differences:
    """Return the differences between two periods, with the law and the dated facts behind them."""
    pairs = [(before.state.get(key), period.state.get(key)) for key in _changed(before.state, period.state)]
    paths = profile.turning_days.get(period.since, ())
    return (
        compare_summaries(before.state, period.state, languages),
        Amendments(bundle, period.since).responsible(pairs, before.decision, period.decision),
        tuple(DatedFact(format_path(path), _text_of(profile, path)) for path in paths),
    )


def compare_summaries(
    before: Mapping[Key, DecisionItem], after: Mapping[Key, DecisionItem], languages: Sequence[Language] = LANGUAGES
) -> tuple[ItemChange, ...]:
    """Return the differences between two summaries (`snapshot.summarize`)."""
    items = {**before, **after}
    in_order = sorted(_changed(before, after), key=lambda key: summary_order(items[key]))
    return tuple(_change(before.get(key), after.get(key), languages) for key in in_order)


def _changed(before: Mapping[Key, DecisionItem], after: Mapping[Key, DecisionItem]) -> list[Key]:
    return [key for key in {**before, **after} if before.get(key) != after.get(key)]


def summary_item(item: DecisionItem) -> SummaryItem:
    """Return an item of a summary for people and programs."""
    return SummaryItem(item.kind, item.subject, item.name, _title(item, LANGUAGES), item.value)


def _change(before: DecisionItem | None, after: DecisionItem | None, languages: Sequence[Language]) -> ItemChange:
    item = after or before
    assert item is not None
    values = (before.value if before else None, after.value if after else None)
    return ItemChange(item.kind, item.subject, item.name, _title(item, languages), *values)


def _title(item: DecisionItem, languages: Sequence[Language]) -> LocalizedText:
    assert item.title is not None
    return {str(lang): item.title[lang] for lang in languages}


def _text_of(profile: Profile, path: tuple[str | int, ...]) -> str:
    value = profile.document.data
    for step in path:
        value = value[step]
    return str(value)
