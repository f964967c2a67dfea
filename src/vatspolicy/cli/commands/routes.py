"""`vatspolicy routes`: every route, the smallest changes that open one, and the margins."""

from __future__ import annotations

from typing import Literal

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import measure_width, publish, refuse_if
from vatspolicy.cli.context import SpecContext, require_covered, require_specs, warn_of_claims
from vatspolicy.i18n import _

Form = Literal["text", "json", "markdown", "html"]
"""Formats of this report."""


Goal = Literal["needs-license", "allow"]
"""Outcomes to reach (vatspolicy.guidance.remediation.GOALS)."""


def show_routes(
    *,
    spec: str = opt.argument(opt.REQUIRED, "SPEC", "A spec (YAML or JSON), or - for standard input."),
    context: SpecContext,
    to: Goal | None = opt.decision(None, "--to", "What to reach (default: the next better decision)."),
    most: int = opt.decision(3, "--most", "How many differences to combine, at most.", least=1, most=4),
    limit: int = opt.output(5, "--limit", "How many proposals to show, at most.", least=1, most=20),
    changes: opt.Changes = opt.SET,
    stdin_filename: str | None = opt.STDIN_NAME,
    format: Form = opt.format_option("text", Form),
    outputs: opt.Outputs = opt.output_option(Form),
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
    refuse_if(len(specs) > 1, _("{spec!r} matches {count} specs; choose one.", count=len(specs), spec=spec))
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
