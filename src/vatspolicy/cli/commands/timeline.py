"""`vatspolicy timeline`: the decision over law time."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from vatspolicy.cli.arguments import Lang, parse_changes, parse_day
from vatspolicy.cli.options import (
    BundleOption,
    KeyOption,
    LangOption,
    PoliciesOption,
    SetOption,
    SkipVerifyOption,
    choose_bundle,
)
from vatspolicy.cli.typer_app import DECIDE, DECISION, OUTPUT, abort, columns, print_result, single
from vatspolicy.output import wants_colour


class TimelineFormat(StrEnum):
    """Formats of a timeline (vatspolicy.reports.timeline.FORMATS; typer wants an enumeration)."""

    TEXT, JSON, MARKDOWN = "text", "json", "markdown"


def timeline(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="A product spec, or - for standard input.")],
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
    policies: PoliciesOption = None,
    bundle: BundleOption = None,
    key: KeyOption = None,
    skip_verify: SkipVerifyOption = False,
    set_: SetOption = [],  # noqa: B006 - typer reads it
    format: Annotated[
        TimelineFormat, typer.Option("--format", "-f", help="Format on standard output.", rich_help_panel=OUTPUT)
    ] = TimelineFormat.TEXT,
    lang: LangOption = Lang.EN,
) -> None:
    """Show how the decision on a spec changed and will change, and which instrument changed it.

    Example: vatspolicy timeline spec.yaml --from 2024-01-01
    """
    from vatspolicy import clock
    from vatspolicy.engine.timeline import timeline as make
    from vatspolicy.profile.profile import load_profile
    from vatspolicy.reports.timeline import render

    changes = parse_changes(set_)
    law = choose_bundle(policies, bundle, key, skip_verify)
    if first is not None and first < law.covers_from:
        abort(f"--from {first} lies before {law.covers_from}, the first day that the bundle covers.")
    if last is not None and last < (first or law.covers_from):
        abort(f"--to {last} lies before the first day of the timeline.")
    data = make(law, load_profile(spec, changes), clock.today(), first, last)
    print_result(render(format, data, lang.value, wants_colour(), columns()), machine=format is not TimelineFormat.TEXT)


command = single(timeline, "timeline", DECIDE)
