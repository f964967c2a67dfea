"""`vatspolicy screen`: decide a whole portfolio."""

from __future__ import annotations

import os
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vatspolicy.cli.console import abort, abort_unwritten, print_result, warn
from vatspolicy.cli.context import DayContext, GrantOptions, LawOptions
from vatspolicy.cli.declaration import Command
from vatspolicy.cli.parameters import DECIDE, DECISION, INPUT, OUTPUT
from vatspolicy.gate.gate import ExitCode
from vatspolicy.i18n import Listing, Phrase, _, current_language
from vatspolicy.i18n.words import Counts, count
from vatspolicy.origin import install
from vatspolicy.output import write_stderr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vatspolicy.policies.bundle import Bundle


class EngineName(StrEnum):
    """Engines (vatspolicy.screening.engines.prepare_engine)."""

    DUCKDB, SPARK, PYTHON = "duckdb", "spark", "python"


class SummaryFormat(StrEnum):
    """Formats of the summary."""

    TEXT, JSON = "text", "json"


def parse_by(text: str) -> str:
    """Return names of tables, separated by commas."""
    known = ("region", "class", "rule")
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names or any(name not in known for name in names):
        raise typer.BadParameter(_("Write some of {known}, separated by commas.", known=Listing(known)))
    return ",".join(dict.fromkeys(names))


