"""Result of a run of tests as JSON shows it (test-run.schema.json), in the language of the run."""

from __future__ import annotations

from dataclasses import dataclass

from vatspolicy.core.policies.bundle import LawIdentity


@dataclass(frozen=True, slots=True)
class Counts:
    """Number of cases by outcome."""

    passed: int
    failed: int
    skipped: int


@dataclass(frozen=True, slots=True)
class CaseOutcome:
    """Outcome of one case."""

    name: str
    file: str
    line: int
    as_of: str
    outcome: str
    problems: tuple[str, ...]
    reasons: tuple[str, ...]
    skipped: str | None
    """Reason not to run it."""


@dataclass(frozen=True, slots=True)
class UncoveredClause:
    """A clause without a case for one of its values."""

    file: str
    line: int
    clause: str
    never: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SilentRule:
    """A rule that no case shows to apply."""

    file: str
    line: int
    rule: str


@dataclass(frozen=True, slots=True)
class Covered:
    """Coverage by cases, and the clauses and rules without coverage."""

    percent: float
    threshold: float | None
    not_covered: tuple[UncoveredClause, ...]
    never_fires: tuple[SilentRule, ...]


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run of tests."""

    schema: int
    bundle: LawIdentity
    counts: Counts
    tests: tuple[CaseOutcome, ...]
    coverage: Covered | None
    exit_code: int
