"""The run of policy tests and fixtures, with its report."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vatspolicy.authoring.testing.cases import Case, fixture_cases, policy_cases
from vatspolicy.authoring.testing.coverage import Coverage
from vatspolicy.policies.bundle import Bundle


@dataclass(frozen=True)
class TestReport:
    """The result of a test run."""

    text: str
    exit_code: int
    """0 passed, 1 failed or below the threshold, 5 nothing ran."""


def all_cases(bundle: Bundle, fixtures: Path | None) -> Iterator[Case]:
    """Yield the tests of the policies, then the fixtures if there is a folder of them."""
    yield from policy_cases(bundle)
    if fixtures is not None:
        yield from fixture_cases(bundle, fixtures)


def run_tests(
    bundle: Bundle, fixtures: Path | None, pattern: re.Pattern[str] | None, measure: bool, threshold: float | None
) -> TestReport:
    """Run the cases whose name matches; `measure` adds coverage, `threshold` fails below a percentage of it."""
    coverage = Coverage(bundle)
    lines: list[str] = []
    passed = failed = 0
    for case in all_cases(bundle, fixtures):
        if pattern is not None and not pattern.search(case.name):
            continue
        problems = case.run()
        if measure:
            coverage.note(case)
        if problems:
            failed += 1
            lines.append(f"{case.file}:{case.line}: {case.name}")
            lines += [f"    {problem}" for problem in problems]
        else:
            passed += 1
    if not passed and not failed:
        return TestReport("No test ran.\n", 5)
    code = 1 if failed else 0
    if measure:
        share = coverage.share()
        for gap in coverage.gaps():
            lines.append(f"{gap.file}:{gap.line}: never {' nor '.join(gap.never)}: {gap.name}")
        for gap in coverage.undecisive():
            lines.append(f"{gap.file}:{gap.line}: never decides alone when {' nor when '.join(gap.never)}: {gap.name}")
        unseen = [
            rule
            for policy in bundle.policies.values()
            for rule in policy.rules
            if not coverage.states(rule) - {"silent"}
        ]
        lines += [f"{bundle.policies[rule.policy].file}:{rule.line}: never fires: {rule.name}" for rule in unseen]
        alone, clauses = coverage.decided()
        lines.append(f"{alone} of {clauses} clauses shown to decide alone, both ways (masking MC/DC)")
        lines.append(f"{share:.1f} % of clause outcomes covered")
        if threshold is not None and share < threshold:
            lines.append(f"below the threshold of {threshold:g} %")
            code = 1
    lines.append(f"{passed} passed, {failed} failed")
    return TestReport("\n".join(lines) + "\n", code)
