"""What every command shares: how it is declared to typer, and how its help looks."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from vatspolicy.cli.console import abort, columns, enter, holding, print_result, report_problems, warn, write_report
from vatspolicy.gate.gate import ExitCode
from vatspolicy.i18n import current_language, set_language, translate
from vatspolicy.i18n.text import clean
from vatspolicy.output import write_stderr

__all__ = [
    "Commands",
    "abort",
    "columns",
    "enter",
    "family",
    "print_result",
    "report_problems",
    "single",
    "warn",
    "write_report",
]

DECIDE, RULES, WRITE = "Decide", "The law", "Write"
"""Panels of commands."""
INPUT, DECISION, ASIDE, OUTPUT = "Input", "Decision", "Waivers", "Output"
"""Panels of options."""
HELP = {"help_option_names": ["-h", "--help"]}


class Command(TyperCommand):
    """A command whose help has panels (rich makes them, imported for help only) and whose errors are plain lines."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help page."""
        self.rich_markup_mode = "rich"
        try:
            super().format_help(ctx, formatter)
        finally:
            self.rich_markup_mode = None

    def invoke(self, ctx: Any) -> Any:
        """Run the command, and afterwards let go of what it holds."""
        with holding():
            return super().invoke(ctx)


class Group(TyperGroup):
    """The same for a group; an interrupt ends with its own code in every version of typer."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help page."""
        self.rich_markup_mode = "rich"
        try:
            super().format_help(ctx, formatter)
        finally:
            self.rich_markup_mode = None

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            abort("interrupted.", ExitCode.INTERRUPTED)


class Commands(Group):
    """The commands of the product. The module of one is imported when it is called, that of all for the help page."""

    def __init__(self, name: str, names: Sequence[str], summary: str) -> None:
        super().__init__(name=name, help=summary, no_args_is_help=True, rich_markup_mode=None, context_settings=HELP)
        self.names = names

    def make_context(self, info_name: Any, args: Any, parent: Any = None, **extra: Any) -> Any:
        """Settle the language of the run, before anything can go wrong."""
        set_language(args)
        with _usage_in_language():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        with _usage_in_language():
            return super().invoke(ctx)

    def list_commands(self, ctx: Any) -> list[str]:
        """Names, in the order of the help page."""
        return list(self.names)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of a name; None when there is none."""
        if cmd_name not in self.names:
            return None
        return importlib.import_module(f"vatspolicy.cli.commands.{cmd_name}").command


@contextlib.contextmanager
def _usage_in_language() -> Iterator[None]:
    """Tell a mistake in how a command was called in the language chosen; typer tells it in English only."""
    try:
        yield
    except Exception as error:
        # By what it has and not by its class: some versions of typer have the classes of click, others their own.
        code, tell, ctx = (getattr(error, name, None) for name in ("exit_code", "format_message", "ctx"))
        if current_language() == "en" or tell is None or type(error).__name__ == "NoArgsIsHelpError":
            raise
        lines = [translate(f"Error: {tell()}")]
        if ctx is not None:
            how = translate(f"Try '{ctx.command_path} {ctx.help_option_names[0]}' for help.")
            lines = [translate(ctx.get_usage()), how, "", *lines]
        write_stderr("".join(f"{clean(line)}\n" for line in lines))
        raise typer.Exit(code or ExitCode.USAGE) from None


def single(function: Callable[..., None], name: str, panel: str) -> Any:
    """A function as a command, listed under a panel of the help page."""
    app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=HELP)
    app.command(name, cls=Command, rich_help_panel=panel)(function)
    return typer.main.get_command(app)


def family(name: str, panel: str, summary: str, functions: Mapping[str, Callable[..., None]]) -> Any:
    """A command that has commands of its own, listed under a panel of the help page."""
    app = typer.Typer(cls=Group, no_args_is_help=True, rich_markup_mode=None, help=summary, context_settings=HELP)
    for inner, function in functions.items():
        app.command(inner, cls=Command)(function)
    group = typer.main.get_group(app)
    group.name, group.rich_help_panel = name, panel
    return group
