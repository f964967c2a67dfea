"""The year around the launch as a picture, with a mark on each day on which something falls due."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vatspolicy.reports.formats.html_words import Sentences


def offset(launch: str, day: str, say: Sentences) -> str:
    """Return the distance of a day from the launch in words."""
    if day <= launch:
        return say.html("on_launch")
    start, end = datetime.date.fromisoformat(launch), datetime.date.fromisoformat(day)
    days = (end - start).days
    if days <= 62:
        return say.html("days_after", count=days)
    months = (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)
    return say.html("months_after", count=months)


_WIDTH, _MARGIN, _AXIS = 760, 24, 58


@dataclass(frozen=True)
class Month:
    """A month of the axis: where it begins, and its names, which only some months have."""

    begin: float
    middle: float
    name: str
    number: str


@dataclass(frozen=True)
class Calendar:
    """The months from the launch (or before) to the last day, with a mark on each day that has a deadline."""

    title: str
    description: str
    launch: float
    launch_label: str
    months: Sequence[Month]
    due: Sequence[tuple[float, int]]
    """Places of days, with the number of tasks that fall due."""
    end: float
    width: int = _WIDTH
    margin: int = _MARGIN
    axis: int = _AXIS


def make_calendar(launch: str, counts: Mapping[str, int], say: Sentences) -> Calendar:
    """Return the picture of the days on which tasks fall due; `counts` has their number by day."""
    start = datetime.date.fromisoformat(min(launch, *counts)).replace(day=1)
    last = datetime.date.fromisoformat(max(counts))
    count = max((last.year - start.year) * 12 + last.month - start.month + 1, 3)
    days = [_plus(start, place) for place in range(count + 1)]
    begin, span = days[0].toordinal(), days[-1].toordinal() - days[0].toordinal()

    def x(day: datetime.date) -> float:
        return round(_MARGIN + (_WIDTH - 2 * _MARGIN) * (day.toordinal() - begin) / span, 1)

    first = datetime.date.fromisoformat(launch).replace(day=1)
    every = -(-count // 14)  # so that the names of months stay apart
    months = []
    for place, (day, after) in enumerate(itertools.pairwise(days)):
        offset = (day.year - first.year) * 12 + day.month - first.month
        name = f"{day.year}-{day.month:02}" if place == 0 or day.month == 1 else f"{day.month:02}"
        number = f"+{offset}" if offset > 0 else ""
        shown = (name, number) if place % every == 0 else ("", "")
        months.append(Month(x(day), (x(day) + x(after)) / 2, *shown))
    return Calendar(
        title=say.html("calendar_title", first=min(counts), last=max(counts), launch=launch),
        description=say.sentence(f"{day}{say.colon}{count}" for day, count in counts.items()),
        launch=x(datetime.date.fromisoformat(launch)),
        launch_label=f"{say.html('launch_mark')} {launch}",
        months=months,
        due=[(x(datetime.date.fromisoformat(day)), count) for day, count in counts.items()],
        end=x(days[-1]),
    )


def _plus(month: datetime.date, count: int) -> datetime.date:
    months = month.month - 1 + count
    return month.replace(year=month.year + months // 12, month=months % 12 + 1)
