"""`vatspolicy analyze`: the bundle as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import abort, publish
from vatspolicy.cli.context import LawOptions
from vatspolicy.errors import suggest
from vatspolicy.i18n import Listing, Sentences, _

MOST_WORKERS = 4
"""Most processes if none are asked for: each takes half a gigabyte, and the longest question ends the run."""


AnalysisFormat = Literal["text", "markdown", "json", "github", "sarif", "junit"]


def analyze(
    law: LawOptions,
    kind: Annotated[
        Sequence[str], opt.Option("--kind KIND", "Look for this kind of finding only; repeatable.", opt.DECISION)
    ] = (),
    rule: Annotated[str, opt.Option("--rule GLOB", "Look at these rules only (policy/rule).", opt.DECISION)] = "*",
    since: Annotated[
        str | None,
        opt.Option(
            "--since REVISION",
            "Look only at the rules that a change since this git revision (or folder, or bundle) touches.",
            opt.DECISION,
        ),
    ] = None,
    as_of: Annotated[
        str | None, opt.Option("--as-of DAY", "Ask of one day (default: every day).", opt.DECISION, parse=opt.parse_day)
    ] = None,
    properties: Annotated[
        bool | None,
        opt.Option("--properties/--no-properties", "Properties alone, or findings alone.", opt.DECISION, shown="both"),
    ] = None,
    strict: Annotated[
        bool, opt.Option("--strict/--no-strict", "Findings that are information fail the run too.", opt.DECISION)
    ] = False,
    budget: opt.BudgetOption = None,
    jobs: Annotated[
        int | None, opt.Option("--jobs -j", "Processes.", opt.DECISION, least=1, shown="one per core, at most 4")
    ] = None,
    format: Annotated[AnalysisFormat, opt.make_format_option(AnalysisFormat)] = "text",
    outputs: Annotated[opt.Outputs, opt.make_output_option(AnalysisFormat)] = (),
    lang: opt.LangOption = "en",
) -> int:
    """Analyze the bundle as a whole: dead, repeated and contradicting rules, gaps, dates, and properties of the law.

    Example: vatspolicy analyze --rule 'vats-pilot-2024/*' --no-properties
    """
    from vatspolicy.authoring.analysis.findings import KINDS
    from vatspolicy.authoring.analysis.run import AnalysisRequest, find_touched, run_analysis
    from vatspolicy.git import SourceError
    from vatspolicy.proofs.solver import BUDGET
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
    publish(lambda name, _: render(name, report, lang), format, outputs)
    return report.exit_code


command = opt.Command(analyze, "analyze", opt.RULES, 200)
