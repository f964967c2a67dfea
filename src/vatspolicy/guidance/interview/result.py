"""State of an interview, for the page and other programs (question.schema.json)."""

from __future__ import annotations

from dataclasses import dataclass

from vatspolicy.core.documents.plain import Tree
from vatspolicy.i18n import LocalizedText

FORMAT = 1
"""Version of the data format; incremented by incompatible changes."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of an interview."""

    number: int
    """Number of the current question, from 1."""
    left: int
    """Estimated number of remaining questions, including the current one; 0 without a question."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One possible answer, or one member of an answer that is a list."""

    value: Tree
    label: LocalizedText
    synonyms: tuple[str, ...]
    group: LocalizedText | None
    """Group under which it is listed; choices of one group stand together."""
    usual: bool = False
    """True if it often goes with what the service offers; such choices come first in their group."""


@dataclass(frozen=True, slots=True)
class Screen:
    """Question before a long list, which follows unless the answer leaves it empty."""

    text: LocalizedText
    choices: tuple[Choice, ...]
    empty: tuple[str, ...]
    """Values of the choices that leave the list empty."""


@dataclass(frozen=True, slots=True)
class Article:
    """An article that a rule cites, with its words."""

    policy: str
    title: LocalizedText
    key: str
    label: LocalizedText
    en: str
    zh: str | None
    verification: str
    url: str | None

    def words(self, lang: str) -> str | None:
        """Return the words of the article in one language; None if they are not known in it."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Reason:
    """Rule that reads the answer."""

    rule: str
    message: LocalizedText
    effect: LocalizedText
    citations: tuple[Article, ...]


@dataclass(frozen=True, slots=True)
class Why:
    """Reasons for a question."""

    text: LocalizedText | None
    """Introduction to the rules."""
    rules: tuple[Reason, ...]
    example: LocalizedText | None = None
    """Example of an answer."""


@dataclass(frozen=True, slots=True)
class Gain:
    """Outcomes that the answer eliminates."""

    expected: float
    worst: int
    of: int


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """The next question."""

    path: str
    kind: str
    phase: str
    about: LocalizedText
    text: LocalizedText
    title: LocalizedText
    unit: LocalizedText | None
    minimum: float | None
    maximum: float | None
    several: bool
    choices: tuple[Choice, ...]
    eliminates: Gain | None
    """None for a mandatory question."""
    why: Why
    heading: LocalizedText | None = None
    """Combined question for this fact and those of `together`; None for a separate question."""
    together: tuple[AskedQuestion, ...] = ()
    """Questions combined with this one; the answers belong at their own paths."""
    implied: Tree = None
    """Default answer shown with the question."""
    screen: Screen | None = None
    """Question to ask before the choices are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterviewStep:
    """The decision so far, progress and the next question, if any."""

    format: int = FORMAT
    product: str
    as_of: str
    decision: str
    range: tuple[str, str]
    settled: bool
    further: int
    progress: Progress
    skipped: tuple[str, ...]
    opinions: tuple[str, ...]
    question: AskedQuestion | None
