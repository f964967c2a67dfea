"""`vatspolicy analyze`: the bundle as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import abort, measure_width, publish
from vatspolicy.cli.context import LawOptions
from vatspolicy.errors import suggest
from vatspolicy.gate.gate import ExitCode
from vatspolicy.i18n import Language, Listing, Sentences, _

MOST_WORKERS = 4
"""Most processes if none are asked for: each takes half a gigabyte, and the longest question ends the run."""


AnalysisFormat = Literal["text", "markdown", "html", "json", "github", "sarif", "junit"]


def analyze(
    law: LawOptions,
    kind: Sequence[str] = opt.decision((), "--kind KIND", "Look for this kind of finding only; repeatable."),
    rule: str = opt.decision("*", "--rule GLOB", "Look at these rules only (policy/rule)."),
    since: str | None = opt.decision(
        None,
        "--since REVISION",
        "Look only at the rules that a change since this git revision (or folder, or bundle) touches.",
    ),
    as_of: str | None = opt.decision(None, "--as-of DAY", "Ask of one day (default: every day).", parse=opt.parse_day),
    properties: bool | None = opt.decision(
        None, "--properties/--no-properties", "Properties alone, or findings alone.", shown="both"
    ),
    strict: bool = opt.decision(False, "--strict/--no-strict", "Findings that are information fail the run too."),
    budget: int | None = opt.BUDGET,
    jobs: int | None = opt.decision(None, "--jobs -j", "Processes.", least=1, shown="one per core, at most 4"),
    format: AnalysisFormat = opt.format_option("text", AnalysisFormat),
    outputs: opt.Outputs = opt.output_option(AnalysisFormat),
    lang: Language = opt.LANG,
) -> int:
    """Analyze the bundle as a whole: dead and contradicting rules, gaps, dates, and properties of the law.
    The solver of the extra smt answers the questions.

    Example: vatspolicy analyze --rule 'vats-pilot-2024/*' --no-properties
    """
    from vatspolicy.authoring.analysis.findings import KINDS
    from vatspolicy.authoring.analysis.run import AnalysisRequest, find_touched, run_analysis
    from vatspolicy.git import SourceError
    from vatspolicy.origin import install
    from vatspolicy.proofs.solver import BUDGET, has_solver
    from vatspolicy.reports.analysis import render
    from vatspolicy.workers import cores

    if not has_solver():
        abort(_("analyze needs the solver z3: {command}.", command=install("smt")), ExitCode.UNAVAILABLE)
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
    publish(lambda name, color: render(name, report, lang, color, measure_width()), format, outputs)
    return report.exit_code


command = opt.Command(analyze, "analyze", opt.RULES, 200)
