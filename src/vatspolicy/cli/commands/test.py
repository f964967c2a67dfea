"""`vatspolicy test`: run the tests of policies and all fixtures; coverage and mutation."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

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
from vatspolicy.cli.declaration import Command
from vatspolicy.cli.parameters import (
    FORMAT,
    INPUT,
    OUTPUT,
    RULES,
    FixturesOption,
    Lang,
    LangOption,
    Outputs,
    make_output_option,
    parse_pattern,
)
from vatspolicy.i18n import _
from vatspolicy.output import write_stderr

if TYPE_CHECKING:
    import re
    from collections.abc import Sequence
    from pathlib import Path

    from vatspolicy.authoring.testing.runner import RunResult
    from vatspolicy.authoring.testing.updates import UpdatedFile
    from vatspolicy.policies.bundle import Bundle

MUTATION = "Mutation"
"""Panel of options."""


class TestFormat(StrEnum):
    """Formats of a test run (vatspolicy.reports.test_run; typer wants an enumeration)."""

    TEXT, JSON, SARIF, JUNIT, GITHUB = "text", "json", "sarif", "junit", "github"


def run_tests(
    law: LawOptions,
    run: Annotated[
        str | None,
        typer.Option(
            "--run",
            "-r",
            metavar="REGEX",
            help="Run only tests whose name matches; with --mutation, mutate only what has a name that matches, "
            "such as policy, policy/rule, policy (term name).",
            rich_help_panel=INPUT,
        ),
    ] = None,
    fixtures: FixturesOption = None,
    coverage: Annotated[
        bool,
        typer.Option(
            "--coverage",
            help="Report rules and clauses not covered as both true and false, or not independently (MC/DC).",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    propose: Annotated[
        bool,
        typer.Option(
            "--propose",
            help="Print a test case for each clause that is not covered (z3, the extra smt); implies --coverage.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=100,
            metavar="PERCENT",
            help="Fail below this share of clauses seen true and false; implies --coverage.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    update: Annotated[
        bool,
        typer.Option(
            "--update",
            help="Rewrite expectations that fail to what the law gives, and show the changes as a diff.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", help="Let --update or --write-tests write without a terminal, or in CI.", rich_help_panel=OUTPUT
        ),
    ] = False,
    mutation: Annotated[
        bool,
        typer.Option(
            "--mutation",
            help="Make small mistakes in the law and show which no test notices.",
            rich_help_panel=MUTATION,
        ),
    ] = False,
    mutation_threshold: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=100,
            metavar="PERCENT",
            help="Fail below this share of noticed mistakes; implies --mutation.",
            rich_help_panel=MUTATION,
        ),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Only so many mistakes, drawn at random.", rich_help_panel=MUTATION),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Which sample is drawn.", rich_help_panel=MUTATION)] = 0,
    no_suggestions: Annotated[
        bool,
        typer.Option(
            "--no-suggestions",
            help="Look for no tests and for no proofs that a mistake changes nothing, which is faster.",
            rich_help_panel=MUTATION,
        ),
    ] = False,
    write_tests: Annotated[
        bool,
        typer.Option(
            "--write-tests",
            help="Write the suggested tests below those of each policy, and show them as a diff.",
            rich_help_panel=MUTATION,
        ),
    ] = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Processes.", rich_help_panel=MUTATION)] = 1,
    format: Annotated[TestFormat, FORMAT] = TestFormat.TEXT,
    outputs: Annotated[Outputs, make_output_option(tuple(TestFormat))] = (),
    lang: LangOption = Lang.EN,
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
        abort(_("--coverage and --mutation are two runs."))
    if not wants_mutants and (sample is not None or no_suggestions or write_tests or jobs > 1):
        abort(_("--sample, --no-suggestions, --write-tests and --jobs belong to --mutation."))
    if no_suggestions and write_tests:
        abort(_("--write-tests writes what --no-suggestions does not look for."))
    if wants_mutants and update:
        abort(_("--update and --mutation are two runs."))
    if yes and not (update or write_tests):
        abort(_("--yes belongs to --update and --write-tests."))
    if update or write_tests:
        option = "--update" if update else "--write-tests"
        if law.bundle is not None:  # its files are named as those of the working tree, whose law may be another one
            abort(_("{option} needs a folder of policies, not a bundle.", option=option))
        if not (yes or is_interactive()):
            message = _(
                "{option} writes files, and there is no terminal to show the changes on. Add --yes.", option=option
            )
            abort(message)
    pattern = parse_pattern(run)
    bundle = law.load(locks="warn")
    if update:
        _update(bundle, law, fixtures, pattern, quiet=format is not TestFormat.TEXT)
    if not wants_mutants:
        from vatspolicy.reports import test_run

        result = run_cases(bundle, fixtures, pattern, coverage, threshold)
        if propose:
            result = _with_proposals(result)
        publish(lambda name, _: test_run.render(name, result, lang.value), format, outputs)
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
        from vatspolicy.authoring.mutation.test_writer import add_tests

        suggested = [one.suggestion for one in report.survivors if one.suggestion is not None]
        _write(add_tests(bundle, suggested), law, quiet=format is not TestFormat.TEXT)
    publish(lambda name, _: render(name, report, lang.value), format, outputs)
    return report.exit_code


def _with_proposals(result: RunResult) -> RunResult:
    """Return a run with a test case for each clause that is not covered in the policies whose tests were run."""
    import dataclasses

    from vatspolicy.authoring.analysis.proposals import propose_cases

    if result.coverage is None:
        return result
    files = {one.case.policy.file for one in result.results if one.case.policy is not None}
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


command = Command(run_tests, "test", RULES)
