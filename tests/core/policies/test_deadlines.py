"""Deadlines: as the law words them, and the day on which they fall."""

from __future__ import annotations

import datetime
import sys
from typing import Any

import pytest

from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.deadlines import GROUPS, deadline


def due_on(due: dict[str, Any], launch: str | None) -> str | None:
    return deadline(due, launch).date


def within(count: int, unit: str) -> dict[str, Any]:
    return {"within": count, "unit": unit, "after": "launch"}


@pytest.mark.parametrize(
    ("count", "unit", "launch", "expected"),
    [
        (30, "calendar-day", "2027-01-31", "2027-03-02"),
        (30, "calendar-day", "2028-01-31", "2028-03-01"),
        (1, "calendar-day", "2026-12-31", "2027-01-01"),
        (1, "month", "2027-01-31", "2027-02-28"),
        (1, "month", "2028-01-31", "2028-02-29"),
        (1, "month", "2027-01-30", "2027-02-28"),
        (1, "month", "2027-03-31", "2027-04-30"),
        (1, "month", "2027-02-28", "2027-03-28"),
        (1, "month", "2027-12-31", "2028-01-31"),
        (13, "month", "2027-01-31", "2028-02-29"),
        (24, "month", "2028-02-29", "2030-02-28"),
        (24, "hour", "2027-01-31", None),
        (1, "month", "9999-12-31", None),
        (1, "calendar-day", "9999-12-31", None),
    ],
)
def test_periods_after_the_launch(count: int, unit: str, launch: str, expected: str | None) -> None:
    assert due_on(within(count, unit), launch) == expected


class FakeCalendar:
    """Knows 2026, where Wednesday 7 October is a holiday and Saturday 10 October is worked."""

    @staticmethod
    def is_workday(day: datetime.date) -> bool:
        if day.year != 2026:
            raise NotImplementedError
        return (day.weekday() < 5 and day.isoformat() != "2026-10-07") or day.isoformat() == "2026-10-10"


@pytest.mark.parametrize(
    ("count", "launch", "expected"),
    [
        (1, "2026-10-05", "2026-10-06"),
        (2, "2026-10-05", "2026-10-08"),
        (4, "2026-10-05", "2026-10-10"),
        (5, "2026-10-05", "2026-10-12"),
        (5, "2026-12-29", None),
        (5, "2027-01-04", None),
    ],
)
def test_working_days_follow_the_holiday_calendar(
    monkeypatch: pytest.MonkeyPatch, count: int, launch: str, expected: str | None
) -> None:
    monkeypatch.setitem(sys.modules, "chinese_calendar", FakeCalendar)
    assert due_on(within(count, "working-day"), launch) == expected


def test_working_days_have_no_date_without_the_calendar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "chinese_calendar", None)
    found = deadline(within(10, "working-day"), "2026-03-02")
    assert (found.date, found.text["en"]) == (None, "within 10 working days after the launch")


def test_the_real_calendar_knows_the_national_day() -> None:
    pytest.importorskip("chinese_calendar")
    assert due_on(within(1, "working-day"), "2025-09-30") == "2025-10-09"


@pytest.mark.parametrize(
    ("due", "launch", "expected"),
    [
        ({"every": "year", "by": "12-15"}, "2027-03-01", "2027-12-15"),
        ({"every": "year", "by": "12-15"}, "2027-12-15", "2027-12-15"),
        ({"every": "year", "by": "12-15"}, "2027-12-16", "2028-12-15"),
        ({"every": "year", "by": "01-31", "from": "2026-01-31"}, "2024-05-01", "2026-01-31"),
        ({"every": "year", "by": "01-31", "from": "2026-02-01"}, "2024-05-01", "2027-01-31"),
        ({"every": "year", "by": "01-31", "from": "2026-01-31"}, "2026-05-01", "2027-01-31"),
        ({"every": "half-year", "by": "01-31"}, "2027-03-01", "2027-07-31"),
        ({"every": "half-year", "by": "01-31"}, "2027-08-01", "2028-01-31"),
        ({"every": "half-year", "by": "06-30"}, "2027-07-01", "2027-12-31"),
        ({"every": "quarter", "by": "01-15"}, "2027-10-16", "2028-01-15"),
        ({"every": "month", "by": "01-31"}, "2027-02-01", "2027-02-28"),
        ({"every": "month", "by": "01-10"}, "2027-12-11", "2028-01-10"),
        ({"every": "three-years"}, "2027-03-01", None),
    ],
)
def test_what_comes_again(due: dict[str, Any], launch: str, expected: str | None) -> None:
    found = deadline(due, launch)
    assert (found.group, found.date) == ("recurring", expected)


@pytest.mark.parametrize(
    ("due", "group", "en", "zh"),
    [
        ({"before": "launch"}, "before-launch", "before the launch", "上线前"),
        ({"before": "closing"}, "before-event", "before the closing of the deal", "交割前"),
        (within(1, "calendar-day"), "after-launch", "within 1 day after the launch", "上线后1日内"),
        (within(5, "month"), "after-launch", "within 5 months after the launch", "上线后5个月内"),
        ({"within": 4, "unit": "hour", "after": "incident"}, "after-event", "within 4 hours after an incident", "事件发生后4小时内"),
        ({"every": "year", "by": "06-30"}, "recurring", "every year by 30 June", "每年6月30日前"),
        (
            {"every": "quarter", "by": "01-15"},
            "recurring",
            "every quarter by 15 January, 15 April, 15 July and 15 October",
            "每季度1月15日、4月15日、7月15日、10月15日前",
        ),
        ({"every": "month", "by": "01-10"}, "recurring", "every month by day 10", "每月10日前"),
        ({"every": "two-years"}, "recurring", "every two years", "每两年"),
        ({"always": True}, "continuing", "as long as the service runs", "持续履行"),
    ],
)  # fmt: skip
def test_words(due: dict[str, Any], group: str, en: str, zh: str) -> None:
    found = deadline(due, "2027-01-31")
    assert (found.group, found.text) == (group, {"en": en, "zh": zh})


def test_a_first_time_is_told_while_it_lies_ahead() -> None:
    due = {"every": "year", "by": "01-31", "from": "2026-01-31"}
    assert deadline(due, "2024-01-01").text["en"] == "every year by 31 January, first by 2026-01-31"
    assert deadline(due, "2026-02-01").text["en"] == "every year by 31 January"


def test_nothing_is_dated_while_the_launch_is_unknown() -> None:
    for due in ({"before": "launch"}, within(1, "month"), {"every": "year", "by": "06-30"}):
        assert due_on(due, None) is None


def test_events_other_than_the_launch_have_no_date() -> None:
    assert due_on({"before": "change"}, "2027-01-31") is None
    assert due_on({"within": 10, "unit": "calendar-day", "after": "use"}, "2027-01-31") is None


def test_every_deadline_that_a_policy_can_state_has_words() -> None:
    rule = SchemaSet.shipped().load("policy")["properties"]["rules"]["items"]["properties"]
    before, after, every, _ = rule["duty"]["properties"]["due"]["anyOf"]
    events = [{"before": event} for event in before["properties"]["before"]["enum"]]
    periods = [{"every": period} for period in every["properties"]["every"]["enum"]]
    spans = [
        {"within": 3, "unit": unit, "after": event}
        for unit in after["properties"]["unit"]["enum"]
        for event in after["properties"]["after"]["enum"]
    ]
    for due in (*events, *periods, *spans, {"always": True}):
        found = deadline(due, "2027-01-31")
        assert found.group in GROUPS
        assert found.text["en"]
        assert found.text["zh"]
