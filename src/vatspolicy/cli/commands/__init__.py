"""One module per command, imported when the command is called.

The folder is the list of commands: a module declares its own as `command`, with its place on the help page.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vatspolicy.cli.options import Command, CommandGroup


def find_names() -> list[str]:
    """Return the names of the commands: those of the modules, with `-` for `_`."""
    return [module.name.replace("_", "-") for module in iter_modules(__path__)]


def load_command(name: str) -> Command | CommandGroup:
    """Return the declaration of a command."""
    declared: Command | CommandGroup = import_module(f"{__name__}.{name.replace('-', '_')}").command
    return declared


def load_commands() -> list[Command | CommandGroup]:
    """Return the declarations of all commands, in the order of the help page."""
    return sorted(map(load_command, find_names()), key=lambda declared: declared.place)
