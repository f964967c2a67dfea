"""A reader of `vatspolicy check …` without typer, whose import takes 45 ms of a start of 140.

Help, mistakes, completion and other commands are left to typer. A test holds this reader equal to typer.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from vatspolicy.cli.check_options import CheckOptions
from vatspolicy.cli.options import Argument, Option, Parameter, call, convert, flatten
from vatspolicy.cli.settings import complete


def read(arguments: Sequence[str]) -> CheckOptions | None:
    """Return the options of a plain `check SPEC…`, or None to leave the command line to typer."""
    if list(arguments[:1]) != ["check"] or os.name == "nt":
        return None  # on Windows typer expands patterns and variables first
    parameters = {parameter.name: parameter for parameter in flatten(CheckOptions)}
    try:
        texts = _split(arguments[1:], list(parameters.values()))
        given = {name: convert(parameters[name], found) for name, found in texts.items()}
        options: CheckOptions = call(CheckOptions, complete(parameters.values(), given))
    except Exception:  # a mistake, which typer puts into words
        return None
    return options


def _split(words: Sequence[str], parameters: Sequence[Parameter]) -> dict[str, list[str]]:
    """Return the texts of each parameter by its name. Raises for a mistake."""
    options = {name: one for one in parameters if isinstance(one.declared, Option) for name in one.declared.names}
    [argument] = [one for one in parameters if isinstance(one.declared, Argument)]
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
