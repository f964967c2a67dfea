"""The configuration file `vatspolicy.toml`: its keys, with the place of every mistake; and all settings as a table."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from vatspolicy.cli.settings import KEYS, LISTS, Setting, Settings, is_output, split
from vatspolicy.errors import InvalidInput, Problem, suggest
from vatspolicy.i18n import Listing, _, reason_of

_PATHS = ("specs", "law", "policies", "bundle", "key", "waivers", "approvers", "opinions", "baseline")
_FLAGS = ("strict-waivers",)
_ONLY_OPTIONS = ("as-of", "allow-past-as-of", "no-fail", "set", "skip-verify", "until", "write-baseline")
"""Options that a file may not set: they would weaken every run, or belong to one run."""
_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)|\(at end of document\)")


def read_configuration(path: str) -> tuple[Setting, ...]:
    """Return the settings of a file. Its paths are relative to the folder that holds it.

    Raises:
        InvalidInput: with every mistake, at its line and column.
    """
    import tomllib

    try:
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else _("it is not UTF-8")
        raise InvalidInput([Problem(path, 1, 1, "", _("The file cannot be read: {reason}.", reason=reason))]) from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput([_syntax_problem(path, text, str(error))]) from None
    except (RecursionError, ValueError):  # which the reader of TOML lets pass
        fault = _("A value is nested too deeply, or a number is too long.")
        raise InvalidInput([Problem(path, 1, 1, "", fault)]) from None
    settings, problems = [], []
    for key, value in data.items():
        line, column, start = _find(text, key)
        if mistake := _mistake_in_key(key):
            problems.append(Problem(path, line, column, key, *mistake))
        elif message := _mistake_in_value(key, value):
            problems.append(Problem(path, line, start, key, message))
        else:
            settings += split(key, _values(key, value, os.path.dirname(path)), path, line, start)
    if "bundle" in data and "law" in data:
        problems.append(
            Problem(path, *_find(text, "bundle")[:2], "bundle", _("law and bundle are two laws; name one."))
        )
    if problems:
        raise InvalidInput(problems)
    return tuple(settings)


def describe(values: Mapping[str, Any], settings: Settings) -> list[dict[str, Any]]:
    """Return every key with its value and the place that the value comes from."""
    return [
        {"key": key, "value": _plain(value), "source": _find_source(key, settings)} for key, value in values.items()
    ]


def render(rows: list[dict[str, Any]], json_wanted: bool) -> str:
    """Return the table as text or JSON."""
    if json_wanted:
        import json

        return json.dumps({"settings": rows}, ensure_ascii=False, indent=2) + "\n"
    cells = [(row["key"], _shown(row["value"]), row["source"]) for row in rows]
    widths = [max(len(cell[index]) for cell in cells) for index in (0, 1)]
    return "".join(f"{key:{widths[0]}}  {value:{widths[1]}}  {source}\n" for key, value, source in cells)


def _find_source(key: str, settings: Settings) -> str:
    names = ("format", "outputs") if key == "formats" else (key.replace("-", "_"),)
    found = [one.place for one in settings.used if one.key == key]
    found = (["command line"] if settings.given & set(names) else []) + found
    return ", ".join(dict.fromkeys(found)) or "default"


def _plain(value: Any) -> Any:
    """Return a value as JSON holds it."""
    if value is None or isinstance(value, bool):
        return value
    return [str(one) for one in value] if isinstance(value, list | tuple) else str(value)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(value) or "-"
    return "-" if value is None else str(value).lower() if isinstance(value, bool) else value


def _syntax_problem(path: str, text: str, message: str) -> Problem:
    """Return the problem of a text that is no TOML."""
    found = _PLACE.search(message)
    lines = text.splitlines() or [""]
    line, column = (int(found[1]), int(found[2])) if found and found[1] else (len(lines), len(lines[-1]) + 1)
    return Problem(
        path, line, column, "", _("This is not TOML: {reason}.", reason=_PLACE.sub("", message).strip().rstrip("."))
    )


def _find(text: str, key: str) -> tuple[int, int, int]:
    """Return line and column of a key at the top of the file, and the column of its value."""
    name = rf"(?:{re.escape(key)}|\"{re.escape(key)}\"|'{re.escape(key)}')"
    found = re.search(rf"^[ \t]*(\[*[ \t]*)({name})[ \t]*(?:=[ \t]*(?=(.)?)|[.\]])", text, re.MULTILINE)
    if found is None:
        return 1, 1, 1
    before = text.rfind("\n", 0, found.start(2)) + 1
    line = text.count("\n", 0, found.start(2)) + 1
    return line, found.start(2) - before + 1, found.end() - before + 1


def _mistake_in_key(key: str) -> tuple[str, str] | None:
    """Return message and hint for a key that the file may not have."""
    if key in KEYS:
        return None
    if key.replace("_", "-") in _ONLY_OPTIONS:
        return _(
            "--{option} belongs on the command line: a file may not set it for every run.", option=key.replace("_", "-")
        ), ""
    return _("This key is not known here."), suggest(key, KEYS) or _(
        "Known here: {keys}.", keys=Listing(KEYS, quoted=True)
    )


def _mistake_in_value(key: str, value: Any) -> str | None:
    """Return what is wrong with the type of a value."""
    if key in _FLAGS:
        return None if isinstance(value, bool) else _("This value must be true or false.")
    if key in LISTS and isinstance(value, list):
        fine = value and all(isinstance(one, str) and one.strip() and "\0" not in one for one in value)
        return None if fine else _("This value must be a text or a list of texts.")
    if not isinstance(value, str) or not value.strip():
        return _("This value must be a text or a list of texts.") if key in LISTS else _("This value must be a text.")
    return _("This value cannot be used.") if "\0" in value else None


def _values(key: str, value: Any, folder: str) -> list[str]:
    """Return the texts of a value, paths as the working directory sees them."""
    texts = [str(one) for one in value] if isinstance(value, list) else [str(value)]
    if key in _FLAGS:
        return [text.lower() for text in texts]
    if key in _PATHS:
        return [os.path.join(folder, text) for text in texts]
    if key == "formats":
        return [_moved(text, folder) for text in texts]
    return texts


def _moved(output: str, folder: str) -> str:
    """Return an entry of `formats` with its path, if it has one, below a folder."""
    name, equals, path = output.partition("=")
    if equals:
        return f"{name}={os.path.join(folder, path)}"
    return os.path.join(folder, output) if is_output(output) else output
