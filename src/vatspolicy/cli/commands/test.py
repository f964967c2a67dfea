"""`vatspolicy test`: run the tests of policies and all fixtures; coverage and mutation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import (
    abort,
    is_interactive,
    print_result,
    publish,
    refuse_link,
    show_difference,
    write_report,
)
from vatspolicy.cli.context import LawOptions
from vatspolicy.i18n import _
from vatspolicy.output import write_stderr

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence
    from pathlib import Path

    from vatspolicy.authoring.testing.runner import RunResult
    from vatspolicy.authoring.testing.updates import UpdatedFile
    from vatspolicy.core.policies.bundle import Bundle

MUTATION = "Mutation"
"""Panel of options."""


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
    run: Annotated[
        str | None,
        opt.Option(
            "--run -r REGEX",
            "Run only tests whose name matches; with --mutation, mutate only what has a name that matches, such as "
            "policy, policy/rule, policy (term name).",
            opt.INPUT,
        ),
    ] = None,
    fixtures: opt.FixturesOption = None,
    coverage: Annotated[
        bool,
        opt.Option(
            "--coverage",
            "Report rules and clauses not covered as both true and false, or not independently (MC/DC).",
            opt.OUTPUT,
        ),
    ] = False,
    propose: Annotated[
        bool,
        opt.Option(
            "--propose",
            "Print a test case for each clause that is not covered (z3, the extra smt); implies --coverage.",
            opt.OUTPUT,
        ),
    ] = False,
    threshold: Annotated[
        float | None,
        opt.Option(
            "--threshold PERCENT",
            "Fail below this share of clauses seen true and false; implies --coverage.",
            opt.OUTPUT,
            least=0,
            most=100,
        ),
    ] = None,
    update: Annotated[
        bool,
        opt.Option(
            "--update",
            "Rewrite expectations that fail to what the law gives, and show the changes as a diff.",
            opt.OUTPUT,
        ),
    ] = False,
    yes: Annotated[
        bool, opt.Option("--yes", "Let --update or --write-tests write without a terminal, or in CI.", opt.OUTPUT)
    ] = False,
    mutation: Annotated[
        bool, opt.Option("--mutation", "Make small mistakes in the law and show which no test notices.", MUTATION)
    ] = False,
    mutation_threshold: Annotated[
        float | None,
        opt.Option(
            "--mutation-threshold PERCENT",
            "Fail below this share of noticed mistakes; implies --mutation.",
            MUTATION,
            least=0,
            most=100,
        ),
    ] = None,
    sample: Annotated[
        int | None, opt.Option("--sample N", "Maximum number of mistakes, drawn at random.", MUTATION, least=1)
    ] = None,
    seed: Annotated[int, opt.Option("--seed N", "Which sample is drawn.", MUTATION)] = 0,
    no_suggestions: Annotated[
        bool,
        opt.Option(
            "--no-suggestions",
            "Look for no tests and for no proofs that a mistake changes nothing, which is faster.",
            MUTATION,
        ),
    ] = False,
    write_tests: Annotated[
        bool,
        opt.Option(
            "--write-tests", "Write the suggested tests below those of each policy, and show them as a diff.", MUTATION
        ),
    ] = False,
    jobs: Annotated[int, opt.Option("--jobs -j", "Processes.", MUTATION, least=1)] = 1,
    format: Annotated[TestFormat, opt.make_format_option(TestFormat)] = "text",
    outputs: Annotated[opt.Outputs, opt.make_output_option(TestFormat)] = (),
    lang: opt.LangOption = "en",
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
    if wants_mutants and coverage:
        abort(_("--coverage and --mutation cannot be combined."))
    if not wants_mutants and (sample is not None or no_suggestions or write_tests or jobs > 1):
        abort(_("--sample, --no-suggestions, --write-tests and --jobs need --mutation."))
    if no_suggestions and write_tests:
        abort(_("--write-tests and --no-suggestions cannot be combined."))
    if wants_mutants and update:
        abort(_("--update and --mutation cannot be combined."))
    if yes and not (update or write_tests):
        abort(_("--yes needs --update or --write-tests."))
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
