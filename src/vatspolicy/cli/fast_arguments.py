"""The plain forms of `vatspolicy check`, read without typer, whose import takes longer than a decision.

Whatever else is on the command line (help, mistakes, completion, other options and commands) is left to typer. A test
holds that where this reader answers, typer reads the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from vatspolicy.clock import is_day
from vatspolicy.gate.gate import LEVELS
from vatspolicy.i18n import LANGUAGES, VARIABLE
from vatspolicy.reports.decision import FORMATS

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any


def _day(text: str) -> str:
    if not is_day(text):
        raise ValueError
    return text


def _path(text: str) -> Path:
    from pathlib import Path

    return Path(text)


def _one_of(words: Sequence[str]) -> Callable[[str], str]:
    return lambda text: words[words.index(text)]


def _changes(texts: list[str]) -> object:
    from vatspolicy.cli.arguments import parse_changes

    return parse_changes(texts)


def _outputs(texts: list[str]) -> object:
    from vatspolicy.cli.arguments import parse_outputs

    return parse_outputs(texts)


FLAGS = {"--allow-past-as-of": "allow_past_as_of", "--no-fail": "no_fail"}
"""Options without a value, and their parameters."""
VALUES: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "--as-of": ("as_of", _day),
    "--policies": ("policies", _path),
    "-p": ("policies", _path),
    "--fail-on": ("fail_on", _one_of(LEVELS)),
    "--format": ("format", _one_of(FORMATS)),
    "-f": ("format", _one_of(FORMATS)),
    "--lang": ("lang", _one_of(LANGUAGES)),
}
"""Options with one value, their parameters, and what reads the value."""
LISTS: Mapping[str, tuple[str, Callable[[list[str]], Any]]] = {
    "--set": ("set_", _changes),
    "--output": ("output", _outputs),
    "-o": ("output", _outputs),
}
"""Options that may be repeated, their parameters, and what would complain of their values."""


def read(arguments: Sequence[str]) -> dict[str, Any] | None:
    """The arguments of `decide` by name; None for what is not a plain `check SPEC…`."""
    if list(arguments[:1]) != ["check"] or "_VATSPOLICY_COMPLETE" in os.environ or os.name == "nt":
        return None  # on Windows typer expands patterns and variables first
    found: dict[str, Any] = {}
    lists: dict[str, list[str]] = {}
    specs: list[str] = []
    waiting = iter(arguments[1:])
    try:
        for word in waiting:
            name, equals, value = word.partition("=")
            if not word or (word.startswith("-") and word != "-" and equals and not name.startswith("--")):
                return None
            if word == "-" or not word.startswith("-"):
                specs.append(word)
            elif name in FLAGS and not equals:
                found[FLAGS[name]] = True
            else:
                value = value if equals else next(waiting)
                if not value or value.startswith("-"):
                    return None
                if name in LISTS:
                    lists.setdefault(LISTS[name][0], []).append(value)
                else:
                    parameter, make = VALUES[name]
                    found[parameter] = make(value)
        if "lang" not in found and (language := os.environ.get(VARIABLE)):
            found["lang"] = VALUES["--lang"][1](language)
        for parameter, complaining in LISTS.values():
            if parameter in lists:
                complaining(lists[parameter])
    except Exception:  # a mistake, which typer puts into words
        return None
    return {"specs": specs, **found, **lists} if specs else None
