"""Settings of a run from outside the command line: `vatspolicy.toml`, and variables VATSPOLICY_*.

An option overrides a variable, and a variable the file. A key of the file is declared with its option (`options`).
Where there is no file, looking for it is all that this costs.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from vatspolicy.cli.check_options import CheckOptions
from vatspolicy.cli.options import (
    FILE,
    NEVER,
    BadArgument,
    CommandParameter,
    Setting,
    Settings,
    convert,
    flatten,
    panel_order,
    unpack,
)
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n import Listing, Phrase, Sentences, _, reason_of

if TYPE_CHECKING:
    from vatspolicy.gate.judgement import Remark

PREFIX = "VATSPOLICY_"
OTHER_VARIABLES = (
    *("CACHE", "DEBUG", "TOKEN"),
    *("BUILD_PUBLISHED", "BUILD_REHEARSAL", "BUILD_REPOSITORY"),  # hatch_build.py, keys.py
    *(
        "ATTEST",
        "COMMENT_TOKEN",
        "CONFIG",
        "OPTIONS",
        "PACKAGE",
        "PROJECT",
        "REF",
        "SIGN_KEY",
    ),  # templates/gitlab-ci.yml
    *("EXAMPLES", "FUZZ", "LONG", "SEED", "TRIALS"),  # the tests of the project
)
"""Names behind the prefix of variables that are not settings."""
HARMLESS = ("lang", "formats")
"""Keys that do not affect the exit code. Reports list all other keys in use, which could weaken the gate."""
_LAW = frozenset(("law", "bundle"))
_REPLACED_BY: Mapping[str, frozenset[str]] = {
    "law": _LAW,
    "bundle": _LAW,
    "key": _LAW | {"key"},
    "baseline": frozenset(("baseline", "write_baseline")),
}
"""Parameters that also override other settings, because a law replaces any other law. Layers apply to each."""


_REMARK = Phrase("Settings from outside the command line apply: {settings}.")


class BadVariable(Exception):
    """Error for a variable whose value cannot be used."""


@cache
def keys() -> Mapping[str, CommandParameter]:
    """Return the keys of the file, in the order of help, with the parameter of each; `formats` is for two of them.

    The variable of `fail-on` is VATSPOLICY_FAIL_ON; a list is separated by spaces there, and layers (`policies`) as
    the folders of PATH are.
    """
    declared = sorted(flatten(CheckOptions), key=panel_order)
    return {parameter.declared.setting: parameter for parameter in declared if parameter.declared.setting}


def make_remarks(settings: Settings) -> tuple[Remark, ...]:
    """Return the remark of a report on settings that could weaken the gate; none if none is used."""
    notable = [setting for setting in settings.used if setting.key not in HARMLESS]
    if not notable:
        return ()
    listed = "; ".join(f"{setting.key} = {' '.join(setting.values)} ({setting.place})" for setting in notable)
    first = next((setting for setting in notable if setting.line), None)
    from vatspolicy.gate.judgement import Remark, UsedSetting

    used = tuple(UsedSetting(setting.key, tuple(setting.values), setting.place) for setting in notable)
    file, line, column = (first.source, first.line, first.column) if first else (None, None, None)
    return (Remark("settings", "note", None, None, _REMARK.fill(settings=listed), file, line, column, used),)


# --- the values of a run ----------------------------------------------------------------------------------------------


def complete(parameters: Iterable[CommandParameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of parameters: those given, and settings for those that are not.

    With `trust` the settings are those of that revision, and paths are named as it has them (see `owner_side`).

    Raises:
        InvalidInput: for a mistake in the file.
        BadVariable: for a mistake in a variable, and a revision that cannot be used.
    """
    open_ones = {parameter.name: parameter for parameter in parameters if parameter.declared.setting}
    if given.get("trust") is None:
        return _complete(open_ones, given)
    from vatspolicy.cli.owner_side import trust
    from vatspolicy.git import SourceError

    try:
        options, side = trust(given["trust"], open_ones, lambda: _complete(open_ones, given), find_file)
    except SourceError as error:
        raise BadVariable(_("{path}: {fault}", path=f"--trust {given['trust']}", fault=error.args[0])) from None
    return {**options, "settings": options["settings"]._replace(trust=side)}


