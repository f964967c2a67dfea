"""The search of the site: an index of everything that has a place, and the page that searches it where it is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from vatspolicy.core.cel.ast import Literal, walk
from vatspolicy.core.documents.words import Word
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Parameter, Rule
from vatspolicy.core.profile.vocabulary import describe, fact_schemas, words_of
from vatspolicy.i18n import LocalizedText
from vatspolicy.reports.policy.site.site import Site, asset

KINDS = ("policy", "article", "classify", "deny", "need", "route", "duty", "advise", "instrument", "parameter", "term")
"""Kinds of places; an entry of the index names its kind by position."""


class Entry(NamedTuple):
    """One place of the site, as the index lists it."""

    kind: int
    """Its position in KINDS."""
    policy: int
    place: str
    """Its anchor on the page of the policy; empty for the policy itself."""
    title_en: str
    title_zh: str
    text_en: str
    text_zh: str
    values: tuple[int, ...] = ()
    """Positions of the values that its expressions name."""


Values = Mapping[str, int]
"""Positions of values of a spec in the index, by their codes."""


def search_page(site: Site) -> str:
    """Render the page with its index of words in both languages."""
    phrases = {key: site.say(f"search_{key}") for key in ("none", "found", "some", "about")}
    bundle = site.bundle
    named = list_values(bundle)
    positions = {value: position for position, value in enumerate(named)}
    data = {
        "kinds": [site.say(kind) for kind in KINDS],
        "language": site.lang == "zh",
        "policies": [[policy.id, policy.title["en"], policy.title["zh"]] for policy in bundle.policies.values()],
        "entries": list(entries(bundle, positions)),
        "values": [_value(words) for words in named.values()],
        "phrases": phrases,
    }
    return site.page("site/search.html.j2", "search", site.say("search"), index=data, script=asset("search.js"))


def list_values(bundle: Bundle) -> dict[str, list[Word]]:
    """Return the values of a spec that the law names, by code. Two facts may share a code."""
    known: dict[str, list[Word]] = {}
    for path, _ in fact_schemas(bundle.schemas):
        for word in words_of(_with_members(path, bundle), bundle.schemas):
            if word.name and word not in known.setdefault(word.value, []):
                known[word.value].append(word)
    named = {value for policy in bundle.policies.values() for rule in policy.rules for value in _named(rule, bundle)}
    return {value: words for value, words in known.items() if value in named}


def _with_members(path: tuple[str, ...], bundle: Bundle) -> tuple[str | int, ...]:
    """Return the path of a fact with a place in every list on the way to it."""
    found: tuple[str | int, ...] = ()
    for step in path:
        if found and describe(found, bundle.schemas).get("type") == "array":
            found = (*found, 0)
        found = (*found, step)
    return found


def _value(words: Iterable[Word]) -> list[str]:
    """Return the labels (en, zh) and all names of a value."""
    words = list(words)
    name = words[0].name or {"en": words[0].value, "zh": words[0].value}
    return [name["en"], name["zh"], "\n".join(dict.fromkeys(name for word in words for name in word.names))]


def _named(rule: Rule, bundle: Bundle) -> set[str]:
    """Return the strings that a rule names, in its expressions or by the parameters that these read."""
    found = {
        text
        for each in rule.expressions
        for node in walk(each.tree)
        if isinstance(node, Literal)
        for text in _strings(node.value)
    }
    for key in rule.parameters:
        policy, _, name = key.partition("/")
        found |= _listed(bundle.policies[policy].parameters[name])
    return found


def _listed(parameter: Parameter) -> set[str]:
    return {text for value in parameter.values for text in _strings(value.value)}


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for child in value:
            yield from _strings(child)


def entries(bundle: Bundle, values: Values) -> Iterator[Entry]:
    """Everything that has a place on the site, policy by policy."""
    for position, policy in enumerate(bundle.policies.values()):

        def entry(kind: str, place: str, title: LocalizedText, en: str = "", zh: str = "", at: int = position) -> Entry:
            return Entry(KINDS.index(kind), at, place, title["en"], title["zh"], en, zh)

        def naming(found: Entry, strings: set[str]) -> Entry:
            return found._replace(values=tuple(sorted(values[value] for value in strings if value in values)))

        number = policy.source.get("number", "")
        yield entry("policy", "", policy.title, f"{policy.id} {number}".strip())
        for key, article in policy.articles.items():
            yield entry("article", f"article-{key}", article.label, article.en, article.zh or "")
        for rule in policy.rules:
            found = entry(rule.kind, rule.id, {"en": rule.id, "zh": rule.id}, rule.message["en"], rule.message["zh"])
            yield naming(found, _named(rule, bundle))
        for instrument in policy.instruments.values():
            yield entry("instrument", f"instrument-{instrument.id}", instrument.title, instrument.id)
        for key, parameter in policy.parameters.items():
            found = entry("parameter", f"parameter-{key}", parameter.title or {"en": key, "zh": key}, key)
            yield naming(found, _listed(parameter))
        for key in policy.terms:
            yield entry("term", f"term-{key}", {"en": key, "zh": key})
