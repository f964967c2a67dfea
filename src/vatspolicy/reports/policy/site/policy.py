"""The page of a policy, and of a rule: its words, its numbers, and every rule under its first article."""

from __future__ import annotations

from functools import partial
from typing import TypedDict
from urllib.parse import urlsplit

from vatspolicy.core.policies.wording import describe_effect, describe_readings
from vatspolicy.reports.formats.html import escape_json
from vatspolicy.reports.formats.html_page import Entry, place_entries
from vatspolicy.reports.policy.index import TOPICS
from vatspolicy.reports.policy.lookup import list_cases
from vatspolicy.reports.policy.page import PolicyPage, RulePart, one_line
from vatspolicy.reports.policy.site.legislation import describe_legislation
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
        **_values(site, page),
        TOPICS=TOPICS,
        legislation=escape_json(describe_legislation(page)),
        host=urlsplit(page.url).hostname or page.url if page.url else "",
        one_line=one_line,
        rule_heading="h4",
    )


def rule_page(site: Site, rule: RulePart) -> str:
    """Return a page of one rule, with its law and those who rely on it."""
    cited = dict.fromkeys([*rule.rule.cite, *(key for one in rule.conditions for key in one.cite)])
    cases = list_cases(rule)
    shown = {"law": cited, "reads": rule.parameters_read, "relies": rule.counterparts, "tests": cases}
    return site.page(
        "site/rule-page.html.j2",
        rule.rule.id,
        rule.rule.name,
        place_entries((site.say(key), f"_{key}") for key, content in shown.items() if content),
        **_values(site, rule.page),
        articles=[rule.page.policy.articles[key] for key in cited],
        cases=cases,
        place=f"{rule.page.file}:{rule.rule.line}",
        rule=rule,
        rule_heading="",
    )


class _Values(TypedDict):
    """Values that the template of a rule uses."""

    describe_readings: object
    effect: object
    kinds: object
    page: PolicyPage


def _values(site: Site, page: PolicyPage) -> _Values:
    """Return what the template of a rule uses."""
    return {
        "describe_readings": describe_readings,
        "effect": partial(describe_effect, site.bundle, lang=site.lang),
        "kinds": _TONES,
        "page": page,
    }
