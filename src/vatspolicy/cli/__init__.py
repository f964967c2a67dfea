"""The command line: one file per command; no other package imports typer."""

from __future__ import annotations

import atexit
import gc


def main() -> None:
    """Run the command of `sys.argv` and exit with its code."""
    gc.set_threshold(100_000, 50, 100)  # before the imports: a short process leaves little to collect
    atexit.register(gc.freeze)
    from vatspolicy.cli.program import run

    run()
