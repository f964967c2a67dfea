"""Deadlines of duties: the wording of the law, and the calendar date if it can be computed."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from vatspolicy.clock import later
from vatspolicy.i18n import LocalizedText, Phrase
from vatspolicy.i18n.words import Table, enumeration

if TYPE_CHECKING:
    from typing import Any

GROUPS = ("before-launch", "before-event", "after-launch", "after-event", "recurring", "continuing")
"""Groups of duties in order of time."""

_EVENTS: Table = {
    "launch": Phrase("the launch"),
    "closing": Phrase("the closing of the deal"),
    "listing-abroad": Phrase("the listing abroad"),
    "sale": Phrase("the sale"),
    "import": Phrase("the import"),
    "use": Phrase("the use"),
    "export": Phrase("the export of data"),
    "release": Phrase("the release"),
    "change": Phrase("a change"),
    "update": Phrase("the update"),
    "grading": Phrase("the grading of the system"),
    "contract-effect": Phrase("the contract takes effect"),
    "threshold": Phrase("the threshold is reached"),
    "incident": Phrase("an incident"),
    "handling": Phrase("the handling of the incident ends"),
    "discovery": Phrase("the discovery"),
    "decision": Phrase("the decision"),
}
_UNITS = {
    "hour": (Phrase("{count} hour"), Phrase("{count} hours")),
    "calendar-day": (Phrase("{count} day"), Phrase("{count} days")),
    "working-day": (Phrase("{count} working day"), Phrase("{count} working days")),
    "month": (Phrase("{count} month"), Phrase("{count} months")),
}
"""Units of a period: singular and plural."""
_PERIODS: Table = {
    "month": Phrase("every month"),
    "quarter": Phrase("every quarter"),
    "half-year": Phrase("every half year"),
    "year": Phrase("every year"),
    "two-years": Phrase("every two years"),
    "three-years": Phrase("every three years"),
}
_MONTHS = (
    Phrase("{day} January"),
    Phrase("{day} February"),
    Phrase("{day} March"),
    Phrase("{day} April"),
    Phrase("{day} May"),
    Phrase("{day} June"),
    Phrase("{day} July"),
    Phrase("{day} August"),
    Phrase("{day} September"),
    Phrase("{day} October"),
    Phrase("{day} November"),
    Phrase("{day} December"),
)
"""Days of each month."""
_BEFORE = Phrase("before {event}")
_WITHIN = Phrase("within {period} after {event}")
_DAY_OF_MONTH = Phrase("{period} by day {day}")
_DAYS_OF_YEAR = Phrase("{period} by {days}")
_FIRST = Phrase("{deadline}, first by {day}")
_CONTINUING = Phrase("as long as the service runs")


class Deadline(NamedTuple):
    """The deadline of a duty."""

    group: str
    """One of GROUPS."""
    text: LocalizedText
    """Words of the law."""
    date: str | None
    """The last day (ISO), if the launch day determines it."""


def deadline(due: Mapping[str, Any], launch: str | None) -> Deadline:
    """Return the deadline of a `due` of policy.schema.json, counted from the launch day (ISO) if that is known."""
    match due:
        case {"before": event}:
            at_launch = event == "launch"
            return Deadline(
                "before-launch" if at_launch else "before-event",
                _BEFORE.fill(event=_EVENTS[event]),
                launch if at_launch else None,
            )
        case {"within": count, "unit": unit, "after": event}:
            one, several = _UNITS[unit]
            period = (one if count == 1 else several).fill(count=count)
            at_launch = event == "launch"
            return Deadline(
                "after-launch" if at_launch else "after-event",
                _WITHIN.fill(period=period, event=_EVENTS[event]),
                _count(launch, count, unit) if at_launch and launch else None,
            )
        case {"every": period}:
            text, first = _PERIODS[period], due.get("from")
            days = _days(due["by"], period) if due.get("by") else ()
            if period == "month" and days:
                text = _DAY_OF_MONTH.fill(period=text, day=days[0][1])
            elif days:
                text = _DAYS_OF_YEAR.fill(
                    period=text, days=enumeration(_MONTHS[month - 1].fill(day=day) for month, day in days)
                )
            if first and first > (launch or ""):
                text = _FIRST.fill(deadline=text, day=first)
            return Deadline("recurring", text, _next(launch, days, first) if days and launch else None)
        case _:
            return Deadline("continuing", _CONTINUING, None)


def _count(start: str, count: int, unit: str) -> str | None:
    """Return the last day of a period that begins on `start`; None for hours, and beyond the calendar."""
    try:
        match unit:
            case "calendar-day":
                return later(start, count)
            case "month":
                year, month, day = map(int, start.split("-"))
                months = month - 1 + count
                year, month = year + months // 12, months % 12 + 1
                return date(year, month, min(day, monthrange(year, month)[1])).isoformat()
            case "working-day":
                return _working_days(start, count)
    except (OverflowError, ValueError):  # after the year 9999
        return None
    return None


def _working_days(start: str, count: int) -> str | None:
    """Return the date of the count-th working day after a day; None if there is no holiday calendar for the year."""
    try:
        from chinese_calendar import is_workday
    except ImportError:
        return None
    day, left = date.fromisoformat(start), count
    try:
        while left:
            day += timedelta(days=1)
            left -= is_workday(day)
    except NotImplementedError:  # the calendar does not know the year yet
        return None
    return day.isoformat()


def _days(by: str, period: str) -> tuple[tuple[int, int], ...]:
    """Return the last days (month, day) of a period in a year, in order: `by` (MM-DD) and those a period apart from it.

    The last day of a month means the last day of every month.
    """
    month, day = map(int, by.split("-"))
    ends = day >= monthrange(_YEAR, month)[1]
    step = _STEPS.get(period, 12)
    months = sorted((month - 1 + index * step) % 12 + 1 for index in range(12 // step))
    lengths = {month: monthrange(_YEAR, month)[1] for month in months}
    return tuple((month, length if ends else min(day, length)) for month, length in lengths.items())


_YEAR = 2001
"""A year without a leap day."""
_STEPS = {"month": 1, "quarter": 3, "half-year": 6}


def _next(launch: str, days: Iterable[tuple[int, int]], first: str | None) -> str:
    """Return the first of the days of a year on or after the launch, and not before `first`."""
    start = max(launch, first or launch)
    marks = [f"{month:02}-{day:02}" for month, day in days]
    year = int(start[:4])
    later = [mark for mark in marks if mark >= start[5:]]
    return f"{year:04}-{later[0]}" if later else f"{year + 1:04}-{marks[0]}"
