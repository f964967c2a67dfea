"""The decision report as one page: a summary of one printed page, then the details, for one spec or several."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from vatspolicy.core.engine.result import ActivityRecord, Record, RouteRecord
from vatspolicy.errors import Problem
from vatspolicy.gate.judgement import Remark
from vatspolicy.i18n import Language, LocalizedText
from vatspolicy.i18n.text import clean, wrap
from vatspolicy.i18n.words import STATES, VERDICTS, number
from vatspolicy.reports import timeline
from vatspolicy.reports.decision import digest, memo, summary
from vatspolicy.reports.formats import BY_EXPLAIN, BY_KIND, BY_NAME, KINDS, POLICY
from vatspolicy.reports.formats.html_words import PageWords
from vatspolicy.reports.formats.templating import Entry, Frame, place_entries, read_asset, render_html, render_page
from vatspolicy.reports.words import GROUPS, ROUTE_TONES, TONES, phrase, say_deciding, way_of

# --- pictures: the routes of an activity, and the year around the launch


_PASS, _FAIL, _ASK = "pass", "fail", "ask"
_SIGNS = {
    _PASS: "M-4 .5 L-1.2 3.4 L4.2 -3",
    _FAIL: "M-3.2 -3.2 L3.2 3.2 M3.2 -3.2 L-3.2 3.2",
    _ASK: "M-2.6 -1.8 A2.7 2.7 0 1 1 .6 .9 L.3 1.9 M.3 4.1 L.3 4.3",
}
"""Signs inside gates, drawn as paths, so that they do not depend on fonts."""

_WIDTH, _FROM, _GATES, _BOX = 760, 158, 196, 552
"""Width of the picture, right edge of the activity, left edges of gates and instruments."""
_STEP, _LINE = 40, 16


@dataclass(frozen=True)
class Hurdle:
    """A requirement of a route."""

    state: str
    label: str
    """Label above the gate: its number in the list, or the greatest share."""


def gates(route: RouteRecord) -> tuple[Hurdle, ...]:
    """Return the gates of a route in the order of its list: the greatest foreign share, then its conditions."""
    hurdles: list[Hurdle] = []
    conditions = route.conditions
    unexplained = route.state == "unknown" and all(condition.outcome is not None for condition in conditions)
    if route.max_foreign_percent is not None:
        state = _FAIL if route.share_too_high else _ASK if unexplained else _PASS
        hurdles.append(Hurdle(state, f"≤{number(route.max_foreign_percent)}%"))
    elif unexplained:
        hurdles.append(Hurdle(_ASK, ""))
    states = {True: _PASS, False: _FAIL, None: _ASK}
    hurdles += [Hurdle(states[condition.outcome], str(position)) for position, condition in enumerate(conditions, 1)]
    return tuple(hurdles)


@dataclass(frozen=True)
class DrawnRoute:
    """A route of the picture, with the places of its parts."""

    route: RouteRecord
    way: str
    tone: str
    line: float
    """Height of the path."""
    bottom: float
    """Height at which the next route begins."""
    titles: Sequence[tuple[float, str]]
    """Lines of text above the path, the state first: height and text."""
    strokes: Sequence[tuple[float, float, str]]
    """Segments of the path: start, end, and class. Solid if passed, dashed after an open question, dotted after a stop.
    """
    gates: Sequence[tuple[float, Hurdle, str]]
    """Gates at their places on the path, each with the path of its sign."""
    box_height: float
    labels: Sequence[tuple[float, str]]
    """Lines in the box of the instrument, without the line on its possession."""
    held: tuple[float, str] | None


@dataclass(frozen=True)
class RoutePicture:
    """The routes of an activity as a picture, with a title and a description for screen readers."""

    title: str
    description: str
    height: float
    name: Sequence[tuple[float, str]]
    """Lines of the name of the activity."""
    rows: Sequence[DrawnRoute]
    width: int = _WIDTH
    start: int = _FROM
    bend: float = (_FROM + _GATES) / 2
    first_gate: int = _GATES
    box: int = _BOX


def make_picture(activity: ActivityRecord, say: PageWords) -> RoutePicture:
    """Return the picture of the routes of an activity."""
    rows: list[DrawnRoute] = []
    for route in activity.routes:
        way = way_of(route, activity.routes, say.lang)
        rows.append(_draw(route, way, rows[-1].bottom if rows else 0.0, say))
    top = rows[-1].bottom if rows else 0.0
    description = say.sentence(f"{say.text(row.route.title)}{say.colon}{row.way}" for row in rows)
    title = say.html("routes_title", activity=say.text(activity.title))
    name = _lines(wrap(clean(say.text(activity.title)), 20), top / 2)
    return RoutePicture(title, description, top, name, rows)


def _draw(route: RouteRecord, way: str, top: float, say: PageWords) -> DrawnRoute:
    """Return the drawing of a route below a height."""
    titles = [way, *wrap(clean(say.text(route.title)), 50)]
    box = wrap(clean(say.text(route.instrument.title)), 28)
    held = [_held(route, say)] if route.state == "open" else []
    box_height, hurdles = (len(box) + len(held)) * 15 + 14, gates(route)
    above = (len(titles) - 1) * _LINE + (46 if hurdles else 24)  # labels of gates need room above the path
    line = top + max(above, box_height / 2 + 4)
    tone = ROUTE_TONES[route.state]
    strokes, drawn = [], []
    step = min(_STEP, (_BOX - 20 - _GATES) / max(len(hurdles), 1))
    at, passed = float(_GATES), _PASS
    for index, gate in enumerate(hurdles, 1):
        x = _GATES + step * index
        strokes.append(_stroke(at, x - 9, passed, tone))
        if passed == _PASS or gate.state == _FAIL:
            passed = gate.state
        drawn.append((x, gate, _SIGNS[gate.state]))
        at = x + 9
    strokes.append(_stroke(at, _BOX, _FAIL if route.state == "closed" else passed, tone))
    lines = _lines([*box, *held], line)
    return DrawnRoute(
        route,
        way,
        tone,
        line,
        line + max(box_height / 2, 14) + 10,
        [(top + 16 + _LINE * position, text) for position, text in enumerate(titles)],
        strokes,
        drawn,
        box_height,
        lines[: len(box)],
        lines[-1] if held else None,
    )


def _stroke(start: float, end: float, passed: str, tone: str) -> tuple[float, float, str]:
    return (start, end, {_PASS: f"way {tone}", _ASK: f"way {tone} dashed", _FAIL: "way dotted"}[passed])


def _lines(texts: Sequence[str], middle: float) -> list[tuple[float, str]]:
    """Return lines of text around a height, each with its own."""
    first = middle - 15 * (len(texts) - 1) / 2 + 4.5
    return [(first + 15 * position, text) for position, text in enumerate(texts)]


def route_points(route: RouteRecord, say: PageWords) -> list[str]:
    """Return the remarks on a route: share, held license, failing or unknown conditions."""
    state, cap = route.state, route.max_foreign_percent
    points: list[str] = []
    if route.share_too_high and cap is not None:
        points.append(phrase("share_too_high", say.lang, percent=number(cap)))
    elif state == "open" and cap is not None:
        points.append(phrase("up_to", say.lang, percent=number(cap)))
    if state == "open" and route.held:
        points.append(phrase("held", say.lang, title=say.text(route.instrument.title)))
    elif state == "open" and route.held is None:
        points.append(_held(route, say))
    for condition in route.conditions:
        if condition.outcome is False:
            points.append(phrase("fails", say.lang, message=say.text(condition.message)))
        if condition.value is None and state != "closed":
            points.append(phrase("open_point", say.lang, message=say.text(condition.message)))
    if state == "unknown":
        points += [phrase("unread", say.lang, name=name) for name in route.unread]
    if state == "unknown" and not route.unread and all(condition.value is not None for condition in route.conditions):
        points.append(say.html("route_fact_missing"))
    return points


def _held(route: RouteRecord, say: PageWords) -> str:
    """Return the words on the possession of the instrument of an open route."""
    return say.html({True: "is_held", False: "is_to_get", None: "held_unknown"}[route.held])


def offset(launch: str, day: str, say: PageWords) -> str:
    """Return the distance of a day from the launch in words."""
    if day <= launch:
        return say.html("on_launch")
    start, end = datetime.date.fromisoformat(launch), datetime.date.fromisoformat(day)
    days = (end - start).days
    if days <= 62:
        return say.html("days_after", count=days)
    months = (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)
    return say.html("months_after", count=months)


_WIDE, _MARGIN, _AXIS = 760, 24, 58


@dataclass(frozen=True)
class Calendar:
    """The months from the launch (or before) to the last day, with a mark on each day that has a deadline."""

    title: str
    description: str
    launch: float
    launch_label: str
    months: Sequence[tuple[float, float, str, str]]
    """Months of the axis: beginning, middle, and the name and the number, which only some months have."""
    due: Sequence[tuple[float, int]]
    """Places of days, with the number of tasks due."""
    end: float
    width: int = _WIDE
    margin: int = _MARGIN
    axis: int = _AXIS


def make_calendar(launch: str, counts: Mapping[str, int], say: PageWords) -> Calendar:
    """Return the picture of days with due tasks; `counts` has their number by day."""
    start = datetime.date.fromisoformat(min(launch, *counts)).replace(day=1)
    last = datetime.date.fromisoformat(max(counts))
    count = max((last.year - start.year) * 12 + last.month - start.month + 1, 3)
    days = [_plus(start, month) for month in range(count + 1)]
    begin, span = days[0].toordinal(), days[-1].toordinal() - days[0].toordinal()

    def x(day: datetime.date) -> float:
        return round(_MARGIN + (_WIDE - 2 * _MARGIN) * (day.toordinal() - begin) / span, 1)

    first = datetime.date.fromisoformat(launch).replace(day=1)
    every = -(-count // 14)  # so that the names of months do not overlap
    months = []
    for month, (day, after) in enumerate(itertools.pairwise(days)):
        offset = (day.year - first.year) * 12 + day.month - first.month
        name = f"{day.year}-{day.month:02}" if month == 0 or day.month == 1 else f"{day.month:02}"
        number = f"+{offset}" if offset > 0 else ""
        shown = (name, number) if month % every == 0 else ("", "")
        months.append((x(day), (x(day) + x(after)) / 2, *shown))
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


# --- the page


_IN_FULL = 8
"""Maximum number of decisions on a page whose contents list their sections."""
_COUNSEL_FIRST = ("because", "contested")
"""Sections shown to counsel first, after the answer beside its articles."""
_NAMES = {
    "GROUPS": GROUPS,
    "ROUTE_TONES": ROUTE_TONES,
    "STATES": STATES,
    "TONES": TONES,
    "VERDICTS": VERDICTS,
    "counts": lambda days: {day: len(tasks) for day, tasks in days.items()},
    "digest": digest,
    "make_calendar": make_calendar,
    "make_picture": make_picture,
    "memos": memo,
    "offset": offset,
    "route_points": route_points,
    "rules_of": lambda findings: [rule for _, rule in sorted({finding.rule: finding for finding in findings}.items())],
    "timeline": timeline,
    "way_of": way_of,
}
"""Tables, functions and modules that templates use."""


LEAVES_OUT = {
    BY_EXPLAIN: f"Duty.version Advice.version {POLICY} Explanation.location",
    BY_KIND: f"{KINDS} Denial.reasons",
    BY_NAME: "Duty.rule Duty.subject Advice.rule Advice.subject",
    "The law in front of the page names its layers.": "Denial.layer Need.layer Advice.layer",
}


def render(
    records: Iterable[Record], lang: Language, problems: Iterable[Problem] = (), remarks: Iterable[Remark] = ()
) -> str:
    """Render a page of all decisions (records), the worst first, then specs not decided, then waivers."""
    records, problems, remarks = list(records), sorted(set(problems)), list(remarks)
    single, say = len(records) == 1 and not problems, PageWords(lang)
    order = summary.worst_first(records)
    made = [
        _Decision(record, lang, "" if single else f"d{position}-", single) for position, record in enumerate(order, 1)
    ]
    entries: list[Entry]
    if single:
        head = f"{made[0].memo.verdict}{say.colon}{made[0].name}"
        entries = place_entries(made[0].places())
    else:
        head = say.html("title_many", count=len(made))
        is_long = len(made) > _IN_FULL
        entries = [(page.name, page.say.place("top"), () if is_long else page.places()) for page in made]
    remarks_head = say.word(digest.WAIVER_WORDS, "remarks")
    if problems:
        entries.append((say.phrase("undecided"), "undecided", ()))
    if remarks:
        entries.append((remarks_head, "waivers", ()))
    rules = dict.fromkeys(say.deciding(record.bundle) for record in records)
    end = say.gap.join(rules)
    return render_page(
        "decision/run.html.j2",
        Frame(head, lang, style=read_asset("decision.css"), toc=entries, end=end),
        contested=say.html("contested_class"),
        decisions=made,
        heads=_heads(say),
        problems=problems,
        digest=digest,
        remarks=remarks,
        remarks_head=remarks_head,
        say=say,
        single=single,
    )


View = Literal["counsel", "product"]
"""Counsel reads articles beside the answer; a product team reads what to do, and until when."""


def fragment(
    record: Record, lang: Language, prefix: str, view: View | None = None, rulebook: LocalizedText | None = None
) -> Markup:
    """Render a decision for another page, which adds decision.css. `prefix` begins every id.

    `view`: whom it is for; None for the report. `rulebook`: its folder, which articles and rules link to.
    """
    made = _Decision(record, lang, prefix, False, rulebook)
    if view == "counsel":
        made.sections.sort(key=lambda section: section[0] not in _COUNSEL_FIRST)
        made.sections.insert(0, ("beside", made.say.html("beside")))
    return made.html("decision/product.html.j2" if view == "product" else "decision/decision.html.j2")


def _heads(say: PageWords) -> Callable[..., list[str]]:
    return lambda *keys: [say.html(key) for key in keys]


class _Decision:
    """A decision of the page."""

    def __init__(
        self, record: Record, lang: Language, prefix: str, single: bool, rulebook: LocalizedText | None = None
    ) -> None:
        self.record, self.say = record, PageWords(lang, prefix, rulebook)
        self.h = [f"h{level if single else level + 1}" for level in (1, 2, 3, 4)]
        self.name = record.title
        self.decided, self.tone = self.say.word(VERDICTS, record.decision), TONES[record.decision]
        self.memo = memo.make_memo(record, self.say)
        self.regulations = sorted(self.say.by_policy(memo.cited_articles(record)), key=lambda cited: cited[0].policy)
        self.facts = memo.facts_read(record)
        self.sections = [(key, title) for key, title, shown in self._parts() if shown]

    @property
    def licenses_count(self) -> int:
        """The number of licenses to get; alternatives count once."""
        return sum(not license.alternative for license in self.memo.licenses)

    def places(self) -> list[tuple[str, str]]:
        """Return the titles of the sections, with their ids."""
        say = self.say
        return [(say.html("licenses"), say.place("licenses")), *((head, say.place(key)) for key, head in self.sections)]

    def _parts(self) -> Iterator[tuple[str, str, object]]:
        """Yield key and title of each section, and whether it has content."""
        record, say = self.record, self.say
        yield "waived", say.word(digest.WAIVER_WORDS, "waived"), record.waived
        yield "because", say.html("because"), record.denials
        yield "missing", say.phrase("missing"), record.missing
        yield "opinions", say.phrase("opinions"), record.opinions
        yield "services", say.html("services"), record.services
        yield "met", say.phrase("met"), record.held
        yield "to-do", say.html("to_do"), self.memo.tasks
        yield "calendar", say.html("calendar"), self.memo.tasks and record.decision != "deny"
        yield "ahead", say.phrase("ahead"), self.memo.ahead
        yield "contested", say.phrase("contested"), record.contested
        yield "advice", say.phrase("advice"), record.advice
        yield "undetermined", say.html("undetermined"), record.undetermined and record.decision != "incomplete"
        yield "law", say.html("law"), self.regulations
        yield "facts", say.html("facts"), self.facts

    def html(self, template: str = "decision/decision.html.j2") -> Markup:
        """Render the decision."""
        record, say, made = self.record, self.say, self.memo
        return render_html(
            template,
            **_NAMES,
            ahead_head=say.phrase("ahead"),
            memo=made,
            checklist="" if record.decision == "deny" else memo.checklist(record, say),
            record=record,
            facts=self.facts,
            filings_head=memo.say_filings(made, record, say),
            h=self.h,
            heads=_heads(say),
            law=say_deciding(record.bundle, say.lang),
            held=[say.text(permit.instrument.title) for permit in record.held if permit.instrument],
            matters=[digest.say_matter(matter, say.lang) for ask in record.missing for matter in ask.about],
            regulations=self.regulations,
            say=say,
            sections=self.sections,
            several_services=len(record.services) > 1,
            tone=self.tone,
        )
