"""`vatspolicy routes`: every route, the smallest changes that open one, and the margins."""

from __future__ import annotations

from typing import Literal

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import measure_width, publish, refuse_if
from vatspolicy.cli.context import SpecContext, load_claims
from vatspolicy.gate.gate import ExitCode, find_specs
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
    from vatspolicy.guidance.remediation import find_remediations
    from vatspolicy.guidance.remediation.result import describe_ways
    from vatspolicy.reports.remediation import render

    specs = find_specs(spec)
    refuse_if(not specs, _("no spec found at {argument!r}.", argument=spec), ExitCode.NOTHING)
    refuse_if(len(specs) > 1, _("{spec!r} matches {count} specs; choose one.", count=len(specs), spec=spec))
    bundle = context.law.load(specs)
    profile = load_claims(bundle, specs[0], changes, stdin_filename)
    plan = find_remediations(bundle, profile, context.find_day(bundle, profile), to, limit, most)
    ways = describe_ways(bundle, profile, plan)
    publish(lambda name, color: render(name, ways, context.lang, color, measure_width()), format, outputs)


command = opt.Command(show_routes, "routes", opt.DECIDE, 30)
