"""`vatspolicy routes`: every route, the smallest changes that open one, and the margins."""

from __future__ import annotations

from typing import Annotated, Literal

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import abort, measure_width, publish
from vatspolicy.cli.context import SpecContext, require_covered, require_specs, warn_of_claims
from vatspolicy.i18n import _

Form = Literal["text", "json", "markdown", "html"]
"""Formats of this report."""


Goal = Literal["needs-license", "allow"]
"""Outcomes to reach (vatspolicy.guidance.remediation.GOALS)."""


def show_routes(
    spec: Annotated[str, opt.Argument("SPEC", "A spec (YAML or JSON), or - for standard input.")],
    context: SpecContext,
    to: Annotated[
        Goal | None, opt.Option("--to", "What to reach (default: the next better decision).", opt.DECISION)
    ] = None,
    most: Annotated[
        int, opt.Option("--most", "How many differences to combine, at most.", opt.DECISION, least=1, most=4)
    ] = 3,
    limit: Annotated[
        int, opt.Option("--limit", "How many proposals to show, at most.", opt.OUTPUT, least=1, most=20)
    ] = 5,
    changes: opt.SetOption = (),
    stdin_filename: opt.StdinNameOption = None,
    format: Annotated[Form, opt.make_format_option(Form)] = "text",
    outputs: Annotated[opt.Outputs, opt.make_output_option(Form)] = (),
) -> None:
    """Show every route of a spec and the smallest changes that would allow the launch.

    Example: vatspolicy routes spec.yaml --to allow
    """
    import json

    from vatspolicy.clock import today
    from vatspolicy.core.engine.result import encode
    from vatspolicy.core.profile.profile import load_profile
    from vatspolicy.gate.gate import Gate
    from vatspolicy.gate.opinions import check_opinions
    from vatspolicy.guidance.remediation import find_remediations
    from vatspolicy.guidance.remediation.result import describe_ways
    from vatspolicy.reports import remediation

    specs = require_specs([spec])
    if len(specs) > 1:
        abort(_("{spec!r} matches {count} specs; choose one.", count=len(specs), spec=spec))
    bundle = context.law.load(specs)
    profile = load_profile(specs[0], changes, bundle.schemas, stdin_filename)
    check_opinions(bundle, profile, today())
    warn_of_claims(profile)
    if context.as_of is not None:
        require_covered(bundle, context.as_of)
    day = Gate(bundle, today(), context.as_of, allow_past=True).find_day(profile)
    plan = find_remediations(bundle, profile, day, to, limit, most)
    ways = describe_ways(bundle, profile, plan)

    def report(form: str, color: bool) -> str:
        if form == "json":
            return json.dumps(encode(ways), ensure_ascii=False, indent=2) + "\n"
        if form == "markdown":
            return remediation.render_markdown(ways, context.lang)
        if form == "html":
            return remediation.render_page(ways, context.lang)
        return remediation.render(ways, context.lang, color, measure_width())

    publish(report, format, outputs)


command = opt.Command(show_routes, "routes", opt.DECIDE, 30)
