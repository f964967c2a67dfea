"""The only place that reads the wall clock: today in China, where the law counts its days."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo


def today() -> str:
    """Today in Asia/Shanghai, as ISO text."""
    return datetime.datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()


def now() -> str:
    """This moment in UTC, as RFC 3339 with nanoseconds: for logs, never for a decision or a report."""
    moment = datetime.datetime.now(datetime.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond * 1000:09d}Z"
