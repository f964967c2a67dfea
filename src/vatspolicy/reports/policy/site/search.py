"""The search of the site: an index of everything that has a place, and the page that searches it where it is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vatspolicy.policies.bundle import Bundle
from vatspolicy.profile.vocabulary import LocalizedText
from vatspolicy.reports.formats.html import data_block, link, tag
from vatspolicy.reports.policy.site.site import Site, asset

KINDS = ("policy", "article", "classify", "deny", "need", "route", "duty", "advise", "instrument", "parameter", "term")
"""Kinds of places; an entry of the index names its kind by position."""

Entry = list[Any]
"""Position of its kind, position of its policy, place on the page, titles (en, zh), texts (en, zh)."""


def search_page(site: Site) -> str:
    """Render the page with its index of words in both languages."""
    phrases = {key: site.say(f"search_{key}") for key in ("none", "found", "some")}
    bundle = site.bundle
    data = {
        "kinds": [site.say(kind) for kind in KINDS],
        "language": site.lang == "zh",
        "policies": [[policy.id, policy.title["en"], policy.title["zh"]] for policy in bundle.policies.values()],
        "entries": list(entries(bundle)),
        "phrases": phrases,
    }
    body = [
        tag("h1", site.say("search")),
        tag(
            "div",
            tag("label", site.say("search_label"), for_="_query"),
            tag("input", type="search", id="_query", autocomplete="off", spellcheck="false", aria_describedby="_hint"),
            tag("p", site.say("search_hint"), id="_hint", class_="soft"),
            role="search",
            class_="search",
        ),
        tag("noscript", tag("p", link(site.say("search_off"), "index.html"))),
        tag("p", id="_count", role="status"),
        tag("h2", site.say("search_results"), id="_results", hidden=True),
        tag("ol", id="_found", class_="results", aria_labelledby="_results"),
        data_block("_index", data),
    ]
    return site.page("search", site.say("search"), body, script=asset("search.js"))


def entries(bundle: Bundle) -> Iterator[Entry]:
    """Everything that has a place on the site, policy by policy."""
    for position, policy in enumerate(bundle.policies.values()):

        def entry(kind: str, place: str, title: LocalizedText, en: str = "", zh: str = "", at: int = position) -> Entry:
            return [KINDS.index(kind), at, place, title["en"], title["zh"], en, zh]

        number = policy.source.get("number", "")
        yield entry("policy", "", policy.title, f"{policy.id} {number}".strip())
        for key, article in policy.articles.items():
            yield entry("article", f"article-{key}", article.label, article.en, article.zh or "")
        for rule in policy.rules:
            yield entry(rule.kind, rule.id, {"en": rule.id, "zh": rule.id}, rule.message["en"], rule.message["zh"])
        for instrument in policy.instruments.values():
            yield entry("instrument", f"instrument-{instrument.id}", instrument.title, instrument.id)
        for key, parameter in policy.parameters.items():
            yield entry("parameter", f"parameter-{key}", parameter.title or {"en": key, "zh": key}, key)
        for key in policy.terms:
            yield entry("term", f"term-{key}", {"en": key, "zh": key})
