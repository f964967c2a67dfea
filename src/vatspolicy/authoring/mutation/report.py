"""The report of a mutation run: the score of every policy, and every survivor with a test that would kill it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vatspolicy.authoring.mutation.mutants import locate_mutant
from vatspolicy.authoring.mutation.run import (
    EQUIVALENT,
    KILLED,
    SURVIVED,
    MutantResult,
    MutantSelection,
    MutationTrial,
    Prover,
    run_mutants,
    select_mutants,
)
from vatspolicy.authoring.mutation.suggestions import suggest
from vatspolicy.authoring.testing.cases import Case
from vatspolicy.i18n import _
from vatspolicy.policies.bundle import Bundle

MANY, FEW = 100, 2
"""The search for a test takes up to a second: if more than MANY survive, it is made for FEW of each policy."""


@dataclass(frozen=True)
class MutationReport:
    """The result of a mutation run."""

    lines: Sequence[str]
    exit_code: int
    """0 done, 1 a test fails on the law as it is or the score is below the threshold, 5 there was nothing to mutate."""

    @property
    def text(self) -> str:
        """The report in English."""
        return "".join(f"{line}\n" for line in self.lines)


@dataclass(frozen=True)
class Score:
    """The number of mutants that were killed, that survived, and that are proved equivalent."""

    killed: int
    survived: int
    equivalent: int

    @property
    def percent(self) -> float:
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


def mutate(
    bundle: Bundle,
    cases: Iterable[Case],
    selection: MutantSelection,
    *,
    threshold: float | None = None,
    prover: Prover | None = None,
    suggestions: bool = True,
) -> MutationReport:
    """Run the tests of a bundle on the selected mutants. `threshold` is the least score in percent."""
    mutants, total = select_mutants(bundle, selection)
    if not mutants:
        return MutationReport([_("Nothing to mutate.")], 5)
    trial = MutationTrial(bundle, list(cases))
    if trial.failing:
        failing = [_("fails on the current law: {name}", name=name) for name in trial.failing]
        return MutationReport([*failing, _("Mutants are tried when every test passes.")], 1)
    verdicts = list(run_mutants(trial, mutants, prover))
    lines = _survivors(trial, verdicts, suggestions)
    lines += [
        _("{score}  {policy}", score=score, policy=policy)
        for policy, score in sorted(scores(verdicts).items(), key=_worst_first)
    ]
    if len(mutants) < total:
        lines.append(
            _("sample of {count} of {total} mutants, seed {seed}", count=len(mutants), total=total, seed=selection.seed)
        )
    whole = _score(verdicts)
    lines.append(_("{score}  in all", score=whole))
    code = 0
    if threshold is not None and whole.percent < threshold:
        lines.append(_("below the threshold of {threshold:g} %", threshold=threshold))
        code = 1
    return MutationReport(lines, code)


def scores(verdicts: Iterable[MutantResult]) -> Mapping[str, Score]:
    """Return the score of each policy."""
    found: dict[str, list[MutantResult]] = {}
    for verdict in verdicts:
        found.setdefault(verdict.mutant.policy, []).append(verdict)
    return {policy: _score(some) for policy, some in found.items()}


def _score(verdicts: Iterable[MutantResult]) -> Score:
    states = [verdict.state for verdict in verdicts]
    return Score(states.count(KILLED), states.count(SURVIVED), states.count(EQUIVALENT))


def _worst_first(entry: tuple[str, Score]) -> tuple[float, str]:
    return entry[1].percent, entry[0]


def _survivors(trial: MutationTrial, verdicts: Iterable[MutantResult], suggestions: bool) -> list[str]:
    lines: list[str] = []
    documents: dict[str, Any] = {}
    survivors = [verdict.mutant for verdict in verdicts if verdict.state == SURVIVED]
    told: dict[str, int] = {}
    for mutant in survivors:
        where = locate_mutant(trial.bundle, mutant, documents)
        lines.append(
            _("{where}: survived: {subject}: {words}", where=where, subject=mutant.subject, words=mutant.words)
        )
        told[mutant.policy] = told.get(mutant.policy, 0) + 1
        if suggestions and (len(survivors) <= MANY or told[mutant.policy] <= FEW):
            lines.append(_("    test: {case}", case=suggest(trial, mutant)))
    if suggestions and len(survivors) > MANY:
        lines.append(
            _(
                "Tests are suggested for the first {FEW} survivors of a policy; --run POLICY suggests all of them.",
                FEW=FEW,
            )
        )
    return lines
