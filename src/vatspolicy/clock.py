"""The only reader of the wall clock, and arithmetic on calendar days.

A day is ISO text (YYYY-MM-DD) everywhere, so days compare as strings.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, date, datetime, timedelta, timezone

FIRST, LAST = date.min.isoformat(), date.max.isoformat()
"""First and last day that text can represent."""

_CHINA = timezone(timedelta(hours=8))
"""Time in China: one zone, without summer time (Asia/Shanghai)."""


def today() -> str:
    """Return today in China, the time zone of the law; LAST if the clock is beyond it."""
    return _moment(_CHINA).date().isoformat()


def now() -> str:
    """Return this moment in UTC, as RFC 3339 with nanoseconds: for logs and times of runs, never for a decision."""
    moment = _moment(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond * 1000:09d}Z"


def _moment(zone: timezone) -> datetime:
    """Return this moment; for a clock beyond the last day, the last moment, which the law does not cover."""
    try:
        return datetime.now(zone)
    except (OverflowError, ValueError):
        return datetime.max.replace(tzinfo=zone)


def seconds_at_end(day: str) -> int:
    """Return the moment at which a day ends in China, in seconds since 1970."""
    start = datetime.combine(date.fromisoformat(day), datetime.min.time(), _CHINA)
    return int(start.timestamp()) + 24 * 60 * 60


def seconds() -> float:
    """Return this moment in seconds since 1970, as signatures count."""
    return _moment(UTC).timestamp()


def in_china(seconds: float) -> str:
    """Return a moment since 1970 as a day and a time in China (ISO 8601); at most the last representable moment."""
    try:
        moment = datetime.fromtimestamp(seconds, _CHINA)
    except (OverflowError, ValueError, OSError):
        moment = datetime.max.replace(tzinfo=_CHINA)
    return moment.isoformat(timespec="seconds")


def nanoseconds() -> int:
    """Return this moment in nanoseconds since 1970, as file systems count."""
    return time.time_ns()


def is_day(value: object) -> bool:
    """Return True for a calendar day YYYY-MM-DD, and for values that are not text, to which formats do not apply."""
    if not isinstance(value, str):
        return True
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):  # fromisoformat reads 20270101 and 2027-W01-1 too
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def later(day: str, count: int) -> str:
    """Return the day `count` days after a day. Raises OverflowError after the year 9999."""
    return (date.fromisoformat(day) + timedelta(days=count)).isoformat()
