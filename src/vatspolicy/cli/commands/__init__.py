"""One module per command, imported when the command is called."""

from __future__ import annotations

COMMANDS = (
    "check",
    "ask",
    "routes",
    "replay",
    "verify-attestation",
    "serve",
    "mcp",
    "screen",
    "timeline",
    "matrix",
    "explain",
    "eval",
    "list",
    "test",
    "lint",
    "watch",
    "lsp",
    "fmt",
    "diff",
    "analyze",
    "bench",
    "schema",
    "bundle",
    "update",
    "waive",
    "new",
    "init",
    "docs",
    "completion",
)
"""Names of the commands in the order of the help page. The module of each, with `_` for `-`,
declares it as `command`."""
