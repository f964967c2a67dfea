"""The only place that reads the wall clock: today in China, where the law counts its days."""

from __future__ import annotations

import time

from vatspolicy.day import text_of

_CHINA = 8 * 3600
"""Seconds that China is ahead: one time, all year (Asia/Shanghai); a table of zones would be read at each start."""


def today() -> str:
    """Today in Asia/Shanghai, as ISO text."""
    moment = time.gmtime(time.time() + _CHINA)
    return text_of(moment.tm_year, moment.tm_mon, moment.tm_mday)


def now() -> str:
    """This moment in UTC, as RFC 3339 with nanoseconds: for logs, never for a decision or a report."""
    import datetime

    moment = datetime.datetime.now(datetime.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond * 1000:09d}Z"


def nanoseconds() -> int:
    """This moment as files have it, in nanoseconds since 1970: for telling fresh files from old ones."""
    return time.time_ns()
