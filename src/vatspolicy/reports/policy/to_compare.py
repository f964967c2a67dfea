"""Articles not yet compared with an official text, ordered by their dependent rules.

Whoever has a browser raises one in a few minutes: the page names its official address, the file that the text goes to,
and the command that compares the quote and notes hash and day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from vatspolicy.authoring.verification import issuer_of, short_title
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import VERIFICATIONS, Article, Policy, Rule
from vatspolicy.i18n import LocalizedText

_WEIGHED = ("deny", "need", "route", "classify", "duty", "advise")
"""Kinds of rules by priority for comparing their articles."""
_OFFICIAL = ".gov.cn"
_NAMED = 3
"""Maximum number of rules of a kind on a page."""


@dataclass(frozen=True)
class OpenArticle:
    """An article that is not primary."""

    policy: Policy
    article: Article
    rests: Mapping[str, tuple[Rule, ...]]
    """Dependent rules by kind: through a citation, a condition, or a value that they read."""

    @property
    def address(self) -> str | None:
        """Official address of its text, if known."""
        url = self.article.address
        host = None if url is None else urlsplit(url).hostname
        return url if host is not None and f".{host}".endswith(_OFFICIAL) else None

    @property
    def obtain(self) -> LocalizedText | None:
        """Who has its text; None if nothing says so."""
        return issuer_of(self.policy, self.article)

    @property
    def file(self) -> str:
        """Name of the file of the policy."""
        return f"{self.policy.id}.yaml"

    @property
    def text(self) -> str:
        """File name for the text, for `lint --texts`."""
        title = short_title(self.policy.title["zh"])
        return f"{title}({self.policy.source.get('promulgated') or self.policy.since}).md"

    @property
    def shown(self) -> list[tuple[str, tuple[Rule, ...], int]]:
        """Kinds with the rules that a page names, and how many more there are."""
        return [(kind, rules[:_NAMED], max(0, len(rules) - _NAMED)) for kind, rules in self.rests.items()]

    @property
    def weight(self) -> tuple[int, ...]:
        """Number of rules by kind, the weightiest kind first."""
        return tuple(len(self.rests.get(kind, ())) for kind in _WEIGHED)


def open_articles(bundle: Bundle) -> list[OpenArticle]:
    """Return the articles of rules that are not primary, those with the most denials first."""
    resting: dict[tuple[str, str], dict[str, dict[str, Rule]]] = {}
    for policy in bundle.policies.values():
        for rule in policy.rules:
            for cited in _rests_on(bundle, rule):
                resting.setdefault(cited, {}).setdefault(rule.kind, {})[rule.name] = rule
    articles = []
    for (id, key), kinds in resting.items():
        policy = bundle.policies[id]
        article = policy.articles[key]
        if article.verification != VERIFICATIONS[0]:
            rests = {kind: tuple(kinds[kind].values()) for kind in _WEIGHED if kind in kinds}
            articles.append(OpenArticle(policy, article, rests))
    order = list(bundle.policies)
    return sorted(articles, key=lambda article: ([-count for count in article.weight], order.index(article.policy.id)))


def group_by_address(articles: list[OpenArticle]) -> list[list[OpenArticle]]:
    """Return the articles with an official address by policy and address, in their order."""
    groups: dict[str, dict[str, list[OpenArticle]]] = {}
    for article in articles:
        if article.address is not None:
            groups.setdefault(article.policy.id, {}).setdefault(article.address, []).append(article)
    return [members for addresses in groups.values() for members in addresses.values()]


def count_by_address(bundle: Bundle) -> Counter[str]:
    """Return the number of articles by source: an official page, another page, a text, an issuer, or none of these."""
    count: Counter[str] = Counter()
    for policy in bundle.policies.values():
        for article in policy.articles.values():
            count[_whereabouts(policy, article)] += 1
    return count


def _whereabouts(policy: Policy, article: Article) -> str:
    if OpenArticle(policy, article, {}).address is not None:
        return "official"
    against = "" if article.verified is None else article.verified[1]
    if article.address or "://" in against:
        return "page"
    if against:
        return "text"
    return "none" if issuer_of(policy, article) is None else "issuer"


def _rests_on(bundle: Bundle, rule: Rule) -> Iterator[tuple[str, str]]:
    """Yield policy and key of each article behind a rule."""
    for cite in (rule.cite, *(condition.cite for condition in rule.conditions)):
        yield from ((rule.policy, key) for key in cite)
    for name in rule.parameters:
        owner, _, parameter = name.partition("/")
        for value in bundle.policies[owner].parameters[parameter].values:
            yield from ((owner, key) for key in value.cite)
