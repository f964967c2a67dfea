"""The rulebook as a site: the same self-contained pages in English and Chinese, for a disk or a server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import quote, urlsplit

from markupsafe import Markup

from vatspolicy.core.cel.ast import Literal as Constant
from vatspolicy.core.cel.ast import Node, walk
from vatspolicy.core.documents.word_search import Word
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.expression_wording import Marks, Wording
from vatspolicy.core.policies.model import ALWAYS, NEVER, Article, Instrument, Parameter, Policy, Rule
from vatspolicy.core.policies.wording import describe_effect, describe_readings
from vatspolicy.core.profile.vocabulary import describe, fact_schemas, label, words_of
from vatspolicy.i18n import Language, LocalizedText, Phrase
from vatspolicy.i18n.words import count, joint
from vatspolicy.reports.formats.html_words import PageWords
from vatspolicy.reports.formats.templating import (
    Entry,
    Frame,
    escape_json,
    place_entries,
    read_asset,
    render_page,
    trust,
)
from vatspolicy.reports.policy.page import (
    MARK,
    TOPICS,
    Changes,
    Pages,
    PolicyPage,
    RulePart,
    Terms,
    days_of_change,
    find,
    instruments_by_authority,
    list_cases,
    one_line,
    policies_by_topic,
)
from vatspolicy.reports.policy.words import COUNTS, say
from vatspolicy.reports.printers.escapes import escape_html
from vatspolicy.reports.words import OWN_NAME

if TYPE_CHECKING:
    from vatspolicy.guidance.access_matrix import Matrix


OVERVIEWS = ("index", "calendar", "search", "matrix")
"""Pages that do not belong to a policy."""
LICENSE = "Apache-2.0"
"""License of the rules and of their pages."""
FOLDERS = {"en": "", "zh": "zh/"}
"""Folders of pages by language."""
DECIDING = ("decide/index.html", "../decide/zh.html")
"""Address of the page that decides, if the site has it, from the pages of each language."""
_TONES = {"deny": "bad", "need": "warn", "route": "good", "duty": "ask"}
"""Colors of kinds of rules."""
MARKS = Marks(escape_html, lambda text: f"<em>{escape_html(text)}</em>")


Scope = Literal["site", "policy", "rule"]
"""Extent of a page: part of the site, only a policy, or only a rule. A self-contained page does not link to others."""


class PolicySite(PageWords):
    """The site in one language, or a page of it that is self-contained."""

    def __init__(
        self, bundle: Bundle, lang: Language, matrix: bool = False, scope: Scope = "site", decides: bool = False
    ) -> None:
        super().__init__(lang)
        self.bundle, self.scope = bundle, scope
        self.is_alone = scope != "site"
        self.overviews = [name for name in OVERVIEWS if matrix or name != "matrix"]
        self.away: Language = "zh" if lang == "en" else "en"
        self.say: Callable[..., str] = partial(say, lang=lang)
        self.page_that_decides = [(self.say("decide"), DECIDING[lang == "zh"])] if decides else []

    def count(self, key: str, n: int) -> str:
        """Return a number with its unit."""
        return count(COUNTS, key, n, self.lang)

    def fill(self, key: str, **values: Markup) -> Markup:
        """Return a phrase of the site around markup. Phrases themselves do not contain markup."""
        return trust(self.say(key, **values))

    def is_away(self, text: str) -> bool:
        """Return True for a remark in English on a Chinese page: policies have remarks in one language only."""
        return self.lang == "zh" and not re.search("[\u3400-\u9fff]", text)

    def both_languages(self, article: Article) -> list[tuple[Language, str]]:
        """Return the words of an article in each language that has them, that of the site first."""
        words = {"en": article.en, "zh": article.zh}
        return [(lang, text) for lang in (self.lang, self.away) if (text := words[lang])]

    def title_of(self, name: str) -> str:
        """Return the title of an overview."""
        return self.say("site" if name == "index" else name)

    def page(
        self,
        template: str,
        name: str,
        title: str,
        toc: Sequence[Entry] = (),
        style: str = "",
        script: str = "",
        wide: bool = False,
        **values: object,
    ) -> str:
        """Render a page. `name` is that of its file without the ending."""
        footer = self.say("foot_known", day=self.bundle.known_until) if self.bundle.known_until else ""
        end = self.say(
            "foot", version=self.bundle.version, digest=self.bundle.digest[:12], known=footer, license=LICENSE
        )
        is_index, css = name == "index", read_asset("site.css", __file__) + style
        frame = Frame(
            title if is_index else f"{title} · {self.say('site')}",
            self.lang,
            style=css,
            script=script,
            nav=[
                *((self.title_of(view), "" if view == name else f"{view}.html") for view in self.overviews),
                *self.page_that_decides,
            ],
            crumbs=[] if is_index else [(self.say("site"), "index.html"), (title, "")],
            other=(OWN_NAME[self.away], f"zh/{name}.html" if self.lang == "en" else f"../{name}.html"),
            toc=toc,
            end=end,
            wide=wide,
            made_by=MARK.removeprefix("<!-- ").removesuffix(" -->"),
            home="index.html",
        )
        if self.is_alone:
            frame = Frame(title, self.lang, style=css, toc=toc, end=end)
        rules = {
            "describe_readings": partial(describe_readings, self.bundle),
            "effect": partial(describe_effect, self.bundle, lang=self.lang),
            "kinds": _TONES,
        }
        return render_page(template, frame, heads=self.heads, site=self, **rules, **values)

    def heads(self, *keys: str) -> list[str]:
        """Return the heads of a table."""
        return [self.say(key) for key in keys]

    def policies(self, ids: Iterable[str]) -> list[Policy]:
        """Return policies by their ids."""
        return [self.bundle.policies[id] for id in ids]

    # --- addresses

    def instrument_address(self, instrument: Instrument | None, here: Policy) -> str:
        """Return the address of an instrument in the table of its policy; empty outside the site."""
        if instrument is None or self.scope == "rule" or (self.is_alone and instrument.policy != here.id):
            return ""
        return f"{'' if instrument.policy == here.id else instrument.policy + '.html'}#instrument-{instrument.id}"

    # --- words

    def period(self, since: str, until: str) -> str:
        """Return a period in words."""
        return self.say("since", since=since) if until == NEVER else self.say("period", since=since, until=until)

    def names_of(self, names: Sequence[str]) -> str:
        """Return the names of authorities."""
        return joint("names", self.lang).join(self.text(label("authority", name)) for name in names)

    def has_ended(self, policy: Policy) -> bool:
        """Return True for a policy whose last day is known."""
        return policy.until != NEVER

    def authority(self, instrument: Instrument) -> list[tuple[Markup | None, str]]:
        """Return the authorities of an instrument, each with the remark when it is competent, unless it always is."""
        return [(self._remark(condition.tree), self.names_of(names)) for condition, names in instrument.authority]

    def _remark(self, condition: Node) -> Markup | None:
        if isinstance(condition, Constant):
            return None
        return trust(self.aside(self.fill("if", condition=self.clause(condition))))

    def clause(self, tree: Node) -> Markup:
        """Return an expression in words. `Wording` escapes every text by MARKS and adds only safe text."""
        return trust(self.wording.say(tree))

    @cached_property
    def wording(self) -> Wording:
        """Wording of expressions, as HTML."""
        return Wording(self.bundle, self.lang, MARKS)


# --- a regulation as linked data: `Legislation` of schema.org, with nothing but what the policy states


def describe_legislation(page: PolicyPage) -> dict[str, object]:
    """Return the regulation behind a policy: names, number, issuer, days, address, and its predecessors."""
    policy = page.policy
    legislation: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "Legislation",
        "identifier": policy.id,
        "name": [
            {"@language": "en", "@value": policy.title["en"]},
            {"@language": "zh-CN", "@value": policy.title["zh"]},
        ],
        "inLanguage": "zh-CN",
        "legislationJurisdiction": {"@type": "Country", "name": "CN"},
        "legislationPassedBy": {"@type": "GovernmentOrganization", "name": policy.source["issuer"]["zh"]},
        "temporalCoverage": f"{_day(policy.since, ALWAYS)}/{_day(policy.until, NEVER)}",
        "version": policy.version,
    }
    stated = {
        "legislationIdentifier": policy.source.get("number"),
        "legislationDate": policy.source.get("promulgated"),
        "legislationDateOfApplicability": policy.since if policy.since != ALWAYS else None,
        "sameAs": policy.source.get("url"),
    }
    legislation |= {key: value for key, value in stated.items() if value}
    earlier = [old for old in page.chain if old.id in policy.supersedes]
    if earlier:
        legislation["legislationRepeals"] = [
            {"@type": "Legislation", "identifier": old.id, "name": old.title["zh"]} for old in earlier
        ]
    return legislation


def _day(day: str, open_end: str) -> str:
    """Return a day of a period of ISO 8601; two dots for an end that is open."""
    return ".." if day == open_end else day


# --- the pages of a policy and of a rule


def policy_page(site: PolicySite, page: PolicyPage) -> str:
    """Return the page of one policy."""
    policy, url = page.policy, page.policy.source.get("url") or ""
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
        page=page,
        TOPICS=TOPICS,
        legislation=escape_json(describe_legislation(page)),
        host=urlsplit(url).hostname or url,
        one_line=one_line,
        rule_heading="h4",
    )


def rule_page(site: PolicySite, rule: RulePart) -> str:
    """Return a page of one rule, with its law and its dependents."""
    cited = dict.fromkeys([*rule.rule.cite, *(key for condition in rule.rule.conditions for key in condition.cite)])
    cases = list_cases(rule)
    shown = {"law": cited, "reads": rule.parameters_read, "relies": rule.counterparts, "tests": cases}
    return site.page(
        "site/rule-page.html.j2",
        rule.rule.id,
        rule.rule.name,
        place_entries((site.say(key), f"_{key}") for key, content in shown.items() if content),
        page=rule.page,
        articles=[rule.page.policy.articles[key] for key in cited],
        cases=cases,
        place=f"{rule.page.file}:{rule.rule.line}",
        rule=rule,
        rule_heading="",
    )


# --- the index and the calendar


EXAMPLES = Phrase("SaaS, web shop, IoT, cosmetics, Beijing")
"""Example searches on the index page, each beginning with an ordinary word."""


def index_page(site: PolicySite) -> str:
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


def calendar_page(site: PolicySite) -> str:
    """Render the days on which decisions change, newest first, with the changes."""
    years: dict[str, list[tuple[str, list[Changes]]]] = {}
    for day, changes in days_of_change(site.bundle):
        years.setdefault(day[:4], []).append((day, changes))
    toc = place_entries((year, f"year-{year}") for year in years)
    return site.page("site/calendar.html.j2", "calendar", site.say("calendar"), toc, years=years)


# --- the matrix of access on one day


TABLES = ("regimes", "places")


def access_tables(bundle: Bundle, day: str) -> list[Matrix]:
    """Return the tables of a day, the same for both languages."""
    from vatspolicy.guidance.access_matrix import build_matrix

    return [build_matrix(bundle, day, by=kind) for kind in TABLES]


def matrix_page(site: PolicySite, tables: Sequence[Matrix]) -> str:
    """Render all tables on one page."""
    from vatspolicy.reports.access_matrix.render import fragment, heading, read_style

    parts = [
        (heading(table, site.lang), f"table-{table.by}", fragment(table, site.lang, f"matrix-{table.by}"))
        for table in tables
    ]
    return site.page(
        "site/matrix.html.j2",
        "matrix",
        site.say("matrix"),
        place_entries((title, id) for title, id, _ in parts),
        day=tables[0].as_of,
        style=read_style(),
        tables=parts,
        wide=True,
    )


# --- the search: an index of everything that has a place, and its page


KINDS = ("policy", "article", "classify", "deny", "need", "route", "duty", "advise", "instrument", "parameter", "term")
"""Kinds of places; an entry of the index names its kind by position."""


class SearchEntry(NamedTuple):
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


def search_page(site: PolicySite) -> str:
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
    return site.page(
        "site/search.html.j2", "search", site.say("search"), index=data, script=read_asset("search.js", __file__)
    )


def list_values(bundle: Bundle) -> dict[str, list[Word]]:
    """Return the values of a spec used in the law, by code. Two facts may share a code."""
    by_value: dict[str, list[Word]] = {}
    for path, _ in fact_schemas(bundle.schemas):
        for word in words_of(_with_members(path, bundle), bundle.schemas):
            if word.name and word not in by_value.setdefault(word.value, []):
                by_value[word.value].append(word)
    named = {value for policy in bundle.policies.values() for rule in policy.rules for value in _named(rule, bundle)}
    return {value: words for value, words in by_value.items() if value in named}


def _with_members(path: tuple[str, ...], bundle: Bundle) -> tuple[str | int, ...]:
    """Return the path of a fact with a place in every list on the way to it."""
    full: tuple[str | int, ...] = ()
    for step in path:
        if full and describe(full, bundle.schemas).get("type") == "array":
            full = (*full, 0)
        full = (*full, step)
    return full


def _value(words: Iterable[Word]) -> list[str]:
    """Return the labels (en, zh) and all names of a value."""
    words = list(words)
    name = words[0].name or {"en": words[0].value, "zh": words[0].value}
    return [name["en"], name["zh"], "\n".join(dict.fromkeys(name for word in words for name in word.names))]


def _named(rule: Rule, bundle: Bundle) -> set[str]:
    """Return the strings of a rule, in its expressions or in the parameters that these read."""
    values = {
        text
        for each in rule.expressions
        for node in walk(each.tree)
        if isinstance(node, Constant)
        for text in _strings(node.value)
    }
    for key in rule.parameters:
        policy, _, name = key.partition("/")
        values |= _listed(bundle.policies[policy].parameters[name])
    return values


def _listed(parameter: Parameter) -> set[str]:
    return {text for value in parameter.values for text in _strings(value.value)}


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for child in value:
            yield from _strings(child)


def entries(bundle: Bundle, values: Values) -> Iterator[SearchEntry]:
    """Every place on the site, by policy."""
    for position, policy in enumerate(bundle.policies.values()):

        def entry(
            kind: str, place: str, title: LocalizedText, en: str = "", zh: str = "", at: int = position
        ) -> SearchEntry:
            return SearchEntry(KINDS.index(kind), at, place, title["en"], title["zh"], en, zh)

        def naming(entry: SearchEntry, strings: set[str]) -> SearchEntry:
            return entry._replace(values=tuple(sorted(values[value] for value in strings if value in values)))

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


# --- the whole site


LANGUAGES: tuple[Language, Language] = ("en", "zh")


def explain_page(bundle: Bundle, name: str, lang: Language) -> str:
    """Render the page of a policy, or of a rule as policy/rule, that is self-contained.

    Raises:
        KeyError: The name is unknown; with a message.
    """
    page = find(bundle, name)
    if isinstance(page, PolicyPage):
        return policy_page(PolicySite(bundle, lang, scope="policy"), page)
    return rule_page(PolicySite(bundle, lang, scope="rule"), page)


def make_site(bundle: Bundle, terms: Terms, day: str | None = None, decides: bool = False) -> Pages:
    """Render all pages by path: English ones at the top, Chinese ones under zh/, under the same names.

    `day` is that of the access matrix, which is omitted without one. `decides`: the site has the page that decides.
    """
    tables = access_tables(bundle, day) if day else []
    pages: Pages = {}
    for lang in LANGUAGES:
        site, folder = PolicySite(bundle, lang, matrix=bool(tables), decides=decides), FOLDERS[lang]
        pages[f"{folder}index.html"] = index_page(site)
        pages[f"{folder}calendar.html"] = calendar_page(site)
        pages[f"{folder}search.html"] = search_page(site)
        if tables:
            pages[f"{folder}matrix.html"] = matrix_page(site, tables)
        for policy in bundle.policies.values():
            pages[f"{folder}{policy.id}.html"] = policy_page(site, PolicyPage(bundle, policy, terms))
    return pages
