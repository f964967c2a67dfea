"""One module for each command, in the order of the help page; each is loaded when it is called."""

from __future__ import annotations

COMMANDS = ("check", "explain", "test", "lint", "diff", "schema", "new", "docs")
"""Names of the commands, and of the modules here that hold them as `command`."""
