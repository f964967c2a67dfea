"""`vatspolicy check`: decide product specs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vatspolicy.cli.arguments import FailOn, Format, Lang
from vatspolicy.cli.decide import decide
from vatspolicy.cli.options import (
    ApproversOption,
    AsOfOption,
    BaselineOption,
    BundleOption,
    KeyOption,
    LangOption,
    OutputsOption,
    PastOption,
    PoliciesOption,
    SetOption,
    SkipVerifyOption,
    StrictOption,
    UntilOption,
    WaiversOption,
    WriteBaselineOption,
)
from vatspolicy.cli.typer_app import DECIDE, DECISION, OUTPUT, single


def check(
    specs: Annotated[
        list[str],
        typer.Argument(
            metavar="SPEC",
            help="Product specs: files, folders, globs, or - for standard input.",
            show_default=False,
        ),
    ],
    as_of: AsOfOption = None,
    policies: PoliciesOption = None,
    bundle: BundleOption = None,
    key: KeyOption = None,
    skip_verify: SkipVerifyOption = False,
    set_: SetOption = [],  # noqa: B006 - typer reads it
    fail_on: Annotated[
        FailOn,
        typer.Option(help="What makes the gate fail; each level includes those before it.", rich_help_panel=DECISION),
    ] = FailOn.NEEDS_LICENSE,
    allow_past_as_of: PastOption = False,
    no_fail: Annotated[
        bool,
        typer.Option(
            "--no-fail",
            help="Exit with 0 for a failed or incomplete gate (not for invalid input).",
            rich_help_panel=DECISION,
        ),
    ] = False,
    waivers: WaiversOption = None,
    approvers: ApproversOption = None,
    strict_waivers: StrictOption = False,
    baseline: BaselineOption = None,
    write_baseline: WriteBaselineOption = None,
    until: UntilOption = None,
    format: Annotated[
        Format, typer.Option("--format", "-f", help="Format on standard output.", rich_help_panel=OUTPUT)
    ] = Format.TEXT,
    output: OutputsOption = [],  # noqa: B006 - typer reads it
    receipt: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Write a receipt, to be replayed; - is standard output.", rich_help_panel=OUTPUT
        ),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Append to a decision log in OPA's form.", rich_help_panel=OUTPUT),
    ] = None,
    mask: Annotated[
        list[str],
        typer.Option(
            metavar="POINTER[=TEXT]",
            help="What the log does not say, such as /input/company; repeatable.",
            rich_help_panel=OUTPUT,
        ),
    ] = [],  # noqa: B006
    lang: LangOption = Lang.EN,
) -> None:
    """Decide product specs.

    Example: vatspolicy check specs/*.yaml --fail-on deny -o sarif=vats.sarif
    """
    raise typer.Exit(
        decide(
            specs,
            as_of,
            policies,
            bundle,
            key,
            skip_verify,
            set_,
            fail_on,
            allow_past_as_of,
            no_fail,
            waivers,
            approvers,
            strict_waivers,
            baseline,
            write_baseline,
            until,
            format,
            output,
            receipt,
            log,
            mask,
            lang.value,
        )
    )


command = single(check, "check", DECIDE)
