"""The program: it runs one command and exits with its code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from vatspolicy.cli import fast_arguments
from vatspolicy.cli.check_options import CheckOptions
from vatspolicy.cli.commands.check import check
from vatspolicy.cli.console import abort, close_afterwards, report_problems, warn
from vatspolicy.cli.progress import show_progress
from vatspolicy.errors import InvalidInput
from vatspolicy.gate.gate import ExitCode
from vatspolicy.i18n import _, set_language
from vatspolicy.output import accept_any_text

if TYPE_CHECKING:
    from vatspolicy.cli.typer_app import Commands


def run() -> None:
    """Run the command of `sys.argv` and exit with its code; an unexpected error exits with 70, without a traceback."""
    accept_any_text()
    if len(sys.argv) > 1:  # shells ask for completions without arguments; a check must not be taken for one
        os.environ.pop("_VATSPOLICY_COMPLETE", None)
    try:
        if (plain := fast_arguments.read(sys.argv[1:])) is not None:
            sys.exit(_check(plain, sys.argv[1:]))
        if "_VATSPOLICY_COMPLETE" in os.environ:
            from typer import completion

            completion.completion_init()  # type: ignore[attr-defined]
        application()()
    except InvalidInput as error:
        report_problems(error)
        sys.exit(ExitCode.INVALID)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)
    except Exception as error:  # the boundary: an unexpected error must not look like a decision
        import traceback

        if os.environ.get("VATSPOLICY_DEBUG"):
            traceback.print_exc()
        name = type(error).__name__
        warn(_("internal error ({name}); set VATSPOLICY_DEBUG=1 for a trace.", name=name))
        sys.exit(ExitCode.INTERNAL)


def _check(options: CheckOptions, words: Sequence[str]) -> int:
    """Run a plain `check` and return its exit code."""
    set_language(words, options.context.lang)
    try:
        with close_afterwards(), show_progress("check"):
            return check(options)
    except KeyboardInterrupt:
        abort(_("interrupted."), ExitCode.INTERRUPTED)


@lru_cache
def application() -> Commands:
    """Return the typer application. It is built only for command lines that `fast_arguments` does not read."""
    from vatspolicy.cli.typer_app import Commands

    return Commands()
