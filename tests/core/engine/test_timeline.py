"""Timelines: periods, what changes between them, the instrument responsible, and what a check tells of days ahead."""

from __future__ import annotations

import datetime
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest

from tests.support.console import Console
from tests.support.members import for_each
from tests.support.schemas import validator_of
from tests.support.shipped import fixture_files, shipped_bundle
from tests.support.specs import HOSTING, TODAY
from vatspolicy.cli.commands.timeline import TimelineFormat
from vatspolicy.core.engine import timeline as package
from vatspolicy.core.engine.result import ChangeAhead, DatedFact, ItemChange, encode
from vatspolicy.core.engine.timeline import Timeline, timeline
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import Profile, load_profile
from vatspolicy.gate.gate import AHEAD, Gate
from vatspolicy.reports.formats import FORMATS as DECISIONS
from vatspolicy.reports.timeline import render, say_change

FORMATS = get_args(TimelineFormat)

FIXTURES = fixture_files()
LAUNCHED = "2024-10-23"
"""The day on which the pilot opened."""
LANGUAGES = ("en", "zh")


@cache
def shipped() -> Bundle:
    return shipped_bundle()


@cache
def whole(path: Path) -> Timeline:
    """The timeline of a fixture under the shipped bundle."""
    return timeline(shipped(), load_profile(path), TODAY)


def spec(*changes: tuple[str, Any]) -> Profile:
    import yaml

    return load_profile(yaml.safe_load(HOSTING), changes)


# --- periods


def test_the_pilot_opens_a_route(bundle: Bundle) -> None:
    data = timeline(bundle, spec(), TODAY, "2024-01-01")
    entry = next(entry for entry in data.entries if entry.from_ == LAUNCHED)
    changes = {(c.kind, c.id): (c.before, c.after) for c in entry.changes}
    assert changes["decision", "decision"] == ("deny", "needs-license")
    assert changes["route", "pilot"] == (None, "open")
    assert changes["license", "pilot-approval"] == (None, "needed")
    assert [(one.name, one.change) for one in entry.instruments] == [("vats-pilot-2024/launched", "value")]
    assert [article.key for article in entry.instruments[0].articles] == ["launch"]


def test_a_license_that_ends_turns_the_decision(bundle: Bundle) -> None:
    license = {"instrument": "pilot-approval", "classes": ["B11"], "area": ["china"], "valid_until": "2027-03-31"}
    data = timeline(bundle, spec(("company.licenses", [license])), TODAY, TODAY)
    words = [(entry.from_, entry.decision) for entry in data.entries]
    assert words == [(TODAY, "allow"), ("2027-04-01", "needs-license")]
    assert data.entries[1].facts == (DatedFact("company.licenses[0].valid_until", "2027-03-31"),)
    assert data.entries[1].instruments == ()


def test_a_filing_counts_from_its_day(rich_bundle: Bundle) -> None:
    public = ("services.0.audience", "public")
    findings = timeline(rich_bundle, spec(public), TODAY, TODAY).entries[0].findings
    duty = next(finding.id for finding in findings if finding.kind == "duty")
    filing = {"instrument": duty, "date": "2026-08-15"}
    data = timeline(rich_bundle, spec(public, ("filings", [filing])), TODAY, TODAY)
    assert [entry.from_ for entry in data.entries] == [TODAY, "2026-08-15"]
    assert [(c.kind, c.id, c.after) for c in data.entries[1].changes] == [("duty", duty, None)]


def test_from_and_to_cut_the_timeline(bundle: Bundle) -> None:
    data = timeline(bundle, spec(), TODAY, LAUNCHED, "2024-12-31")
    assert [(entry.from_, entry.until) for entry in data.entries] == [(LAUNCHED, None)]
    assert (data.from_, data.to) == (LAUNCHED, "2024-12-31")
    with pytest.raises(ValueError, match="covers"):
        timeline(bundle, spec(), TODAY, "2014-12-31")


def test_a_cut_timeline_does_not_say_that_nothing_follows(bundle: Bundle) -> None:
    [*_, end] = timeline(bundle, spec(), TODAY).entries
    cut = render("text", timeline(bundle, spec(), TODAY, last=end.from_), "en")
    assert f"at least to {end.from_}" in cut
    assert "no change known" not in cut
    assert "no later change known" in render("text", timeline(bundle, spec(), TODAY), "en")


