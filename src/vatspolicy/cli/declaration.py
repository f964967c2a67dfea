"""Declarations of commands, arguments and options, independent of typer.

`check` is read and run before typer is imported, which saves a third of its start (`fast_arguments`). An option that no
other command shares may be declared with `typer.Option` instead.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import is_dataclass
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

from vatspolicy.cli.settings import Settings


class Argument(NamedTuple):
    """A positional argument: metadata of an annotated parameter."""

    metavar: str
    help: str
    setting: str | None = None
    """Key of the configuration that gives its values if the command line does not."""


class Option(NamedTuple):
    """An option: metadata of an annotated parameter."""

    name: str
    short: str | None = None
    metavar: str | None = None
    help: str = ""
    panel: str | None = None
    """Panel of the help page."""
    setting: str | None = None
    """Key of the configuration that gives its value if the command line does not."""
    parse: Callable[[Any], Any] | None = None
    """Converts the text, or the texts of a repeatable option. Raises typer.BadParameter."""
    repeatable: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The long name and the short one, if there is one."""
        return (self.name, self.short) if self.short else (self.name,)


class Command(NamedTuple):
    """A command: its function returns an exit code or None, and has the docstring that help shows."""

    function: Callable[..., int | None]
    name: str
    panel: str


class CommandGroup(NamedTuple):
    """A command with subcommands."""

    name: str
    panel: str
    summary: str
    functions: Mapping[str, Callable[..., int | None]]


class Parameter(NamedTuple):
    """A parameter of a command, or a field of an option group."""

    name: str
    type: Any
    declared: Any
    """Metadata of its annotation: an Option, an Argument, or their like in typer."""
    default: Any
    """inspect.Parameter.empty for a parameter that is required."""

    @property
    def is_flag(self) -> bool:
        """True for an option without a value."""
        return self.type is bool


def flatten(target: Callable[..., Any]) -> Iterator[Parameter]:
    """Yield the parameters of a command, with the fields of an option group (a dataclass) in place of the group.

    A parameter of the type Settings is none of the command line: it receives the settings in use.
    """
    for name, (hint, default) in _signature(target).items():
        if hint is Settings:
            continue
        if isinstance(hint, type) and is_dataclass(hint):
            yield from flatten(hint)
        elif get_origin(hint) is Annotated:
            kind, declared = get_args(hint)
            yield Parameter(name, kind, declared, default)
        else:
            yield Parameter(name, hint, None, default)


def call(target: Callable[..., Any], values: Mapping[str, Any]) -> Any:
    """Call a command with the values of its flattened parameters. Missing values take their defaults."""
    arguments = {}
    for name, (hint, _) in _signature(target).items():
        if isinstance(hint, type) and is_dataclass(hint):
            arguments[name] = call(hint, values)
        elif name in values:
            arguments[name] = values[name]
    return target(**arguments)


@functools.cache
def _signature(target: Callable[..., Any]) -> Mapping[str, tuple[Any, Any]]:
    """Return type and default of every parameter by its name."""
    hints = get_type_hints(target, include_extras=True)
    return {name: (hints[name], one.default) for name, one in inspect.signature(target).parameters.items()}
