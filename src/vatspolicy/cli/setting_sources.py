"""Sources of settings: `vatspolicy.toml`, and variables VATSPOLICY_*.

An option overrides a variable, and a variable the file. Where there is no file, looking for it is all that this costs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from vatspolicy.cli.settings import FILE, KEYS, LISTS, OTHER_VARIABLES, PREFIX, Setting, Settings, split
from vatspolicy.i18n import Listing, Sentences, _

if TYPE_CHECKING:
    from typing import Any

    from vatspolicy.cli.declaration import Parameter

_LAW = frozenset(("law", "bundle"))
_REPLACED_BY: Mapping[str, frozenset[str]] = {
    "law": _LAW,
    "bundle": _LAW,
    "key": _LAW | {"key"},
    "baseline": frozenset(("baseline", "write_baseline")),
}
"""Parameters that take the place of a setting besides its own: one law replaces another. Layers stand above each."""


class BadVariable(Exception):
    """Error for a variable whose value cannot be used."""


def complete(
    parameters: Iterable[Parameter],
    given: Mapping[str, Any],
    convert: Callable[[Parameter, list[str]], Any],
) -> dict[str, Any]:
    """Return the values of parameters: those given, and settings for those that are not.

    With `trust` the settings are those of that revision, and paths are named as it has them (see `owner_side`).

    Raises:
        InvalidInput: for a mistake in the file.
        BadVariable: for a mistake in a variable, and a revision that cannot be used.
    """
    parameters = list(parameters)
    if given.get("trust") is None:
        return _complete(parameters, given, convert)
    from vatspolicy.cli.owner_side import trust
    from vatspolicy.git import SourceError

    settings = [one.name for one in parameters if getattr(one.declared, "setting", None)]
    try:
        found, side = trust(given["trust"], settings, lambda: _complete(parameters, given, convert))
    except SourceError as error:
        raise BadVariable(_("{path}: {fault}", path=f"--trust {given['trust']}", fault=error.args[0])) from None
    return {**found, "settings": found["settings"]._replace(trust=side)}


def _complete(
    parameters: Iterable[Parameter],
    given: Mapping[str, Any],
    convert: Callable[[Parameter, list[str]], Any],
) -> dict[str, Any]:
    """Return the values of parameters by the settings of the working directory. Raises as `complete` does."""
    open_ones = {one.name: one for one in parameters if getattr(one.declared, "setting", None)}
    if not open_ones:
        return dict(given)
    used: dict[Setting, Any] = {}
    taken, wrong = set(given), []
    for read in (read_variables, (lambda: ()) if given.get("no_config") else read_file):
        found = [one for one in read() if one.name in open_ones]
        free = [one for one in found if not _replaced(one.name, taken)]
        for one in found if read is read_file else free:  # a mistake in the file counts although an option overrides it
            value = _value(open_ones[one.name], one, convert)
            if isinstance(value, _Wrong):
                wrong.append(value.problem)
            elif one in free:
                used[one] = value
        taken |= {one.name for one in free}
    if wrong:
        from vatspolicy.errors import InvalidInput

        raise InvalidInput(wrong)
    from_settings = {one.name: value for one, value in used.items()}
    return {**from_settings, **given, "settings": Settings(tuple(used), frozenset(given))}


def read_variables() -> tuple[Setting, ...]:
    """Return the settings of the environment; an empty variable is none.

    Raises:
        BadVariable: A variable has the prefix and no meaning: a misspelled one would leave the gate as it was.
    """
    names = {PREFIX + key.upper().replace("-", "_"): key for key in KEYS}
    for name in os.environ:
        if name.startswith(PREFIX) and name not in names and name.removeprefix(PREFIX) not in OTHER_VARIABLES:
            raise BadVariable(_say_unknown(name, names))
    found = []
    for name, key in names.items():
        if text := os.environ.get(name, "").strip():
            found += split(key, _members(key, text), name)
    return tuple(found)


def _members(key: str, text: str) -> list[str]:
    """Return the values in a variable: folders may have spaces in their names."""
    if key == "policies":
        return [one for one in text.split(os.pathsep) if one]
    return text.split() if key in LISTS else [text]


def _say_unknown(name: str, names: Iterable[str]) -> str:
    """Return the sentence on a variable that has no meaning, with the name that was meant."""
    from vatspolicy.errors import did_you_mean, nearest

    known = sorted([*(one.removeprefix(PREFIX) for one in names), *OTHER_VARIABLES])
    near = did_you_mean([PREFIX + one for one in nearest(name.removeprefix(PREFIX), known)])
    fault = Sentences(_("There is no such variable."), near or _("See docs/configuration.md, or rename it."))
    return _("{path}: {fault}", path=name, fault=fault)


def read_file() -> tuple[Setting, ...]:
    """Return the settings of the file, if there is one. Raises InvalidInput."""
    path = find_file()
    if path is None:
        return ()
    from vatspolicy.cli.configuration import read_configuration

    return read_configuration(path)


def find_file() -> str | None:
    """Return the path of the file in the working directory, or in a folder above it inside the same repository."""
    from vatspolicy.bundles.select import project_folders

    return next((folder + FILE for folder in project_folders() if os.path.isfile(folder + FILE)), None)


def configured_language() -> str:
    """Return the language of the file, or an empty string. Mistakes in the file are reported elsewhere."""
    from vatspolicy.errors import InvalidInput

    try:
        return next((one.values[0] for one in read_file() if one.key == "lang"), "")
    except InvalidInput:
        return ""


class _Wrong(NamedTuple):
    problem: Any


def _replaced(name: str, taken: set[str]) -> bool:
    return bool(_REPLACED_BY.get(name, frozenset((name,))) & taken)


def _value(parameter: Parameter, setting: Setting, convert: Callable[[Parameter, list[str]], Any]) -> Any:
    """Return the value of a setting. Raises BadVariable; a mistake in the file is returned."""
    try:
        return convert(parameter, list(setting.values))
    except Exception as error:  # a typer.BadParameter, or the ValueError of an enumeration
        message = getattr(error, "message", None) or _choices(parameter, setting)
        if not setting.line:
            raise BadVariable(_("{path}: {fault}", path=setting.source, fault=message)) from None
        from vatspolicy.errors import Problem

        return _Wrong(Problem(setting.source, setting.line, setting.column, setting.key, message))


def _choices(parameter: Parameter, setting: Setting) -> str:
    """Return the sentence on a word that is none of the choices."""
    from enum import Enum
    from typing import get_args

    kinds = get_args(parameter.type) or (parameter.type,)
    choices = [one.value for kind in kinds if isinstance(kind, type) and issubclass(kind, Enum) for one in kind]
    if len(setting.values) > 1:
        return _("One format is for standard output; write FORMAT=PATH for the others.")
    if choices:
        return _("{value!r} is not one of {choices}.", value=setting.values[0], choices=Listing(choices, quoted=True))
    return _("This value cannot be used.")
