"""`vatspolicy completion`: the script that makes a shell complete commands, options and their values."""

from __future__ import annotations

from typing import Annotated, Literal

from vatspolicy.cli.console import print_result
from vatspolicy.cli.options import WRITE, Argument, Command

COMPLETE = "_VATSPOLICY_COMPLETE"
"""Environment variable with which a shell requests completions."""


Shell = Literal["bash", "zsh", "fish", "powershell"]
"""Shells that typer knows."""


def print_completion(shell: Annotated[Shell, Argument("SHELL", "bash, zsh, fish or powershell.")]) -> None:
    """Print the script that completes commands, options and values in a shell.

    Example: vatspolicy completion bash > ~/.local/share/bash-completion/completions/vatspolicy
    """
    from typer import completion as typers

    script = typers.get_completion_script(  # type: ignore[attr-defined]
        prog_name="vatspolicy", complete_var=COMPLETE, shell=shell
    )
    print_result(f"{script.strip()}\n", machine=True)


command = Command(print_completion, "completion", WRITE, 290)
