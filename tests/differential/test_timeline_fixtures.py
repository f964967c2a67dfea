"""Timelines of the fixtures under the shipped law: they agree with decisions of single days, and each change has a reason."""

from __future__ import annotations

import datetime
import itertools
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.effort import part
from tests.support.members import for_each
from tests.support.schemas import validator_of
from tests.support.shipped import fixture_files, shipped_bundle
from tests.support.specs import TODAY
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.engine.result import LawChange, encode
from vatspolicy.core.engine.snapshot import summarize
from vatspolicy.core.engine.timeline import Timeline, may_change, summary_item, timeline
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.gate.gate import AHEAD, Gate
from vatspolicy.i18n.text import width
from vatspolicy.reports.timeline import render

FIXTURES = fixture_files()


LANGUAGES = ("en", "zh")


@cache
def shipped() -> Bundle:
    return shipped_bundle()


@cache
def whole(path: Path) -> Timeline:
    """The timeline of a fixture under the shipped bundle."""
    return timeline(shipped(), load_profile(path), TODAY)


@for_each(part(FIXTURES, 10))
def test_every_change_names_an_instrument_or_a_fact(path: Path) -> None:
    data = whole(path)
    validator_of("timeline.schema.json").validate(encode(data))
    for before, entry in itertools.pairwise(data.entries):
        assert before.until == entry.from_
        assert entry.changes
        assert entry.instruments or entry.facts, entry.from_
        for one in entry.instruments:
            assert answers_for(one, entry.from_), (one, entry.from_)
    assert data.entries[0].from_ == shipped().covers_from
    assert data.entries[-1].until is None


def answers_for(instrument: LawChange, day: str) -> bool:
    """Whether the policy really changes there on that day, read from the policy and not from the timeline."""
    policy = shipped().policies[instrument.policy]
    id = instrument.name.partition("/")[2]
    match instrument.change:
        case "began":
            return policy.rule(id).since == day
        case "ended":
            return policy.rule(id).until == day
        case _:
            return any(value.since == day for value in policy.parameters[id].values)


@for_each(part(FIXTURES, 20))
def test_periods_agree_with_decisions_of_single_days(path: Path) -> None:
    bundle, profile = shipped(), load_profile(path)
    data = whole(path)
    first = datetime.date.fromisoformat(bundle.covers_from)
    for step in range(0, 4600, 211):
        day = (first + datetime.timedelta(days=step)).isoformat()
        entry = [entry for entry in data.entries if entry.from_ <= day][-1]
        decision = evaluate(bundle, profile, day)
        assert entry.decision == decision.decision
        items = summarize(bundle, decision).values()
        assert entry.findings == tuple(summary_item(item) for item in items if item.kind != "decision")


@for_each(part(FIXTURES, 40))
def test_days_that_are_passed_over_change_nothing(path: Path) -> None:
    bundle, profile = shipped(), load_profile(path)
    passed = 0
    for day in bundle.boundaries[1:]:
        if not may_change(bundle, profile, day):
            eve = (datetime.date.fromisoformat(day) - datetime.timedelta(days=1)).isoformat()
            before, state = (summarize(bundle, evaluate(bundle, profile, one)) for one in (eve, day))
            assert state == before, day
            passed += 1
    assert passed > 20


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("room", [30, 60, 100])
def test_text_fits(room: int, lang: Any) -> None:
    for path in part(FIXTURES, 20):
        text = render("text", whole(path), lang, room=room)
        assert max(map(width, text.splitlines())) <= room


def test_what_is_told_ahead_is_what_the_timeline_says() -> None:
    for path in part(FIXTURES, 40):
        profile = load_profile(path, [("product.launch", None)])
        for today in ("2017-05-01", "2019-06-01", "2024-09-01", "2026-06-01"):
            told = Gate(shipped(), today).changes_ahead(profile, today)
            last = (datetime.date.fromisoformat(today) + datetime.timedelta(days=AHEAD)).isoformat()
            entries = timeline(shipped(), profile, today, today, last).entries[1:]
            assert [(one.day, one.decision, one.changes, one.instruments) for one in told] == [
                (entry.from_, entry.decision, entry.changes, entry.instruments) for entry in entries
            ]
