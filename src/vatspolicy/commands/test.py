"""`vatspolicy test`: the tests inside policies, and all fixtures."""

from __future__ import annotations

from typing import Annotated

import typer

from vatspolicy.arguments import parse_pattern
from vatspolicy.commands.options import FixturesOption, PoliciesOption, near
from vatspolicy.console import INPUT, OUTPUT, RULES, show, single


def run_tests(
    run: Annotated[
        str | None,
        typer.Option("--run", "-r", metavar="REGEX", help="Run only tests whose name matches.", rich_help_panel=INPUT),
    ] = None,
    policies: PoliciesOption = None,
    fixtures: FixturesOption = None,
    coverage: Annotated[
        bool,
        typer.Option("--coverage", help="Show which rules and clauses no test sees both ways.", rich_help_panel=OUTPUT),
    ] = False,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=100,
            metavar="PERCENT",
            help="Fail below this share of covered clauses; implies --coverage.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
) -> None:
    """Run the tests inside policies and all fixtures.

    Example: vatspolicy test -r pilot --coverage --threshold 95
    """
    from vatspolicy.bundle import load_bundle
    from vatspolicy.proof import prove

    pattern = parse_pattern(run)
    report = prove(load_bundle(policies), fixtures or near(), pattern, coverage or threshold is not None, threshold)
    show(report.text)
    raise typer.Exit(report.exit_code)


command = single(run_tests, "test", RULES)
