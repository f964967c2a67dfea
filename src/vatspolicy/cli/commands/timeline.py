"""`vatspolicy timeline`: the decision over law time."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from vatspolicy.cli.console import abort, measure_width, publish
from vatspolicy.cli.context import CommandContext, require_covered, warn_of_claims
from vatspolicy.cli.declaration import Command
from vatspolicy.cli.parameters import (
    DECIDE,
    DECISION,
    FORMAT,
    Outputs,
    SetOption,
    StdinNameOption,
    make_output_option,
    parse_day,
)
from vatspolicy.i18n import _


class TimelineFormat(StrEnum):
    """Formats of a timeline (vatspolicy.reports.timeline.FORMATS; typer wants an enumeration)."""

    TEXT, JSON, MARKDOWN, HTML = "text", "json", "markdown", "html"


def show_timeline(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="A product spec, or - for standard input.")],
    context: CommandContext,
    first: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="DAY",
            callback=parse_day,
            help="First day (default: the first that the bundle covers).",
            rich_help_panel=DECISION,
        ),
    ] = None,
    last: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="DAY",
            callback=parse_day,
            help="Last day (default: no end; changes that are law already are included).",
            rich_help_panel=DECISION,
        ),
    ] = None,
    changes: SetOption = (),
    stdin_filename: StdinNameOption = None,
    format: Annotated[TimelineFormat, FORMAT] = TimelineFormat.TEXT,
    outputs: Annotated[Outputs, make_output_option(tuple(TimelineFormat))] = (),
) -> None:
    """Show how the decision on a spec changed and will change, and which instrument changed it.

    Example: vatspolicy timeline spec.yaml --from 2024-01-01
    """
    from vatspolicy import clock
    from vatspolicy.engine.timeline import timeline as make
    from vatspolicy.gate.opinions import check_opinions
    from vatspolicy.profile.profile import load_profile
    from vatspolicy.reports.timeline import render

    bundle = context.law.load([spec])
    if first is not None:
        require_covered(bundle, first, "--from")
    if last is not None and last < (first or bundle.covers_from):
        abort(_("--to {last} is before the first day of the timeline.", last=last))
    profile = load_profile(spec, changes, bundle.schemas, stdin_filename)
    check_opinions(bundle, profile, clock.today())
    warn_of_claims(profile)
    data = make(bundle, profile, clock.today(), first, last)
    publish(lambda name, color: render(name, data, context.lang.value, color, measure_width()), format, outputs)


command = Command(show_timeline, "timeline", DECIDE)
