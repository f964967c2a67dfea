"""The typer application: commands built from their declarations, help pages, usage errors in the language chosen."""

from __future__ import annotations

import contextlib
import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from vatspolicy.cli.commands import find_names, load_command, load_commands
from vatspolicy.cli.console import abort, close_afterwards, show_progress
from vatspolicy.cli.options import (
    BadArgument,
    Command,
    CommandGroup,
    CommandParameter,
    call,
    flatten,
    panel_order,
    to_american,
)
from vatspolicy.cli.settings import BadVariable, complete, configured_language
from vatspolicy.errors import suggest
from vatspolicy.gate.gate import ExitCode
from vatspolicy.i18n import ForeignText, Sentences, _, current_language, set_language, translate
from vatspolicy.i18n.text import clean
from vatspolicy.output import Style, wants_color, write_stderr, write_stdout

SETTINGS = {"help_option_names": ["-h", "--help"], "token_normalize_func": to_american}
"""Settings of every command: the options of help, and words of options that are accepted in another spelling."""
WIDE = 20
"""Length of a list of choices above which help shows it in the description."""


class PanelHelp:
    """A help page with panels, the only use of rich; usage errors are plain lines."""

    rich_markup_mode: Any

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help page."""
        self.rich_markup_mode = "rich"
        try:
            super().format_help(ctx, formatter)  # type: ignore[misc]
        finally:
            self.rich_markup_mode = None


class PanelCommand(PanelHelp, TyperCommand):
    """A command with a help page in panels. A repeated option that is not a list is an error."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the parts of the usage line, without the braces that typer puts around a required argument."""
        return [piece[1:-1] if piece.startswith("{") else piece for piece in super().collect_usage_pieces(ctx)]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments. A repeated option is an error, because the last value could open a gate."""
        if not ctx.resilient_parsing:
            *__, order = self.make_parser(ctx).parse_args(list(args))
            for parameter, times in Counter(order).items():
                if (
                    times > 1
                    and parameter.param_type_name == "option"
                    and not (parameter.multiple or parameter.is_eager)
                ):
                    ctx.fail(
                        _(
                            "Option {option!r} takes one value but appears {times} times.",
                            option=parameter.opts[0],
                            times=times,
                        )
                    )
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command, then close the contexts that it has entered."""
        with close_afterwards(), show_progress(ctx.command_path.partition(" ")[2]):
            return super().invoke(ctx)


