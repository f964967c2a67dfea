"""Calendar days as text."""

from __future__ import annotations

import datetime
import random
from pathlib import Path

import pytest

from tests.support.console import Console
from tests.support.effort import SEED
from tests.support.specs import SHOP
from vatspolicy import clock
from vatspolicy.clock import is_day, later

TODAY_OF_THE_CLOCK = clock.today
"""The function itself: a test has another day."""
EDGES = ("0000-01-01", "2024-02-29", "1900-02-29", "2000-02-29", "2024-13-01", "2024-00-01")


def test_a_day_is_one_of_the_calendar() -> None:
    draw = random.Random(SEED)
    drawn = (f"{draw.randrange(10_000):04}-{draw.randrange(14):02}-{draw.randrange(33):02}" for _ in range(2_000))
    for text in (*EDGES, *drawn):
        try:
            known = datetime.date.fromisoformat(text).isoformat() == text
        except ValueError:
            known = False
        assert is_day(text) is known, text


@pytest.mark.parametrize("text", [
    "", "20240101", "2024-W01-1", "2024-1-1", "2024-01-1x", "-024-01-01", "2024--1-01", "２０２４-01-01", "2024-01-01\n",
])  # fmt: skip
def test_another_way_to_write_one_is_none(text: str) -> None:
    assert not is_day(text)


def test_what_is_no_text_is_no_matter_of_format() -> None:
    assert is_day(20240101)
    assert is_day(None)


def test_a_later_day_is_that_of_the_library() -> None:
    draw, last = random.Random(SEED), datetime.date.max.toordinal()
    drawn = ((draw.randint(1, last), draw.randint(0, 4_000)) for _ in range(2_000))
    for number, count in ((last, 0), (last, 1), *drawn):
        day = datetime.date.fromordinal(number)
        if number + count > last:
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
