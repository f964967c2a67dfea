"""Calendar days as text."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.console import Console
from tests.support.specs import SHOP
from vatspolicy import clock
from vatspolicy.clock import is_day, later

TODAY_OF_THE_CLOCK = clock.today
"""The function itself: a test has another day."""
DAYS = st.dates().map(datetime.date.isoformat)


@given(st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", fullmatch=True) | DAYS)
@example("0000-01-01")
@example("2024-02-29")
@example("1900-02-29")
@example("2000-02-29")
@example("2024-13-01")
@example("2024-00-01")
def test_a_day_is_one_of_the_calendar(text: str) -> None:
    try:
        known = datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        known = False
    assert is_day(text) is known


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20240101",
        "2024-W01-1",
        "2024-1-1",
        "2024-01-1x",
        "-024-01-01",
        "2024--1-01",
        "２０２４-01-01",
        "2024-01-01\n",
    ],
)
def test_another_way_to_write_one_is_none(text: str) -> None:
    assert not is_day(text)


def test_what_is_no_text_is_no_matter_of_format() -> None:
    assert is_day(20240101)
    assert is_day(None)


@given(st.dates(), st.integers(0, 4000))
@example(datetime.date.max, 0)
@example(datetime.date.max, 1)
def test_a_later_day_is_that_of_the_library(day: datetime.date, count: int) -> None:
    if count > (datetime.date.max - day).days:
        with pytest.raises(OverflowError):
            later(day.isoformat(), count)
    else:
        assert later(day.isoformat(), count) == (day + datetime.timedelta(days=count)).isoformat()


class LateClock(datetime.datetime):
    """A clock in the year 10000, which no date can hold."""

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> LateClock:
        """Fail same as system's clock does there."""
        raise ValueError(f"year 10000 is out of range in {tz}")


def test_a_clock_beyond_the_calendar_decides_nothing(
    console: Console, law: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no internal error: the last day comes, and no law is known so far ahead."""
    monkeypatch.setattr(clock, "datetime", LateClock)
    assert clock.now().startswith("9999-12-31T23:59:59.")
    monkeypatch.setattr(clock, "today", TODAY_OF_THE_CLOCK)
    assert clock.today() == clock.LAST
    console.write("spec.yaml", SHOP.replace(", launch: '2027-01-31'", ""))
    ran = console("check", "spec.yaml", "--law", law)
    assert (ran.code, ran.out) == (3, "")
