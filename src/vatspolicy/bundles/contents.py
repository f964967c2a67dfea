"""The law in a bundle as a list to read or to search: policies, rules, days, citations and facts."""

from __future__ import annotations

from dataclasses import dataclass

from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import NEVER, Policy, Rule
from vatspolicy.core.policies.reads import facts_of
from vatspolicy.i18n import LocalizedText


@dataclass(frozen=True)
class ListedRule:
    """A rule of a policy, with its citations and inputs."""

    id: str
    effect: str
    since: str
    """First day in force, ISO."""
    until: str | None
    """First day no longer in force, ISO; None without end."""
    cite: tuple[str, ...]
    """Keys of the articles that the rule and its conditions cite."""
    facts: tuple[str, ...]
    """Paths of the facts that its expressions read, sorted."""


@dataclass(frozen=True)
class ListedArticle:
    """An article of a policy."""

    key: str
    verification: str
    url: str | None


@dataclass(frozen=True)
class ListedPolicy:
    """A policy of a bundle."""

    id: str
    version: str
    title: LocalizedText
    number: str | None
    """Number of the document; None if it has none."""
    since: str
    until: str | None
    instruments: tuple[str, ...]
    articles: tuple[ListedArticle, ...]
    rules: tuple[ListedRule, ...]


def list_policies(bundle: Bundle) -> tuple[ListedPolicy, ...]:
    """Return the policies of a bundle, by id."""
    return tuple(_list_policy(policy) for _, policy in sorted(bundle.policies.items()))


def _list_policy(policy: Policy) -> ListedPolicy:
    articles = policy.articles.values()
    return ListedPolicy(
        id=policy.id,
        version=policy.version,
        title=policy.title,
        number=policy.source.get("number"),
        since=policy.since,
        until=_end(policy.until),
        instruments=tuple(sorted(policy.instruments)),
        articles=tuple(ListedArticle(article.key, article.verification, article.address) for article in articles),
        rules=tuple(map(_list_rule, policy.rules)),
    )


def _list_rule(rule: Rule) -> ListedRule:
    cite = dict.fromkeys((*rule.cite, *(key for condition in rule.conditions for key in condition.cite)))
    facts = {path for expression in rule.expressions for path in facts_of(expression.tree)}
    return ListedRule(rule.id, rule.kind, rule.since, _end(rule.until), tuple(cite), tuple(sorted(facts)))


def _end(day: str) -> str | None:
    return None if day == NEVER else day
