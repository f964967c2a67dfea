"""The timeline of a product: how its decision changed and will change over law time, and which instrument did it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vatspolicy.documents import format_path
from vatspolicy.engine.amendments import Amendments
from vatspolicy.engine.decision import Decision
from vatspolicy.engine.evaluator import evaluate
from vatspolicy.engine.result import ChangeAhead, DatedFact, ItemChange
from vatspolicy.engine.snapshot import Item, Key, summarize, summary_order
from vatspolicy.engine.turning_points import may_change
from vatspolicy.i18n import LANGUAGES, Language
from vatspolicy.policies.bundle import Bundle
from vatspolicy.profile.profile import Profile

FORMAT = 1
"""Version of the data; it grows when a reader would break."""

Data = dict[str, Any]


@dataclass(frozen=True)
class _Period:
    """Days on which the decision is the same."""

    since: str
    decision: Decision
    state: Mapping[Key, Item]


def timeline(bundle: Bundle, profile: Profile, today: str, first: str | None = None, last: str | None = None) -> Data:
    """Return the decision over the days from `first` (default: the first covered) to `last` (default: no end) as data
    (timeline.schema.json). `today` is only marked. Raises ValueError for a `first` that the bundle does not cover.
    """
    first = first or bundle.covers_from
    turning = {day for day in (*bundle.boundaries, *profile.turning_days) if first < day <= (last or day)}
    turning = {day for day in turning if may_change(bundle, profile, day)}
    periods = list(_periods(bundle, profile, {first, *turning}))
    pairs = zip([None, *periods], periods, strict=False)
    entries = [_entry(bundle, profile, before, period) for before, period in pairs]
    for entry, following in zip(entries, [*periods[1:], None], strict=True):
        entry["until"] = following.since if following else None
        marks = (("today", today), ("launch", profile.launch))
        entry["marks"] = [
            {"mark": mark, "day": day}
            for mark, day in sorted(marks, key=lambda pair: (pair[1] or "", pair[0]))
            if day
            and entry["from"] <= day
            and (entry["until"] is None or day < entry["until"])
            and (last is None or day <= last)
        ]
    return {
        "format": FORMAT,
        "product": profile.name,
        "title": profile.facts["product"].get("title", profile.name),
        "file": profile.document.file,
        "bundle": bundle.identity,
        "from": first,
        "to": last,
        "today": today,
        "launch": profile.launch,
        "entries": entries,
    }


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
        entry = _entry(bundle, profile, before, period, languages)
        phase = "before-launch" if period.since <= day else "after-launch"
        words = (before.decision.decision, period.decision.decision)
        found.append(ChangeAhead(period.since, phase, *words, entry["changes"], entry["instruments"], entry["facts"]))
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


def _entry(
    bundle: Bundle,
    profile: Profile,
    before: _Period | None,
    period: _Period,
    languages: Sequence[Language] = LANGUAGES,
) -> Data:
    entry: Data = {
        "from": period.since,
        "decision": period.decision.decision,
        "range": list(period.decision.range),
        "findings": [item_data(item, languages) for item in period.state.values() if item.kind != "decision"],
        "changes": (),
        "instruments": (),
        "facts": (),
    }
    if before is not None:
        changed = _changed(before.state, period.state)
        entry["changes"] = compare_summaries(before.state, period.state, languages)
        amendments = Amendments(bundle, period.since)
        pairs = [(before.state.get(key), period.state.get(key)) for key in changed]
        entry["instruments"] = amendments.responsible(pairs, before.decision, period.decision)
        paths = profile.turning_days.get(period.since, ())
        entry["facts"] = tuple(DatedFact(format_path(path), str(_value(profile, path))) for path in paths)
    return entry


def compare_summaries(
    before: Mapping[Key, Item], after: Mapping[Key, Item], languages: Sequence[Language] = LANGUAGES
) -> tuple[ItemChange, ...]:
    """Return the differences between two summaries (`snapshot.summarize`)."""
    items = {**before, **after}
    in_order = sorted(_changed(before, after), key=lambda key: summary_order(items[key]))
    return tuple(_change(before.get(key), after.get(key), languages) for key in in_order)


def _changed(before: Mapping[Key, Item], after: Mapping[Key, Item]) -> list[Key]:
    return [key for key in {**before, **after} if before.get(key) != after.get(key)]


def item_data(item: Item, languages: Sequence[Language] = LANGUAGES) -> Data:
    """Return an item of a summary as data (timeline.schema.json)."""
    assert item.title is not None
    title = {lang: item.title[lang] for lang in languages}
    return {"kind": item.kind, "subject": item.subject, "id": item.name, "title": title, "value": item.value}


def _change(before: Item | None, after: Item | None, languages: Sequence[Language]) -> ItemChange:
    item = after or before
    assert item is not None and item.title is not None
    title: dict[str, str] = {lang: item.title[lang] for lang in languages}
    values = (before.value if before else None, after.value if after else None)
    return ItemChange(item.kind, item.subject, item.name, title, *values)


def _value(profile: Profile, path: tuple[str | int, ...]) -> Any:
    value = profile.document.data
    for step in path:
        value = value[step]
    return value
