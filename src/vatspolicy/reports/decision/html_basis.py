"""The basis of a decision on a page: law cited, facts read, findings waived."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from vatspolicy.i18n import Language
from vatspolicy.i18n.words import word
from vatspolicy.profile.wording import FactWording
from vatspolicy.reports.decision.digest import (
    WAIVER_WORDS,
    remark_place,
    say_finding,
    say_remark,
    say_waived,
    some_waived,
    waived_findings,
)
from vatspolicy.reports.formats.html import Content, Html, join, link, tag
from vatspolicy.reports.formats.html_page import badge, foreign, table
from vatspolicy.reports.formats.html_words import Sentences

Data = Mapping[str, Any]
Steps = tuple[str | int, ...]

_STEP = re.compile(r'\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\.?([\w-]+)')
_KNOWN = {"primary": "good", "secondary": "warn", "unverified": "bad"}


# --- law


def law_list(data: Data, say: Sentences, heading: str) -> Html | None:
    """Return every article that the page refers to, by regulation, with its text in both languages."""
    by_policy: dict[str, dict[str, Data]] = {}
    for cited in _cited(data):
        by_policy.setdefault(cited["policy"], {}).setdefault(cited["key"], cited)
    if not by_policy:
        return None
    regulations = (_regulation(list(articles.values()), say, heading) for _, articles in sorted(by_policy.items()))
    return join(*regulations)


def _cited(data: Data) -> Iterator[Data]:
    for key in ("denials", "needs", "would_need", "met", "duties", "advice"):
        for finding in data[key]:
            yield from finding["citations"]
            for route in finding.get("routes", ()):
                yield from _cited_by(route)
    for service in data["services"]:
        for activity in service["activities"]:
            for route in activity["routes"]:
                yield from _cited_by(route)


def _cited_by(route: Data) -> Iterator[Data]:
    """Yield the articles of a route and of its conditions."""
    yield from route["citations"]
    for condition in route["conditions"]:
        yield from condition["citations"]


def _regulation(articles: Sequence[Data], say: Sentences, heading: str) -> Html:
    first = articles[0]
    number = say.aside(first["number"]) if first["number"] else ""
    return tag(
        "section",
        tag(heading, say.text(first["title"]), tag("span", number, class_="soft")),
        [_article(cited, say) for cited in articles],
    )


def _article(cited: Data, say: Sentences) -> Html:
    return tag(
        "div",
        tag(
            "p",
            tag("strong", say.text(cited["label"])),
            " ",
            badge(say.html(cited["verification"]), _KNOWN[cited["verification"]]),
            (" ", link(say.html("official"), cited["url"])) if cited["url"] else None,
        ),
        tag("blockquote", article_text(cited, say)),
        id=say.place("law", cited["policy"], cited["key"]),
        class_="article",
    )


def article_text(cited: Data, say: Sentences) -> list[Html]:
    """Return the text of an article, in the language of the page first."""
    order: tuple[Language, Language] = ("zh", "en") if say.lang == "zh" else ("en", "zh")
    return [
        foreign(cited[lang], lang, "p") if lang != say.lang else tag("p", cited[lang]) for lang in order if cited[lang]
    ]


# --- facts


def steps(path: str) -> Steps:
    """Split a path as a report writes it (`services[0].offers`) into its steps."""
    return tuple(
        int(index) if index else json.loads(f'"{quoted}"') if quoted else name
        for index, quoted, name in _STEP.findall(path)
    )


def title(path: Steps, say: Sentences) -> str:
    """Return the title of a fact in the schema, in the language of the page."""
    return say.text(FactWording().name(path))


def value_in_words(path: Steps, value: Any, say: Sentences) -> str:
    """Return a value in words, in the language of the page."""
    return say.text(FactWording().value(value, path))


def facts_table(data: Data, say: Sentences) -> Html | None:
    """Return every fact that a finding or a condition of a route read, in the order of the spec."""
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


# --- waivers


def waived_list(data: Data, say: Sentences) -> tuple[str, Html | None]:
    """Return the title of the section and its content; None without waived findings."""
    rows = [
        tag(
            "li",
            tag("p", tag("strong", say_finding(finding, say.lang))),
            tag("p", say_waived(finding["waived"], say.lang)),
            tag("p", tag("code", f"{finding['waived']['file']}:{finding['waived']['line']}"), class_="soft small"),
        )
        for finding in waived_findings(data)
    ]
    title = word(WAIVER_WORDS, "waived", say.lang)
    return title, join(tag("p", some_waived(data, say.lang)), tag("ul", rows, class_="findings")) if rows else None


def remark_list(remarks: Iterable[Data], lang: Language) -> tuple[str, Html]:
    """Return the title and the list of remarks about waivers and the baseline."""
    rows = [tag("li", tag("code", remark_place(remark)), " ", say_remark(remark, lang)) for remark in remarks]
    return word(WAIVER_WORDS, "remarks", lang), tag("ul", rows)
