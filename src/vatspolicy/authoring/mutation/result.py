"""What JSON shows of a mutation run (mutation.schema.json)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RoundedScore:
    """A score, with a percentage of one decimal."""

    percent: float
    killed: int
    survived: int
    equivalent: int


@dataclass(frozen=True, slots=True)
class UnnoticedMistake:
    """A mutant that no test noticed."""

    subject: str
    mistake: str
    state: str
    """survived or equivalent."""
    file: str
    line: int
    column: int
    test: str | None


@dataclass(frozen=True, slots=True)
class MutationRun:
    """A mutation run."""

    schema: int
    bundle: Mapping[str, str | None]
    failing: tuple[str, ...]
    total: int
    seed: int
    threshold: float | None
    score: RoundedScore
    policies: Mapping[str, RoundedScore]
    survivors: tuple[UnnoticedMistake, ...]
    exit_code: int
