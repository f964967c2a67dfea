"""`vatspolicy routes`: every route, the smallest changes that open one, and the margins."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from vatspolicy.cli.console import abort, measure_width, publish
from vatspolicy.cli.context import SpecContext, require_covered, require_specs, warn_of_claims
from vatspolicy.cli.declaration import Command
from vatspolicy.cli.parameters import (
    DECIDE,
    DECISION,
    FORMAT,
    OUTPUT,
    Outputs,
    SetOption,
    StdinNameOption,
    make_output_option,
)
from vatspolicy.i18n import _


class Form(StrEnum):
    """Formats of this report."""

    TEXT, JSON, MARKDOWN, HTML = "text", "json", "markdown", "html"


class Goal(StrEnum):
    """Outcomes to reach (vatspolicy.guidance.remediation.GOALS)."""

    NEEDS_LICENSE, ALLOW = "needs-license", "allow"


def show_routes(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="A spec (YAML or JSON), or - for standard input.")],
    context: SpecContext,
    to: Annotated[
        Goal | None,
        typer.Option("--to", help="What to reach (default: the next better decision).", rich_help_panel=DECISION),
    ] = None,
    most: Annotated[
        int,
        typer.Option(
            "--most", min=1, max=4, help="How many differences to combine, at most.", rich_help_panel=DECISION
        ),
    ] = 3,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=20, help="How many proposals to show, at most.", rich_help_panel=OUTPUT)
    ] = 5,
    changes: SetOption = (),
    stdin_filename: StdinNameOption = None,
    format: Annotated[Form, FORMAT] = Form.TEXT,
    outputs: Annotated[Outputs, make_output_option(tuple(Form))] = (),
) -> None:
    """Show every route of a spec and the smallest differences that would lead on.

    Example: vatspolicy routes spec.yaml --to allow
    """
    import json

    from vatspolicy.clock import today
    from vatspolicy.engine.result import encode
    from vatspolicy.gate.gate import Gate
    from vatspolicy.gate.opinions import check_opinions
    from vatspolicy.guidance.remediation import find_remediations
    from vatspolicy.guidance.remediation.ways import describe_ways
    from vatspolicy.profile.profile import load_profile
    from vatspolicy.reports.remediation import document, text

    specs = require_specs([spec])
    if len(specs) > 1:
        abort(_("{count} specs are behind {spec!r}; name one.", count=len(specs), spec=spec))
    bundle = context.law.load(specs)
    profile = load_profile(specs[0], changes, bundle.schemas, stdin_filename)
    check_opinions(bundle, profile, today())
    warn_of_claims(profile)
    if context.as_of is not None:
        require_covered(bundle, context.as_of)
    day = Gate(bundle, today(), context.as_of, allow_past=True).find_day(profile)
    plan = find_remediations(bundle, profile, day, to.value if to is not None else None, limit, most)
    ways = describe_ways(bundle, profile, plan)

    def report(form: str, color: bool) -> str:
        if form == Form.JSON:
            return json.dumps(encode(ways), ensure_ascii=False, indent=2) + "\n"
        if form == Form.MARKDOWN:
            return document.render_markdown(ways, context.lang.value)
        if form == Form.HTML:
            return document.render_page(ways, context.lang.value)
        return text.render(ways, context.lang.value, color, measure_width())

    publish(report, format, outputs)


command = Command(show_routes, "routes", DECIDE)
