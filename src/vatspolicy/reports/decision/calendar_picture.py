"""The year around the launch as a picture, with a mark on each day on which something falls due."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from vatspolicy.reports.formats.html import Html, tag
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


def timeline_picture(launch: str, counts: Mapping[str, int], say: Sentences, id: str) -> Html:
    """Draw the months from the launch (or before) to the last day, with a mark on each day that has a deadline."""
    start = datetime.date.fromisoformat(min(launch, *counts)).replace(day=1)
    last = datetime.date.fromisoformat(max(counts))
    months = max((last.year - start.year) * 12 + last.month - start.month + 1, 3)
    shown = [_plus(start, count) for count in range(months + 1)]
    begin, span = shown[0].toordinal(), shown[-1].toordinal() - shown[0].toordinal()

    def x(day: datetime.date) -> float:
        return round(_MARGIN + (_WIDTH - 2 * _MARGIN) * (day.toordinal() - begin) / span, 1)

    first_month = datetime.date.fromisoformat(launch).replace(day=1)
    drawn = [tag("path", d=f"M{_MARGIN} {_AXIS} H{_WIDTH - _MARGIN}", class_="axis")]
    every = -(-months // 14)  # so that the names of months stay apart
    for place, day in enumerate(shown):
        drawn.append(tag("path", d=f"M{x(day):g} {_AXIS - 4} V{_AXIS + 4}", class_="axis"))
        if place == months or place % every:
            continue
        middle = (x(day) + x(shown[place + 1])) / 2
        offset = (day.year - first_month.year) * 12 + day.month - first_month.month
        name = f"{day.year}-{day.month:02}" if place == 0 or day.month == 1 else f"{day.month:02}"
        drawn.append(tag("text", name, x=middle, y=_AXIS + 18, class_="small"))
        if offset > 0:
            drawn.append(
                tag("text", say.html("month_number", count=offset), x=middle, y=_AXIS + 32, class_="small faint")
            )
    at = x(datetime.date.fromisoformat(launch))
    drawn.append(tag("path", d=f"M{at:g} 22 V{_AXIS}", class_="launch"))
    drawn.append(
        tag("text", f"{say.html('launch_mark')} {launch}", x=max(at, _MARGIN), y=15, class_="label launch-label")
    )
    for due, count in counts.items():
        across = x(datetime.date.fromisoformat(due))
        drawn.append(tag("circle", cx=across, cy=_AXIS - 16, r=10, class_="due"))
        drawn.append(tag("text", count, x=across, y=_AXIS - 12, class_="due-count"))
    title = say.html("calendar_title", first=min(counts), last=max(counts), launch=launch)
    description = say.sentence(f"{day}{say.colon}{count}" for day, count in counts.items())
    return tag(
        "figure",
        tag(
            "div",
            tag(
                "svg",
                tag("title", title, id=f"{id}-title"),
                tag("desc", description, id=f"{id}-desc"),
                drawn,
                viewBox=f"0 0 {_WIDTH} 96",
                width=_WIDTH,
                height=96,
                role="img",
                aria_labelledby=f"{id}-title",
                aria_describedby=f"{id}-desc",
                class_="picture",
            ),
            class_="scroll",
            role="group",
            aria_label=title,
            tabindex=0,
        ),
    )


def _plus(month: datetime.date, count: int) -> datetime.date:
    months = month.month - 1 + count
    return month.replace(year=month.year + months // 12, month=months % 12 + 1)
