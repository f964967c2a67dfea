"""`vatspolicy diff`: review a change of the law."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from vatspolicy.cli.console import abort, measure_width, publish, refuse_link, report_problems, warn, write_report
from vatspolicy.cli.declaration import Command
from vatspolicy.cli.parameters import (
    DECISION,
    FORMAT,
    INPUT,
    OUTPUT,
    RULES,
    Lang,
    LangOption,
    LawOption,
    Outputs,
    PoliciesOption,
    make_output_option,
    parse_day,
    to_american,
)
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n import _

WORKERS = 4
"""Processes that share the proofs, at most."""


class DiffFormat(StrEnum):
    """Formats of a comparison (vatspolicy.authoring.diff.report.FORMATS; typer wants an enumeration)."""

    TEXT, JSON, MARKDOWN, GITHUB, SARIF, HTML = "text", "json", "markdown", "github", "sarif", "html"


class Semantic(StrEnum):
    """Engines of proofs (vatspolicy.authoring.diff.proof.ENGINES)."""

    AUTO, Z3, OFF = "auto", "z3", "off"


def parse_days(texts: list[str]) -> list[str]:
    """Return calendar days."""
    return [day for text in texts if (day := parse_day(text))]


def parse_fail_on(texts: list[str]) -> list[str]:
    """Return conditions, which are separated by commas."""
    from vatspolicy.authoring.diff.verdict import parse_conditions

    try:
        return parse_conditions(to_american(text) for text in texts)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def review_diff(
    base: Annotated[
        str,
        typer.Argument(
            metavar="BASE",
            help="A git revision, a folder, a bundle (.tar.gz, .tar), one of these in a revision as REV:PATH, or both "
            "sides as BASE..HEAD (BASE...HEAD: since they parted).",
        ),
    ],
    head: Annotated[
        str | None,
        typer.Argument(
            metavar="HEAD", help="A git revision, a folder, a bundle or REV:PATH.", show_default="the files on disk"
        ),
    ] = None,
    law: LawOption = None,
    policies: PoliciesOption = (),
    profiles: Annotated[
        list[str],
        typer.Option(
            "--profiles",
            "--log",
            metavar="DIR|FILE",
            help="Further profiles to decide, beside the fixtures of both sides: specs, decision logs (check --log) "
            "and receipts; repeatable.",
            rich_help_panel=INPUT,
        ),
    ] = [],  # noqa: B006 - typer reads it
    as_of: Annotated[
        list[str],
        typer.Option(
            metavar="DAY",
            callback=parse_days,
            help="A further day to compare, beside today and the days of the change; repeatable.",
            rich_help_panel=DECISION,
        ),
    ] = [],  # noqa: B006
    today: Annotated[
        str | None,
        typer.Option(
            metavar="DAY",
            callback=parse_day,
            help="The day that counts as today (default: today in China).",
            rich_help_panel=DECISION,
        ),
    ] = None,
    semantic: Annotated[
        Semantic,
        typer.Option(
            help="Engine that proves each edit over all profiles: z3 (the extra smt), "
            "auto (z3 if it is installed) or off.",
            rich_help_panel=DECISION,
        ),
    ] = Semantic.AUTO,
    fail_on: Annotated[
        list[str],
        typer.Option(
            metavar="CONDITIONS",
            callback=parse_fail_on,
            help="loosened, tightened, any, waivable, unenforced, loosenable, unknown, version, retroactive, "
            "or transitions such as 'deny->allow'; separated by commas.",
            rich_help_panel=DECISION,
        ),
    ] = [],  # noqa: B006
    each_rule: Annotated[
        bool,
        typer.Option(
            "--each-rule",
            help="Also prove each rule that differs, as if it changed alone; otherwise the rules that one edit moves "
            "are proved together.",
            rich_help_panel=DECISION,
        ),
    ] = False,
    accepted: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File of accepted changes, which --fail-on does not count.",
            show_default="policies/accepted.yaml of BASE, if it is there",
            rich_help_panel=INPUT,
        ),
    ] = None,
    save_fixtures: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write each profile that shows a change as a fixture of HEAD; nothing is overwritten.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    format: Annotated[DiffFormat, FORMAT] = DiffFormat.TEXT,
    outputs: Annotated[Outputs, make_output_option(tuple(DiffFormat))] = (),
    lang: LangOption = Lang.EN,
) -> int:
    """Review a change of the law: what was edited, which decisions change, for whom and from when.

    Example: vatspolicy diff main..HEAD --fail-on 'deny->allow,version' -o markdown=review.md
    """
    from vatspolicy import clock
    from vatspolicy.authoring.diff.git import SourceError
    from vatspolicy.authoring.diff.review import ComparisonSettings, compare_revisions, not_comparable, not_loadable
    from vatspolicy.authoring.diff.sources import read_pair
    from vatspolicy.bundles.select import LawStack
    from vatspolicy.gate.decision_log import log_hides_facts
    from vatspolicy.gate.gate import ExitCode, worst
    from vatspolicy.guidance.access_matrix.comparison import compare_matrices
    from vatspolicy.reports.diff import render

    for log in profiles:
        if log_hides_facts(Path(log)):
            warn(_("{log} hides facts that rules read: its masked records cannot be decided again.", log=log))
    workers = min(os.cpu_count() or 1, WORKERS)
    day = today or clock.today()
    settings = ComparisonSettings(
        day, as_of, profiles, semantic.value, workers, fail_on, compare_matrices, each_rule, accepted
    )
    try:
        sides = read_pair(base, head, Path(), LawStack(law, layers=tuple(policies)))
        data, refused = compare_revisions(*sides, settings), ""
    except InvalidInput as error:
        data, refused = not_loadable(base, head, error.problems, settings), ""
    except SourceError as error:
        data, refused = not_comparable(base, head, str(error), settings), str(error)
    if save_fixtures is not None:
        from vatspolicy.authoring.diff.fixtures import build_fixtures, new_files

        for path, text in new_files(build_fixtures(data), save_fixtures):
            refuse_link(path)
            write_report(path, text)
    broken: list[str] = []
    publish(lambda name, color: render(name, data, lang.value, color, measure_width(), broken), format, outputs)
    if refused:
        abort(refused)
    if data["problems"] and format is not DiffFormat.TEXT:
        report_problems(InvalidInput([Problem(**problem) for problem in data["problems"]]))
    code = ExitCode(data["exit_code"])
    return worst([code, ExitCode.INCOMPLETE]) if broken else code


command = Command(review_diff, "diff", RULES)
