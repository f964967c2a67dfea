"""`vatspolicy check`: decide product specs."""

from __future__ import annotations

from typing import Annotated

import typer

from vatspolicy.arguments import FailOn, Format, Lang, parse_changes, parse_day, parse_outputs
from vatspolicy.commands.options import LangOption, PoliciesOption
from vatspolicy.console import (
    DECIDE,
    DECISION,
    INPUT,
    OUTPUT,
    columns,
    complain,
    fail,
    save,
    show,
    single,
)
from vatspolicy.errors import InvalidInput
from vatspolicy.gate import NOTHING, USAGE
from vatspolicy.output import wants_colour, write_stderr


def check(
    specs: Annotated[
        list[str],
        typer.Argument(
            metavar="SPEC",
            help="Product specs: files, folders, globs, or - for standard input.",
            show_default=False,
        ),
    ],
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="DAY",
            callback=parse_day,
            help="Day of the law (default: the launch day of the spec, else today in China).",
            rich_help_panel=DECISION,
        ),
    ] = None,
    policies: PoliciesOption = None,
    set_: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="PATH=VALUE",
            help="Change a fact before deciding; no value removes it; repeatable.",
            rich_help_panel=INPUT,
        ),
    ] = [],  # noqa: B006 - typer reads it
    fail_on: Annotated[
        FailOn,
        typer.Option(help="What makes the gate fail; each level includes those before it.", rich_help_panel=DECISION),
    ] = FailOn.NEEDS_LICENSE,
    allow_past_as_of: Annotated[
        bool,
        typer.Option("--allow-past-as-of", help="Allow the law of a past day to decide.", rich_help_panel=DECISION),
    ] = False,
    no_fail: Annotated[
        bool,
        typer.Option(
            "--no-fail",
            help="Exit with 0 for a failed or incomplete gate (not for invalid input).",
            rich_help_panel=DECISION,
        ),
    ] = False,
    format: Annotated[
        Format, typer.Option("--format", "-f", help="Format on standard output.", rich_help_panel=OUTPUT)
    ] = Format.TEXT,
    output: Annotated[
        list[str],
        typer.Option(
            "--output",
            "-o",
            metavar="FORMAT=PATH",
            help="Write another format to a file; repeatable.",
            rich_help_panel=OUTPUT,
        ),
    ] = [],  # noqa: B006
    lang: LangOption = Lang.EN,
) -> None:
    """Decide product specs.

    Example: vatspolicy check specs/*.yaml --fail-on deny -o sarif=vats.sarif
    """
    from vatspolicy.bundle import load_bundle
    from vatspolicy.clock import today
    from vatspolicy.gate import DayError, Gate
    from vatspolicy.report import render as render_report

    outputs, changes = parse_outputs(output), parse_changes(set_)
    gate = Gate(load_bundle(policies), today(), as_of, allow_past_as_of, changes, fail_on, no_fail)
    try:
        outcome = gate.run(specs)
    except DayError as error:
        fail(f"{error}.", USAGE)
    if outcome.problems:
        complain(InvalidInput(outcome.problems))
    for argument in outcome.empty:
        write_stderr(f"vatspolicy: there is no spec behind {argument!r}.\n")
    if not outcome.records and not outcome.problems:
        fail("nothing was decided.", NOTHING)

    def report(name: str, colour: bool = False) -> str:
        return render_report(name, outcome.records, lang.value, colour, columns(), outcome.problems)

    for name, path in outputs:
        save(path, report(name))
    if outcome.records or format not in (Format.TEXT, Format.GITHUB):
        show(report(format, wants_colour()), machine=format is not Format.TEXT)
    raise typer.Exit(outcome.exit_code)


command = single(check, "check", DECIDE)
