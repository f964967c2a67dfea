"""The timeline of a product: how its decision changed and will change over law time, and which instrument did it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from vatspolicy.core.documents import format_path
from vatspolicy.core.engine.amendments import Amendments
from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.engine.result import ChangeAhead, DatedFact, ItemChange, LawChange
from vatspolicy.core.engine.snapshot import Item, Key, summarize, summary_order
from vatspolicy.core.engine.timeline_result import Entry, Mark, SummaryItem, Timeline
from vatspolicy.core.engine.turning_points import may_change
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import Profile
from vatspolicy.i18n import LANGUAGES, Language, LocalizedText

_Differences: TypeAlias = tuple[tuple[ItemChange, ...], tuple[LawChange, ...], tuple[DatedFact, ...]]


@dataclass(frozen=True)
class _Period:
    """Days on which the decision is the same."""

    since: str
    decision: Decision
    state: Mapping[Key, Item]


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
    marks = sorted((one for one in marks if last is None or one.day <= last), key=lambda one: (one.day, one.mark))
    entries = []
    for before, period, following in zip([None, *periods], periods, [*periods[1:], None], strict=False):
        until = following.since if following else None
        entries.append(
            Entry(
                period.since,
                period.decision.decision,
                period.decision.range,
                tuple(summary_item(item) for item in period.state.values() if item.kind != "decision"),
                *(_differences(bundle, profile, before, period, LANGUAGES) if before else ((), (), ())),
                until,
                tuple(one for one in marks if period.since <= one.day and (until is None or one.day < until)),
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
    found = []
    for before, period in itertools.pairwise(periods):
        phase = "before-launch" if period.since <= day else "after-launch"
        words = (before.decision.decision, period.decision.decision)
        changes, laws, facts = _differences(bundle, profile, before, period, languages)
        found.append(ChangeAhead(period.since, phase, *words, changes, laws, facts))
    return tuple(found)


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
    """Return what differs between two periods, and the law and the dated facts that it comes from."""
    pairs = [(before.state.get(key), period.state.get(key)) for key in _changed(before.state, period.state)]
    paths = profile.turning_days.get(period.since, ())
    return (
        compare_summaries(before.state, period.state, languages),
        Amendments(bundle, period.since).responsible(pairs, before.decision, period.decision),
        tuple(DatedFact(format_path(path), _text_of(profile, path)) for path in paths),
    )


def compare_summaries(
    before: Mapping[Key, Item], after: Mapping[Key, Item], languages: Sequence[Language] = LANGUAGES
) -> tuple[ItemChange, ...]:
    """Return the differences between two summaries (`snapshot.summarize`)."""
    items = {**before, **after}
    in_order = sorted(_changed(before, after), key=lambda key: summary_order(items[key]))
    return tuple(_change(before.get(key), after.get(key), languages) for key in in_order)


def _changed(before: Mapping[Key, Item], after: Mapping[Key, Item]) -> list[Key]:
    return [key for key in {**before, **after} if before.get(key) != after.get(key)]


def summary_item(item: Item) -> SummaryItem:
    """Return an item of a summary for people and programs."""
    return SummaryItem(item.kind, item.subject, item.name, _title(item, LANGUAGES), item.value)


def _change(before: Item | None, after: Item | None, languages: Sequence[Language]) -> ItemChange:
    item = after or before
    assert item is not None
    values = (before.value if before else None, after.value if after else None)
    return ItemChange(item.kind, item.subject, item.name, _title(item, languages), *values)


def _title(item: Item, languages: Sequence[Language]) -> LocalizedText:
    assert item.title is not None
    return {str(lang): item.title[lang] for lang in languages}


def _text_of(profile: Profile, path: tuple[str | int, ...]) -> str:
    value = profile.document.data
    for step in path:
        value = value[step]
    return str(value)
