"""The run of policy tests and fixtures."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vatspolicy.authoring.testing.cases import Case, fixture_cases, policy_cases
from vatspolicy.authoring.testing.coverage import Coverage, CoverageGap
from vatspolicy.authoring.testing.result import Counts, SilentRule
from vatspolicy.core.policies.bundle import Bundle

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclass(frozen=True)
class CaseResult:
    """The result of one case."""

    case: Case
    problems: tuple[str, ...] = ()
    """Differences from the expectation."""
    seconds: float = 0.0
    reasons: tuple[str, ...] = ()
    """The clauses that decide the difference, with the facts that they read."""

    @property
    def outcome(self) -> str:
        """The outcome: passed, failed or skipped."""
        return SKIPPED if self.case.skipped is not None else FAILED if self.problems else PASSED


@dataclass(frozen=True)
class CoverageResult:
    """Clauses and rules without coverage in a run, and the coverage percentages."""

    gaps: tuple[CoverageGap, ...]
    """Clauses never shown true, or never shown false."""
    silent: tuple[SilentRule, ...]
    percent: float
    threshold: float | None = None

    @property
    def is_below(self) -> bool:
        """True if the share is below the threshold."""
        return self.threshold is not None and self.percent < self.threshold


@dataclass(frozen=True)
class RunResult:
    """The result of a run of tests."""

    bundle: Bundle
    results: tuple[CaseResult, ...]
    coverage: CoverageResult | None = None

    @property
    def counts(self) -> Counts:
        """Number of cases by outcome."""
        outcomes = [result.outcome for result in self.results]
        return Counts(*map(outcomes.count, (PASSED, FAILED, SKIPPED)))

    @property
    def has_run(self) -> bool:
        """True if at least one case was run."""
        return any(result.outcome != SKIPPED for result in self.results)

    @property
    def exit_code(self) -> int:
        """Exit code: 0 passed, 1 failed or below the threshold, 5 nothing ran."""
        if not self.has_run:
            return 5
        below = self.coverage is not None and self.coverage.is_below
        return 1 if below or self.counts.failed else 0


def all_cases(bundle: Bundle, fixtures: Path | None) -> Iterator[Case]:
    """Yield the tests of the policies, then the fixtures if there is a folder of them."""
    yield from policy_cases(bundle)
    if fixtures is not None:
        yield from fixture_cases(bundle, fixtures)


def selected_cases(bundle: Bundle, fixtures: Path | None, pattern: re.Pattern[str] | None) -> Iterator[Case]:
    """Yield the cases whose name matches; all of them without a pattern."""
    return (case for case in all_cases(bundle, fixtures) if pattern is None or pattern.search(case.name))


def run_tests(
    bundle: Bundle, fixtures: Path | None, pattern: re.Pattern[str] | None, measure: bool, threshold: float | None
) -> RunResult:
    """Run the cases whose name matches; `measure` adds coverage, `threshold` fails below a percentage of it."""
    cases = list(selected_cases(bundle, fixtures, pattern))
    results = run_cases(cases)
    coverage = Coverage(bundle)
    if measure:
        for case in cases:
            coverage.note(case)
    return RunResult(bundle, results, _measured(bundle, coverage, threshold) if measure and results else None)


def run_cases(cases: Iterable[Case]) -> tuple[CaseResult, ...]:
    """Run every case that is not skipped."""
    results = []
    for case in cases:
        if case.skipped is not None:
            results.append(CaseResult(case))
            continue
        begun = time.perf_counter()
        problems = tuple(case.run())
        seconds = time.perf_counter() - begun
        results.append(CaseResult(case, problems, seconds, tuple(case.explain()) if problems else ()))
    return tuple(results)


def _measured(bundle: Bundle, coverage: Coverage, threshold: float | None) -> CoverageResult:
    rules = [rule for policy in bundle.policies.values() for rule in policy.rules]
    silent = [rule for rule in rules if not coverage.states(rule) - {"silent"}]
    return CoverageResult(
        tuple(coverage.gaps()),
        tuple(SilentRule(bundle.policies[rule.policy].file, rule.line, rule.name) for rule in silent),
        coverage.share(),
        threshold,
    )
