"""What JSON shows of a mutation run (mutation.schema.json)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vatspolicy.core.policies.bundle import LawIdentity
from vatspolicy.i18n import _


@dataclass(frozen=True, slots=True)
class Score:
    """The number of mutants that were killed, that survived, and that are proved equivalent."""

    killed: int
    survived: int
    equivalent: int
    percent: float = field(init=False)
    """`share` with one decimal."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "percent", round(self.share, 1))

    @property
    def share(self) -> float:
        """Percent killed of the mutants that differ; 100 if there are none."""
        differing = self.killed + self.survived
        return 100.0 * self.killed / differing if differing else 100.0

    def __str__(self) -> str:
        counts = {"percent": self.percent, "killed": self.killed, "survived": self.survived}
        if not self.equivalent:
            return _("{percent:5.1f} %  {killed} killed, {survived} survived", **counts)
        return _(
            "{percent:5.1f} %  {killed} killed, {survived} survived, {equivalent} equivalent",
            **counts,
            equivalent=self.equivalent,
        )


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
    bundle: LawIdentity
    failing: tuple[str, ...]
    total: int
    seed: int
    threshold: float | None
    score: Score
    policies: Mapping[str, Score]
    survivors: tuple[UnnoticedMistake, ...]
    exit_code: int
