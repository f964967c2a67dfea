"""`vatspolicy diff`: review a change of the law."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import abort, measure_width, publish, report_problems
from vatspolicy.errors import InvalidInput
from vatspolicy.i18n import Language

WORKERS = 4
"""Processes that share the proofs, at most."""


DiffFormat = Literal["text", "json", "markdown", "github", "sarif", "html"]


Semantic = Literal["auto", "z3", "off"]
"""Engines of proofs (vatspolicy.authoring.diff.semantic.ENGINES)."""


def parse_days(texts: list[str]) -> list[str]:
    """Return calendar days."""
    return [day for text in texts if (day := opt.parse_day(text))]


def parse_fail_on(texts: list[str]) -> list[str]:
    """Return conditions, which are separated by commas."""
    from vatspolicy.authoring.diff.verdict import parse_conditions

    try:
        return parse_conditions(opt.to_american(text) for text in texts)
    except ValueError as error:
        raise opt.BadArgument(str(error)) from None


def review_diff(
    base: str = opt.argument(
        opt.REQUIRED,
        "BASE",
        "A git revision, a folder, a bundle (.tar.gz, .tar), one of these in a revision as REV:PATH, or both sides "
        "as BASE..HEAD (BASE...HEAD: since they parted).",
    ),
    head: str | None = opt.argument(
        None, "HEAD", "A git revision, a folder, a bundle or REV:PATH.", shown="the files on disk"
    ),
    law: Path | None = opt.LAW,
    policies: Sequence[Path] = opt.POLICIES,
    profiles: Sequence[str] = opt.input_(
        (),
        "--profiles DIR|FILE",
        "Further profiles to decide, beside the fixtures of both sides: files or folders of specs; repeatable.",
    ),
    as_of: Sequence[str] = opt.decision(
        (),
        "--as-of DAY",
        "A further day to compare, beside today and the days of the change; repeatable.",
        parse=parse_days,
    ),
    today: str | None = opt.TODAY,
    semantic: Semantic = opt.decision(
        "auto",
        "--semantic",
        "Engine that proves each edit over all profiles: z3 (the extra smt), auto (z3 if it is installed) or off.",
    ),
    budget: int | None = opt.BUDGET,
    fail_on: Sequence[str] = opt.decision(
        (),
        "--fail-on CONDITIONS",
        "loosened, tightened, any, waivable, unenforced, loosenable, unknown, version, retroactive, or transitions "
        "such as 'deny->allow'; separated by commas.",
        parse=parse_fail_on,
    ),
    each_rule: bool = opt.decision(
        False,
        "--each-rule",
        "Also prove each rule that differs, as if it changed alone; otherwise the rules that one edit moves are "
        "proved together.",
    ),
    accepted: Path | None = opt.input_(
        None,
        "--accepted FILE",
        "File of accepted changes, which --fail-on does not count.",
        shown="policies/accepted.yaml of BASE, if it is there",
    ),
    format: DiffFormat = opt.format_option("text", DiffFormat),
    outputs: opt.Outputs = opt.output_option(DiffFormat),
    lang: Language = opt.LANG,
) -> int:
    """Review a change of the law: what was edited, which decisions change, for whom and from when.

    Example: vatspolicy diff main..HEAD --fail-on 'deny->allow,version' -o markdown=review.md
    """
    from vatspolicy import clock
    from vatspolicy.authoring.diff.review import ComparisonSettings, compare_revisions, not_comparable
    from vatspolicy.authoring.diff.sources import read_pair
    from vatspolicy.bundles.select import LawStack
    from vatspolicy.git import SourceError
    from vatspolicy.proofs.solver import BUDGET
    from vatspolicy.reports.diff import render

    workers = min(os.cpu_count() or 1, WORKERS)
    day = today or clock.today()
    settings = ComparisonSettings(
        day, as_of, profiles, semantic, workers, fail_on, each_rule, accepted, budget or BUDGET
    )
    try:
        sides = read_pair(base, head, Path(), LawStack(law, layers=tuple(policies)))
        data, refused = compare_revisions(*sides, settings), ""
    except InvalidInput as error:
        data, refused = not_comparable(base, head, settings, error.problems), ""
    except SourceError as error:
        data, refused = not_comparable(base, head, settings, message=str(error)), str(error)
    publish(lambda name, color: render(name, data, lang, color, measure_width()), format, outputs)
    if refused:
        abort(refused)
    if data.problems and format != "text":
        report_problems(InvalidInput(data.problems))
    return data.exit_code


command = opt.Command(review_diff, "diff", opt.RULES, 190)
