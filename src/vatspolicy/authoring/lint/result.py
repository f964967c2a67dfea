"""Result of a run of lint as JSON shows it (lint.schema.json), in the language of the run."""

from __future__ import annotations

from dataclasses import dataclass

from vatspolicy.core.policies.bundle import LawIdentity


@dataclass(frozen=True, slots=True)
class LevelCounts:
    """Number of findings by level."""

    errors: int
    warnings: int
    ignored: int


@dataclass(frozen=True, slots=True)
class PlacedFinding:
    """A finding with its place."""

    rule: str
    level: str
    file: str
    line: int
    column: int
    path: str
    message: str
    hint: str
    ignored: str | None


@dataclass(frozen=True, slots=True)
class LintRun:
    """A run of lint."""

    schema: int
    bundle: LawIdentity
    counts: LevelCounts
    policies: int
    fixtures: int
    findings: tuple[PlacedFinding, ...]
    exit_code: int
