"""The program: it runs one command and exits with its code.

`read` reads `vatspolicy check …` without typer, whose import takes 45 ms of a start of 140. Help, mistakes, completion
and other commands are left to typer. A test holds the reader equal to typer.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from vatspolicy.cli.check_options import CheckOptions
from vatspolicy.cli.commands.check import check
from vatspolicy.cli.console import abort, close_afterwards, report_problems, show_progress, warn
from vatspolicy.cli.options import CommandParameter, call, convert, flatten
from vatspolicy.cli.settings import complete
from vatspolicy.errors import InvalidInput
from vatspolicy.gate.gate import ExitCode
from vatspolicy.i18n import _, set_language
from vatspolicy.output import accept_any_text

if TYPE_CHECKING:
    from vatspolicy.cli.typer_app import Commands


def read(arguments: Sequence[str]) -> CheckOptions | None:
    """Return the options of a plain `check SPEC…`, or None to leave the command line to typer."""
    if list(arguments[:1]) != ["check"] or os.name == "nt":
        return None  # on Windows typer expands patterns and variables first
    parameters = {parameter.name: parameter for parameter in flatten(CheckOptions)}
    try:
        texts = _split(arguments[1:], list(parameters.values()))
        given = {name: convert(parameters[name], words) for name, words in texts.items()}
        options: CheckOptions = call(CheckOptions, complete(parameters.values(), given))
    except Exception:  # typer reports the mistake
        return None
    return options


def _split(words: Sequence[str], parameters: Sequence[CommandParameter]) -> dict[str, list[str]]:
    """Return the texts of each parameter by its name. Raises for a mistake."""
    options = {name: parameter for parameter in parameters for name in parameter.declared.names}
    [argument] = [parameter for parameter in parameters if not parameter.declared.names]
    given: dict[str, list[str]] = {}
    remaining = iter(words)
    for word in remaining:
        if word and (word == "-" or not word.startswith("-")):
            given.setdefault(argument.name, []).append(word)
            continue
        name, equals, value = word.partition("=")
        option = options[name]
        if equals and (option.is_flag or not name.startswith("--")):
            raise ValueError(word)
        if not option.is_flag:
            value = value if equals else next(remaining)
            if not value or value.startswith("-"):
                raise ValueError(value)
        given.setdefault(option.name, []).append(value)
    return given


def run() -> None:
    """Run the command of `sys.argv` and exit with its code; an unexpected error exits with 70, without a traceback."""
    accept_any_text()
    if len(sys.argv) > 1:  # shells request completions without arguments; do not mistake that for a check
        os.environ.pop("_VATSPOLICY_COMPLETE", None)
    try:
        if (plain := read(sys.argv[1:])) is not None:
            sys.exit(_check(plain, sys.argv[1:]))
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
    """Return the typer application. It is built only for command lines that `read` leaves to it."""
    from vatspolicy.cli.typer_app import Commands

    return Commands()
