"""The run of lint over a bundle and its fixtures."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath

from vatspolicy.authoring.lint import case_checks, policy_checks, schema_checks
from vatspolicy.authoring.lint.finding import LintFinding
from vatspolicy.authoring.lint.ignores import apply_ignores
from vatspolicy.authoring.lint.result import LevelCounts
from vatspolicy.authoring.testing.cases import stray_tests
from vatspolicy.authoring.testing.coverage import used_terms
from vatspolicy.authoring.unread import unread_warnings
from vatspolicy.authoring.verification import changed_texts, noted_hashes, read_texts, review_warnings, text_problems
from vatspolicy.core.documents import Document, load_document
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.files import TESTS_ENDING
from vatspolicy.core.policies.model import Expression, Policy
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n import _


@dataclass(frozen=True)
class LintReport:
    """The findings of a run."""

    bundle: Bundle
    findings: tuple[LintFinding, ...]
    """Sorted by file and line; ignored ones too."""
    policies: int
    fixtures: int
    documents: tuple[Document, ...] = ()
    """Files that the findings of policies, tests and expectations are about."""

    @property
    def counts(self) -> LevelCounts:
        """Number of findings that fail the run, that do not fail it, and that files ignore."""
        ignored = sum(finding.ignored is not None for finding in self.findings)
        errors = sum(finding.fails for finding in self.findings)
        return LevelCounts(errors, len(self.findings) - errors - ignored, ignored)

    @property
    def exit_code(self) -> int:
        """Exit code: 0 without errors, 1 with an error."""
        return 1 if self.counts.errors else 0


def select_policies(bundle: Bundle, files: Iterable[FilePath]) -> list[Policy]:
    """Return the policies that files hold, or whose tests they hold, in the order of the bundle.

    Raises:
        InvalidInput: for a file that does not exist, or that belongs to no policy of the bundle.
    """
    by_file = {os.path.realpath(policy.file): policy for policy in bundle.policies.values()}
    wanted: set[str] = set()
    problems = []
    for file in files:
        if not file.exists():
            problems.append(Problem(str(file), 1, 1, "", _("This file does not exist.")))
            continue
        place = os.path.realpath(file)
        found = by_file.get(place.removesuffix(TESTS_ENDING) + ".yaml" if place.endswith(TESTS_ENDING) else place)
        if found is not None:
            wanted.add(found.id)
        else:
            message, hint = _("No policy of the law is in this file."), _("Name a policy, or its tests.")
            problems.append(Problem(str(file), 1, 1, "", message, hint))
    if problems:
        raise InvalidInput(problems)
    return [policy for policy in bundle.policies.values() if policy.id in wanted]


def run_lint(
    bundle: Bundle,
    fixtures: FilePath | None = None,
    texts: FilePath | None = None,
    today: str | None = None,
    only: Sequence[Policy] | None = None,
) -> LintReport:
    """Return every finding about a bundle, the fixtures of a folder and the quotes of `texts`.

    Of a law in layers, the top layer is checked. Reviews that are due are found only if `today` is given. With `only`,
    some policies and their tests are checked, and neither the schemas nor any file of tests without a policy.
    """
    chosen = list(bundle.own_policies) if only is None else only
    policies = [bundle.document(policy) for policy in chosen]
    expectations = list(_expectations(fixtures))
    found = [
        *_policy_findings(bundle, chosen),
        *(_project_findings(bundle) if only is None else ()),
        *(case_checks.fixtures(bundle, fixtures) if fixtures is not None else ()),
        *policy_checks.added_overrides(bundle, chosen),
        *(("unverified-rule", problem) for problem in unread_warnings(bundle, chosen)),
        *(review_warnings(policies, today) if today is not None else ()),
        *(_text_findings(bundle, policies, texts) if texts is not None else ()),
    ]
    tests = [*case_checks.documents_of_tests(bundle, chosen), *expectations]
    found += case_checks.marked_words(tests)
    documents = [*policies, *tests]
    findings = sorted(LintFinding(problem, rule) for rule, problem in found)
    return LintReport(
        bundle, tuple(apply_ignores(findings, documents)), len(policies), len(expectations), tuple(documents)
    )


def _policy_findings(bundle: Bundle, chosen: Sequence[Policy]) -> Iterator[tuple[str, Problem]]:
    terms = used_terms(bundle)
    ids = {policy.id for policy in chosen}
    expressions: dict[str, list[Expression]] = {}
    for policy, expression in bundle.owned_expressions():
        if policy.id in ids:
            expressions.setdefault(policy.id, []).append(expression)
    for policy in chosen:
        own = {name: tree for (owner, name), tree in terms.items() if owner == policy.id}
        document = bundle.document(policy)
        file = policy_checks.CheckedPolicy(bundle, policy, document, expressions.get(policy.id, []), own)
        for check in (*policy_checks.CHECKS, case_checks.tests):
            yield from check(file)
    yield from policy_checks.unused(bundle, chosen)


def _project_findings(bundle: Bundle) -> Iterator[tuple[str, Problem]]:
    yield from (("stray-tests", problem) for problem in stray_tests(bundle))
    yield from schema_checks.validity(bundle.schemas)
    yield from schema_checks.translations(bundle.schemas)


def _text_findings(bundle: Bundle, policies: Sequence[Document], folder: FilePath) -> Iterator[tuple[str, Problem]]:
    statutes, noted = read_texts(folder), noted_hashes(FilePath(bundle.folder))
    for policy in policies:
        yield from text_problems(policy, statutes)
        if noted is not None:
            yield from changed_texts(policy, statutes, noted)


def _expectations(fixtures: FilePath | None) -> Iterable[Document]:
    """Yield the expectations of fixtures; a file that cannot be read is a finding already."""
    for path in sorted(fixtures.rglob("*.expect.yaml")) if fixtures is not None else ():
        try:
            yield load_document(path)
        except InvalidInput:
            continue