def test_today_and_the_launch_day_are_only_marked(bundle: Bundle) -> None:
    data = timeline(bundle, spec(), TODAY)
    marks = [(entry.from_, mark.mark, mark.day) for entry in data.entries for mark in entry.marks]
    assert [mark for _, *mark in marks] == [["today", TODAY], ["launch", "2027-01-31"]]
    assert all(since <= day for since, _, day in marks)

    other = timeline(bundle, spec(), "2025-01-01")
    assert [entry.decision for entry in other.entries] == [entry.decision for entry in data.entries]


def test_a_range_that_narrows_is_a_change() -> None:
    unknown = [("company.foreign_percent", None)]
    data = timeline(shipped(), spec(*unknown), TODAY)
    found = {tuple(entry.range) for entry in data.entries if entry.decision == "incomplete"}
    assert found <= {("allow", "deny"), ("needs-license", "deny"), ("allow", "needs-license")}
    assert found


# --- formats


@for_each(FORMATS, LANGUAGES)
def test_formats(format: str, lang: Any, bundle: Bundle) -> None:
    text = render(format, timeline(bundle, spec(), TODAY), lang)
    assert LAUNCHED in text
    assert "vats-pilot-2024/launched" in text
    if format == "json":
        assert json.loads(text) == encode(timeline(bundle, spec(), TODAY))
    if format != "json":
        says = {
            "en": "route opens: 2024 pilot for value-added telecommunications (cloud/B11)",
            "zh": "途径开放：2024年增值电信业务扩大开放试点（cloud/B11）",
        }[lang]
        assert says in text.replace("\r\n ", "").replace("\\", "")
        assert not re.search(r"\{\w+\}", text)


def test_no_text_of_a_spec_speaks_for_the_tool(bundle: Bundle) -> None:
    evil = spec(("product.title", "a\x1b[31m|b <script> @all"))
    data = timeline(bundle, evil, TODAY)
    assert "\x1b" not in render("text", data, "en")
    page = render("markdown", data, "en")
    assert "<script>" not in page
    assert "@all" not in page


# --- the command


def test_the_command(console: Console, law: Any) -> None:
    console.write("spec.yaml", HOSTING)
    ran = console("timeline", "spec.yaml", "--law", law, "--from", "2024-01-01", "-f", "json")
    assert (ran.code, ran.err) == (0, "")
    data = json.loads(ran.out)
    assert (data["today"], data["from"], data["file"]) == (TODAY, "2024-01-01", "spec.yaml")
    ran = console("timeline", "-", "--law", law, "--set", "services.0.facilities=[chengdu]", stdin=HOSTING)
    assert ran.code == 0
    assert "NEEDS LICENSE" not in ran.out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--from", "2014-12-31"], 2, "is before 2015-01-01"),
        (["--from", "2025-01-01", "--to", "2024-01-01"], 2, "is before the first day"),
        (["--from", "yesterday"], 2, "YYYY-MM-DD"),
        (["--set", "company.foreign_percent=many"], 3, "company.foreign_percent"),
    ],
)
def test_mistakes(arguments: list[str], code: int, says: str, console: Console, law: Any) -> None:
    console.write("spec.yaml", HOSTING)
    ran = console("timeline", "spec.yaml", "--law", law, *arguments)
    assert ran.code == code
    assert says in ran.err
    assert "Traceback" not in ran.err


# --- changes ahead


def ahead(bundle: Bundle, today: str, *changes: tuple[str, Any], as_of: str | None = None) -> tuple[ChangeAhead, ...]:
    profile = spec(*changes)
    gate = Gate(bundle, today, as_of)
    return gate.changes_ahead(profile, as_of or profile.launch or today)


def test_a_change_before_the_launch_is_told(bundle: Bundle) -> None:
    (entry,) = ahead(bundle, "2024-10-01", ("product.launch", "2024-11-30"))
    assert (entry.day, entry.phase) == (LAUNCHED, "before-launch")
    assert (entry.before, entry.decision) == ("deny", "needs-license")
    assert [one.name for one in entry.instruments] == ["vats-pilot-2024/launched"]


def test_a_change_on_the_launch_day_is_told_and_one_of_today_is_not(bundle: Bundle) -> None:
    (entry,) = ahead(bundle, "2024-10-22", ("product.launch", LAUNCHED))
    assert entry.phase == "before-launch"
    assert ahead(bundle, LAUNCHED, ("product.launch", LAUNCHED)) == ()


