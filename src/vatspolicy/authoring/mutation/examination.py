"""The examination of mutants: the tests run on each, and each survivor gets a test that kills it, or a proof.

Survivors of one policy are examined one after another, since a test suggested for one often kills others, too.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vatspolicy.authoring.mutation.distinction import MutantComparison
from vatspolicy.authoring.mutation.mutants import Mutant
from vatspolicy.authoring.mutation.ruleset import apply_mutant
from vatspolicy.authoring.mutation.run import MutationTrial
from vatspolicy.authoring.mutation.suggestions import SuggestedTest, SuggestionMaker
from vatspolicy.authoring.testing.cases import Case
from vatspolicy.workers import run_shared

KILLED, SURVIVED, EQUIVALENT = "killed", "survived", "equivalent"


@dataclass(frozen=True)
class MutantResult:
    """The result of the tests on one mutant."""

    mutant: Mutant
    state: str
    """killed, survived or equivalent."""
    by: str = ""
    """The test that killed it."""
    test: SuggestedTest | None = None
    """A test that would kill it; None if none was looked for or found."""


Outcome = tuple[str, str, SuggestedTest | None]
"""State, killing test and suggested test of a mutant: plain data, which a worker can send."""


def examine_mutants(
    trial: MutationTrial, mutants: Sequence[Mutant], suggestions: bool = True, processes: int = 1
) -> Iterator[MutantResult]:
    """Yield the result of each mutant. With `suggestions`, each survivor has a test or a proof, if one is found."""
    groups: list[list[Mutant]] = []
    for mutant in mutants:
        if not groups or groups[-1][0].policy != mutant.policy:
            groups.append([])
        groups[-1].append(mutant)

    pieces = [functools.partial(_examine, trial, group, suggestions) for group in groups]
    found = run_shared(pieces, processes)
    for group, outcomes in zip(groups, found, strict=True):
        yield from (MutantResult(mutant, *outcome) for mutant, outcome in zip(group, outcomes, strict=True))


def _examine(trial: MutationTrial, mutants: Sequence[Mutant], suggestions: bool) -> list[Outcome]:
    found: list[Outcome] = []
    maker = SuggestionMaker(trial)
    suggested: list[tuple[SuggestedTest, Case]] = []
    for mutant in mutants:
        killer = trial.find_killer(mutant)
        if killer is not None:
            found.append((KILLED, killer, None))
            continue
        test = _killing(trial, mutant, suggested)
        if test is None and suggestions:
            test = maker.suggest(mutant)
            if test is not None:
                suggested.append((test, maker.case_of(test)))
            elif MutantComparison(trial.bundle, mutant).is_equivalent():
                found.append((EQUIVALENT, "", None))
                continue
        found.append((SURVIVED, "", test))
    return found


def _killing(
    trial: MutationTrial, mutant: Mutant, suggested: Sequence[tuple[SuggestedTest, Case]]
) -> SuggestedTest | None:
    """Return a test that was suggested for another mutant and kills this one, too."""
    bundle = apply_mutant(trial.bundle, mutant)
    return next((test for test, case in suggested if dataclasses.replace(case, bundle=bundle).run()), None)
