"""One module for each command, in the order of the help page; each is loaded when it is called."""

from __future__ import annotations

COMMANDS = (
    "check",
    "ask",
    "routes",
    "replay",
    "serve",
    "screen",
    "timeline",
    "matrix",
    "explain",
    "test",
    "lint",
    "fmt",
    "diff",
    "analyze",
    "schema",
    "bundle",
    "waive",
    "new",
    "docs",
    "completion",
)
"""Names of the commands, and of the modules here that hold them as `command`."""
