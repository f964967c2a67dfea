"""The plain forms of `vatspolicy check`, read without typer, whose import takes longer than a decision.

Whatever else is on the command line (help, mistakes, completion, other options and commands) is left to typer. A test
holds that where this reader answers, typer reads the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vatspolicy.arguments import FailOn, Format, Lang, parse_changes, parse_day, parse_outputs
from vatspolicy.language import VARIABLE

FLAGS = {"--allow-past-as-of": "allow_past_as_of", "--no-fail": "no_fail"}
"""Options without a value, and their parameters."""
VALUES: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "--as-of": ("as_of", parse_day),
    "--policies": ("policies", Path),
    "-p": ("policies", Path),
    "--fail-on": ("fail_on", FailOn),
    "--format": ("format", Format),
    "-f": ("format", Format),
    "--lang": ("lang", Lang),
}
"""Options with one value, their parameters, and what reads the value."""
LISTS: Mapping[str, tuple[str, Callable[[list[str]], Any]]] = {
    "--set": ("set_", parse_changes),
    "--output": ("output", parse_outputs),
    "-o": ("output", parse_outputs),
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
            found["lang"] = Lang(language)
        for parameter, complaining in LISTS.values():
            complaining(lists.get(parameter, []))
    except Exception:  # a mistake, which typer puts into words
        return None
    return {"specs": specs, **found, **lists} if specs else None
