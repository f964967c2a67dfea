"""`vatspolicy timeline`: the decision over law time."""

from __future__ import annotations

from typing import Literal

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import abort, measure_width, publish
from vatspolicy.cli.context import CommandContext, load_claims, require_covered
from vatspolicy.i18n import _

TimelineFormat = Literal["text", "json", "markdown", "html", "ics"]


def show_timeline(
    *,
    spec: str = opt.argument(opt.REQUIRED, "SPEC", "A product spec, or - for standard input."),
    context: CommandContext,
    first: str | None = opt.decision(
        None, "--from DAY", "First day (default: today, or an earlier launch).", parse=opt.parse_day
    ),
    last: str | None = opt.decision(
        None, "--to DAY", "Last day (default: no end; changes that are law already are included).", parse=opt.parse_day
    ),
    changes: opt.Changes = opt.SET,
    stdin_filename: str | None = opt.STDIN_NAME,
    format: TimelineFormat = opt.format_option("text", TimelineFormat),
    outputs: opt.Outputs = opt.output_option(TimelineFormat),
) -> None:
    """Show how the decision on a spec changed and will change, and which instrument changed it.

    Example: vatspolicy timeline spec.yaml --from 2024-01-01
    """
    from vatspolicy import clock
    from vatspolicy.core.engine.timeline import first_day
    from vatspolicy.core.engine.timeline import timeline as make
    from vatspolicy.reports.timeline import render

    bundle = context.law.load([spec])
    if first is not None:
        require_covered(bundle, first, "--from")
    if last is not None and last < (first or bundle.covers_from):
        abort(_("--to {last} is before the first day of the timeline.", last=last))
    profile, today = load_claims(bundle, spec, changes, stdin_filename), clock.today()
    data = make(bundle, profile, today, first or first_day(bundle, profile, today, last), last)
    publish(lambda name, color: render(name, data, context.lang, color, measure_width()), format, outputs)


command = opt.Command(show_timeline, "timeline", opt.DECIDE, 90)
