"""Tasks by authority, and by day as a calendar with a picture."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vatspolicy.i18n.words import word
from vatspolicy.policies.deadlines import GROUPS as GROUP_ORDER
from vatspolicy.reports.decision.digest import merge_duties
from vatspolicy.reports.formats.html import Content, Html, join, tag
from vatspolicy.reports.formats.html_page import badge, table
from vatspolicy.reports.formats.html_words import Sentences
from vatspolicy.reports.words import GROUPS, phrase

Data = Mapping[str, Any]
_OWN = ("self",)
"""Key of records that a company keeps on file; it comes last."""


@dataclass
class Item:
    """A task."""

    title: str
    bodies: tuple[str, ...]
    body_names: str
    when: str
    """The deadline with its last day, or when it was done."""
    rule: str
    """The deadline as the law words it."""
    group: str
    day: str | None
    done: bool = False
    message: str = ""
    ways: list[str] = field(default_factory=list)
    """Titles of further ways to meet a need, for licenses."""
    citations: Sequence[Data] = ()
    license: bool = False


def items(data: Data, say: Sentences) -> list[Item]:
    """Licenses to get, then duties, each once, in the order of their deadlines."""
    found = [_license(finding, data, say) for key in ("needs", "would_need") for finding in data[key]]
    duties = merge_duties(data["duties"])
    found += [_duty(duty, say) for group in GROUP_ORDER for duty in duties if duty["deadline"]["group"] == group]
    return found


def _license(finding: Data, data: Data, say: Sentences) -> Item:
    offers = finding.get("any_of") or [{"instrument": finding["instrument"], "authority": finding["authority"]}]
    titles = {route["name"]: say.text(route["title"]) for route in finding.get("routes", ())}
    ways = []
    for offer in offers:
        text = say.text(offer["instrument"]["title"])
        if "route" in offer:
            way = phrase("route", say.lang, route=titles[offer["route"]])
            text += say.aside(f"{offer['class']}{say.comma}{way}")
        ways.append(text)
    first = offers[0]
    service = finding["subject"]["service"]
    return Item(
        title=(f"{service}{say.colon}" if service else "")
        + (ways[0] if len(ways) == 1 else say.text(finding["message"])),
        bodies=tuple(body["id"] for body in first["authority"]),
        body_names=say.bodies(first["authority"]),
        when=say.html("to_get"),
        rule=say.html("to_get"),
        group="before-launch",
        day=data["launch"],
        message=say.text(finding["message"]) if len(ways) == 1 else say.html("one_of", count=len(ways)),
        ways=[f"{way}{say.comma}{say.bodies(offer['authority'])}" for way, offer in zip(ways, offers, strict=True)]
        if len(ways) > 1
        else [],
        citations=finding["citations"],
        license=True,
    )


def _duty(duty: Data, say: Sentences) -> Item:
    deadline, done = duty["deadline"], duty["state"] == "done"
    when = say.text(deadline["text"])
    if deadline["date"]:
        when += say.aside(phrase("by", say.lang, day=deadline["date"]))
    if duty["bearer"] == "partner":
        when += f"{say.comma}{phrase('bearer', say.lang)}"
    return Item(
        title=say.text(duty["instrument"]["title"]),
        bodies=tuple(body["id"] for body in duty["authority"]),
        body_names=say.bodies(duty["authority"]),
        when=phrase("done", say.lang, day=duty["done_on"]) if done else when,
        rule=say.text(deadline["text"]),
        group=deadline["group"],
        day=deadline["date"],
        done=done,
        message=say.text(duty["message"]),
        citations=duty["citations"],
    )


def by_authority(found: Iterable[Item], say: Sentences, heading: str) -> Html:
    """Render the tasks under the name of each authority; `heading` is the element of the name."""
    groups: dict[tuple[str, ...], list[Item]] = {}
    for item in found:
        groups.setdefault(item.bodies, []).append(item)
    order = sorted(groups, key=lambda bodies: bodies == _OWN)
    return join(
        *(
            tag(
                "section",
                tag(heading, groups[bodies][0].body_names),
                tag("ul", [_entry(item, say) for item in groups[bodies]], class_="todo"),
            )
            for bodies in order
        )
    )


def _entry(item: Item, say: Sentences) -> Html:
    state = say.html("done_item" if item.done else "open_item")
    return tag(
        "li",
        tag("span", "☑" if item.done else "☐", class_="box", aria_hidden="true"),
        tag(
            "div",
            tag(
                "p",
                tag("span", f"{state}{say.colon}", class_="hidden"),
                tag("strong", item.title),
                (" ", badge(say.html("license"), "warn")) if item.license else None,
                " ",
                tag("span", item.when, class_="when"),
            ),
            tag("p", item.message, class_="soft") if item.message else None,
            tag("ul", [tag("li", way) for way in item.ways]) if item.ways else None,
            say.law(item.citations),
        ),
    )


# --- by day


def calendar(data: Data, found: Sequence[Item], say: Sentences, heading: str, id: str) -> Html:
    """Render dated tasks by day with a picture of the year around the launch, and undated tasks by kind of deadline."""
    launch = data["launch"]
    dated: dict[str, list[Item]] = {}
    for item in found:
        if item.day and not item.done:
            dated.setdefault(item.day, []).append(item)
    parts: list[Content] = []
    if launch and dated:
        days = sorted(dated)
        parts.append(_picture(launch, {day: len(dated[day]) for day in days}, say, id))
        rows: list[list[Content]] = [
            [
                tag("time", day, datetime=day),
                _offset(launch, day, say),
                tag("ul", [_short(item, item.rule if item.group == "recurring" else "", say) for item in dated[day]]),
            ]
            for day in days
        ]
        parts.append(
            table(say.html("calendar"), [say.html("day"), say.html("from_launch"), say.html("what")], rows, titled=True)
        )
    elif not launch:
        parts.append(tag("p", say.html("no_launch_note")))
    rest = [item for item in found if not item.done and not item.day]
    if rest:
        parts.append(tag(heading, say.html("no_day")))
        parts.append(tag("dl", list(_undated(rest, say)), class_="undated"))
    return join(*parts)


def _undated(rest: Sequence[Item], say: Sentences) -> Iterator[Html]:
    for group in GROUP_ORDER:
        by_text: dict[str, list[Item]] = {}
        for item in rest:
            if item.group == group:
                by_text.setdefault(item.when, []).append(item)
        if not by_text:
            continue
        yield tag("dt", word(GROUPS, group, say.lang))
        for when, members in by_text.items():
            several = len(by_text) > 1 or group in ("before-event", "after-event", "recurring")
            yield tag(
                "dd",
                tag("p", when, class_="when") if several else None,
                tag("ul", [tag("li", item.title) for item in members]),
            )


def _short(item: Item, when: str, say: Sentences) -> Html:
    return tag("li", item.title, tag("span", say.aside(when), class_="soft") if when else None)


def _offset(launch: str, day: str, say: Sentences) -> str:
    if day <= launch:
        return say.html("on_launch")
    start, end = datetime.date.fromisoformat(launch), datetime.date.fromisoformat(day)
    days = (end - start).days
    if days <= 62:
        return say.html("days_after", count=days)
    months = (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)
    return say.html("months_after", count=months)


_WIDTH, _MARGIN, _AXIS = 760, 24, 58


def _picture(launch: str, counts: Mapping[str, int], say: Sentences, id: str) -> Html:
    """Months from the launch (or before) to the last day, each with its distance from the launch, and marks on days."""
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
