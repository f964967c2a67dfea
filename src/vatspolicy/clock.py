"""The only place that reads the wall clock: today in China, where the law counts its days."""

from __future__ import annotations

import datetime
import time

_CHINA = datetime.timezone(datetime.timedelta(hours=8))
"""One time, all year, in all of China (Asia/Shanghai); a table of zones would be read at each start."""


def today() -> str:
    """Today in Asia/Shanghai, as ISO text."""
    return datetime.datetime.now(_CHINA).date().isoformat()


def now() -> str:
    """This moment in UTC, as RFC 3339 with nanoseconds: for logs, never for a decision or a report."""
    moment = datetime.datetime.now(datetime.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond * 1000:09d}Z"


def nanoseconds() -> int:
    """This moment as files have it, in nanoseconds since 1970: for telling fresh files from old ones."""
    return time.time_ns()
