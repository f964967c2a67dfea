"""The page of a policy on the site: its words, its numbers, and every rule under its first article."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlsplit

from vatspolicy.policies.wording import describe_effect, describe_readings
from vatspolicy.reports.formats.html_page import Entry
from vatspolicy.reports.policy.index import TOPICS
from vatspolicy.reports.policy.page import PolicyPage, one_line
from vatspolicy.reports.policy.site.site import Site

_TONES = {"deny": "bad", "need": "warn", "route": "good", "duty": "ask"}


def policy_page(site: Site, page: PolicyPage) -> str:
    """Return the page of one policy."""
    policy = page.policy
    labels = [(site.text(article.label), f"article-{key}") for key, article in policy.articles.items()]
    shown = {
        "articles": policy.articles,
        "instruments": page.instruments,
        "parameters": page.parameters,
        "terms": page.defined_terms,
    }
    toc: list[Entry] = [
        (site.say(key), f"_{key}", labels if key == "articles" else ()) for key, content in shown.items() if content
    ]
    return site.page(
        "site/policy.html.j2",
        policy.id,
        site.text(policy.title),
        toc,
        TOPICS=TOPICS,
        describe_readings=describe_readings,
        effect=partial(describe_effect, site.bundle, lang=site.lang),
        host=urlsplit(page.url).hostname or page.url if page.url else "",
        kinds=_TONES,
        one_line=one_line,
        page=page,
    )
