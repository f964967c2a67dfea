"""The parameters of `check`. Each setting is a key of `vatspolicy.toml`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

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
@opt.option_group
class CheckOptions(ValueObject):
    """The parameters of `check`."""

    specs: Sequence[str] = opt.argument(
        (),
        "SPEC...",
        "Product specs: files, folders, globs, or - for standard input (default: those of vatspolicy.toml).",
        "specs",
    )
    context: SpecContext = field(default_factory=SpecContext)
    changes: opt.Changes = opt.SET
    stdin_filename: str | None = opt.STDIN_NAME
    fail_on: FailOn = opt.decision(
        "needs-license",
        "--fail-on LEVEL",
        "What makes the gate fail; each level includes those before it. new:LEVEL: what --base does not have.",
        "fail-on",
    )
    base: str | None = opt.decision(
        None, "--base REV", "Compare with the specs of the commit at which REV and HEAD parted."
    )
    allow_past: bool = opt.PAST
    expect: int | None = opt.decision(None, "--expect N", "Fail unless this many specs are found.", parse=parse_count)
    allow_none: bool = opt.decision(
        False, "--allow-none", "Exit with 0 if no spec is found, neither here nor at --trust or --base.", opt.NEVER
    )
    no_fail: bool = opt.decision(
        False, "--no-fail", "Exit with 0 for a failed or incomplete gate (not for invalid input).", opt.NEVER
    )
    waivers: Path | None = opt.aside(
        None, "--waivers FILE", "Waivers: findings that are set aside (needs --approvers).", "waivers"
    )
    approvers: Path | None = opt.aside(
        None, "--approvers FILE", "Who may approve waivers of which rules, and grant which opinions.", "approvers"
    )
    opinions: Path | None = opt.aside(
        None, "--opinions FILE", "Granted opinions: those of a spec that count (needs --approvers).", "opinions"
    )
    strict_waivers: bool = opt.aside(
        False, "--strict-waivers", "Fail on a waiver or baseline entry that does not apply.", "strict-waivers"
    )
    baseline: Path | None = opt.aside(
        None, "--baseline FILE", "Findings that were there before; only others fail.", "baseline"
    )
    write_baseline: Path | None = opt.aside(
        None, "--write-baseline FILE", "Record all findings as a baseline (needs --until).", opt.NEVER
    )
    until: str | None = opt.aside(
        None, "--until DAY", "Last day of the baseline to write.", opt.NEVER, parse=opt.parse_day
    )
    format: str = opt.format_option("text", FORMATS, "formats")
    outputs: opt.Outputs = opt.output_option(FORMATS, "formats")
    details: bool = opt.output(False, "--details", "Say everything: conditions, articles, duties, notes.")
    summary: bool = opt.output(False, "--summary", "Print one line a spec, the worst first.")
    failures: bool = opt.output(False, "--failures", "Print one line for each spec that fails.")
    quiet: bool = opt.output(False, "--quiet -q", "Print the last line only.")
    attest: Path | None = opt.output(
        None, "--attest FILE", "Write an in-toto attestation of each spec (needs --sign-key)."
    )
    sign_key: Path | None = opt.output(None, "--sign-key FILE", "Private key that signs attestations.")
    log: Path | None = opt.output(None, "--log FILE", "Append to a decision log in OPA's form.")
    masks: Sequence[Any] = opt.output(
        (), "--mask POINTER[=TEXT]", "What the log does not say, such as /input/company; repeatable.", parse=parse_masks
    )
    jobs: int | None = opt.decision(
        None,
        "--jobs -j N",
        "Processes that work at once (default: one for each core from 64 specs on).",
        parse=parse_jobs,
    )
    show_config: bool = opt.configuration(False, "--show-config", "Show each setting and where it comes from, and end.")
    no_config: bool = opt.configuration(False, "--no-config", "Ignore vatspolicy.toml (not VATSPOLICY_*).")
    trust: str | None = opt.configuration(
        None, "--trust REV", "Read settings, law, locks and approvals from this revision, whatever the files here say."
    )
    settings: opt.Settings = opt.NONE
