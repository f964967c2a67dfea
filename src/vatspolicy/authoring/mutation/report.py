"""The report of a mutation run: the score of every policy, and every survivor with a test or a proof."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from vatspolicy.authoring.mutation.distinction import MutantComparison
from vatspolicy.authoring.mutation.mutants import Mutant, locate_mutant
from vatspolicy.authoring.mutation.ruleset import apply_mutant
from vatspolicy.authoring.mutation.run import MutantSelection, MutationTrial, select_mutants
from vatspolicy.authoring.mutation.suggestions import SuggestedTest, SuggestionMaker
from vatspolicy.authoring.testing.cases import Case
from vatspolicy.core.documents import Document
from vatspolicy.core.policies.bundle import Bundle, LawIdentity
from vatspolicy.i18n import _
from vatspolicy.workers import run_shared


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
    """A mutant that no test detected."""

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


# --- the report of a mutation run: the score of every policy, and every survivor with a test that would kill it


@dataclass(frozen=True)
class Survivor:
    """A mutant that no test detected."""

    mutant: Mutant
    state: str
    """survived or equivalent."""
    file: str
    line: int
    column: int
    suggestion: SuggestedTest | None = None
    """A test that would detect it; None if the search was skipped or found nothing."""

    @property
    def test(self) -> str:
        """The test with its file, as a line of YAML; empty if there is no test."""
        if self.suggestion is None:
            return ""
        return _("in {file}: {test}", file=self.suggestion.file, test=self.suggestion.text)


@dataclass(frozen=True)
class MutationReport:
    """The result of a mutation run."""

    bundle: Bundle
    failing: tuple[str, ...] = ()
    """Tests that fail on the current law; in that case, no mutants are tried."""
    results: tuple[MutantResult, ...] = ()
    survivors: tuple[Survivor, ...] = ()
    total: int = 0
    """Number of mutants before sampling."""
    seed: int = 0
    threshold: float | None = None
    suggestions: bool = True
    """False if the search for tests and proofs was skipped."""

    @property
    def whole(self) -> Score:
        """The score of all mutants."""
        return _score(self.results)

    @property
    def is_below(self) -> bool:
        """True if the score is below the threshold."""
        return self.threshold is not None and self.whole.share < self.threshold

    @property
    def exit_code(self) -> int:
        """0 done, 1 a test fails on the current law or the score is below the threshold, 5 nothing to mutate."""
        if self.failing:
            return 1
        return (1 if self.is_below else 0) if self.results else 5

    def told(self) -> Iterator[str]:
        """Yield the lines about single mutants and policies."""
        for name in self.failing:
            yield _("fails on the current law: {name}", name=name)
        for survivor in self.survivors:
            where = f"{survivor.file}:{survivor.line}:{survivor.column}"
            named = {"where": where, "subject": survivor.mutant.subject, "words": survivor.mutant.words}
            if survivor.state == EQUIVALENT:
                yield _("{where}: changes nothing, proved: {subject}: {words}", **named)
                continue
            yield _("{where}: survived: {subject}: {words}", **named)
            if survivor.test:
                yield _("    test: {case}", case=survivor.test)
            elif self.suggestions:
                yield _("    There is no test for it, and no proof that it changes nothing.")
        for policy, score in sorted(scores(self.results).items(), key=lambda entry: (entry[1].share, entry[0])):
            yield _("{score}  {policy}", score=score, policy=policy)
        if (tried := len(self.results)) < self.total:
            yield _("sample of {count} of {total} mutants, seed {seed}", count=tried, total=self.total, seed=self.seed)

    def totals(self) -> Iterator[str]:
        """Yield the last lines: the score, or the reason for its absence."""
        if self.failing:
            yield _("Mutants are tried when every test passes.")
        elif not self.results:
            yield _("Nothing to mutate.")
        else:
            yield _("{score}  total", score=self.whole)
            if self.is_below:
                yield _("below the threshold of {threshold:g} %", threshold=self.threshold)


def mutate(
    bundle: Bundle,
    cases: Iterable[Case],
    selection: MutantSelection,
    *,
    threshold: float | None = None,
    suggestions: bool = True,
    processes: int = 1,
) -> MutationReport:
    """Run the tests of a bundle on the selected mutants. `threshold` is the least score in percent.

    With `suggestions`, each survivor gets a test that would kill it, or a proof that no profile shows it.
    """
    mutants, total = select_mutants(bundle, selection)
    if not mutants:
        return MutationReport(bundle)
    trial = MutationTrial(bundle, list(cases))
    if trial.failing:
        return MutationReport(bundle, tuple(trial.failing))
    results = tuple(examine_mutants(trial, mutants, suggestions, processes))
    return MutationReport(
        bundle, (), results, tuple(_survivors(bundle, results)), total, selection.seed, threshold, suggestions
    )


def scores(verdicts: Iterable[MutantResult]) -> Mapping[str, Score]:
    """Return the score of each policy."""
    found: dict[str, list[MutantResult]] = {}
    for verdict in verdicts:
        found.setdefault(verdict.mutant.policy, []).append(verdict)
    return {policy: _score(some) for policy, some in found.items()}


def _score(verdicts: Iterable[MutantResult]) -> Score:
    states = [verdict.state for verdict in verdicts]
    return Score(states.count(KILLED), states.count(SURVIVED), states.count(EQUIVALENT))


def _survivors(bundle: Bundle, results: Iterable[MutantResult]) -> Iterator[Survivor]:
    documents: dict[str, Document] = {}
    for result in results:
        if result.state != KILLED:
            yield Survivor(result.mutant, result.state, *locate_mutant(bundle, result.mutant, documents), result.test)


# --- the examination of mutants: the tests run on each, and each survivor gets a test that kills it, or a proof
#
# Survivors of one policy are examined one after another, since a test suggested for one often kills others, too.


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
    """A test that would kill it; None if the search was skipped or found nothing."""


Outcome = tuple[str, str, SuggestedTest | None]
"""State, killing test and suggested test of a mutant, as plain data for worker processes."""


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
    examine: list[Outcome] = []
    maker = SuggestionMaker(trial)
    suggested: list[tuple[SuggestedTest, Case]] = []
    for mutant in mutants:
        killer = trial.find_killer(mutant)
        if killer is not None:
            examine.append((KILLED, killer, None))
            continue
        test = _killing(trial, mutant, suggested)
        if test is None and suggestions:
            test = maker.suggest(mutant)
            if test is not None:
                suggested.append((test, maker.case_of(test)))
            elif MutantComparison(trial.bundle, mutant).is_equivalent():
                examine.append((EQUIVALENT, "", None))
                continue
        examine.append((SURVIVED, "", test))
    return examine


def _killing(
    trial: MutationTrial, mutant: Mutant, suggested: Sequence[tuple[SuggestedTest, Case]]
) -> SuggestedTest | None:
    """Return a test that was suggested for another mutant and kills this one, too."""
    bundle = apply_mutant(trial.bundle, mutant)
    return next((test for test, case in suggested if dataclasses.replace(case, bundle=bundle).run()), None)
