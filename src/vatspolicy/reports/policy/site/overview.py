"""Pages over all policies of the site: the index by topic and by authority, and the calendar of changes."""

from __future__ import annotations

from urllib.parse import quote

from vatspolicy.core.profile.vocabulary import label
from vatspolicy.i18n import Phrase
from vatspolicy.i18n.words import joint
from vatspolicy.reports.formats.html_page import Entry, place_entries
from vatspolicy.reports.policy.index import (
    TOPICS,
    Changes,
    days_of_change,
    instruments_by_authority,
    policies_by_topic,
)
from vatspolicy.reports.policy.site.site import Site

EXAMPLES = Phrase("SaaS, web shop, IoT, cosmetics, Beijing")
"""Searches that the index proposes, as a list: each begins with an ordinary word."""


def index_page(site: Site) -> str:
    """Render the index of policies by topic, and of instruments by authority."""
    policies = site.bundle.policies.values()
    topics = [(topic, site.text(TOPICS[topic]), members) for topic, members in policies_by_topic(site.bundle).items()]
    authorities = [
        (body, site.text(label("authority", body)), items)
        for body, items in instruments_by_authority(site.bundle).items()
    ]
    toc: list[Entry] = [
        (site.say("by_topic"), "_topics", [(title, f"topic-{topic}") for topic, title, _ in topics]),
        (site.say("by_authority"), "_authorities", ()),
    ]
    lead = site.say(
        "index_lead",
        policies=len(policies),
        rules=sum(len(policy.rules) for policy in policies),
        first=site.bundle.covers_from,
    )
    words = EXAMPLES[site.lang].split(joint("list", site.lang))
    examples = [(text, f"search.html#q={quote(text)}") for text in words]
    return site.page(
        "site/index.html.j2",
        "index",
        site.say("site"),
        toc,
        authorities=authorities,
        examples=examples,
        lead=lead,
        topics=topics,
    )


def calendar_page(site: Site) -> str:
    """Render the days on which decisions change, newest first, with the changes."""
    years: dict[str, list[tuple[str, list[Changes]]]] = {}
    for day, changes in days_of_change(site.bundle):
        years.setdefault(day[:4], []).append((day, changes))
    toc = place_entries((year, f"year-{year}") for year in years)
    return site.page("site/calendar.html.j2", "calendar", site.say("calendar"), toc, years=years)
