"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vatspolicy.arguments import Lang, parse_folder
from vatspolicy.console import INPUT, OUTPUT

PoliciesOption = Annotated[
    Path | None,
    typer.Option(
        "--policies", "-p", metavar="DIR", help="Folder of policies (default: the shipped ones).", rich_help_panel=INPUT
    ),
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
LangOption = Annotated[Lang, typer.Option(help="Language of the report.", rich_help_panel=OUTPUT)]


def near() -> Path | None:
    """The folder `fixtures` where there is one."""
    folder = Path("fixtures")
    return folder if folder.is_dir() else None
