"""`vatspolicy completion`: the script that makes a shell complete commands, options and their values."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from vatspolicy.cli.console import print_result
from vatspolicy.cli.declaration import Command
from vatspolicy.cli.parameters import WRITE

COMPLETE = "_VATSPOLICY_COMPLETE"
"""Environment variable by which a shell asks for completions."""


class Shell(StrEnum):
    """Shells that typer knows."""

    BASH, ZSH, FISH, POWERSHELL = "bash", "zsh", "fish", "powershell"


def print_completion(
    shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh, fish or powershell.")],
) -> None:
    """Print the script that completes commands, options and values in a shell.

    Example: vatspolicy completion bash > ~/.local/share/bash-completion/completions/vatspolicy
    """
    from typer import completion as typers

    script = typers.get_completion_script(  # type: ignore[attr-defined]
        prog_name="vatspolicy", complete_var=COMPLETE, shell=shell.value
    )
    print_result(f"{script.strip()}\n", machine=True)


command = Command(print_completion, "completion", WRITE)
