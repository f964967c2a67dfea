"""`vatspolicy test`: run the tests of policies and all fixtures; coverage."""

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

    from vatspolicy.core.policies.bundle import Bundle


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
    run: str | None = opt.input_(None, "--run -r REGEX", "Run only tests whose name matches."),
    fixtures: Path | None = opt.FIXTURES,
    coverage: bool = opt.output(
        False, "--coverage", "Report rules never shown to apply, and clauses not shown both true and false."
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
    yes: bool = opt.output(False, "--yes", "Let --update write without a terminal, or in CI."),
    format: TestFormat = opt.format_option("text", TestFormat),
    outputs: opt.Outputs = opt.output_option(TestFormat),
    lang: Language = opt.LANG,
) -> int:
    """Run the tests of policies and all fixtures. A test with `skip: REASON` is not run, and every report says so.
    A failing test names the clauses that decide, with the facts that they read.
    --update rewrites expectations in place and keeps comments: read its diff, as it takes the law for right.

    Example: vatspolicy test -r pilot --coverage --threshold 95
    """
    from vatspolicy.authoring.testing.runner import run_tests as run_cases
    from vatspolicy.reports import test_run

    coverage = coverage or threshold is not None
    refuse_if(yes and not update, _("--yes needs --update."))
    if update:
        if law.bundle is not None:  # its files have the same names as the working tree, whose law may differ
            abort(_("--update needs a folder of policies, not a bundle."))
        if not (yes or is_interactive()):
            abort(_("--update writes files, and there is no terminal to confirm the changes. Add --yes."))
    pattern = parse_pattern(run)
    bundle = law.load(locks="warn")
    if update:
        _update(bundle, law, fixtures, pattern, quiet=format != "text")
    result = run_cases(bundle, fixtures, pattern, coverage, threshold)
    publish(lambda name, _: test_run.render(name, result, lang), format, outputs)
    return result.exit_code


def _update(
    bundle: Bundle, law: LawOptions, fixtures: Path | None, pattern: re.Pattern[str] | None, quiet: bool
) -> None:
    """Rewrite the expectations that fail, and show the changes."""
    from vatspolicy.authoring.testing.runner import selected_cases
    from vatspolicy.authoring.testing.updates import update_expectations

    updated = update_expectations(selected_cases(bundle, fixtures, pattern))
    law.refuse_shipped(file for file, *_texts in updated)
    for file, *_texts in updated:
        refuse_link(file)
    for file, before, after in updated:
        write_report(file, after)
        difference = show_difference(before, after, str(file), f"{file} updated")
        (write_stderr if quiet else print_result)(difference)  # beside a report for machines, on standard error


command = opt.Command(run_tests, "test", opt.RULES, 140)
