"""Ways forward as Markdown, for a page or a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vatspolicy.i18n.words import STATES, VERDICTS, joint, number, word
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.decision import doubt
from vatspolicy.reports.decision.opinions import say_matter
from vatspolicy.reports.formats.markdown import escape, section
from vatspolicy.reports.remediation.text import bound, contests, joined, law_of, nothing_better, reached, then, unstated
from vatspolicy.reports.remediation.words import say
from vatspolicy.reports.words import MEANINGS, phrase

Data = Mapping[str, Any]

_MARKS = {"open": "✔", "closed": "✘", "unknown": "?"}
_VALUES = {True: "✔", False: "✘", None: "?"}


def render(data: Data, lang: Language) -> str:
    """Ways forward (as `ways_record` makes them) as Markdown."""
    return "\n".join(_lines(data, lang)) + "\n"


def _lines(data: Data, lang: Language) -> Iterator[str]:
    yield f"## {escape(doubt.verdict(data, lang))}{joint('colon', lang)}{escape(str(data['title']))}"
    yield ""
    law = f"{phrase('as_of', lang, day=data['as_of'])} · {phrase('bundle', lang, version=data['bundle']['version'])}"
    yield f"{word(MEANINGS, data['decision'], lang)} *{law}*"
    if data["contested"]:
        yield from section(phrase("contested", lang))
    for about, others in contests(data, lang):
        yield f"- ≠ {escape(about)}"
        yield from (f"  - {escape(other)}" for other in others)
    if data["missing"]:
        yield from _heading("facts_missing", lang)
    for ask in data["missing"]:
        yield f"- **{escape(ask['path'])}** {escape(ask['question'][lang])}"
        yield from (f"  - {escape(say_matter(matter, lang))}" for matter in ask.get("about", ()))
    yield from _heading("routes", lang)
    for service in data["services"]:
        yield from _service(service, lang)
    if data["denials"]:
        yield from _heading("besides", lang)
    for denial in data["denials"]:
        yield f"- ✘ {escape(denial['message'][lang])} [{escape(law_of(denial, lang))}]"
    yield from _differences(data, lang)
    if data["margins"]:
        yield from _heading("margins", lang)
    for margin in data["margins"]:
        mark = _VALUES[margin["safe"]]
        yield f"- {mark} {escape(margin['text'][lang])} [{escape(margin['law'][lang])}]"
    yield ""
    yield f"<sub>{say('not_advice', lang)}</sub>"


def _heading(key: str, lang: Language, **values: str) -> Iterator[str]:
    yield from section(say(key, lang, **values))


def _service(service: Data, lang: Language) -> Iterator[str]:
    if not service["activities"]:
        state = service["state"]
        text = say("not_telecom", lang) if state == "not-telecom" else word(STATES, state, lang)
        yield f"- **{escape(service['id'])}** {text}"
    for activity in service["activities"]:
        outcome = word(VERDICTS, activity["outcome"], lang)
        yield f"- **{escape(service['id'])}** {escape(activity['title'][lang])}{joint('colon', lang)}{outcome}"
        if not activity["routes"]:
            yield f"  - {say('no_routes', lang)}"
        for route in activity["routes"]:
            yield from _route(route, lang)


def _route(route: Data, lang: Language) -> Iterator[str]:
    goal = say("leads_to", lang, instrument=route["instrument"]["title"][lang])
    state = word(STATES, route["state"], lang)
    title, law = escape(route["title"][lang]), escape(law_of(route, lang))
    yield f"  - {_MARKS[route['state']]} **{title}**{joint('colon', lang)}{state} · {escape(goal)} [{law}]"
    if route["max_foreign_percent"] is not None:
        cap = say("share", lang, percent=number(route["max_foreign_percent"]))
        yield f"    - {_VALUES[route['share_met']]} {escape(cap)}"
    for condition in route["conditions"]:
        yield f"    - {_VALUES[condition['value']]} {escape(condition['message'][lang])}"


def _differences(data: Data, lang: Language) -> Iterator[str]:
    goal, search = data["goal"], data["search"]
    if goal is None:
        yield ""
        yield say(nothing_better(data), lang)
        return
    yield from _heading("differences", lang, word=reached(data, lang))
    if not data["proposals"]:
        yield say("none_known" if data["missing"] else "none", lang)
    for position, proposal in enumerate(data["proposals"], start=1):
        yield from _proposal(f"{position}.", proposal, lang)
    if data["undecided"]:
        yield from _heading("differences_open", lang)
    for proposal in data["undecided"]:
        yield from _proposal("-", proposal, lang)
    if told := unstated(data, lang):
        yield ""
        yield escape(told)
    yield ""
    yield f"<sub>{bound(search, lang)}</sub>"


def _proposal(sign: str, proposal: Data, lang: Language) -> Iterator[str]:
    yield f"{sign} **{escape(joined(proposal, lang))}** · {say('cost', lang, cost=proposal['cost'])}"
    colon = ": " if lang == "en" else "："
    for one in proposal["differences"]:
        yield f"   - {escape(one['title'][lang])}{colon}{escape(one['from'][lang])} → {escape(one['to'][lang])}"
    decided = word(VERDICTS, proposal["decision"], lang)
    for position, line in enumerate(then(proposal, lang, decided)):
        yield f"   - {'' if position else '= '}{escape(line)}"
