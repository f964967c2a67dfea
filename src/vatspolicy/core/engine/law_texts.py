"""Texts of the law for the data of decisions: citations, checks in words, deadlines, instruments, authorities.

A text depends on the rule and the day alone, so that one table serves every decision of a day. Nobody changes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, TypedDict
from weakref import WeakKeyDictionary

from vatspolicy.core.documents import Path
from vatspolicy.core.engine import result
from vatspolicy.core.engine.decision import LicenseOption
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.deadlines import deadline
from vatspolicy.core.policies.model import Article, Expression, Policy, Rule
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.vocabulary import LocalizedText, label, question
from vatspolicy.frozen import frozen
from vatspolicy.i18n import Language
from vatspolicy.i18n.words import FRAMES, say_both

if TYPE_CHECKING:
    from vatspolicy.core.policies.expression_wording import Wording

DEADLINES = 4096
"""Size limit of the cache of deadlines: they depend on the launch day."""


class RuleFields(TypedDict):
    """The fields of a finding that its rule fixes."""

    rule: str
    version: str
    effect: str
    message: LocalizedText
    """As written: with the names of the facts that it shows, not their values."""
    layer: str | None
    citations: tuple[result.Citation, ...]


@frozen()
class _Table:
    """Texts of one day."""

    checks: dict[tuple[int, tuple[Language, ...]], LocalizedText] = field(default_factory=dict)
    """Checks in words by the index of their expression, and languages."""
    rules: dict[str, RuleFields] = field(default_factory=dict)
    """By the name of the rule."""
    citations: dict[tuple[str, str], result.Citation] = field(default_factory=dict)
    """By policy and article."""
    questions: dict[Path, LocalizedText] = field(default_factory=dict)
    """By the path of the fact, with `*` for each place in a list."""
    instruments: dict[str, result.InstrumentRecord] = field(default_factory=dict)
    bodies: dict[tuple[str, ...], tuple[result.Authority, ...]] = field(default_factory=dict)
    deadlines: dict[tuple[str, str | None, tuple[Language, ...]], result.DeadlineRecord] = field(default_factory=dict)
    """By rule, launch day and languages."""


_TABLES: WeakKeyDictionary[RuleSet, _Table] = WeakKeyDictionary()


class LawTexts:
    """Texts of the law on one day, for products of one launch day, in the languages of a record."""

    def __init__(self, bundle: Bundle, as_of: str, launch: str | None, languages: Sequence[Language]) -> None:
        """Take the day of the law (ISO) and the launch day, from which deadlines count."""
        self._bundle, self._as_of, self._launch, self._languages = bundle, as_of, launch, tuple(languages)
        self._table = _TABLES.setdefault(bundle.on(as_of), _Table())
        self._wordings: list[Wording] = []

    def deadline(self, rule: Rule, due: Mapping[str, Any]) -> result.DeadlineRecord:
        """Return the deadline of the duty of a rule: its group, wording, and date where the launch day fixes it."""
        key, kept = (rule.name, self._launch, self._languages), self._table.deadlines
        record = kept.get(key)
        if record is None:
            if len(kept) >= DEADLINES:
                kept.clear()
            last = deadline(due, self._launch)
            record = kept[key] = result.DeadlineRecord(last.group, self.say(last.text), last.date)
        return record

    def rule(self, rule: Rule) -> RuleFields:
        """Return the fields of a finding that its rule fixes."""
        fields = self._table.rules.get(rule.name)
        if fields is None:
            policy = self._bundle.policies[rule.policy]
            fields = self._table.rules[rule.name] = {
                "rule": rule.name,
                "version": policy.version,
                "effect": rule.kind,
                "message": copy_text(rule.message),
                "layer": layer_of(self._bundle, rule),
                "citations": self.citations(policy, rule.cite),
            }
        return fields

    def citations(self, policy: Policy, keys: Iterable[str]) -> tuple[result.Citation, ...]:
        """Return the articles of a policy by their keys."""
        return tuple([self._citation(policy, policy.articles[key]) for key in keys])

    def _citation(self, policy: Policy, article: Article) -> result.Citation:
        citation = self._table.citations.get((policy.id, article.key))
        if citation is None:
            citation = self._table.citations[policy.id, article.key] = self._new_citation(policy, article)
        return citation

    def _new_citation(self, policy: Policy, article: Article) -> result.Citation:
        return result.Citation(
            policy.id,
            titled(policy, self._as_of),
            policy.number(self._as_of),
            article.key,
            copy_text(article.label),
            article.en,
            article.zh,
            article.verification,
            article.address,
        )

    def check(self, expression: Expression) -> LocalizedText:
        """Return the check of an expression in words."""
        key = (expression.index, self._languages)
        check = self._table.checks.get(key)
        if check is None:
            from vatspolicy.core.policies.expression_wording import Wording

            wordings = self._wordings or [Wording(self._bundle, lang, day=self._as_of) for lang in self._languages]
            self._wordings = wordings
            check = {wording.lang: wording.say(expression.tree) for wording in wordings}
            self._table.checks[key] = check
        return check

    def question(self, path: Path) -> LocalizedText:
        """Return the question about a fact."""
        pattern = tuple(["*" if isinstance(step, int) else step for step in path])
        text = self._table.questions.get(pattern)
        if text is None:
            text = self._table.questions[pattern] = copy_text(question(path, self._bundle.schemas))
        return text

    def say(self, text: LocalizedText) -> LocalizedText:
        """Return a text of the program in the languages of the record."""
        return {lang: text[lang] for lang in self._languages}

    def instrument(self, id: str) -> result.InstrumentRecord:
        """Return an instrument with its title."""
        record = self._table.instruments.get(id)
        if record is None:
            title = copy_text(self._bundle.instruments[id].title)
            record = self._table.instruments[id] = result.InstrumentRecord(id, title)
        return record

    def authority(self, bodies: tuple[str, ...]) -> tuple[result.Authority, ...]:
        """Return authorities with their titles."""
        records = self._table.bodies.get(bodies)
        if records is None:
            schemas = self._bundle.schemas
            records = tuple(result.Authority(body, copy_text(label("authority", body, schemas))) for body in bodies)
            self._table.bodies[bodies] = records
        return records

    def offer(self, offer: LicenseOption) -> result.LicenseOffer:
        """Return one of several sufficient licenses."""
        instrument, authority = self.instrument(offer.instrument), self.authority(offer.authority)
        return result.LicenseOffer(instrument, offer.cls, offer.route, authority)


def layer_of(bundle: Bundle, rule: Rule) -> str | None:
    """Return the name of a rule's layer if the law has layers."""
    layer = bundle.layer_of(rule.policy)
    return layer and layer.name


def titled(policy: Policy, day: str) -> LocalizedText:
    """Return the name of a regulation, with its edition on a day if it is a series."""
    edition = policy.edition(day)
    if edition is None or edition.title is None:
        return copy_text(policy.title)
    return say_both(FRAMES["aside"], text=policy.title, remark=edition.title)


def copy_text(text: LocalizedText) -> dict[str, str]:
    """Return a text in both languages as plain data."""
    return {"en": text["en"], "zh": text["zh"]}
