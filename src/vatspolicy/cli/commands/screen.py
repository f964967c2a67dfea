"""`vatspolicy screen`: decide a whole portfolio."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import abort, abort_unwritten, print_result, refuse_if, warn
from vatspolicy.cli.context import DayContext, GrantOptions, LawOptions
from vatspolicy.gate.gate import ExitCode
from vatspolicy.i18n import Listing, Phrase, _, current_language
from vatspolicy.i18n.words import Counts, count
from vatspolicy.output import write_stderr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vatspolicy.core.policies.bundle import Bundle


def parse_by(text: str) -> str:
    """Return names of tables, separated by commas."""
    columns = ("region", "class", "rule")
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names or any(name not in columns for name in names):
        raise opt.BadArgument(_("Write some of {known}, separated by commas.", known=Listing(columns)))
    return ",".join(dict.fromkeys(names))


def screen(
    *,
    input: str = opt.argument(  # noqa: A002 - the name on the help page
        opt.REQUIRED, "INPUT", "Profiles: .jsonl, .ndjson, .parquet, or .csv with --mapping."
    ),
    output: Path = opt.output(opt.REQUIRED, "--output -o FILE", "Answers, .jsonl or .parquet."),
    context: DayContext,
    grants: GrantOptions,
    diff: tuple[str, str] | None = opt.decision(
        None,
        "--diff BASE HEAD",
        "Decide under two states of the law (git revisions, folders or bundles; with --law and -p, their folders "
        "in each) and report what moves.",
    ),
    mapping: Path | None = opt.input_(
        None, "--mapping FILE", "For CSV: a YAML file of facts and the columns that hold them.", exists="file"
    ),
    resume: bool = opt.input_(False, "--resume", "Keep the whole parts of a stopped run, and decide the rest."),
    jobs: int | None = opt.decision(
        None, "--jobs -j", "Processes that work at once (default: one for each core).", least=1, shown=False
    ),
    missing: bool = opt.output(
        True,
        "--missing/--no-missing",
        "Name the missing facts of each incomplete row, which takes as long again.",
    ),
    by: str = opt.output(
        "region,class,rule",
        "--by TABLES",
        "Tables of the summary: region, class, rule, separated by commas.",
        parse=parse_by,
    ),
    format: opt.DataFormat = opt.output("text", "--format -f", "Format of the summary."),
) -> ExitCode:
    """Decide a portfolio of profiles: one answer a row, bad rows apart with the reasons, and a summary.

    Example: vatspolicy screen profiles.parquet -o answers.parquet --by region
    """
    import json

    from vatspolicy.clock import today
    from vatspolicy.core.engine.result import encode
    from vatspolicy.errors import WorkerLost
    from vatspolicy.screening.decide import Decider
    from vatspolicy.screening.input import InputError, open_source, read_mapping
    from vatspolicy.screening.result import ScreenReport
    from vatspolicy.screening.run import ROWS, LostRows, ScreenError, Task
    from vatspolicy.screening.run import screen as run
    from vatspolicy.screening.summary import render
    from vatspolicy.workers import cores

    law = context.law
    refuse_if(diff and law.bundle, _("--diff already names both states of the law; omit --bundle."))
    try:
        source = open_source(input, read_mapping(mapping) if mapping else None)
        bundle, base = _load(diff, law, [str(source.path)])
        day = context.day(bundle, *([base] if base else []))
        expected = source.expected()
        decider = Decider(bundle, base, day, missing, today(), grants.load())
        processes = min(jobs or cores(), -(-expected // ROWS))  # at most one per part
        task = Task(source, output, decider, processes)
        given = [os.path.realpath(path) for path in (source.path, mapping, grants.opinions, grants.approvers) if path]
        for path in (output, task.rejects):
            refuse_if(os.path.realpath(path) in given, _("this run reads {path}; write to another file.", path=path))
        summary = run(task, resume, Meter(expected))
    except (InputError, ScreenError) as error:
        abort(_("{reason}.", reason=error))
    except WorkerLost:
        abort(_("a process was killed, possibly for lack of memory. Use fewer --jobs."), ExitCode.INTERNAL)
    except LostRows:
        abort(
            _("rows are missing in {output}.parts. Remove that folder and run again.", output=output), ExitCode.INTERNAL
        )
    except OSError as error:
        abort_unwritten(output, error, _("To continue with the finished rows, pass --resume."))
    tables, laws = by.split(","), tuple(law.identity for law in (base, bundle) if law is not None)
    if format == "json":
        data = encode(ScreenReport(laws, summary.totals(tables)))
        print_result(json.dumps(data, ensure_ascii=False, indent=2) + "\n", machine=True)
    else:
        print_result(render(summary, tables, context.lang, laws))
    if summary.claimed:
        warning = _("rows with an opinion that was not granted and does not count: {count}.", count=summary.claimed)
        warn(warning)
    if summary.rejected:
        warning = _("{rejected} rows were rejected; see {rejects}.", rejected=summary.rejected, rejects=task.rejects)
        warn(_("1 row was rejected; see {rejects}.", rejects=task.rejects) if summary.rejected == 1 else warning)
        return ExitCode.INVALID
    refuse_if(not summary.rows, _("no spec was decided."), ExitCode.NOTHING)
    return ExitCode.OK


def _load(diff: tuple[str, str] | None, law: LawOptions, inputs: Sequence[str]) -> tuple[Bundle, Bundle | None]:
    """Return the law to decide under, and the law before a change or None."""
    if diff is None:
        return law.load(inputs), None
    from vatspolicy.git import SourceError
    from vatspolicy.screening.decide import load_two

    try:
        return load_two(diff, Path(), law.law, law.policies)
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
        state = count(_COUNTS, "rows", rows, current_language(), rate=rate, left=left)
        write_stderr(f"{start}vatspolicy: {bar} {state}{end}")


command = opt.Command(screen, "screen", opt.DECIDE, 80)
