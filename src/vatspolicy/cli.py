"""The command line."""

from __future__ import annotations

import gc
import os
import sys

from vatspolicy.commands import COMMANDS
from vatspolicy.console import Commands, complain, note
from vatspolicy.errors import InvalidInput
from vatspolicy.gate import INTERNAL, INTERRUPTED, INVALID
from vatspolicy.output import accept_any_text

app = Commands(
    "vatspolicy", COMMANDS, "Decide whether a digital product may launch in mainland China, and under which law."
)


def main() -> None:
    """Entry point. A user's mistake ends with its documented code, a crash with 70, never with a traceback."""
    gc.set_threshold(100_000, 50, 100)  # a short life leaves little to collect, and looking for it takes a tenth of it
    accept_any_text()
    if "_VATSPOLICY_COMPLETE" in os.environ:
        from typer import completion

        completion.completion_init()  # type: ignore[attr-defined]
    try:
        app()
    except InvalidInput as error:
        complain(error)
        sys.exit(INVALID)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:  # the boundary: whatever is left is ours, and no decision
        import traceback

        if os.environ.get("VATSPOLICY_DEBUG"):
            traceback.print_exc()
        name = type(error).__name__
        note(f"internal error ({name}); set VATSPOLICY_DEBUG=1 for a trace.")
        sys.exit(INTERNAL)
