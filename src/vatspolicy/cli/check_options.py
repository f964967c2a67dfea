"""The parameters of `check`. What has a setting is a key of `vatspolicy.toml`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from vatspolicy.cli.context import SpecContext
from vatspolicy.cli.options import (
    ASIDE,
    CONFIGURATION,
    DECISION,
    NEVER,
    NONE,
    OUTPUT,
    Argument,
    BadArgument,
    FailOn,
    Option,
    Outputs,
    PastOption,
    SetOption,
    Settings,
    StdinNameOption,
    make_format_option,
    make_output_option,
    parse_day,
)
from vatspolicy.i18n import _
from vatspolicy.reports.formats import FORMATS

if TYPE_CHECKING:
    from vatspolicy.gate.decision_log import Mask


def parse_count(value: int | None) -> int | None:
    """Return a number of at least 0."""
    if value is not None and value < 0:
        raise BadArgument(_("Write a number of at least 0."))
    return value


def parse_jobs(number: int | None) -> int | None:
    """Return a number of processes."""
    if number is not None and number < 1:
        raise BadArgument(_("Write a whole number from 1 on."))
    return number


def parse_masks(texts: Sequence[str]) -> list[Mask]:
    """Return the masks of a decision log."""
    from vatspolicy.gate.decision_log import parse_mask

    try:
        return [parse_mask(text) for text in texts]
    except ValueError as error:
        raise BadArgument(str(error)) from None


@dataclass(frozen=True)
class CheckOptions:
    """The parameters of `check`."""

    specs: Annotated[
        Sequence[str],
        Argument(
            "SPEC...",
            "Product specs: files, folders, globs, or - for standard input (default: those of vatspolicy.toml).",
            "specs",
        ),
    ] = ()
    context: SpecContext = field(default_factory=SpecContext)
    changes: SetOption = ()
    stdin_filename: StdinNameOption = None
    fail_on: Annotated[
        FailOn,
        Option(
            "--fail-on LEVEL", "What makes the gate fail; each level includes those before it.", DECISION, "fail-on"
        ),
    ] = "needs-license"
    allow_past: PastOption = False
    expect: Annotated[
        int | None, Option("--expect N", "Fail unless this many specs are found.", DECISION, parse=parse_count)
    ] = None
    no_fail: Annotated[
        bool,
        Option("--no-fail", "Exit with 0 for a failed or incomplete gate (not for invalid input).", DECISION, NEVER),
    ] = False
    waivers: Annotated[
        Path | None,
        Option("--waivers FILE", "Waivers: findings that are set aside (needs --approvers).", ASIDE, "waivers"),
    ] = None
    approvers: Annotated[
        Path | None,
        Option(
            "--approvers FILE", "Who may approve waivers of which rules, and grant which opinions.", ASIDE, "approvers"
        ),
    ] = None
    opinions: Annotated[
        Path | None,
        Option(
            "--opinions FILE", "Granted opinions: those of a spec that count (needs --approvers).", ASIDE, "opinions"
        ),
    ] = None
    strict_waivers: Annotated[
        bool,
        Option("--strict-waivers", "Fail on a waiver or baseline entry that does not apply.", ASIDE, "strict-waivers"),
    ] = False
    baseline: Annotated[
        Path | None, Option("--baseline FILE", "Findings that were there before; only others fail.", ASIDE, "baseline")
    ] = None
    write_baseline: Annotated[
        Path | None, Option("--write-baseline FILE", "Record all findings as a baseline (needs --until).", ASIDE, NEVER)
    ] = None
    until: Annotated[
        str | None, Option("--until DAY", "Last day of the baseline to write.", ASIDE, NEVER, parse=parse_day)
    ] = None
    format: Annotated[str, make_format_option(FORMATS)._replace(setting="formats")] = "text"
    outputs: Annotated[Outputs, make_output_option(FORMATS)._replace(setting="formats")] = ()
    details: Annotated[bool, Option("--details", "Say everything: conditions, articles, duties, notes.", OUTPUT)] = (
        False
    )
    summary: Annotated[bool, Option("--summary", "Print one line a spec, the worst first.", OUTPUT)] = False
    quiet: Annotated[bool, Option("--quiet -q", "Print the last line only.", OUTPUT)] = False
    receipt: Annotated[
        str | None, Option("--receipt FILE", "Write a receipt, to be replayed; - is standard output.", OUTPUT)
    ] = None
    sign_key: Annotated[
        Path | None, Option("--sign-key FILE", "Private key that signs receipt and attestation.", OUTPUT)
    ] = None
    attest: Annotated[
        Path | None,
        Option("--attest FILE", "Write an in-toto attestation of each decision (needs --sign-key).", OUTPUT),
    ] = None
    log: Annotated[Path | None, Option("--log FILE", "Append to a decision log in OPA's form.", OUTPUT)] = None
    masks: Annotated[
        Sequence[Any],
        Option(
            "--mask POINTER[=TEXT]",
            "What the log does not say, such as /input/company; repeatable.",
            OUTPUT,
            parse=parse_masks,
        ),
    ] = ()
    jobs: Annotated[
        int | None,
        Option(
            "--jobs -j N",
            "Processes that work at once (default: one for each core from 64 specs on).",
            DECISION,
            parse=parse_jobs,
        ),
    ] = None
    show_config: Annotated[
        bool, Option("--show-config", "Show each setting and where it comes from, and end.", CONFIGURATION)
    ] = False
    no_config: Annotated[bool, Option("--no-config", "Ignore vatspolicy.toml (not VATSPOLICY_*).", CONFIGURATION)] = (
        False
    )
    trust: Annotated[
        str | None,
        Option(
            "--trust REV",
            "Read settings, law, locks and approvals from this revision, whatever the files here say.",
            CONFIGURATION,
        ),
    ] = None
    settings: Settings = NONE
