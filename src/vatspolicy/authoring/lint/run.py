"""The run of lint over a bundle and its fixtures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path as FilePath

from vatspolicy.authoring.lint import case_checks, policy_checks, schema_checks
from vatspolicy.authoring.lint.finding import LintFinding
from vatspolicy.authoring.lint.ignores import apply_ignores
from vatspolicy.authoring.testing.cases import stray_tests
from vatspolicy.authoring.testing.coverage import used_terms
from vatspolicy.authoring.unread import unread_warnings
from vatspolicy.authoring.verification import read_texts, review_warnings, text_problems
from vatspolicy.documents import Document, load_document
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Expression


@dataclass(frozen=True)
class LintReport:
    """The findings of a run."""

    bundle: Bundle
    findings: tuple[LintFinding, ...]
    """Sorted by file and line; ignored ones too."""
    policies: int
    fixtures: int

    @property
    def errors(self) -> int:
        """Number of findings that fail the run."""
        return sum(finding.fails for finding in self.findings)

    @property
    def warnings(self) -> int:
        """Number of findings that do not fail the run."""
        return sum(finding.ignored is None and not finding.fails for finding in self.findings)

    @property
    def ignored(self) -> int:
        """Number of findings that files ignore."""
        return sum(finding.ignored is not None for finding in self.findings)

    @property
    def exit_code(self) -> int:
        """Exit code: 0 nothing fails, 1 an error."""
        return 1 if self.errors else 0


def run_lint(
    bundle: Bundle, fixtures: FilePath | None = None, texts: FilePath | None = None, today: str | None = None
) -> LintReport:
    """Return every finding about a bundle, the fixtures of a folder and the quotes of `texts`.

    Reviews that are due are found only if `today` is given.
    """
    policies = [bundle.document(policy) for policy in bundle.policies.values()]
    found = [LintFinding(problem, rule) for rule, problem in _findings(bundle, fixtures)]
    found += [LintFinding(problem, "unverified-rule") for problem in unread_warnings(bundle)]
    if today is not None:
        found += [LintFinding(problem, "review-due") for problem in review_warnings(policies, today)]
    if texts is not None:
        statutes = read_texts(texts)
        found += [LintFinding(problem, rule) for one in policies for rule, problem in text_problems(one, statutes)]
    expectations = list(_expectations(fixtures))
    documents = [*policies, *case_checks.documents_of_tests(bundle), *expectations]
    return LintReport(bundle, tuple(apply_ignores(sorted(found), documents)), len(policies), len(expectations))


def _findings(bundle: Bundle, fixtures: FilePath | None) -> Iterator[tuple[str, Problem]]:
    terms = used_terms(bundle)
    expressions: dict[str, list[Expression]] = {}
    for policy, expression in bundle.owned_expressions():
        expressions.setdefault(policy.id, []).append(expression)
    for policy in bundle.policies.values():
        own = {name: tree for (owner, name), tree in terms.items() if owner == policy.id}
        document = bundle.document(policy)
        file = policy_checks.PolicyFile(bundle, policy, document, expressions.get(policy.id, []), own)
        for check in (*policy_checks.CHECKS, case_checks.tests):
            yield from check(file)
    yield from policy_checks.unused(bundle)
    yield from (("stray-tests", problem) for problem in stray_tests(bundle))
    yield from schema_checks.validity(bundle.schemas)
    yield from schema_checks.translations(bundle.schemas)
    if fixtures is not None:
        yield from case_checks.fixtures(bundle, fixtures)


def _expectations(fixtures: FilePath | None) -> Iterable[Document]:
    """Yield the expectations of fixtures; a file that cannot be read is a finding already."""
    for path in sorted(fixtures.rglob("*.expect.yaml")) if fixtures is not None else ():
        try:
            yield load_document(path)
        except InvalidInput:
            continue
