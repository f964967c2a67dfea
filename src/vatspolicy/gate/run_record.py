"""The record of a run: one spec or part of a launch, its law, the day, the decision, and the result of the gate.

It has two envelopes: a line of the decision log, and a signed attestation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from vatspolicy.bundles.select import SelectedLaw
from vatspolicy.core.engine.result import Record
from vatspolicy.core.profile.profile import Profile
from vatspolicy.gate.gate import Gate, GateResult
from vatspolicy.gate.judgement import Judgement, Remark

WHY = ("option", "launch", "today")
"""Origins of the day of the law: --as-of, the launch day of the spec, today in China."""


@dataclass(frozen=True, slots=True)
class LawDay:
    """The day of the law, its origin, and the day of the run."""

    day: str
    why: str
    """One of WHY."""
    today: str


@dataclass(frozen=True)
class RunRecord:
    """Decision of a run about one spec, or one part of a launch."""

    selected: SelectedLaw
    profile: Profile
    decision: Record
    """The decision, with waived findings marked."""
    as_of: LawDay
    judgement: Judgement
    remarks: tuple[Remark, ...] = ()
    moment: str = ""
    """When the run recorded it, in UTC (RFC 3339)."""

    @property
    def passed(self) -> bool:
        """True if the spec passed the gate, regardless of --no-fail."""
        judgement = replace(self.judgement, no_fail=False)
        return not any(map(judgement.fails_remark, self.remarks)) and not judgement.find_failures(self.decision)


def record_run(selected: SelectedLaw, gate: Gate, profile: Profile, decision: Record) -> RunRecord:
    """Return the record of one decision of a gate, without remarks."""
    why = WHY[0] if gate.as_of else WHY[1] if profile.launch else WHY[2]
    return RunRecord(selected, profile, decision, LawDay(decision.as_of, why, gate.today), gate.judgement)


def record_runs(selected: SelectedLaw, gate: Gate, result: GateResult, moment: str) -> Iterator[RunRecord]:
    """Yield the record of each decision of a run. `moment` is RFC 3339."""
    for profile, decision in zip(result.profiles, result.records, strict=True):
        run = record_run(selected, gate, profile, decision)
        yield replace(run, remarks=result.remarks or (), moment=moment)
