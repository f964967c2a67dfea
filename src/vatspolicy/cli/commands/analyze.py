"""`vatspolicy analyze`: the bundle as a whole."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from vatspolicy.cli.console import abort, publish
from vatspolicy.cli.context import LawOptions
from vatspolicy.cli.declaration import Command
from vatspolicy.cli.parameters import (
    DECISION,
    FORMAT,
    RULES,
    Lang,
    LangOption,
    Outputs,
    make_output_option,
    parse_day,
)
from vatspolicy.errors import suggest
from vatspolicy.i18n import Listing, Sentences, _

MOST_WORKERS = 4
"""Most processes if none are asked for: each takes half a gigabyte, and the longest question ends the run."""


class AnalysisFormat(StrEnum):
    """Formats of an analysis (vatspolicy.reports.analysis.FORMATS; typer wants an enumeration)."""

    TEXT, MARKDOWN, JSON = "text", "markdown", "json"
    GITHUB, SARIF, JUNIT = "github", "sarif", "junit"


def analyze(
    law: LawOptions,
    kind: Annotated[
        list[str],
        typer.Option(metavar="KIND", help="Look for this kind of finding only; repeatable.", rich_help_panel=DECISION),
    ] = [],  # noqa: B006 - typer reads it
    rule: Annotated[
        str,
        typer.Option(metavar="GLOB", help="Look at these rules only (policy/rule).", rich_help_panel=DECISION),
    ] = "*",
    since: Annotated[
        str | None,
        typer.Option(
            metavar="REVISION",
            help="Look only at the rules that a change since this git revision (or folder, or bundle) touches.",
            rich_help_panel=DECISION,
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="DAY", callback=parse_day, help="Ask of one day (default: every day).", rich_help_panel=DECISION
        ),
    ] = None,
    properties: Annotated[
        bool | None,
        typer.Option(
            "--properties/--no-properties",
            help="Properties alone, or findings alone.",
            show_default="both",
            rich_help_panel=DECISION,
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option(help="Findings that are information fail the run too.", rich_help_panel=DECISION)
    ] = False,
    budget: Annotated[
        int | None,
        typer.Option(
            metavar="UNITS", min=1, help="Work that one question may cost (z3's units).", rich_help_panel=DECISION
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", "-j", min=1, help="Processes.", show_default="one a core, at most 4", rich_help_panel=DECISION
        ),
    ] = None,
    format: Annotated[AnalysisFormat, FORMAT] = AnalysisFormat.TEXT,
    outputs: Annotated[Outputs, make_output_option(tuple(AnalysisFormat))] = (),
    lang: LangOption = Lang.EN,
) -> int:
    """Analyze the bundle as a whole: dead, repeated and contradicting rules, gaps, dates, and properties of the law.

    Example: vatspolicy analyze --rule 'vats-pilot-2024/*' --no-properties
    """
    from vatspolicy.authoring.analysis.findings import KINDS
    from vatspolicy.authoring.analysis.run import AnalysisRequest, run_analysis
    from vatspolicy.authoring.analysis.touched import find_touched
    from vatspolicy.authoring.symbolic.solver import BUDGET
    from vatspolicy.git import SourceError
    from vatspolicy.reports.analysis import render
    from vatspolicy.workers import cores

    every = tuple(name for name in KINDS if name != "accepted-not-found")
    for name in kind:
        if name not in every:
            hint = suggest(name, every) or _("Known: {every}.", every=Listing(every))
            abort(Sentences(_("there is no kind of finding {name!r}.", name=name), hint))
    stack = law.choose(locks="warn")
    touched = None
    if since is not None:
        try:
            touched = find_touched(since, stack)
        except SourceError as error:
            abort(str(error))
    report = run_analysis(
        AnalysisRequest(
            law=stack,
            kinds=tuple(name for name in every if name in kind or not kind),
            rules=rule,
            as_of=as_of,
            findings=properties is not True,
            properties=properties is True or (properties is None and not kind and rule == "*" and as_of is None),
            touched=touched,
            strict=strict,
            budget=budget or BUDGET,
            workers=jobs or min(cores(), MOST_WORKERS),
        )
    )
    publish(lambda name, _: render(name, report, lang.value), format, outputs)
    return report.exit_code


command = Command(analyze, "analyze", RULES)