def screen(
    input: Annotated[  # noqa: A002 - the name on the help page
        str,
        typer.Argument(
            metavar="INPUT",
            help="Profiles: .jsonl, .ndjson, .parquet, .csv with --mapping, or FILE.duckdb:TABLE.",
            show_default=False,
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="Answers, .jsonl or .parquet.", rich_help_panel=OUTPUT),
    ],
    context: DayContext,
    grants: GrantOptions,
    engine: Annotated[EngineName, typer.Option(help="What decides.", rich_help_panel=DECISION)] = EngineName.DUCKDB,
    diff: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="BASE HEAD",
            help="Decide under two states of the law (git revisions, folders or bundles; with --law and -p, their "
            "folders in each) and report what moves.",
            rich_help_panel=DECISION,
        ),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="For CSV: a YAML file of facts and the columns that hold them.",
            exists=True,
            dir_okay=False,
            rich_help_panel=INPUT,
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on after the last whole batch of a stopped run.", rich_help_panel=INPUT)
    ] = False,
    batch: Annotated[
        int | None,
        typer.Option(
            metavar="ROWS",
            min=1,
            help="Rows decided together (default: the input by processes, 1,000 to 40,000).",
            show_default=False,
            rich_help_panel=DECISION,
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            "-j",
            min=1,
            help="Processes that work at once (default: one for each core).",
            show_default=False,
            rich_help_panel=DECISION,
        ),
    ] = None,
    missing: Annotated[
        bool,
        typer.Option(
            "--missing/--no-missing",
            help="Name the missing facts of each incomplete row (asked in Python, and so slower).",
            rich_help_panel=OUTPUT,
        ),
    ] = True,
    by: Annotated[
        str,
        typer.Option(
            metavar="TABLES",
            callback=parse_by,
            help="Tables of the summary: region, class, rule, separated by commas.",
            rich_help_panel=OUTPUT,
        ),
    ] = "region,class,rule",
    format: Annotated[
        SummaryFormat, typer.Option("--format", "-f", help="Format of the summary.", rich_help_panel=OUTPUT)
    ] = SummaryFormat.TEXT,
) -> ExitCode:
    """Decide a portfolio of profiles: one answer a row, bad rows apart with the reasons, and a summary.

    Example: vatspolicy screen profiles.parquet -o answers.parquet --by region
    """
    import json

    from vatspolicy.clock import today
    from vatspolicy.errors import WorkerLost
    from vatspolicy.screening.engines import MissingExtra
    from vatspolicy.screening.input import InputError, open_source, read_mapping
    from vatspolicy.screening.run import LostRows, ScreenError, Task, batch_size
    from vatspolicy.screening.run import screen as run
    from vatspolicy.screening.summary import render
    from vatspolicy.workers import cores

    law = context.law
    if diff and law.bundle:
        abort(_("--diff names both states of the law; leave --bundle out."))
    try:
        source = open_source(input, read_mapping(mapping) if mapping else None)
        bundle, base = _load(diff, law, [str(source.path)])
        day = context.day(bundle, *([base] if base else []))
        expected = source.expected()
        together = batch or batch_size(expected, max(jobs or cores(), 2))
        processes = min(jobs or cores(), -(-expected // together))  # no more than there are batches
        shape = (missing, together, max(processes, 1))
        task = Task(source, output, bundle, day, engine.value, base, *shape, today(), grants.load())
        given = [os.path.realpath(one) for one in (source.path, mapping, grants.opinions, grants.approvers) if one]
        for path in (output, task.rejects):
            if os.path.realpath(path) in given:
                abort(_("{path} is read by this run; write to another file.", path=path))
        summary = run(task, resume, Meter(expected))
    except (InputError, ScreenError) as error:
        abort(_("{reason}.", reason=error))
    except WorkerLost:
        abort(_("a process was killed, possibly for lack of memory. Use a smaller --batch."), ExitCode.INTERNAL)
    except LostRows:
        abort(
            _("rows are missing in {output}.parts. Remove that folder and run again.", output=output), ExitCode.INTERNAL
        )
    except OSError as error:
        abort_unwritten(output, error, _("--resume goes on with what is done."))
    except MissingExtra as error:
        abort(_("{error}: {command}, or use --engine python.", error=error, command=install(error.extra)))
    tables, laws = by.split(","), [one.identity for one in (base, bundle) if one is not None]
    if format is SummaryFormat.JSON:
        data = {"laws": laws, **summary.data(tables)}
        print_result(json.dumps(data, ensure_ascii=False, indent=2) + "\n", machine=True)
    else:
        print_result(render(summary, tables, context.lang.value, laws))
    if summary.claimed:
        told = _("rows with an opinion that nobody granted, which does not count: {count}.", count=summary.claimed)
        warn(told)
    if summary.rejected:
        one = _("1 row was rejected; see {rejects}.", rejects=task.rejects)
        warn(
            one
            if summary.rejected == 1
            else _("{rejected} rows were rejected; see {rejects}.", rejected=summary.rejected, rejects=task.rejects)
        )
        return ExitCode.INVALID
    if not summary.rows:
        abort(_("nothing was decided."), ExitCode.NOTHING)
    return ExitCode.OK


def _load(diff: tuple[str, str] | None, law: LawOptions, inputs: Sequence[str]) -> tuple[Bundle, Bundle | None]:
    """Return the law to decide under, and the law before a change or None."""
    if diff is None:
        return law.load(inputs), None
    from vatspolicy.authoring.diff.git import SourceError
    from vatspolicy.screening.engines import LawSource

    try:
        return LawSource(law.law, tuple(law.policies), diff=diff).load()
    except SourceError as error:
        abort(str(error))


_COUNTS: Counts = {
    "rows": (
        Phrase("{n} row, {rate:.0f} a second, {left:.0f} s left"),
        Phrase("{n} rows, {rate:.0f} a second, {left:.0f} s left"),
    )
}


class Meter:
    """A progress bar on standard error with the rate and the time left: redrawn on a terminal, else by batch."""

    def __init__(self, expected: int) -> None:
        self._expected = max(expected, 1)
        self._redraw = sys.stderr is not None and sys.stderr.isatty()
        self._began = time.monotonic()
        self._before = 0

    def __call__(self, rows: int, earlier: bool) -> None:
        """Show the progress; `earlier` marks rows that a previous run has done."""
        if earlier:
            self._before, self._began = rows, time.monotonic()
            return
        seconds = time.monotonic() - self._began
        rate = (rows - self._before) / seconds if seconds else 0.0
        share = min(rows / self._expected, 1.0)
        left = max(self._expected - rows, 0) / rate if rate else 0.0
        done = int(20 * share)
        bar = f"[{'#' * done}{'.' * (20 - done)}] {share:4.0%}"
        end = "\n" if share == 1.0 or not self._redraw else ""
        start = "\r" if self._redraw else ""
        told = count(_COUNTS, "rows", rows, current_language(), rate=rate, left=left)
        write_stderr(f"{start}vatspolicy: {bar} {told}{end}")


command = Command(screen, "screen", DECIDE)
