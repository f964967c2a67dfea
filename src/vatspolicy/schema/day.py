"""Calendar days as text."""

from __future__ import annotations

import re
from datetime import date

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def is_day(value: object) -> bool:
    """Whether the value is a calendar day, YYYY-MM-DD; true of whatever is no text, as formats are about text only."""
    if not isinstance(value, str):
        return True
    if not _DAY.fullmatch(value):  # fromisoformat alone would also take 20240101 and 2024-W01-1
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True