class PanelGroup(PanelHelp, TyperGroup):
    """A group of commands; an interrupt has its own exit code in every version of typer."""

    def find_names(self) -> Iterable[str]:
        """Return the names of its commands, in any order."""
        return self.commands

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command in the first argument, or end with a usage error that suggests the nearest."""
        if args and not args[0].startswith("-") and self.get_command(ctx, args[0]) is None:
            ctx.fail(Sentences(_("No such command {name!r}.", name=args[0]), suggest(args[0], self.find_names())))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            abort(_("interrupted."), ExitCode.INTERRUPTED)


class Commands(PanelGroup):
    """The commands of the product. Each module is imported when its command is called, all for the help page."""

    def __init__(self) -> None:
        super().__init__(
            name="vatspolicy",
            help="Decide whether a digital product may launch in mainland China, and under which law.",
            params=[_version_option(), *typer.main.get_install_completion_arguments()],
            no_args_is_help=True,
            rich_markup_mode=None,
            context_settings=SETTINGS,
        )

    def find_names(self) -> Iterable[str]:
        """Return the names of its commands, without importing them."""
        return find_names()

    def make_context(self, info_name: Any, args: Any, parent: Any = None, **extra: Any) -> Any:
        """Choose the language of the run before anything can fail."""
        set_language(args, configured_language())
        with _usage_in_language():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        with _usage_in_language():
            return super().invoke(ctx)

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names in the order of the help page."""
        return [declared.name for declared in load_commands()]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return the command of a name, or None. It is built once, although typer asks several times."""
        if cmd_name not in self.commands and cmd_name in find_names():
            self.commands[cmd_name] = build(load_command(cmd_name))
        return self.commands.get(cmd_name)


def _version_option() -> Any:
    """Return the option that prints the version and ends the program."""

    def show(ctx: Any, _: Any, wanted: bool) -> None:
        if wanted and not ctx.resilient_parsing:
            from vatspolicy import __version__

            write_stdout(f"vatspolicy {__version__}\n")
            ctx.exit()

    return TyperOption(
        param_decls=["--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=show,
        help="Print the version and exit.",
    )


@contextlib.contextmanager
def _usage_in_language() -> Iterator[None]:
    """Report usage errors in the language chosen; typer reports them in English only."""
    try:
        yield
    except Exception as error:
        # By its attributes, not by its class: some versions of typer use the classes of click, others their own.
        code, describe, ctx = (getattr(error, name, None) for name in ("exit_code", "format_message", "ctx"))
        style = Style(wants_color(errors=True))
        plain = current_language() == "en" and not style.color
        if plain or describe is None or type(error).__name__ == "NoArgsIsHelpError":
            raise
        sentence = ForeignText(describe(), getattr(error, "message", ""))
        lines = [translate(_("Error: {told}", told=sentence))]
        if ctx is not None:
            command = f"{ctx.command_path} {ctx.help_option_names[0]}"
            how = translate(_("Try {command!r} for help.", command=command))
            lines = [translate(ForeignText(ctx.get_usage())), how, "", *lines]
        *before, last = map(clean, lines)
        write_stderr("".join(f"{line}\n" for line in [*before, style(last, "red")]))
        raise typer.Exit(code or ExitCode.USAGE) from None


def build(declared: Command | CommandGroup) -> Any:
    """Return the command or group of typer that a declaration describes."""
    if isinstance(declared, Command):
        app = typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=SETTINGS)
        add = app.command(
            declared.name,
            cls=PanelCommand,
            short_help=_summarize(declared.function),
            rich_help_panel=declared.panel,
        )
        add(_typer_function(declared.function))
        return typer.main.get_command(app)
    app = typer.Typer(
        cls=PanelGroup, no_args_is_help=True, rich_markup_mode=None, help=declared.summary, context_settings=SETTINGS
    )
    for name, function in declared.functions.items():
        app.command(name, cls=PanelCommand, short_help=_summarize(function))(_typer_function(function))
    group = typer.main.get_group(app)
    group.name, group.rich_help_panel = declared.name, declared.panel
    return group


def _summarize(function: Callable[..., int | None]) -> str:
    """Return the first sentence of the help of a command, for the list of commands."""
    sentence, _, _ = (inspect.getdoc(function) or "").replace("\n", " ").partition(". ")
    return f"{sentence.removesuffix('.')}."


def _typer_function(function: Callable[..., int | None]) -> Callable[..., None]:
    """Return a function with one parameter per option, as typer reads it, that exits with the code of a command."""
    declared = list(flatten(function))

    def run(typer_context: typer.Context, **values: Any) -> None:
        given = {name: value for name, value in values.items() if _is_given(typer_context, name)}
        defaults = {parameter.name: values[parameter.name] for parameter in declared if not parameter.declared.setting}
        try:
            completed = defaults | complete(declared, given)
        except BadVariable as error:
            abort(str(error))
        if lang := completed.get("lang"):
            set_language((), lang)
        with _bad_parameters():
            code = call(function, completed)
        if code:
            raise typer.Exit(code)

    kind = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter("typer_context", kind, annotation=typer.Context),
        *(
            inspect.Parameter(parameter.name, kind, default=parameter.default, annotation=_annotation(parameter))
            for parameter in sorted(declared, key=panel_order)
        ),
    ]
    run.__doc__ = function.__doc__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _is_given(ctx: Any, name: str) -> bool:
    """Return True for a parameter that the command line gives."""
    source = ctx.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _annotation(parameter: CommandParameter) -> Any:
    """Return the annotation of a parameter with the metadata that typer reads."""
    declared, kind = parameter.declared, parameter.type
    if parameter.is_list:  # of the types that typer converts
        kind = list[str if declared.parse else parameter.item]  # type: ignore[misc]
        kind = kind | None if parameter.default is None else kind
    elif kind is str and parameter.choices:
        kind = Literal.__getitem__(parameter.choices)
    metavar, words = declared.metavar, declared.help
    if len("|".join(parameter.choices)) > WIDE:
        metavar = metavar or parameter.name.upper()
        words = f"{words} One of {', '.join(parameter.choices)}."
    elif parameter.item is int:
        metavar = metavar or "N"
    shown, parse = declared.shown, _callback(declared.parse)
    if not declared.names:
        return Annotated[kind, typer.Argument(metavar=metavar, help=words, show_default=shown, callback=parse)]
    option = typer.Option(
        *declared.names,
        metavar=metavar,
        help=words,
        show_default=shown,
        callback=parse,
        rich_help_panel=declared.panel,
        min=declared.least,
        max=declared.most,
        exists=declared.exists is not None,
        file_okay=declared.exists != "folder",
        dir_okay=declared.exists != "file",
        hidden=declared.hidden,
    )
    return Annotated[kind, option]


def _callback(parse: Callable[[Any], Any] | None) -> Callable[[Any], Any] | None:
    """Return a parser as typer calls it: without annotations, which typer evaluates, and with its error."""
    return parse and _bad_parameters()(lambda value: parse(value))


@contextlib.contextmanager
def _bad_parameters() -> Iterator[None]:
    """Report an invalid value in typer's format."""
    try:
        yield
    except BadArgument as error:
        raise typer.BadParameter(error.message) from None
