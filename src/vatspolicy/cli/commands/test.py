"""`vatspolicy test`: run the tests of policies and all fixtures; coverage and mutation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import (
    abort,
    is_interactive,
    print_result,
    publish,
    refuse_if,
    refuse_link,
    show_difference,
    write_report,
)
from vatspolicy.cli.context import LawOptions
from vatspolicy.i18n import Language, _
from vatspolicy.output import write_stderr

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence

    from vatspolicy.authoring.testing.runner import RunResult
    from vatspolicy.authoring.testing.updates import UpdatedFile
    from vatspolicy.core.policies.bundle import Bundle

of_mutation = opt.Panel("Mutation")


TestFormat = Literal["text", "json", "sarif", "junit", "github"]
"""Formats of a test run (vatspolicy.reports.test_run)."""


def parse_pattern(text: str | None) -> re.Pattern[str] | None:
    """Return a regular expression."""
    import re

    try:
        return re.compile(text) if text else None
    except re.error:
        raise opt.BadArgument(_("This is not a valid regular expression.")) from None


def run_tests(
    law: LawOptions,
    run: str | None = opt.input_(
        None,
        "--run -r REGEX",
        "Run only tests whose name matches; with --mutation, mutate only what has a name that matches, such as "
        "policy, policy/rule, policy (term name).",
    ),
    fixtures: Path | None = opt.FIXTURES,
    coverage: bool = opt.output(
        False,
        "--coverage",
        "Report rules and clauses not covered as both true and false, or not independently (MC/DC).",
    ),
    propose: bool = opt.output(
        False,
        "--propose",
        "Print a test case for each clause that is not covered (z3, the extra smt); implies --coverage.",
    ),
    threshold: float | None = opt.output(
        None,
        "--threshold PERCENT",
        "Fail below this share of clauses seen true and false; implies --coverage.",
        least=0,
        most=100,
    ),
    update: bool = opt.output(
        False, "--update", "Rewrite expectations that fail to what the law gives, and show the changes as a diff."
    ),
    yes: bool = opt.output(False, "--yes", "Let --update or --write-tests write without a terminal, or in CI."),
    mutation: bool = of_mutation(False, "--mutation", "Make small mistakes in the law and show which no test notices."),
    mutation_threshold: float | None = of_mutation(
        None,
        "--mutation-threshold PERCENT",
        "Fail below this share of noticed mistakes; implies --mutation.",
        least=0,
        most=100,
    ),
    sample: int | None = of_mutation(None, "--sample N", "Maximum number of mistakes, drawn at random.", least=1),
    seed: int = of_mutation(0, "--seed N", "Which sample is drawn."),
    no_suggestions: bool = of_mutation(
        False,
        "--no-suggestions",
        "Look for no tests and for no proofs that a mistake changes nothing, which is faster.",
    ),
    write_tests: bool = of_mutation(
        False, "--write-tests", "Write the suggested tests below those of each policy, and show them as a diff."
    ),
    jobs: int = of_mutation(1, "--jobs -j", "Processes.", least=1),
    format: TestFormat = opt.format_option("text", TestFormat),
    outputs: opt.Outputs = opt.output_option(TestFormat),
    lang: Language = opt.LANG,
) -> int:
    """Run the tests of policies and all fixtures. A test with `skip: REASON` is not run, and every report says so.
    A failing test names the clauses that decide, with the facts that they read.
    --update rewrites expectations in place and keeps comments: read its diff, as it takes the law for right.
    So does --write-tests, which adds a test for each mistake that no test notices.

    Example: vatspolicy test -r pilot --coverage --threshold 95
    """
    from vatspolicy.authoring.testing.runner import all_cases
    from vatspolicy.authoring.testing.runner import run_tests as run_cases

    wants_mutants = mutation or mutation_threshold is not None
    coverage = coverage or propose or threshold is not None
    refuse_if(wants_mutants and coverage, _("--coverage and --mutation cannot be combined."))
    if not wants_mutants and (sample is not None or no_suggestions or write_tests or jobs > 1):
        abort(_("--sample, --no-suggestions, --write-tests and --jobs need --mutation."))
    refuse_if(no_suggestions and write_tests, _("--write-tests and --no-suggestions cannot be combined."))
    refuse_if(wants_mutants and update, _("--update and --mutation cannot be combined."))
    refuse_if(yes and not (update or write_tests), _("--yes needs --update or --write-tests."))
    if update or write_tests:
        option = "--update" if update else "--write-tests"
        if law.bundle is not None:  # its files have the same names as the working tree, whose law may differ
            abort(_("{option} needs a folder of policies, not a bundle.", option=option))
        if not (yes or is_interactive()):
            message = _(
                "{option} writes files, and there is no terminal to confirm the changes. Add --yes.", option=option
            )
            abort(message)
    pattern = parse_pattern(run)
    bundle = law.load(locks="warn")
    if update:
        _update(bundle, law, fixtures, pattern, quiet=format != "text")
    if not wants_mutants:
        from vatspolicy.reports import test_run

        result = run_cases(bundle, fixtures, pattern, coverage, threshold)
        if propose:
            result = _with_proposals(result)
        publish(lambda name, _: test_run.render(name, result, lang), format, outputs)
        return result.exit_code

    from vatspolicy.authoring.mutation.report import mutate
    from vatspolicy.authoring.mutation.run import MutantSelection
    from vatspolicy.reports.mutation import render

    report = mutate(
        bundle,
        [case for case in all_cases(bundle, fixtures) if case.skipped is None],
        MutantSelection(pattern, sample, seed),
        threshold=mutation_threshold,
        suggestions=not no_suggestions,
        processes=jobs,
    )
    if write_tests:
        from vatspolicy.authoring.mutation.suggestions import add_tests

        suggested = [survivor.suggestion for survivor in report.survivors if survivor.suggestion is not None]
        _write(add_tests(bundle, suggested), law, quiet=format != "text")
    publish(lambda name, _: render(name, report, lang), format, outputs)
    return report.exit_code


def _with_proposals(result: RunResult) -> RunResult:
    """Return a run with a test case for each clause that is not covered in the policies whose tests were run."""
    import dataclasses

    from vatspolicy.authoring.analysis.witness import propose_cases

    if result.coverage is None:
        return result
    files = {outcome.case.policy.file for outcome in result.results if outcome.case.policy is not None}
    gaps = [gap for gap in result.coverage.undecisive if gap.file in files]
    proposals = tuple(propose_cases(result.bundle, gaps))
    return dataclasses.replace(result, proposals=proposals)


def _update(
    bundle: Bundle, law: LawOptions, fixtures: Path | None, pattern: re.Pattern[str] | None, quiet: bool
) -> None:
    """Rewrite the expectations that fail, and show the changes."""
    from vatspolicy.authoring.testing.runner import selected_cases
    from vatspolicy.authoring.testing.updates import update_expectations

    _write(update_expectations(selected_cases(bundle, fixtures, pattern)), law, quiet)


def _write(updated: Sequence[UpdatedFile], law: LawOptions, quiet: bool) -> None:
    """Write files of tests, and show the changes as a diff; on standard error beside a report for machines."""
    law.refuse_shipped(file for file, *_texts in updated)
    for file, *_texts in updated:
        refuse_link(file)
    for file, before, after in updated:
        write_report(file, after)
        difference = show_difference(before, after, str(file), f"{file} updated")
        (write_stderr if quiet else print_result)(difference)


command = opt.Command(run_tests, "test", opt.RULES, 140)
