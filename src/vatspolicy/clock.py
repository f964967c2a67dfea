"""The only place that reads the wall clock: today in China, where the law counts its days."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo


def today() -> str:
    """Today in Asia/Shanghai, as ISO text."""
    return datetime.datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()