def test_the_window_ends_180_days_after_the_launch(bundle: Bundle) -> None:
    last = datetime.date.fromisoformat(LAUNCHED)
    inside = (last - datetime.timedelta(days=AHEAD)).isoformat()
    outside = (last - datetime.timedelta(days=AHEAD + 1)).isoformat()
    (entry,) = [one for one in ahead(bundle, inside, ("product.launch", inside)) if one.day == LAUNCHED]
    assert entry.phase == "after-launch"
    assert all(one.day != LAUNCHED for one in ahead(bundle, outside, ("product.launch", outside)))


def test_a_license_that_ends_after_the_launch_is_told(bundle: Bundle) -> None:
    license = {"instrument": "pilot-approval", "classes": ["B11"], "area": ["china"], "valid_until": "2027-03-31"}
    (entry,) = ahead(bundle, TODAY, ("company.licenses", [license]))
    assert (entry.day, entry.before, entry.decision) == ("2027-04-01", "allow", "needs-license")
    assert entry.facts == (DatedFact("company.licenses[0].valid_until", "2027-03-31"),)


def test_the_law_of_a_past_day_looks_ahead_from_that_day(bundle: Bundle) -> None:
    assert [one.day for one in ahead(bundle, TODAY, as_of="2024-10-01")] == [LAUNCHED]


def test_nothing_is_decided_where_nothing_turns(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any) -> None:
        raise AssertionError("decided")

    monkeypatch.setattr(package, "evaluate", never)
    assert ahead(bundle, TODAY, ("product.launch", TODAY)) == ()
    with pytest.raises(AssertionError, match="decided"):
        ahead(bundle, "2024-10-01", ("product.launch", "2024-11-30"))


def test_launches_at_the_end_of_time(bundle: Bundle) -> None:
    assert ahead(bundle, TODAY, ("product.launch", "9999-12-31")) == ()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_format_of_check_tells_it(lang: str, console: Console, law: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from vatspolicy import clock

    monkeypatch.setattr(clock, "today", lambda: "2024-10-01")
    console.write("spec.yaml", HOSTING.replace("2027-01-31", "2024-11-30"))
    for format in DECISIONS:
        ran = console("check", "spec.yaml", "--law", law, "-f", format, "--lang", lang, "--details")
        assert (ran.code, ran.err) == (1, "")
        assert LAUNCHED in ran.out, format
        assert "vats-pilot-2024/launched" in ran.out, format
        if format == "json":
            (decision,) = json.loads(ran.out)["decisions"]
            assert [one["day"] for one in decision["changes_ahead"]] == [LAUNCHED]
            validator_of("decision.schema.json").validate(json.loads(ran.out))
        if format == "sarif":
            (run,) = json.loads(ran.out)["runs"]
            (note,) = [result for result in run["results"] if result["level"] == "note"]
            assert LAUNCHED in note["message"]["text"]
            assert run["tool"]["driver"]["rules"][note["ruleIndex"]]["id"] == note["ruleId"] == "notes"
        if format == "junit":
            assert LAUNCHED in (ET.fromstring(ran.out).findtext("testsuite/system-out") or "")
        if format == "github":
            assert [line for line in ran.out.splitlines() if line.startswith("::notice") and LAUNCHED in line]


def test_no_format_speaks_of_changes_where_there_are_none(console: Console, law: Any) -> None:
    console.write("spec.yaml", HOSTING)
    for format in [name for name in DECISIONS if name not in ("json", "html")]:
        ran = console("check", "spec.yaml", "--law", law, "-f", format)
        assert "ahead" not in ran.out.lower()
    ran = console("check", "spec.yaml", "--law", law, "-f", "json")
    assert json.loads(ran.out)["decisions"][0]["changes_ahead"] == []


def test_a_change_of_the_product_has_no_subject() -> None:
    text = {"en": "Type approval", "zh": "型号核准"}
    change = ItemChange("license", "", "radio-type-approval", text, None, "to-get")
    assert say_change(change, "en") == "license to get: Type approval"
    assert say_change(replace(change, subject="app"), "en") == "license to get: Type approval (app)"


def test_the_command_begins_today(console: Console, law: Any) -> None:
    """A launch next year has no use for the law of ten years ago; `--from` shows it."""
    console.write("spec.yaml", HOSTING)
    data = json.loads(console("timeline", "spec.yaml", "--law", law, "-f", "json").out)
    assert data["from"] == TODAY
    early = console("timeline", "spec.yaml", "--law", law, "--set", "product.launch=2025-01-01", "-f", "json")
    assert json.loads(early.out)["from"] == "2025-01-01"
