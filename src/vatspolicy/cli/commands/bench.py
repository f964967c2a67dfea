"""`vatspolicy bench`: how long decisions on specs take, rule by rule."""

from __future__ import annotations

from typing import Annotated

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import publish
from vatspolicy.cli.context import SpecContext, require_covered, require_specs


def bench(
    context: SpecContext,
    specs: opt.SpecsArgument = (),
    limit: Annotated[int, opt.Option("--limit", "How many rules to show, at most.", opt.OUTPUT, least=1)] = 10,
    format: opt.DataFormatOption = "text",
    outputs: Annotated[opt.Outputs, opt.make_output_option(opt.DataFormat)] = (),
) -> None:
    """Measure how long decisions on specs take, and which rules take most of that time.
    A spec takes a tenth of a second to measure.

    Example: vatspolicy bench specs --law policies
    """
    from vatspolicy.authoring.timing import measure_decisions
    from vatspolicy.clock import today
    from vatspolicy.core.profile.profile import load_profile
    from vatspolicy.gate.gate import Gate
    from vatspolicy.reports.timing import render

    files = require_specs(specs)
    bundle = context.law.load(specs)
    if context.as_of is not None:
        require_covered(bundle, context.as_of)
    gate = Gate(bundle, today(), context.as_of, allow_past=True)
    profiles = [(file, load_profile(file, (), bundle.schemas)) for file in files]
    timing = measure_decisions(bundle, [(file, profile, gate.find_day(profile)) for file, profile in profiles])
    publish(lambda form, _color: render(form, timing, limit, context.lang), format, outputs)


command = opt.Command(bench, "bench", opt.RULES, 210)
