"""Deadlines of duties: how the law words them, and the calendar date where it can be counted."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vatspolicy.vocabulary import Text

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


@dataclass(frozen=True)
class Deadline:
    """When a duty falls due."""

    group: str
    """One of GROUPS."""
    text: Text
    """As the law words it."""
    date: str | None
    """The last day (ISO), where the launch day fixes it."""


def deadline(due: Mapping[str, Any], launch: str) -> Deadline:
    """The deadline behind a `due` of policy.schema.json, counted from the launch day (ISO)."""
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
                "after-launch" if at_launch else "after-event", text, _count(launch, count, unit) if at_launch else None
            )
        case {"every": period}:
            en, zh = _PERIODS[period]
            by, first = due.get("by"), due.get("from")
            if by:
                month, day = map(int, by.split("-"))
                en, zh = f"{en} by {day} {_MONTHS[month - 1]}", f"{zh}{month}月{day}日前"
            if first and first > launch:
                en, zh = f"{en}, first by {first}", f"{zh}，首次为{first}前"
            return Deadline("recurring", {"en": en, "zh": zh}, _next(launch, by, first) if by else None)
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
    day = datetime.date.fromisoformat(start)
    match unit:
        case "calendar-day":
            return (day + datetime.timedelta(days=count)).isoformat()
        case "month":
            months = day.month - 1 + count
            year, month = day.year + months // 12, months % 12 + 1
            return min(
                _month_end(year, month),
                datetime.date(year, month, min(day.day, 28)) + datetime.timedelta(days=max(day.day - 28, 0)),
            ).isoformat()
        case "working-day":
            return _working_days(day, count)
        case _:
            return None


def _month_end(year: int, month: int) -> datetime.date:
    following = datetime.date(year + month // 12, month % 12 + 1, 1)
    return following - datetime.timedelta(days=1)


def _working_days(day: datetime.date, count: int) -> str | None:
    """The date of the count-th working day after `day`; None without a calendar of public holidays for the year."""
    try:
        from chinese_calendar import is_workday
    except ImportError:
        return None
    left = count
    try:
        while left:
            day += datetime.timedelta(days=1)
            left -= is_workday(day)
    except NotImplementedError:  # the calendar does not know the year yet
        return None
    return day.isoformat()


def _next(launch: str, by: str, first: str | None) -> str:
    """The first MM-DD on or after the launch, and not before `first`."""
    start = max(launch, first or launch)
    year = int(start[:4])
    return next(day for day in (f"{year}-{by}", f"{year + 1}-{by}") if day >= start)
