"""The parameters of `check`, declared once for typer and for `fast_arguments`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from vatspolicy.cli.context import SpecContext
from vatspolicy.cli.declaration import Argument, Option
from vatspolicy.cli.parameters import (
    ASIDE,
    CONFIGURATION,
    DECISION,
    FORMAT,
    OUTPUT,
    FailOn,
    Format,
    Outputs,
    PastOption,
    SetOption,
    StdinNameOption,
    make_output_option,
    parse_count,
    parse_day,
    parse_jobs,
    parse_masks,
)
from vatspolicy.cli.settings import NONE, Settings


@dataclass(frozen=True)
class CheckOptions:
    """The parameters of `check`."""

    specs: Annotated[
        Sequence[str],
        Argument(
            metavar="SPEC",
            help="Product specs: files, folders, globs, or - for standard input (default: those of vatspolicy.toml).",
            setting="specs",
        ),
    ] = ()
    context: SpecContext = field(default_factory=SpecContext)
    changes: SetOption = ()
    stdin_filename: StdinNameOption = None
    fail_on: Annotated[
        FailOn,
        Option(
            "--fail-on",
            metavar="LEVEL",
            help="What makes the gate fail; each level includes those before it.",
            panel=DECISION,
            setting="fail-on",
        ),
    ] = FailOn.NEEDS_LICENSE
    allow_past: PastOption = False
    expect: Annotated[
        int | None,
        Option(
            "--expect",
            metavar="N",
            parse=parse_count,
            help="Fail unless this many specs are found.",
            panel=DECISION,
        ),
    ] = None
    no_fail: Annotated[
        bool,
        Option(
            "--no-fail", help="Exit with 0 for a failed or incomplete gate (not for invalid input).", panel=DECISION
        ),
    ] = False
    waivers: Annotated[
        Path | None,
        Option(
            "--waivers",
            metavar="FILE",
            help="Waivers: findings that are set aside (needs --approvers).",
            panel=ASIDE,
            setting="waivers",
        ),
    ] = None
    approvers: Annotated[
        Path | None,
        Option(
            "--approvers",
            metavar="FILE",
            help="Who may approve waivers of which rules, and grant which opinions.",
            panel=ASIDE,
            setting="approvers",
        ),
    ] = None
    opinions: Annotated[
        Path | None,
        Option(
            "--opinions",
            metavar="FILE",
            help="Granted opinions: those of a spec that count (needs --approvers).",
            panel=ASIDE,
            setting="opinions",
        ),
    ] = None
    strict_waivers: Annotated[
        bool,
        Option(
            "--strict-waivers",
            help="Fail on a waiver or baseline entry that does not apply.",
            panel=ASIDE,
            setting="strict-waivers",
        ),
    ] = False
    baseline: Annotated[
        Path | None,
        Option(
            "--baseline",
            metavar="FILE",
            help="Findings that were there before; only others fail.",
            panel=ASIDE,
            setting="baseline",
        ),
    ] = None
    write_baseline: Annotated[
        Path | None,
        Option(
            "--write-baseline",
            metavar="FILE",
            help="Record all findings as a baseline (needs --until).",
            panel=ASIDE,
        ),
    ] = None
    until: Annotated[
        str | None,
        Option("--until", metavar="DAY", parse=parse_day, help="Last day of the baseline to write.", panel=ASIDE),
    ] = None
    format: Annotated[Format, FORMAT._replace(setting="formats")] = Format.TEXT
    outputs: Annotated[Outputs, make_output_option(tuple(Format))._replace(setting="formats")] = ()
    details: Annotated[
        bool, Option("--details", help="Say everything: conditions, articles, duties, notes.", panel=OUTPUT)
    ] = False
    summary: Annotated[bool, Option("--summary", help="Print one line a spec, the worst first.", panel=OUTPUT)] = False
    quiet: Annotated[bool, Option("--quiet", "-q", help="Print the last line only.", panel=OUTPUT)] = False
    receipt: Annotated[
        str | None,
        Option(
            "--receipt",
            metavar="FILE",
            help="Write a receipt, to be replayed; - is standard output.",
            panel=OUTPUT,
        ),
    ] = None
    sign_key: Annotated[
        Path | None,
        Option("--sign-key", metavar="FILE", help="Private key that signs receipt and attestation.", panel=OUTPUT),
    ] = None
    attest: Annotated[
        Path | None,
        Option(
            "--attest",
            metavar="FILE",
            help="Write an in-toto attestation of each decision (needs --sign-key).",
            panel=OUTPUT,
        ),
    ] = None
    log: Annotated[
        Path | None,
        Option("--log", metavar="FILE", help="Append to a decision log in OPA's form.", panel=OUTPUT),
    ] = None
    masks: Annotated[
        Sequence[Any],
        Option(
            "--mask",
            metavar="POINTER[=TEXT]",
            parse=parse_masks,
            repeatable=True,
            help="What the log does not say, such as /input/company; repeatable.",
            panel=OUTPUT,
        ),
    ] = ()
    jobs: Annotated[
        int | None,
        Option(
            "--jobs",
            "-j",
            metavar="N",
            parse=parse_jobs,
            help="Processes that work at once (default: one for each core from 64 specs on).",
            panel=DECISION,
        ),
    ] = None
    show_config: Annotated[
        bool, Option("--show-config", help="Show each setting and where it comes from, and end.", panel=CONFIGURATION)
    ] = False
    no_config: Annotated[
        bool, Option("--no-config", help="Ignore vatspolicy.toml (not VATSPOLICY_*).", panel=CONFIGURATION)
    ] = False
    trust: Annotated[
        str | None,
        Option(
            "--trust",
            metavar="REV",
            help="Read settings, law, locks and approvals from this revision, whatever the files here say.",
            panel=CONFIGURATION,
        ),
    ] = None
    settings: Settings = NONE
