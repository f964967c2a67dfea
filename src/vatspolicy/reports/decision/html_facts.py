"""Facts in words: what a profile says, by the names that its schema gives."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vatspolicy.i18n.words import number
from vatspolicy.profile.vocabulary import describe, label
from vatspolicy.reports.formats.html import Content, Html, tag
from vatspolicy.reports.formats.html_page import table
from vatspolicy.reports.formats.html_words import Sentences

Data = Mapping[str, Any]
Steps = tuple[str | int, ...]

_STEP = re.compile(r'\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\.?([\w-]+)')


def steps(path: str) -> Steps:
    """A path as a report writes it (`services[0].offers`) as the steps that it stands for."""
    return tuple(
        int(index) if index else json.loads(f'"{quoted}"') if quoted else name
        for index, quoted, name in _STEP.findall(path)
    )


def title(path: Steps, say: Sentences) -> str:
    """The name of a fact."""
    node = describe(path)
    name = node.get("title", path[-1]) if say.lang == "en" else node.get("x-title-zh", node.get("title", path[-1]))
    return str(name)


def value_in_words(path: Steps, value: Any, say: Sentences) -> str:
    """A value by the names of its words."""
    match value:
        case None:
            return say.html("unknown")
        case bool():
            return say.html("true" if value else "false")
        case int():
            return f"{value:,}"
        case float():
            return number(value)
        case list():
            words = [value_in_words((*path, place), member, say) for place, member in enumerate(value)]
            return say.semicolon.join(words) if words else say.html("nothing")
        case dict():
            pairs = (
                f"{title((*path, key), say)}{say.colon}{value_in_words((*path, key), inner, say)}"
                for key, inner in value.items()
            )
            return say.comma.join(pairs)
    return _word(path, str(value), say)


def _word(path: Steps, value: str, say: Sentences) -> str:
    names = describe(path).get("x-enum", {})
    if value in names:
        return say.text(names[value])
    for kind in ("place", "zone") if path[-1:] in (("at",), ("ftz",)) else ():
        try:
            return say.text(label(kind, value))
        except KeyError:
            continue
    return value


def facts_table(data: Data, say: Sentences) -> Html | None:
    """Every fact that a finding or a condition of a route read, once, in the order of the spec."""
    found = {fact["path"]: fact for fact in _read(data) if fact["value"] is not None}
    if not found:
        return None
    rows: list[list[Content]] = []
    for fact in sorted(found.values(), key=lambda fact: (fact["line"], fact["column"], fact["path"])):
        path = steps(fact["path"])
        rows.append(
            [
                title(path, say),
                value_in_words(path, fact["value"], say),
                tag("code", fact["path"]),
                tag("span", fact["line"], class_="number"),
            ]
        )
    head = [say.html(key) for key in ("fact", "value", "path", "line")]
    return table(say.html("facts_of", file=data["file"]), head, rows)


def _read(data: Data) -> Iterator[Data]:
    for kind in ("denials", "needs", "would_need", "met", "duties", "advice"):
        for finding in data[kind]:
            yield from finding["facts"]
            yield from _of_routes(finding.get("routes", ()))
    for service in data["services"]:
        for activity in service["activities"]:
            yield from _of_routes(activity["routes"])


def _of_routes(routes: Iterable[Data]) -> Iterator[Data]:
    for route in routes:
        for condition in route["conditions"]:
            yield from condition["facts"]
