"""`vatspolicy completion`: the script that makes a shell complete commands, options and their values."""

from __future__ import annotations

from typing import Literal

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import print_result

COMPLETE = "_VATSPOLICY_COMPLETE"
"""Environment variable with which a shell requests completions."""


Shell = Literal["bash", "zsh", "fish", "powershell"]
"""Shells that typer knows."""


def print_completion(shell: Shell = opt.argument(opt.REQUIRED, "SHELL", "bash, zsh, fish or powershell.")) -> None:
    """Print the script that completes commands, options and values in a shell.

    Example: vatspolicy completion bash > ~/.local/share/bash-completion/completions/vatspolicy
    """
    from typer import completion as typers

    script = typers.get_completion_script(  # type: ignore[attr-defined]
        prog_name="vatspolicy", complete_var=COMPLETE, shell=shell
    )
    print_result(f"{script.strip()}\n", machine=True)


command = opt.Command(print_completion, "completion", opt.WRITE, 290)
