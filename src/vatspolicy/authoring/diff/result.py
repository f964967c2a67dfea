"""The result of a comparison, for all reports and for JSON (comparison.schema.json)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, TypeVar

from vatspolicy.authoring.diff.edited import (
    Accepted,
    Cause,
    Citation,
    CitedArticle,
    Edit,
    EditedRule,
    MovedRule,
    ReviewedRedLine,
    SchemaChange,
)
from vatspolicy.core.documents.plain import Facts
from vatspolicy.core.engine.result import FLAT, Json, encode
from vatspolicy.core.profile.vocabulary import LocalizedText
from vatspolicy.errors import Problem

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")
FORMAT = 1
"""Version of the data. Incompatible changes increase it."""


# --- decisions


@dataclass(frozen=True, slots=True)
class Answer:
    """An outcome with its range under missing facts."""

    decision: str
    range: tuple[str, str]


@dataclass(frozen=True, slots=True)
class ChangedDecision:
    """A compared product with a changed decision."""

    product: str
    variant: str | None
    file: str
    services: tuple[str, ...]
    days: tuple[str, ...]
    before: Answer
    after: Answer
    direction: str
    because: tuple[Cause, ...]
    accepted: tuple[str, ...]

    @property
    def move(self) -> str:
        """The change of the decision word, such as `deny->allow`."""
        return f"{self.before.decision}->{self.after.decision}"


@dataclass(frozen=True, slots=True)
class ListedItem:
    """An item of a decision that differs in a witness."""

    kind: str
    name: str
    before: str | None
    after: str | None
    before_text: LocalizedText | None
    after_text: LocalizedText | None


@dataclass(frozen=True, slots=True)
class ChangedDetail:
    """A difference below the decision that several products share, with its title after wording."""

    kind: str
    name: str
    rule: str | None
    title: LocalizedText | None
    citations: tuple[Citation, ...]
    before: str | None
    after: str | None
    before_text: LocalizedText | None
    after_text: LocalizedText | None
    products: tuple[str, ...]
    days: tuple[str, ...]
    accepted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Decisions:
    """The comparison of all products."""

    products: int
    days: tuple[str, ...]
    borrowed: tuple[str, ...]
    rows: tuple[ChangedDecision, ...]
    details: tuple[ChangedDetail, ...]


@dataclass(frozen=True, slots=True)
class Concerned:
    """Companies, places and services affected by the shown changes."""

    products: int
    foreign_percent: tuple[float, ...]
    """The lowest and the highest share; empty if no profile states a share."""
    registered: tuple[LocalizedText, ...]
    services: tuple[LocalizedText, ...]


# --- proofs


@dataclass(frozen=True, slots=True)
class StatedFact:
    """A fact of a profile in words."""

    path: str
    title: LocalizedText
    value: LocalizedText


@dataclass(frozen=True, slots=True)
class Witness:
    """A profile that shows a change, decided by both sides."""

    profile: Facts
    facts: tuple[StatedFact, ...]
    as_of: str
    since: str
    until: str | None
    before: Answer
    after: Answer
    listed: tuple[ListedItem, ...]


@dataclass(frozen=True, slots=True)
class Transition:
    """The verdict on one change of the decision word."""

    before: str
    after: str
    verdict: str
    """witness, proved-impossible, unsupported or unknown."""
    direction: str
    witness: Witness | None
    reason: str
    accepted: tuple[str, ...]

    @property
    def name(self) -> str:
        """The change as text: `deny->allow`."""
        return f"{self.before}->{self.after}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on rules that change together."""

    verdict: str | None
    """proved-equivalent, masked, witness, unsupported, unknown, no-rule; None if there is no question."""
    transitions: tuple[str, ...]
    before: str | None
    after: str | None
    witness: Witness | None
    reason: str
    assumptions: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """True if the question is still open."""
        return self.verdict in ("unknown", "unsupported")

    @property
    def only_lists(self) -> bool:
        """True if the rules change a listing and provably no decision."""
        return self.verdict == "witness" and not self.transitions


@dataclass(frozen=True, slots=True)
class ProvedRule(MovedRule):
    """The verdict on one rule, changed alone."""

    proof: Verdict = field(metadata=FLAT)
    excluded: tuple[str, ...]
    """Changes of the decision word that all edits together never cause."""
    seen_in: tuple[str, ...]
    accepted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DaysOfChange:
    """The days from the first to the last on which decisions change. A result loads no proofs, which are optional."""

    first: str
    last: str | None
    """None if no end is known."""
    proved: bool
    """True if no decision of any profile changes on another day."""


