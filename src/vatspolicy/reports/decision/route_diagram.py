"""Routes of an activity as a picture: paths through the gates of their conditions, and remarks on each route."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vatspolicy.i18n.text import clean, wrap
from vatspolicy.i18n.words import number
from vatspolicy.reports.formats.html import Html, tag
from vatspolicy.reports.formats.html_words import Sentences
from vatspolicy.reports.words import phrase, value_of, way_of

Data = Mapping[str, Any]

TONES = {"open": "good", "closed": "bad", "unknown": "ask"}
_PASS, _FAIL, _ASK = "pass", "fail", "ask"
_SIGNS = {
    _PASS: "M-4 .5 L-1.2 3.4 L4.2 -3",
    _FAIL: "M-3.2 -3.2 L3.2 3.2 M3.2 -3.2 L-3.2 3.2",
    _ASK: "M-2.6 -1.8 A2.7 2.7 0 1 1 .6 .9 L.3 1.9 M.3 4.1 L.3 4.3",
}
"""Signs inside gates, drawn as paths, so that they do not depend on fonts."""

_WIDTH, _FROM, _GATES, _BOX = 760, 158, 196, 552
"""Width of the picture; right edge of the activity; where gates begin; where instruments stand."""
_STEP, _LINE = 40, 16


@dataclass(frozen=True)
class _Gate:
    """A requirement of a route."""

    state: str
    label: str
    """Label above the gate: its number in the list, or the greatest share."""


def gates(route: Data) -> tuple[_Gate, ...]:
    """Return the gates of a route in the order of its list: the greatest foreign share, then its conditions."""
    found: list[_Gate] = []
    conditions: Sequence[Data] = route["conditions"]
    unexplained = route["state"] == "unknown" and all(value_of(condition) is not None for condition in conditions)
    if route["max_foreign_percent"] is not None:
        state = _FAIL if route["share_too_high"] else _ASK if unexplained else _PASS
        found.append(_Gate(state, f"≤{number(route['max_foreign_percent'])}%"))
    elif unexplained:
        found.append(_Gate(_ASK, ""))
    states = {True: _PASS, False: _FAIL, None: _ASK}
    found += [_Gate(states[value_of(condition)], str(place)) for place, condition in enumerate(conditions, 1)]
    return tuple(found)


def picture(activity: Data, say: Sentences, id: str) -> Html:
    """Draw the routes of an activity as an SVG with a title and description for screen readers."""
    rows = [_Row(route, activity["routes"], say) for route in activity["routes"]]
    height = sum(row.height for row in rows)
    title = say.html("routes_title", activity=say.text(activity["title"]))
    description = say.sentence(f"{say.text(row.route['title'])}{say.colon}{row.way}" for row in rows)
    drawn: list[Html] = []
    middle, top = height / 2, 0.0
    for row in rows:
        drawn += row.draw(top, middle)
        top += row.height
    start = _lines(wrap(clean(say.text(activity["title"])), 20), 10, middle, "name")
    box = 16 + 15 * len(start)
    drawn.append(tag("rect", x=1, y=middle - box / 2, width=_FROM - 2, height=box, rx=4, class_="activity"))
    return tag(
        "svg",
        tag("title", title, id=f"{id}-title"),
        tag("desc", description, id=f"{id}-desc"),
        drawn,
        start,
        viewBox=f"0 0 {_WIDTH} {height:g}",
        width=_WIDTH,
        height=height,
        role="img",
        aria_labelledby=f"{id}-title",
        aria_describedby=f"{id}-desc",
        class_="picture",
    )


class _Row:
    """A route of the picture."""

    def __init__(self, route: Data, routes: Iterable[Data], say: Sentences) -> None:
        self.route, self.way = route, way_of(route, routes, say.lang)
        self.title = wrap(clean(say.text(route["title"])), 50)
        self.box = wrap(clean(say.text(route["instrument"]["title"])), 28)
        self.held = _held(route, say) if route["state"] == "open" else ""
        self.box_height = (len(self.box) + bool(self.held)) * 15 + 14
        lead = len(self.title) * _LINE + (46 if gates(route) else 24)
        self.line = max(lead, self.box_height / 2 + 4)
        """Distance of the path from the top: labels of gates need room above it."""
        self.height = self.line + max(self.box_height / 2, 14) + 10

    def draw(self, top: float, middle: float) -> Iterator[Html]:
        state = self.route["state"]
        tone = TONES[state]
        line = top + self.line
        yield tag("text", self.way, x=_GATES, y=top + 16, class_=f"way {tone}")
        for position, text in enumerate(self.title):
            yield tag("text", text, x=_GATES, y=top + 16 + _LINE * (position + 1), class_="label")
        bend = (_FROM + _GATES) / 2
        yield tag(
            "path",
            d=f"M{_FROM - 1} {middle:g} C{bend:g} {middle:g} {bend:g} {line:g} {_GATES:g} {line:g}",
            class_=f"way {tone}",
        )
        found = gates(self.route)
        step = min(_STEP, (_BOX - 20 - _GATES) / max(len(found), 1))
        at, passed = float(_GATES), _PASS
        for place, gate in enumerate(found, 1):
            x = _GATES + step * place
            yield _stroke(at, x - 9, line, passed, tone)
            if passed == _PASS or gate.state == _FAIL:
                passed = gate.state
            yield tag("circle", cx=x, cy=line, r=9, class_=f"gate {gate.state}")
            yield tag("path", d=_SIGNS[gate.state], transform=f"translate({x:g} {line:g})", class_=f"sign {gate.state}")
            yield tag("text", gate.label, x=x, y=line - 13, class_="small")
            at = x + 9
        yield _stroke(at, _BOX, line, _FAIL if state == "closed" else passed, tone)
        size = self.box_height
        yield tag(
            "rect", x=_BOX, y=line - size / 2, width=_WIDTH - _BOX - 1, height=size, rx=4, class_=f"instrument {state}"
        )
        lines = _lines([*self.box, *filter(None, [self.held])], _BOX + 10, line, f"label {state}")
        yield from lines[: len(self.box)]
        for mark in lines[len(self.box) :]:
            yield tag("g", mark, class_="held-unknown" if self.route["held"] is None else "held")


def _stroke(start: float, end: float, y: float, passed: str, tone: str) -> Html:
    """Draw a segment of the path: solid if passed, dashed after an open question, dotted after a stop."""
    kind = {_PASS: f"way {tone}", _ASK: f"way {tone} dashed", _FAIL: "way dotted"}[passed]
    return tag("path", d=f"M{start:g} {y:g} H{end:g}", class_=kind)


def _lines(texts: Sequence[str], x: float, middle: float, class_: str) -> list[Html]:
    first = middle - 15 * (len(texts) - 1) / 2 + 4.5
    return [tag("text", text, x=x, y=first + 15 * place, class_=class_) for place, text in enumerate(texts)]


def route_points(route: Data, say: Sentences) -> list[str]:
    """Return the remarks on a route: share, license held, conditions that fail or are not known."""
    state, cap = route["state"], route["max_foreign_percent"]
    points: list[str] = []
    if route["share_too_high"]:
        points.append(phrase("share_too_high", say.lang, percent=number(cap)))
    elif state == "open" and cap is not None:
        points.append(phrase("up_to", say.lang, percent=number(cap)))
    if state == "open" and route["held"]:
        points.append(phrase("held", say.lang, title=say.text(route["instrument"]["title"])))
    elif state == "open" and route["held"] is None:
        points.append(_held(route, say))
    for condition in route["conditions"]:
        if value_of(condition) is False:
            points.append(phrase("fails", say.lang, message=say.text(condition["message"])))
        if condition["value"] is None and state != "closed":
            points.append(phrase("open_point", say.lang, message=say.text(condition["message"])))
    if state == "unknown":
        points += [phrase("unread", say.lang, name=name) for name in route["unread"]]
    if state == "unknown" and not route["unread"] and all(one["value"] is not None for one in route["conditions"]):
        points.append(say.html("route_fact_missing"))
    return points


def _held(route: Data, say: Sentences) -> str:
    """Return the words that say whether the instrument of an open route is held."""
    return say.html({True: "is_held", False: "is_to_get", None: "held_unknown"}[route["held"]])
