"""Pages over all policies of the site: the index by topic and by authority, and the calendar of changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from vatspolicy.policies.model import NEVER, Instrument, Policy
from vatspolicy.profile.vocabulary import label
from vatspolicy.reports.formats.html import Content, Html, join, link, tag
from vatspolicy.reports.formats.html_page import badge, contents, foreign, table
from vatspolicy.reports.policy.index import (
    TOPICS,
    Changes,
    days_of_change,
    instruments_by_authority,
    members_changed,
    policies_by_topic,
)
from vatspolicy.reports.policy.site.site import Site

EXAMPLES = {
    "en": ("SaaS", "web shop", "IoT", "cosmetics", "Beijing"),
    "zh": ("网店", "聊天机器人", "物联网", "化妆品", "北京"),
}
"""Searches that the index proposes."""


def index_page(site: Site) -> str:
    """Render the index of policies by topic, and of instruments by authority."""
    policies = site.bundle.policies.values()
    lead = site.say(
        "index_lead",
        policies=len(policies),
        rules=sum(len(policy.rules) for policy in policies),
        first=site.bundle.covers_from,
    )
    shown = policies_by_topic(site.bundle)
    handled = list(_handled(site))
    toc = contents(
        [
            (site.say("by_topic"), "_topics", [(site.text(TOPICS[topic]), f"topic-{topic}") for topic in shown]),
            (site.say("by_authority"), "_authorities", ()),
        ]
    )
    body: Content = [
        tag("h1", site.say("site")),
        tag("p", site.say("home"), class_="lead"),
        tag("p", site.say("home_search"), " ", join(*_examples(site), between=site.comma), class_="lead-search"),
        tag("p", lead),
        tag("p", site.say("index_where"), class_="soft"),
        tag("h2", site.say("by_topic"), id="_topics"),
        [_topic(site, topic, members) for topic, members in shown.items()],
        tag("h2", site.say("by_authority"), id="_authorities"),
        handled,
    ]
    return site.page("index", site.say("site"), body, toc)


def _examples(site: Site) -> list[Html]:
    """Return links to searches that begin with an ordinary word."""
    return [link(text, f"search.html#q={quote(text)}") for text in EXAMPLES[site.lang]]


def _topic(site: Site, topic: str, members: list[Policy]) -> Html:
    rows: list[list[Content]] = []
    for policy in members:
        ended: Content = [" ", badge(site.say("ended"))] if policy.until != NEVER else None
        number = policy.source.get("number")
        rows.append(
            [
                [site.policy_link(policy), ended],
                foreign(number, "zh") if number else None,
                site.period(policy.since, policy.until),
                len(policy.rules),
            ]
        )
    title = site.text(TOPICS[topic])
    head = [site.say(key) for key in ("policy", "number", "in_force", "rules")]
    return tag("section", tag("h3", title, id=f"topic-{topic}"), table(title, head, rows, titled=True), class_="topic")


def _handled(site: Site) -> Iterator[Html]:
    for body, items in instruments_by_authority(site.bundle).items():
        entries = [_instrument(site, one, always) for one, always in items]
        title = site.text(label("authority", body))
        yield tag("section", tag("h3", title, id=f"authority-{body}"), tag("ul", entries))


def _instrument(site: Site, item: Instrument, always: bool) -> Html:
    policy = site.bundle.policies[item.policy]
    name = link(site.text(item.title), f"{policy.id}.html#instrument-{item.id}")
    some = None if always else site.aside(site.say("in_some"))
    return tag("li", name, some, site.colon, tag("span", site.text(policy.title), class_="soft"))


def calendar_page(site: Site) -> str:
    """Render the days on which decisions change, newest first, with the changes."""
    years: dict[str, list[Html]] = {}
    for day, changes in days_of_change(site.bundle):
        items = [
            tag("li", site.policy_link(found.policy), tag("ul", [tag("li", one) for one in _details(site, found)]))
            for found in changes
        ]
        years.setdefault(day[:4], []).append(
            tag(
                "section",
                tag("h3", tag("time", day, datetime=day), id=f"day-{day}"),
                tag("ul", items, class_="changes"),
            )
        )
    body: Content = [
        tag("h1", site.say("calendar")),
        tag("p", site.say("calendar_lead", first=site.bundle.covers_from)),
        [tag("section", tag("h2", year, id=f"year-{year}"), days) for year, days in years.items()],
    ]
    return site.page("calendar", site.say("calendar"), body, contents((year, f"year-{year}", ()) for year in years))


def _details(site: Site, found: Changes) -> Iterator[Html]:
    if found.begins is not None:
        earlier = [site.policy_link(site.bundle.policies[id]) for id in found.policy.supersedes]
        before = join(site.say("in_place_of"), join(*earlier, between=site.comma)) if earlier else None
        yield join(badge(site.say("begins"), "good"), " ", _rules(site, found.begins), before)
    if found.ends is not None:
        yield join(badge(site.say("ends"), "bad"), " ", _rules(site, found.ends))
    for edition in found.editions:
        yield join(badge(site.say("edition")), " ", foreign(edition.number, "zh"))
    for rule, begins in found.rules:
        word = badge(site.say("begins"), "good") if begins else badge(site.say("ends"), "bad")
        yield join(word, " ", link(tag("code", rule.id), f"{rule.policy}.html#{rule.id}"), " ", site.text(rule.message))
    for name, before_value, after in found.values:
        place = link(tag("code", name), f"{found.policy.id}.html#parameter-{name}")
        yield join(place, site.colon, _difference(site, before_value, after))


def _rules(site: Site, count: int) -> str:
    return site.say("one_rule") if count == 1 else site.say("many_rules", count=count)


def _difference(site: Site, before: Any, after: Any) -> Html:
    """Render the effect of a new value: members added and removed, or the old and the new value."""
    members = members_changed(before, after)
    if members is None:
        old, new = (json.dumps(value, ensure_ascii=False) for value in (before, after))
        return join(tag("del", tag("code", old)), " → ", tag("ins", tag("code", new)))
    parts = [
        join(site.say(word), join(*(tag(name, tag("code", member)) for member in found), between=site.comma))
        for word, name, found in (("with", "ins", members[0]), ("without", "del", members[1]))
        if found
    ]
    return join(*parts, between=site.semicolon) if parts else join(site.say("new_order"))
