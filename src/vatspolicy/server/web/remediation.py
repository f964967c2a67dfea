"""Ways forward as HTML of the page: routes, changes and margins, from the data of `vatspolicy routes -f json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vatspolicy.i18n import Phrase
from vatspolicy.i18n.words import STATES, VERDICTS, number, word
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.formats.html import Content, Html, tag
from vatspolicy.reports.formats.html_page import badge
from vatspolicy.reports.remediation.text import bound, joined, law_of, then
from vatspolicy.reports.remediation.words import name_goal, say

Data = Mapping[str, Any]

TONES = {"open": "good", "closed": "bad", "unknown": "ask"}
_VALUES = {True: "open", False: "closed", None: "unknown"}
_SIGNS = {True: "✔", False: "✘", None: "?"}
_TRUTH = {True: Phrase("met"), False: Phrase("not met"), None: STATES["unknown"]}


def render_plan(data: Data, lang: Language) -> Html:
    """Return a remediation plan (the data of `plan_to_data`) as HTML below a heading of the second level."""
    return tag("div", list(_parts(data, lang)), class_="ways")


def _parts(data: Data, lang: Language) -> Iterator[Content]:
    yield tag("h3", say("routes", lang))
    for service in data["services"]:
        yield from _service(service, lang)
    if data["denials"]:
        yield tag("h3", say("besides", lang))
        yield tag(
            "ul",
            [tag("li", one["message"][lang], tag("p", law_of(one, lang), class_="law")) for one in data["denials"]],
        )
    yield from _differences(data, lang)
    if data["margins"]:
        yield tag("h3", say("margins", lang))
        yield tag("ul", [_margin(margin, lang) for margin in data["margins"]], class_="checks")
    yield tag("p", say("not_advice", lang), class_="soft")


def _service(service: Data, lang: Language) -> Iterator[Content]:
    if not service["activities"]:
        state = service["state"]
        text = say("not_telecom", lang) if state == "not-telecom" else word(STATES, state, lang)
        yield tag("p", tag("code", service["id"]), " ", text)
    for activity in service["activities"]:
        outcome = badge(word(VERDICTS, activity["outcome"], lang))
        yield tag("h4", tag("code", service["id"]), " ", activity["title"][lang], " ", outcome)
        if not activity["routes"]:
            yield tag("p", say("no_routes", lang))
        else:
            yield tag("ul", [_route(route, lang) for route in activity["routes"]], class_="routes")


def _route(route: Data, lang: Language) -> Html:
    checks: list[Html] = []
    if route["max_foreign_percent"] is not None:
        cap = say("share", lang, percent=number(route["max_foreign_percent"]))
        checks.append(_check(route["share_met"], cap, lang))
    checks += [_check(one["value"], one["message"][lang], lang) for one in route["conditions"]]
    return tag(
        "li",
        tag(
            "p",
            badge(word(STATES, route["state"], lang), TONES[route["state"]]),
            " ",
            tag("strong", route["title"][lang], class_="route-title"),
            " · ",
            say("leads_to", lang, instrument=route["instrument"]["title"][lang]),
        ),
        tag("ul", checks, class_="checks") if checks else None,
        tag("p", law_of(route, lang), class_="law"),
    )


def _check(value: bool | None, text: str, lang: Language) -> Html:
    """Return a condition with its sign, and the meaning of the sign as hidden text."""
    sign = tag("span", _SIGNS[value], class_=TONES[_VALUES[value]], aria_hidden="true")
    return tag("li", sign, " ", tag("span", f"{_TRUTH[value][lang]} ", class_="hidden"), text)


def _differences(data: Data, lang: Language) -> Iterator[Content]:
    goal = data["goal"]
    if goal is None:
        yield tag("p", say("nothing_better", lang))
        return
    yield tag("h3", say("differences", lang, word=name_goal(goal, lang)))
    if data["proposals"]:
        yield tag("ol", [_proposal(one, lang) for one in data["proposals"]], class_="proposals")
    else:
        yield tag("p", say("none_known" if data["missing"] else "none", lang))
    if data["undecided"]:
        yield tag("h3", say("differences_open", lang))
        yield tag("ul", [_proposal(one, lang) for one in data["undecided"]], class_="proposals")
    yield tag("p", bound(data["search"], lang), class_="soft")


def _proposal(proposal: Data, lang: Language) -> Html:
    colon = ": " if lang == "en" else "："
    changes = [
        tag("li", f"{one['title'][lang]}{colon}{one['from'][lang]} → {one['to'][lang]}")
        for one in proposal["differences"]
    ]
    decided = word(VERDICTS, proposal["decision"], lang)
    return tag(
        "li",
        tag("p", tag("strong", joined(proposal, lang)), " · ", say("cost", lang, cost=proposal["cost"])),
        tag("ul", changes),
        [tag("p", line if at else f"= {line}") for at, line in enumerate(then(proposal, lang, decided))],
    )


def _margin(margin: Data, lang: Language) -> Html:
    sign = tag("span", _SIGNS[margin["safe"]], class_=TONES[_VALUES[margin["safe"]]], aria_hidden="true")
    return tag("li", sign, " ", margin["text"][lang], tag("p", margin["law"][lang], class_="law"))
