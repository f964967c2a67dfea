"""What JSON shows of a run of lint (lint.schema.json), in the language of the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


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
    bundle: Mapping[str, str | None]
    counts: LevelCounts
    policies: int
    fixtures: int
    findings: tuple[PlacedFinding, ...]
    exit_code: int
