"""A reader of `vatspolicy check …` without typer, whose import takes 45 ms of a start of 140.

Help, mistakes, completion and other commands are left to typer. A test holds this reader equal to typer.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from types import NoneType
from typing import Any, get_args

from vatspolicy.cli.commands.check import CheckOptions
from vatspolicy.cli.declaration import Option, call, flatten
from vatspolicy.cli.parameters import american


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


def _split(words: Sequence[str], parameters: Sequence[inspect.Parameter]) -> dict[str, list[str]]:
    """Return the texts of each parameter by its name. Raises for a mistake."""
    options = {name: parameter for parameter in parameters for name in _names(parameter)}
    texts: dict[str, list[str]] = {}
    remaining = iter(words)
    for word in remaining:
        name, equals, value = word.partition("=")
        if word == "-" or not word.startswith("-"):
            if not word:
                raise ValueError(word)
            texts.setdefault("specs", []).append(word)
            continue
        parameter = options[name]
        if equals and not name.startswith("--"):
            raise ValueError(word)
        if _is_flag(parameter):
            if equals:
                raise ValueError(word)
            texts[parameter.name] = []
            continue
        value = value if equals else next(remaining)
        if not value or value.startswith("-"):
            raise ValueError(value)
        texts.setdefault(parameter.name, []).append(value)
    for parameter in parameters:
        option = _option(parameter)
        if option and option.envvar and parameter.name not in texts and (text := os.environ.get(option.envvar)):
            texts[parameter.name] = [text]
    return texts


def _convert(parameter: inspect.Parameter, texts: list[str]) -> Any:
    """Return the value of a parameter. Raises for a mistake."""
    option = _option(parameter)
    if option is None:
        return texts
    if _is_flag(parameter):
        return True
    value: Any = texts if option.repeatable else _one(parameter, texts[-1])
    return option.parse(value) if option.parse else value


def _one(parameter: inspect.Parameter, text: str) -> Any:
    kind = _kind(parameter)
    [kind] = [one for one in get_args(kind) or (kind,) if one is not NoneType]
    if issubclass(kind, StrEnum):
        return kind(american(text))
    return Path(text) if kind is Path else text


def _kind(parameter: inspect.Parameter) -> Any:
    return get_args(parameter.annotation)[0]


def _option(parameter: inspect.Parameter) -> Option | None:
    declared = get_args(parameter.annotation)[1]
    return declared if isinstance(declared, Option) else None


def _is_flag(parameter: inspect.Parameter) -> bool:
    return _kind(parameter) is bool


def _names(parameter: inspect.Parameter) -> list[str]:
    option = _option(parameter)
    return [name for name in (option.name, option.short) if name] if option else []
