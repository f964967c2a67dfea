"""The parameters of `check`. Each setting is a key of `vatspolicy.toml`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from vatspolicy.cli import options as opt
from vatspolicy.cli.context import SpecContext
from vatspolicy.frozen import ValueObject, frozen
from vatspolicy.i18n import _
from vatspolicy.reports.formats import FORMATS

if TYPE_CHECKING:
    from vatspolicy.gate.decision_log import Mask


def parse_count(value: int | None) -> int | None:
    """Return a number of at least 0."""
    if value is not None and value < 0:
        raise opt.BadArgument(_("Write a number of at least 0."))
    return value


def parse_jobs(number: int | None) -> int | None:
    """Return a number of processes."""
    if number is not None and number < 1:
        raise opt.BadArgument(_("Write a whole number of at least 1."))
    return number


def parse_masks(texts: Sequence[str]) -> list[Mask]:
    """Return the masks of a decision log."""
    from vatspolicy.gate.decision_log import parse_mask

    try:
        return [parse_mask(text) for text in texts]
    except ValueError as error:
        raise opt.BadArgument(str(error)) from None


FailOn = Literal[opt.FailOn, "new:deny", "new:needs-license", "new:contested", "new:duty", "new:advice"]
"""Levels on which `check` may fail (vatspolicy.gate.judgement.LEVELS)."""


@frozen()
class CheckOptions(ValueObject):
    """The parameters of `check`."""

    specs: Annotated[
        Sequence[str],
        opt.Argument(
            "SPEC...",
            "Product specs: files, folders, globs, or - for standard input (default: those of vatspolicy.toml).",
            "specs",
        ),
    ] = ()
    context: SpecContext = field(default_factory=SpecContext)
    changes: opt.SetOption = ()
    stdin_filename: opt.StdinNameOption = None
    fail_on: Annotated[
        FailOn,
        opt.Option(
            "--fail-on LEVEL",
            "What makes the gate fail; each level includes those before it. new:LEVEL: what --base does not have.",
            opt.DECISION,
            "fail-on",
        ),
    ] = "needs-license"
    base: Annotated[
        str | None,
        opt.Option("--base REV", "Compare with the specs of the commit at which REV and HEAD parted.", opt.DECISION),
    ] = None
    allow_past: opt.PastOption = False
    expect: Annotated[
        int | None, opt.Option("--expect N", "Fail unless this many specs are found.", opt.DECISION, parse=parse_count)
    ] = None
    no_fail: Annotated[
        bool,
        opt.Option(
            "--no-fail", "Exit with 0 for a failed or incomplete gate (not for invalid input).", opt.DECISION, opt.NEVER
        ),
    ] = False
    waivers: Annotated[
        Path | None,
        opt.Option("--waivers FILE", "Waivers: findings that are set aside (needs --approvers).", opt.ASIDE, "waivers"),
    ] = None
    approvers: Annotated[
        Path | None,
        opt.Option(
            "--approvers FILE",
            "Who may approve waivers of which rules, and grant which opinions.",
            opt.ASIDE,
            "approvers",
        ),
    ] = None
    opinions: Annotated[
        Path | None,
        opt.Option(
            "--opinions FILE",
            "Granted opinions: those of a spec that count (needs --approvers).",
            opt.ASIDE,
            "opinions",
        ),
    ] = None
    strict_waivers: Annotated[
        bool,
        opt.Option(
            "--strict-waivers", "Fail on a waiver or baseline entry that does not apply.", opt.ASIDE, "strict-waivers"
        ),
    ] = False
    baseline: Annotated[
        Path | None,
        opt.Option("--baseline FILE", "Findings that were there before; only others fail.", opt.ASIDE, "baseline"),
    ] = None
    write_baseline: Annotated[
        Path | None,
        opt.Option("--write-baseline FILE", "Record all findings as a baseline (needs --until).", opt.ASIDE, opt.NEVER),
    ] = None
    until: Annotated[
        str | None,
        opt.Option("--until DAY", "Last day of the baseline to write.", opt.ASIDE, opt.NEVER, parse=opt.parse_day),
    ] = None
    format: Annotated[str, opt.make_format_option(FORMATS)._replace(setting="formats")] = "text"
    outputs: Annotated[opt.Outputs, opt.make_output_option(FORMATS)._replace(setting="formats")] = ()
    details: Annotated[
        bool, opt.Option("--details", "Say everything: conditions, articles, duties, notes.", opt.OUTPUT)
    ] = False
    summary: Annotated[bool, opt.Option("--summary", "Print one line a spec, the worst first.", opt.OUTPUT)] = False
    failures: Annotated[bool, opt.Option("--failures", "Print one line for each spec that fails.", opt.OUTPUT)] = False
    quiet: Annotated[bool, opt.Option("--quiet -q", "Print the last line only.", opt.OUTPUT)] = False
    receipt: Annotated[
        str | None, opt.Option("--receipt FILE", "Write a receipt, to be replayed; - is standard output.", opt.OUTPUT)
    ] = None
    sign_key: Annotated[
        Path | None, opt.Option("--sign-key FILE", "Private key that signs receipt and attestation.", opt.OUTPUT)
    ] = None
    attest: Annotated[
        Path | None,
        opt.Option("--attest FILE", "Write an in-toto attestation of each decision (needs --sign-key).", opt.OUTPUT),
    ] = None
    log: Annotated[Path | None, opt.Option("--log FILE", "Append to a decision log in OPA's form.", opt.OUTPUT)] = None
    masks: Annotated[
        Sequence[Any],
        opt.Option(
            "--mask POINTER[=TEXT]",
            "What the log does not say, such as /input/company; repeatable.",
            opt.OUTPUT,
            parse=parse_masks,
        ),
    ] = ()
    jobs: Annotated[
        int | None,
        opt.Option(
            "--jobs -j N",
            "Processes that work at once (default: one for each core from 64 specs on).",
            opt.DECISION,
            parse=parse_jobs,
        ),
    ] = None
    show_config: Annotated[
        bool, opt.Option("--show-config", "Show each setting and where it comes from, and end.", opt.CONFIGURATION)
    ] = False
    no_config: Annotated[
        bool, opt.Option("--no-config", "Ignore vatspolicy.toml (not VATSPOLICY_*).", opt.CONFIGURATION)
    ] = False
    trust: Annotated[
        str | None,
        opt.Option(
            "--trust REV",
            "Read settings, law, locks and approvals from this revision, whatever the files here say.",
            opt.CONFIGURATION,
        ),
    ] = None
    settings: opt.Settings = opt.NONE
