"""Calendar days as text, YYYY-MM-DD: whether a text is one, and the day that comes so many days later.

A day is compared and shown as text, and `datetime` takes longer to import than a start has for all of its days. A test
compares this with it.
"""

from __future__ import annotations

LAST = "9999-12-31"
"""The last day that a text can name."""


def is_day(value: object) -> bool:
    """Whether the value is a calendar day, YYYY-MM-DD; true of whatever is no text, as formats are about text only."""
    if not isinstance(value, str):
        return True
    digits = value.replace("-", "", 2)
    if len(value) != 10 or len(digits) != 8 or f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" != value:
        return False
    if not (digits.isascii() and digits.isdigit()):
        return False
    year, month, day = parts(value)
    return year >= 1 and 1 <= month <= 12 and 1 <= day <= days_in(year, month)


def parts(day: str) -> tuple[int, int, int]:
    """Year, month and day of a calendar day."""
    return int(day[:4]), int(day[5:7]), int(day[8:])


def days_in(year: int, month: int) -> int:
    """Days of a month."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def text_of(year: int, month: int, day: int) -> str:
    """The day as text. Raises OverflowError after the year 9999."""
    if year > 9999:
        raise OverflowError("there is no such day")
    return f"{year:04}-{month:02}-{day:02}"


def later(day: str, count: int) -> str:
    """The day that comes `count` days, none or more, after a day. Raises OverflowError after the year 9999."""
    year, month, left = parts(day)
    left += count
    while left > (length := days_in(year, month)):
        left -= length
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return text_of(year, month, left)
