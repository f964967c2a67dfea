"""A reader of `vatspolicy check …` without typer, whose import takes 45 ms of a start of 140.

Help, mistakes, completion and other commands are left to typer. A test holds this reader equal to typer.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from enum import StrEnum
from types import NoneType
from typing import Any, get_args

from vatspolicy.cli.commands.check import CheckOptions
from vatspolicy.cli.declaration import Argument, Option, Parameter, call, flatten
from vatspolicy.cli.parameters import to_american


def read(arguments: Sequence[str]) -> CheckOptions | None:
    """Return the options of a plain `check SPEC…`, or None to leave the command line to typer."""
    if list(arguments[:1]) != ["check"] or "_VATSPOLICY_COMPLETE" in os.environ or os.name == "nt":
        return None  # on Windows typer expands patterns and variables first
    parameters = {parameter.name: parameter for parameter in flatten(CheckOptions)}
    try:
        texts = _split(arguments[1:], list(parameters.values()))
        values = {name: _convert(parameters[name], found) for name, found in texts.items()}
        options: CheckOptions = call(CheckOptions, values)
    except Exception:  # a mistake, which typer puts into words
        return None
    return options


def _split(words: Sequence[str], parameters: Sequence[Parameter]) -> dict[str, list[str]]:
    """Return the texts of each parameter by its name. Raises for a mistake."""
    options = {name: one for one in parameters if isinstance(one.declared, Option) for name in one.declared.names}
    [argument] = [one for one in parameters if isinstance(one.declared, Argument)]
    texts: dict[str, list[str]] = {
        one.name: [text]
        for one in options.values()
        if one.declared.envvar and (text := os.environ.get(one.declared.envvar))
    }
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
    return texts | given


def _convert(parameter: Parameter, texts: list[str]) -> Any:
    """Return the value of a parameter. Raises for a mistake."""
    if isinstance(parameter.declared, Argument):
        return texts
    if len(texts) > 1 and not parameter.declared.repeatable:
        raise ValueError(parameter.name)
    if parameter.is_flag:
        return True
    value: Any = texts
    if not parameter.declared.repeatable:
        [kind] = [one for one in get_args(parameter.type) or (parameter.type,) if one is not NoneType]
        value = kind(to_american(texts[-1])) if issubclass(kind, StrEnum) else kind(texts[-1])
    return parameter.declared.parse(value) if parameter.declared.parse else value
