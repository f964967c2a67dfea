"""Calendar days as text."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vatspolicy.clock import is_day, later

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
