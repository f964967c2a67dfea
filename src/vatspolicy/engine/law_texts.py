"""Texts of the law for the data of decisions: citations, checks in words, deadlines, instruments, authorities.

A text depends on the rule and the day alone, so that one table serves every decision of a day. Nobody changes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from vatspolicy.engine.decision import LicenseOption
from vatspolicy.engine.record_parts import DEADLINES, copy_text, titled
from vatspolicy.i18n import Language
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.deadlines import deadline
from vatspolicy.policies.model import Article, Expression, Policy, Rule
from vatspolicy.policies.ruleset import RuleSet
from vatspolicy.profile.vocabulary import LocalizedText, label

if TYPE_CHECKING:
    from typing import Any

    from vatspolicy.policies.expression_wording import Wording


@dataclass(frozen=True, eq=False)
class _Table:
    """Texts of one day."""

    checks: dict[tuple[int, Language], str] = field(default_factory=dict)
    """Checks in words by the index of their expression and language."""
    citations: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """By policy and article."""
    instruments: dict[str, dict[str, Any]] = field(default_factory=dict)
    bodies: dict[tuple[str, ...], list[dict[str, Any]]] = field(default_factory=dict)
    deadlines: dict[tuple[str, str | None, tuple[Language, ...]], dict[str, Any]] = field(default_factory=dict)
    """By rule, launch day and languages."""


_TABLES: WeakKeyDictionary[RuleSet, _Table] = WeakKeyDictionary()


class LawTexts:
    """Texts of the law on one day, for products of one launch day, in the languages of a record."""

    def __init__(self, bundle: Bundle, as_of: str, launch: str | None, languages: Sequence[Language]) -> None:
        """Take the day of the law (ISO) and the launch day, from which deadlines count."""
        self._bundle, self._as_of, self._launch, self._languages = bundle, as_of, launch, languages
        self._table = _TABLES.setdefault(bundle.on(as_of), _Table())
        self._wordings: dict[Language, Wording] = {}

    def deadline(self, rule: Rule, due: Mapping[str, Any]) -> dict[str, Any]:
        """Return the deadline of the duty of a rule: its group, wording, and date where the launch day fixes it."""
        key, kept = (rule.name, self._launch, tuple(self._languages)), self._table.deadlines
        found = kept.get(key)
        if found is None:
            if len(kept) >= DEADLINES:
                kept.clear()
            last = deadline(due, self._launch)
            found = kept[key] = {"group": last.group, "text": self.say(last.text), "date": last.date}
        return found

    def citations(self, policy: Policy, keys: Iterable[str]) -> list[dict[str, Any]]:
        """Return the articles of a policy by their keys."""
        return [self._citation(policy, policy.articles[key]) for key in keys]

    def _citation(self, policy: Policy, article: Article) -> dict[str, Any]:
        found = self._table.citations.get((policy.id, article.key))
        if found is None:
            found = self._table.citations[policy.id, article.key] = self._new_citation(policy, article)
        return found

    def _new_citation(self, policy: Policy, article: Article) -> dict[str, Any]:
        edition = policy.edition(self._as_of)
        return {
            "policy": policy.id,
            "title": titled(policy, edition),
            "number": edition.number if edition else policy.source.get("number"),
            "key": article.key,
            "label": copy_text(article.label),
            "en": article.en,
            "zh": article.zh,
            "verification": article.verification,
            "url": article.url or policy.source.get("url"),
        }

    def check(self, expression: Expression) -> dict[str, str]:
        """Return the check of an expression in words."""
        return {
            lang: self._table.checks.get((expression.index, lang)) or self._new_check(expression, lang)
            for lang in self._languages
        }

    def _new_check(self, expression: Expression, lang: Language) -> str:
        if lang not in self._wordings:
            from vatspolicy.policies.expression_wording import Wording

            self._wordings[lang] = Wording(self._bundle, lang, day=self._as_of)
        found = self._table.checks[expression.index, lang] = self._wordings[lang].say(expression.tree)
        return found

    def say(self, text: LocalizedText) -> dict[str, str]:
        """Return a text of the program in the languages of the record."""
        return {lang: text[lang] for lang in self._languages}

    def instrument(self, id: str) -> dict[str, Any]:
        """Return an instrument with its title."""
        found = self._table.instruments.get(id)
        if found is None:
            title = copy_text(self._bundle.instruments[id].title)
            found = self._table.instruments[id] = {"id": id, "title": title}
        return found

    def authority(self, bodies: tuple[str, ...]) -> list[dict[str, Any]]:
        """Return authorities with their titles."""
        found = self._table.bodies.get(bodies)
        if found is None:
            titles = {body: copy_text(label("authority", body, self._bundle.schemas)) for body in bodies}
            found = self._table.bodies[bodies] = [{"id": body, "title": title} for body, title in titles.items()]
        return found

    def offer(self, offer: LicenseOption) -> dict[str, Any]:
        """Return one of several licenses that would do."""
        return {
            "instrument": self.instrument(offer.instrument),
            "class": offer.cls,
            "route": offer.route,
            "authority": self.authority(offer.authority),
        }
