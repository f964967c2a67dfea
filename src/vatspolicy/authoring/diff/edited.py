"""Edits, rules and articles in the result of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.profile.vocabulary import LocalizedText

# --- edits


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Field:
    """A differing value; None for a missing value."""

    name: str
    """The place in the entry, such as route.max_foreign_percent; empty for the whole entry."""
    before: Tree
    after: Tree


QUESTION = "open/"
"""Prefix of the name of an open question: a change of the decision word that is neither shown nor excluded."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The fingerprints of an edit, or of an open question, and the state of its acceptance."""

    edit: str
    fingerprint: str
    effect: str
    transitions: tuple[str, ...]
    direction: str
    state: str
    """accepted, stale or open."""
    fails: bool
    """True if a condition holds because of this edit."""


@dataclass(frozen=True, slots=True)
class Edit:
    """An added, removed or changed entry of a file, with titles after wording."""

    policy: str
    """Id of the policy; `bundle` for bundle.yaml, `fixtures` for a fixture, `layer:NAME` for a layer.yaml;
    `schemas`."""
    kind: str
    """policy, source, dates, uses, review, edition, article, instrument, parameter, term, rule, schema, tests, fixture,
    layer, may_loosen or enforce."""
    name: str
    change: str
    """added, removed or changed."""
    file: str
    line: int
    """The line in the head, or in the base for a removed entry."""
    fields: tuple[Field, ...]
    since: str | None
    """The first affected day, if the change is one of law."""
    retroactive: bool
    """True if that day is in the past."""
    twin: str | None
    """The removed or added entry with the same body, if any. It is probably a renamed entry."""
    title: LocalizedText | None
    regulation: LocalizedText | None
    layer: str | None
    acceptance: Acceptance | None
    """None for an edit that needs no acceptance."""

    @property
    def rewrites_past(self) -> bool:
        """True if the change rewrites the law of a past day instead of adding to it."""
        return self.retroactive and self.change != "added"

    @property
    def ends_on(self) -> str | None:
        """The first day without the regulation, if the edit ends it or ends it earlier."""
        until = next((field for field in self.fields if field.name == "until"), None)
        if self.kind != "dates" or until is None or until.after is None:
            return None
        return until.after if until.before is None or until.after < until.before else None

    @property
    def is_repeal(self) -> bool:
        """True if a regulation ends, or is removed without a new name."""
        return self.ends_on is not None or ((self.kind, self.change) == ("policy", "removed") and self.twin is None)

    @property
    def accepted(self) -> bool:
        """True if the edit is accepted."""
        return self.acceptance is not None and self.acceptance.state == "accepted"


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """A differing place in a schema. Texts for people are not compared."""

    file: str
    path: str
    change: str
    """added, removed or changed."""
    before: Tree
    after: Tree
    breaking: bool
    """True if a previously valid or readable document may become invalid or unreadable."""
    effect: str
    """Its possible effect on decisions: reading, validity, words or nothing."""


@dataclass(frozen=True, slots=True)
class RedLine:
    """An edit that needs attention although it changes no decision."""

    code: str
    """waivable: a rule becomes waivable; unenforced: the gate passes findings that it previously stopped; loosenable: a
    higher layer may loosen the rule.
    """
    rule: str
    layer: str | None
    file: str
    line: int
    level: str | None
    """The new level of enforcement."""
    since: str | None
    until: str | None
    """First and last day on which findings newly pass."""


@dataclass(frozen=True, slots=True)
class ReviewedRedLine(RedLine):
    """A rule that becomes waivable, with the edits behind it."""

    message: LocalizedText | None
    changes: tuple[int, ...]
    """Places of the edits."""
    accepted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AcceptedEntry:
    """An entry of the file of accepted changes and its state."""

    edit: str
    state: str
    """accepted, stale, new or waiting."""
    why: LocalizedText | None
    reason: str
    person: str
    day: str
    until: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """The file of accepted changes."""

    file: str | None
    given: bool
    """True for a file from --accepted that replaces the file of the base."""
    entries: tuple[AcceptedEntry, ...]
    questions: tuple[Acceptance, ...]
    """The changes of the decision word that are neither shown nor excluded."""


# --- rules


@dataclass(frozen=True, slots=True)
class Citation:
    """An article that a rule cites."""

    title: LocalizedText
    number: str | None
    key: str
    label: LocalizedText
    verification: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Cause:
    """A rule behind a change, with its citations."""

    rule: str
    change: str | None
    """added, removed or changed; None for an unchanged rule."""
    layer: str | None
    message: LocalizedText
    citations: tuple[Citation, ...]
    file: str
    line: int
    edited: Place


@dataclass(frozen=True, slots=True)
class MovedRule(Cause):
    """A rule that an edit affects, with the days on which its versions differ."""

    since: str | None
    until: str | None


@dataclass(frozen=True, slots=True)
class QuotedArticle:
    """An article in full."""

    label: LocalizedText
    verification: str
    text: Mapping[str, str | None]
    """The words by language; the Chinese ones may be missing."""
    url: str | None


@dataclass(frozen=True, slots=True)
class CitedArticle:
    """An article behind an edit, with its regulation."""

    regulation: LocalizedText
    label: LocalizedText
    verification: str
    text: Mapping[str, str | None]
    url: str | None


@dataclass(frozen=True, slots=True)
class RouteCondition:
    """A condition of a route in words."""

    id: str
    message: LocalizedText
    check: LocalizedText


@dataclass(frozen=True, slots=True)
class Override:
    """Override: a rule that a layer's rule replaces, with the reason and the owner."""

    rule: str
    reason: str
    owner: str
    replaces: bool


@dataclass(frozen=True, slots=True)
class RuleInWords:
    """A version of a rule in words."""

    since: str | None
    until: str | None
    when: LocalizedText
    clauses: tuple[LocalizedText, ...]
    """The parts of the condition that must all hold."""
    effect: LocalizedText
    conditions: tuple[RouteCondition, ...]
    unwaivable: bool
    overrides: Override | None


@dataclass(frozen=True, slots=True)
class EditedRule:
    """An added, amended or removed rule in words; a new rule is shown with its predecessor."""

    rule: str
    change: str
    predecessor: str | None
    waits: bool
    """True if its articles are unverified, so that decisions stay incomplete."""
    message: LocalizedText
    layer: str | None
    file: str
    line: int
    before: RuleInWords | None
    after: RuleInWords | None
    articles: tuple[QuotedArticle, ...]
