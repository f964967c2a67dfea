"""Deadlines of duties: how the law words them, and the calendar date where it can be counted."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from vatspolicy.clock import later
from vatspolicy.profile.vocabulary import LocalizedText

if TYPE_CHECKING:
    from typing import Any

GROUPS = ("before-launch", "before-event", "after-launch", "after-event", "recurring", "continuing")
"""Groups of duties in the order in which they come up."""

_EVENTS: Mapping[str, tuple[str, str]] = {
    "launch": ("the launch", "上线"),
    "closing": ("the closing of the deal", "交割"),
    "listing-abroad": ("the listing abroad", "境外上市"),
    "sale": ("the sale", "销售"),
    "import": ("the import", "进口"),
    "use": ("the use", "使用"),
    "export": ("the export of data", "数据出境"),
    "release": ("the release", "发布"),
    "change": ("a change", "变更"),
    "update": ("the update", "升级"),
    "grading": ("the grading of the system", "定级"),
    "contract-effect": ("the contract takes effect", "合同生效"),
    "threshold": ("the threshold is reached", "达到规定数量"),
    "incident": ("an incident", "事件发生"),
    "handling": ("the handling of the incident ends", "事件处置结束"),
    "discovery": ("the discovery", "发现"),
    "decision": ("the decision", "作出决定"),
}
_UNITS: Mapping[str, tuple[str, str, str]] = {
    "hour": ("hour", "hours", "小时"),
    "calendar-day": ("day", "days", "日"),
    "working-day": ("working day", "working days", "个工作日"),
    "month": ("month", "months", "个月"),
}
_PERIODS: Mapping[str, tuple[str, str]] = {
    "month": ("every month", "每月"),
    "quarter": ("every quarter", "每季度"),
    "half-year": ("every half year", "每半年"),
    "year": ("every year", "每年"),
    "two-years": ("every two years", "每两年"),
    "three-years": ("every three years", "每三年"),
}


class Deadline(NamedTuple):
    """The deadline of a duty."""

    group: str
    """One of GROUPS."""
    text: LocalizedText
    """Wording of the law."""
    date: str | None
    """The last day (ISO), where the launch day fixes it."""


def deadline(due: Mapping[str, Any], launch: str | None) -> Deadline:
    """Return the deadline of a `due` of policy.schema.json, counted from the launch day (ISO) if that is known."""
    match due:
        case {"before": event}:
            en, zh = _EVENTS[event]
            at_launch = event == "launch"
            return Deadline(
                "before-launch" if at_launch else "before-event",
                {"en": f"before {en}", "zh": f"{zh}前"},
                launch if at_launch else None,
            )
        case {"within": count, "unit": unit, "after": event}:
            one, many, zh_unit = _UNITS[unit]
            en, zh = _EVENTS[event]
            text = {"en": f"within {count} {one if count == 1 else many} after {en}", "zh": f"{zh}后{count}{zh_unit}内"}
            at_launch = event == "launch"
            return Deadline(
                "after-launch" if at_launch else "after-event",
                text,
                _count(launch, count, unit) if at_launch and launch else None,
            )
        case {"every": period}:
            en, zh = _PERIODS[period]
            by, first = due.get("by"), due.get("from")
            days = _days(by, period) if by else ()
            if period == "month" and days:
                en, zh = f"{en} by day {days[0][1]}", f"{zh}{days[0][1]}日前"
            elif days:
                *others, last = (f"{day} {_MONTHS[month - 1]}" for month, day in days)
                en += f" by {', '.join(others)} and {last}" if others else f" by {last}"
                zh += "、".join(f"{month}月{day}日" for month, day in days) + "前"
            if first and first > (launch or ""):
                en, zh = f"{en}, first by {first}", f"{zh}，首次为{first}前"
            return Deadline("recurring", {"en": en, "zh": zh}, _next(launch, days, first) if days and launch else None)
        case _:
            return Deadline("continuing", {"en": "as long as the service runs", "zh": "持续履行"}, None)


_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


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
    """Return the date of the count-th working day after a day; None without a holiday calendar for the year."""
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

    The last day of a month stands for the last day of every month.
    """
    month, day = map(int, by.split("-"))
    ends = day >= monthrange(_YEAR, month)[1]
    step = _STEPS.get(period, 12)
    months = sorted((month - 1 + index * step) % 12 + 1 for index in range(12 // step))
    lengths = {month: monthrange(_YEAR, month)[1] for month in months}
    return tuple((month, length if ends else min(day, length)) for month, length in lengths.items())


_YEAR = 2001
"""A year in which February is short."""
_STEPS = {"month": 1, "quarter": 3, "half-year": 6}


def _next(launch: str, days: Iterable[tuple[int, int]], first: str | None) -> str:
    """Return the first of the days of a year on or after the launch, and not before `first`."""
    start = max(launch, first or launch)
    marks = [f"{month:02}-{day:02}" for month, day in days]
    year = int(start[:4])
    later = [mark for mark in marks if mark >= start[5:]]
    return f"{year:04}-{later[0]}" if later else f"{year + 1:04}-{marks[0]}"