@dataclass(frozen=True, slots=True)
class Semantic:
    """Proofs over all profiles."""

    status: str
    """evaluated, not-needed, off, unavailable or failed."""
    engine: str | None
    period: DaysOfChange | None
    """Days on which decisions change."""
    transitions: tuple[Transition, ...]
    rules: tuple[ProvedRule, ...]
    assumptions: tuple[str, ...]


# --- the items of review


@dataclass(frozen=True, slots=True)
class EditedWords:
    """An edited value in words: both values, or the added and removed members."""

    what: LocalizedText | None
    before: LocalizedText | None
    after: LocalizedText | None
    added: LocalizedText | None
    removed: LocalizedText | None

    @property
    def is_empty(self) -> bool:
        """True if there is nothing to report."""
        return not (self.before or self.after or self.added or self.removed)


@dataclass(frozen=True, slots=True)
class Item:
    """An edit with the affected rules: one decision for the reviewer."""

    changes: tuple[int, ...]
    """Places of the edits."""
    rules: tuple[MovedRule, ...]
    since: str | None
    until: str | None
    words: tuple[EditedWords, ...]
    articles: tuple[CitedArticle, ...]
    said: tuple[str, ...]
    """Parts of decision records that it may change."""
    proof: Verdict = field(metadata=FLAT)
    direction: str
    excluded: tuple[str, ...]
    seen_in: tuple[str, ...]
    accepted: tuple[str, ...]


# --- release


@dataclass(frozen=True, slots=True)
class Fault:
    """A mistake in a version, the changelog or a review."""

    code: str
    """version, changelog, file-version or review."""
    text: LocalizedText
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Release:
    """The required and the actual version of the change."""

    before: str
    after: str
    level: str
    """One of verdict.LEVELS, from the measured effects of the change."""
    because: tuple[str, ...]
    """Reasons: rule-removed, policy-removed, schema-breaks, decisions-change, schema-widens, law-added, not-settled,
    text-changed."""
    needed: str | None
    """The lowest suitable version; None if any version is suitable."""
    faults: tuple[Fault, ...]
    suffices: bool
    """True if version and changelog also suffice for a change of decisions."""


# --- the whole


@dataclass(frozen=True, slots=True)
class Why:
    """A reason for a missing evaluation."""

    code: str
    """One of verdict.WHY."""
    text: LocalizedText
    part: str | None
    """The missing part of the report."""


@dataclass(frozen=True, slots=True)
class SideName:
    """One side of the comparison."""

    name: str
    title: str
    commit: str | None
    version: str | None
    digest: str | None
    layers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Review:
    """The whole comparison."""

    format: int
    state: str
    """evaluated or not-evaluated."""
    title: LocalizedText
    verdict: str | None
    """tightened, loosened, both, neither or unknown; None if a side cannot be read."""
    why: tuple[Why, ...]
    failed_on: tuple[str, ...]
    undecided_on: tuple[str, ...]
    exit_code: int
    today: str
    base: SideName
    head: SideName
    red_lines: tuple[ReviewedRedLine, ...]
    accepted: Accepted
    edits: tuple[Item, ...]
    structure: tuple[Edit, ...]
    law: tuple[EditedRule, ...]
    schemas: tuple[SchemaChange, ...]
    decisions: Decisions | None
    concerned: Concerned | None
    semantic: Semantic | None
    release: Release | None
    problems: tuple[Problem, ...]

    @property
    def rows(self) -> tuple[ChangedDecision, ...]:
        """The compared products with changed decisions."""
        return self.decisions.rows if self.decisions else ()

    @property
    def details(self) -> tuple[ChangedDetail, ...]:
        """Changes of compared products below the decision word."""
        return self.decisions.details if self.decisions else ()

    @property
    def transitions(self) -> tuple[Transition, ...]:
        """The verdicts on changes of the decision word."""
        return self.semantic.transitions if self.semantic else ()

    @property
    def proved_rules(self) -> tuple[ProvedRule, ...]:
        """The verdicts on rules that change alone."""
        return self.semantic.rules if self.semantic else ()

    def changes_of(self, item: Item) -> list[Edit]:
        """Return the edits of a review item."""
        return [self.structure[place] for place in item.changes]


def extend(kind: Callable[..., T], narrow: DataclassInstance, **more: object) -> T:
    """Return a record of a larger class, with the fields of another record and further values."""
    return kind(**{one.name: getattr(narrow, one.name) for one in fields(narrow)}, **more)


def to_json(review: Review) -> Json:
    """Return the comparison as data for JSON (comparison.schema.json)."""
    keys = ("file", "line", "column", "path", "message", "hint")
    problems = [{key: getattr(problem, key) for key in keys} for problem in review.problems]
    return {**encode(replace(review, problems=())), "problems": problems}