def _complete(open_ones: Mapping[str, CommandParameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of parameters by the settings of the working directory. Raises as `complete` does."""
    if not open_ones:
        return dict(given)
    used: dict[Setting, Any] = {}
    taken = set(given)
    wrong: list[Problem] = []
    for read in (read_variables, (lambda: ()) if given.get("no_config") else read_file):
        every = [setting for setting in read() if setting.name in open_ones]
        free = [setting for setting in every if not _REPLACED_BY.get(setting.name, {setting.name}) & taken]
        for setting in every if read is read_file else free:  # a mistake in the file counts although it is overridden
            try:
                value = _read_value(open_ones[setting.name], setting)
            except InvalidInput as error:
                wrong += error.problems
            else:
                used |= {setting: value} if setting in free else {}
        taken |= {setting.name for setting in free}
    if wrong:
        raise InvalidInput(wrong)
    from_settings = {setting.name: value for setting, value in used.items()}
    return {**from_settings, **given, "settings": Settings(tuple(used), frozenset(given))}


def _read_value(parameter: CommandParameter, setting: Setting) -> Any:
    """Return the value of a setting. Raises BadVariable, or InvalidInput for a mistake in the file."""
    try:
        return convert(parameter, list(setting.values))
    except Exception as error:
        message = error.message if isinstance(error, BadArgument) else _say_choices(parameter, setting)
        if not setting.line:
            raise BadVariable(_("{path}: {fault}", path=setting.source, fault=message)) from None
        problem = Problem(setting.source, setting.line, setting.column, setting.key, message)
        raise InvalidInput([problem]) from None


def _say_choices(parameter: CommandParameter, setting: Setting) -> str:
    """Return the sentence about a word that is not one of the choices."""
    if len(setting.values) > 1:
        return _("Only one format can go to standard output; write FORMAT=PATH for the others.")
    if parameter.choices:
        choices = Listing(parameter.choices, quoted=True)
        return _("{value!r} is not one of {choices}.", value=setting.values[0], choices=choices)
    return _("This value cannot be used.")


def _split(key: str, values: Sequence[str], source: str, line: int = 0, column: int = 0) -> list[Setting]:
    """Return the settings of a key: `formats` holds the format on standard output, and the reports to write."""
    if key != "formats":
        return [Setting(key, key.replace("-", "_"), tuple(values), source, line, column)]
    outputs = tuple(value for value in values if _is_output(value))
    alone = tuple(value for value in values if value not in outputs)
    return [
        Setting(key, name, texts, source, line, column)
        for name, texts in (("format", alone), ("outputs", outputs))
        if texts
    ]


def _is_output(text: str) -> bool:
    """Return True for an entry of `formats` that names a file; the others name the format on standard output."""
    return "=" in text or "." in text or "/" in text


# --- variables --------------------------------------------------------------------------------------------------------


def read_variables() -> tuple[Setting, ...]:
    """Return the settings of the environment; an empty variable does not count.

    Raises:
        BadVariable: A variable has the prefix and no meaning: a misspelled one would leave the gate as it was.
    """
    names = {PREFIX + key.upper().replace("-", "_"): key for key in keys()}
    variables: list[Setting] = []
    for name in os.environ:
        if name.startswith(PREFIX) and name not in names and name.removeprefix(PREFIX) not in OTHER_VARIABLES:
            raise BadVariable(_say_unknown(name, names))
    for name, key in names.items():
        if text := os.environ.get(name, "").strip():
            variables += _split(key, _members(key, text), name)
    return tuple(variables)


def _members(key: str, text: str) -> list[str]:
    """Return the values in a variable: folders may have spaces in their names."""
    if key == "policies":
        return [member for member in text.split(os.pathsep) if member]
    return text.split() if keys()[key].is_list else [text]


def _say_unknown(name: str, names: Iterable[str]) -> str:
    """Return the sentence about an unknown variable, with a suggested name."""
    from vatspolicy.errors import did_you_mean, nearest

    all_names = sorted([*(name.removeprefix(PREFIX) for name in names), *OTHER_VARIABLES])
    near = did_you_mean([PREFIX + name for name in nearest(name.removeprefix(PREFIX), all_names)])
    fault = Sentences(_("This variable does not exist."), near or _("See docs/configuration.md, or rename it."))
    return _("{path}: {fault}", path=name, fault=fault)


# --- the file ---------------------------------------------------------------------------------------------------------


def find_file() -> str | None:
    """Return the path of the file in the working directory, or in a folder above it inside the same repository."""
    from vatspolicy.bundles.select import project_folders

    return next((folder + FILE for folder in project_folders() if os.path.isfile(folder + FILE)), None)


def configured_language() -> str:
    """Return the language of the file, or an empty string. Mistakes in the file are reported elsewhere."""
    try:
        return next((setting.values[0] for setting in read_file() if setting.key == "lang"), "")
    except InvalidInput:
        return ""


def read_file() -> tuple[Setting, ...]:
    """Return the settings of the file, if there is one. Its paths are relative to the folder that holds it.

    Raises:
        InvalidInput: with every mistake, at its line and column.
    """
    path = find_file()
    if path is None:
        return ()
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
        raise InvalidInput([_say_syntax(path, text, str(error))]) from None
    except (RecursionError, ValueError):  # which the TOML parser accepts
        fault = _("A value is nested too deeply, or a number is too long.")
        raise InvalidInput([Problem(path, 1, 1, "", fault)]) from None
    settings, problems = [], []
    for key, value in data.items():
        line, column, start = _find(text, key)
        if mistake := _mistake_in_key(key):
            problems.append(Problem(path, line, column, key, *mistake))
        elif message := _mistake_in_value(keys()[key], value):
            problems.append(Problem(path, line, start, key, message))
        else:
            settings += _split(key, _texts(key, value, os.path.dirname(path)), path, line, start)
    if "bundle" in data and "law" in data:
        problems.append(Problem(path, *_find(text, "bundle")[:2], "bundle", _("law and bundle cannot be combined.")))
    if problems:
        raise InvalidInput(problems)
    return tuple(settings)


def _say_syntax(path: str, text: str, message: str) -> Problem:
    """Return the problem of a text that is not valid TOML."""
    import re

    pattern = re.compile(r"\(at line (\d+), column (\d+)\)|\(at end of document\)")
    match, lines = pattern.search(message), text.splitlines() or [""]
    line, column = (int(match[1]), int(match[2])) if match and match[1] else (len(lines), len(lines[-1]) + 1)
    reason = pattern.sub("", message).strip().rstrip(".")
    return Problem(path, line, column, "", _("This is not TOML: {reason}.", reason=reason))


def _find(text: str, key: str) -> tuple[int, int, int]:
    """Return line and column of a key at the top of the file, and the column of its value."""
    import re

    name = rf"(?:{re.escape(key)}|\"{re.escape(key)}\"|'{re.escape(key)}')"
    match = re.search(rf"^[ \t]*(\[*[ \t]*)({name})[ \t]*(?:=[ \t]*(?=(.)?)|[.\]])", text, re.MULTILINE)
    if match is None:
        return 1, 1, 1
    before = text.rfind("\n", 0, match.start(2)) + 1
    line = text.count("\n", 0, match.start(2)) + 1
    return line, match.start(2) - before + 1, match.end() - before + 1


def _mistake_in_key(key: str) -> tuple[str, str] | None:
    """Return message and hint for a key that the file may not have."""
    from vatspolicy.errors import suggest

    if key in keys():
        return None
    option = key.replace("_", "-")
    if f"--{option}" in (field.declared.name for field in flatten(CheckOptions) if field.declared.setting == NEVER):
        return _("--{option} works only on the command line: a file may not set it for every run.", option=option), ""
    return _("This key is unknown."), suggest(key, keys()) or _(
        "Known keys: {keys}.", keys=Listing(keys(), quoted=True)
    )


def _mistake_in_value(parameter: CommandParameter, value: Any) -> str | None:
    """Return the error about the type of a value."""
    if parameter.is_flag:
        return None if isinstance(value, bool) else _("This value must be true or false.")
    several = _("This value must be a string or a list of strings.")
    if parameter.is_list and isinstance(value, list):
        fine = value and all(isinstance(text, str) and text.strip() and "\0" not in text for text in value)
        return None if fine else several
    if not isinstance(value, str) or not value.strip():
        return several if parameter.is_list else _("This value must be a string.")
    return _("This value cannot be used.") if "\0" in value else None


def _texts(key: str, value: Any, folder: str) -> list[str]:
    """Return the texts of a value, paths as the working directory sees them."""
    from pathlib import Path

    texts = [str(member) for member in value] if isinstance(value, list) else [str(value)]
    parameter = keys()[key]
    if parameter.is_flag:
        return [text.lower() for text in texts]
    if parameter.item is Path or not parameter.declared.names:
        return [os.path.join(folder, text) for text in texts]
    if key == "formats":
        return [_moved(text, folder) for text in texts]
    return texts


def _moved(output: str, folder: str) -> str:
    """Return an entry of `formats` with its path, if it has one, below a folder."""
    name, equals, path = output.partition("=")
    if equals:
        return f"{name}={os.path.join(folder, path)}"
    return os.path.join(folder, output) if _is_output(output) else output


# --- check --show-config ----------------------------------------------------------------------------------------------


def describe(options: CheckOptions, json_wanted: bool) -> str:
    """Return every key with its value and the place that the value comes from, as text or JSON."""
    values = unpack(options)
    values["formats"] = [options.format, *(f"{name}={path}" for name, path in options.outputs)]
    rows = [
        {"key": key, "value": _plain(values[key.replace("-", "_")]), "source": _find_source(key, options.settings)}
        for key in keys()
    ]
    if json_wanted:
        import json

        return json.dumps({"settings": rows}, ensure_ascii=False, indent=2) + "\n"
    cells = [(row["key"], _shown(row["value"]), row["source"]) for row in rows]
    widths = [max(len(cell[index]) for cell in cells) for index in (0, 1)]
    return "".join(f"{key:{widths[0]}}  {value:{widths[1]}}  {source}\n" for key, value, source in cells)


def _find_source(key: str, settings: Settings) -> str:
    names = {"format", "outputs"} if key == "formats" else {key.replace("-", "_")}
    sources = [setting.place for setting in settings.used if setting.key == key]
    return ", ".join(dict.fromkeys([*(["command line"] if settings.given & names else []), *sources])) or "default"


def _plain(value: Any) -> Any:
    """Return a value as JSON holds it."""
    if value is None or isinstance(value, bool):
        return value
    return [str(member) for member in value] if isinstance(value, list | tuple) else str(value)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(value) or "-"
    return "-" if value is None else str(value).lower() if isinstance(value, bool) else value
