"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vatspolicy.cli.arguments import Lang, parse_day, parse_folder
from vatspolicy.cli.law import choose_bundle, choose_law
from vatspolicy.cli.typer_app import ASIDE, DECISION, INPUT, OUTPUT
from vatspolicy.i18n import VARIABLE

__all__ = ["choose_bundle", "choose_law", "near"]

PoliciesOption = Annotated[
    Path | None,
    typer.Option(
        "--policies", "-p", metavar="DIR", help="Folder of policies (default: the shipped ones).", rich_help_panel=INPUT
    ),
]
BundleOption = Annotated[
    Path | None,
    typer.Option(
        "--bundle",
        metavar="FILE",
        help="A bundle (vatspolicy bundle build) in place of a folder.",
        rich_help_panel=INPUT,
    ),
]
KeyOption = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", help="Public key that signed the bundle.", rich_help_panel=INPUT),
]
SkipVerifyOption = Annotated[
    bool, typer.Option("--skip-verify", help="Use a bundle whoever signed it.", rich_help_panel=INPUT)
]
FixturesOption = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        callback=parse_folder,
        help="Folder of fixtures (default: ./fixtures where there is one).",
        rich_help_panel=INPUT,
    ),
]
WaiversOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Waivers: findings that are set aside (needs --approvers).", rich_help_panel=ASIDE
    ),
]
ApproversOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Who may approve waivers of which rules.", rich_help_panel=ASIDE)
]
StrictOption = Annotated[
    bool,
    typer.Option(
        "--strict-waivers", help="Fail on a waiver or baseline entry that does not apply.", rich_help_panel=ASIDE
    ),
]
BaselineOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Findings that were there before; only others fail.", rich_help_panel=ASIDE),
]
WriteBaselineOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Record all findings as a baseline (needs --until).", rich_help_panel=ASIDE),
]
UntilOption = Annotated[
    str | None,
    typer.Option(metavar="DAY", callback=parse_day, help="Last day of the baseline to write.", rich_help_panel=ASIDE),
]
AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="DAY",
        callback=parse_day,
        help="Day of the law (default: the launch day of the spec, else today in China).",
        rich_help_panel=DECISION,
    ),
]
PastOption = Annotated[
    bool, typer.Option("--allow-past-as-of", help="Allow the law of a past day to decide.", rich_help_panel=DECISION)
]
SetOption = Annotated[
    list[str],
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change a fact before deciding; no value removes it; repeatable.",
        rich_help_panel=INPUT,
    ),
]
OutputsOption = Annotated[
    list[str],
    typer.Option(
        "--output",
        "-o",
        metavar="FORMAT=PATH",
        help="Write another format to a file; repeatable.",
        rich_help_panel=OUTPUT,
    ),
]
LangOption = Annotated[
    Lang, typer.Option(envvar=VARIABLE, help="Language of the report and of errors.", rich_help_panel=OUTPUT)
]


def near() -> Path | None:
    """The folder `fixtures` where there is one."""
    folder = Path("fixtures")
    return folder if folder.is_dir() else None
