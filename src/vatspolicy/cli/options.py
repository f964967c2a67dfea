"""Options: declarations, parsing, and the options that commands share.

An option is declared once. From its declaration typer has its parameter, help its line, the configuration its key, and
the start of `check` its reader (`program.read`). An option that one command alone has stands with that command.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from types import NoneType
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    NamedTuple,
    TypedDict,
    TypeVar,
    Unpack,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from vatspolicy.clock import is_day
from vatspolicy.errors import InvalidInput, suggest
from vatspolicy.i18n import Language, Listing, Sentences, _
from vatspolicy.reports.formats import ending_of

if TYPE_CHECKING:
    from vatspolicy.cli.owner_side import Trust

T = TypeVar("T")

DECIDE, RULES, WRITE = "Decide", "The law", "Write"
"""Panels of commands."""
INPUT, DECISION, ASIDE, OUTPUT, CONFIGURATION = "Input", "Decision", "Waivers", "Output", "Configuration"
"""Panels of options."""
NEVER = ""
"""Marks an option that a file may not set, because it would weaken every run or belongs to a single run."""


# --- declarations -----------------------------------------------------------------------------------------------------


class Option(NamedTuple):
    """An option or, without a name, an argument. It is repeatable if the parameter is a list."""

    flags: str
    """Names, and the placeholder for the value: `--policies -p DIR`; of an argument the placeholder alone."""
    help: str
    panel: str | None = None
    """Panel of the help page."""
    setting: str | None = None
    """Configuration key of its value, used without a value on the command line."""
    parse: Callable[[Any], Any] | None = None
    """Converts the value, or the texts of a repeatable option. Raises BadArgument."""
    least: float | None = None
    most: float | None = None
    exists: Literal["file", "folder"] | None = None
    """Kind of file that must be at the path."""
    shown: bool | str = True
    """True if help shows the default, or the words shown instead."""
    hidden: bool = False
    words: tuple[str, ...] = ()
    """The words that it takes, in the order of help; Python may keep that of another Literal of the same words."""

    @property
    def names(self) -> tuple[str, ...]:
        """The long name, and others; none of an argument."""
        return tuple(word for word in self.flags.split() if word.startswith("-"))

    @property
    def name(self) -> str:
        """The long name, or the word for the value of an argument."""
        return next(iter(self.names), self.flags)

    @property
    def metavar(self) -> str | None:
        """The word for its value on the help page."""
        return " ".join(word for word in self.flags.split() if not word.startswith("-")) or None


class Details(TypedDict, total=False):
    """Further fields of `Option`, by their names."""

    parse: Callable[[Any], Any]
    least: float
    most: float
    exists: Literal["file", "folder"]
    shown: bool | str
    hidden: bool
    words: tuple[str, ...]


class Declared(NamedTuple):
    """The default of a parameter with its declaration, which stands in the place of the default."""

    default: object
    declared: Option


@dataclass(frozen=True)
class Panel:
    """A panel of the help page. A call declares an option in it."""

    name: str | None

    def __call__(self, default: T, flags: str, text: str, setting: str | None = None, **more: Unpack[Details]) -> T:
        """Return the default of a parameter with its declaration."""
        return cast("T", Declared(default, Option(flags, text, self.name, setting, **more)))


REQUIRED: Any = inspect.Parameter.empty
"""Default of a parameter that is required."""
option, input_, decision = Panel(None), Panel(INPUT), Panel(DECISION)
aside, output, configuration = Panel(ASIDE), Panel(OUTPUT), Panel(CONFIGURATION)


def argument(default: T, metavar: str, text: str, setting: str | None = None, **more: Unpack[Details]) -> T:
    """Return the default of a parameter with its declaration as an argument; help hides the default unless `shown`."""
    more.setdefault("shown", False)
    return option(default, metavar, text, setting, **more)


def option_group(cls: type[T]) -> type[T]:
    """Give the fields of a class, a dataclass thereafter, the defaults of the options declared in their place."""
    for name, value in vars(cls).copy().items():
        if isinstance(value, Declared):
            setattr(cls, name, field(default=value.default, metadata={"declared": value.declared}))
    return cls


class Command(NamedTuple):
    """A command: its function returns an exit code or None, and has the docstring that help shows."""

    function: Callable[..., int | None]
    name: str
    panel: str
    place: int
    """Position on the help page and in completions; the numbers leave gaps for others."""


class CommandGroup(NamedTuple):
    """A command with subcommands."""

    name: str
    panel: str
    place: int
    summary: str
    functions: Mapping[str, Callable[..., int | None]]


class CommandParameter(NamedTuple):
    """A parameter of a command, or a field of an option group."""

    name: str
    type: Any
    declared: Option
    default: Any
    """inspect.Parameter.empty for a parameter that is required."""

    @property
    def kind(self) -> Any:
        """The type, apart from None."""
        inner = get_args(self.type)
        return next(kind for kind in inner if kind is not NoneType) if NoneType in inner else self.type

    @property
    def is_flag(self) -> bool:
        """True for an option without a value."""
        return self.kind is bool

    @property
    def is_list(self) -> bool:
        """True for an option that is repeatable, and for an argument with several values."""
        return get_origin(self.kind) in (list, Sequence)

    @property
    def item(self) -> Any:
        """The type of a value, or of each value of a list."""
        return get_args(self.kind)[0] if self.is_list else self.kind

    @property
    def choices(self) -> tuple[str, ...]:
        """The words that it takes, if it does not take any."""
        return self.declared.words or (get_args(self.item) if get_origin(self.item) is Literal else ())


def flatten(target: Callable[..., Any]) -> Iterator[CommandParameter]:
    """Yield the parameters of a command, with the fields of an option group (a dataclass) in place of the group.

    A parameter without a declaration is none of the command line.
    """
    for name, (hint, default, declared) in _signature(target).items():
        if declared is not None:
            yield CommandParameter(name, hint, declared, default)
        elif is_dataclass(hint):
            yield from flatten(hint)  # type: ignore[arg-type]


def panel_order(parameter: CommandParameter) -> int:
    """Return the place of a parameter on the help page: input first, output last."""
    return {None: 0, INPUT: 1, DECISION: 2, OUTPUT: 4}.get(parameter.declared.panel, 3)


def call(target: Callable[..., Any], values: Mapping[str, Any]) -> Any:
    """Call a command with the values of its flattened parameters. Missing values take their defaults."""
    arguments = {}
    for name, (hint, default, declared) in _signature(target).items():
        if is_dataclass(hint):
            arguments[name] = call(hint, values)  # type: ignore[arg-type]
        elif declared is not None or name in values:
            arguments[name] = values.get(name, default)
    return target(**arguments)


def unpack(group: Any) -> dict[str, Any]:
    """Return the values of an option group by the names of its flattened parameters."""
    values: dict[str, Any] = {}
    for one in fields(group):
        value = getattr(group, one.name)
        values |= unpack(value) if is_dataclass(value) else {one.name: value}
    return values


@functools.cache
def _signature(target: Callable[..., Any]) -> Mapping[str, tuple[Any, Any, Option | None]]:
    """Return type, default and declaration of every parameter by its name."""
    hints = get_type_hints(target)
    groups = {one.name: one.metadata.get("declared") for one in fields(target)} if is_dataclass(target) else {}
    parameters = {}
    for name, parameter in inspect.signature(target).parameters.items():
        default, declared = parameter.default, groups.get(name)
        if isinstance(default, Declared):
            default, declared = default
        parameters[name] = (hints[name], default, declared)
    return parameters


# --- settings ---------------------------------------------------------------------------------------------------------

FILE = "vatspolicy.toml"


class Setting(NamedTuple):
    """A value of the file or of a variable, for one parameter."""

    key: str
    name: str
    """Name of the parameter; `formats` has two."""
    values: tuple[str, ...]
    source: str
    """The file, or the name of the variable."""
    line: int = 0
    """Line and column in the file; 0 for a variable."""
    column: int = 0

    @property
    def place(self) -> str:
        """The source with its line."""
        return f"{self.source}:{self.line}" if self.line else self.source


class Settings(NamedTuple):
    """The settings that a run uses, and the names of the parameters that its command line gives."""

    used: tuple[Setting, ...] = ()
    given: frozenset[str] = frozenset()
    trust: Trust | None = None
    """Revision that provides settings, law, locks and approvals; None for the working tree."""


NONE = Settings()
"""No settings and no command-line values."""


# --- values -----------------------------------------------------------------------------------------------------------


class BadArgument(Exception):
    """Error for a value that cannot be used: one sentence, then a hint."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def convert(parameter: CommandParameter, texts: list[str]) -> Any:
    """Return the value of a parameter. Raises BadArgument, or the error of its type, for a mistake."""
    declared, value = parameter.declared, texts
    if declared.names and not parameter.is_list:
        if len(texts) > 1:
            raise ValueError(parameter.name)
        value = _convert_one(parameter, texts[0])
    return declared.parse(value) if declared.parse else value


def _convert_one(parameter: CommandParameter, text: str) -> Any:
    if parameter.is_flag:
        return _to_bool(text)
    if choices := parameter.choices:
        return choices[choices.index(to_american(text))]
    return parameter.kind(text)


def _to_bool(text: str) -> bool:
    """Return a flag: set without a value, or from the text of a variable."""
    if text.lower() in ("", "1", "true", "yes", "on"):
        return True
    if text.lower() in ("0", "false", "no", "off"):
        return False
    raise BadArgument(_("Write true or false."))


def to_american(text: str) -> str:
    """Return a word of the command line, with the British `needs-licence` spelled `needs-license`."""
    return text.replace("needs-licence", "needs-license")


def parse_day(text: str | None) -> str | None:
    """Return a calendar day, YYYY-MM-DD."""
    if text is None:
        return None
    if not is_day(text):
        raise BadArgument(_("Write a calendar day as YYYY-MM-DD."))
    return text


def parse_folders(texts: Sequence[str]) -> list[Path]:
    """Return the folders of layers, in their order. Each is named once."""
    folders = list(map(Path, texts))
    if len(set(folders)) < len(folders):
        raise BadArgument(_("A folder appears twice."))
    return folders


def parse_fixtures(path: Path | None) -> Path | None:
    """Return a folder of fixtures: the one named, else ./fixtures if there is one."""
    if path is None:
        return Path("fixtures") if Path("fixtures").is_dir() else None
    if not path.is_dir():
        raise BadArgument(_("This folder does not exist."))
    return path


def parse_slug(text: str) -> str:
    """Return an identifier: lower-case words joined by hyphens."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text):
        raise BadArgument(_("Use lower-case words joined by hyphens."))
    return text


Outputs = Sequence[tuple[str, Path]]
"""Reports to write: format and file."""


def make_output_parser(formats: Sequence[str]) -> Callable[[Sequence[str]], Outputs]:
    """Return the parser of FORMAT=PATH, or PATH with the suffix of a format. It refuses two reports to one file."""
    by_ending = {"htm": "html"} | {ending: format for format in formats if (ending := ending_of(format))}

    def parse(texts: Sequence[str]) -> Outputs:
        pairs: list[tuple[str, Path]] = []
        for text in texts:
            name, equals, path = text.partition("=")
            if not equals:
                name, path = by_ending.get(Path(text).suffix[1:].lower(), ""), text
            if name not in formats or not path:
                endings = Listing(f".{ending}" for ending in by_ending if ending != "htm")
                raise BadArgument(
                    _(
                        "Write FORMAT=PATH, where FORMAT is one of {formats}; or a PATH that ends in one of {endings}.",
                        formats=Listing(formats),
                        endings=endings,
                    )
                )
            if any(Path(path) == earlier for __, earlier in pairs):
                raise BadArgument(_("Two reports would write to the same file."))
            pairs.append((name, Path(path)))
        return pairs

    return parse


Changes = Sequence[tuple[str, Any]]
"""Facts to change: path and value."""


def parse_changes(texts: Sequence[str]) -> Changes:
    """Return path=value pairs; the value is YAML, or None (written as nothing) to remove the fact."""
    from vatspolicy.core.documents import parse_document

    pairs: list[tuple[str, Any]] = []
    for text in texts:
        path, equals, value = text.partition("=")
        if not equals or not path:
            raise BadArgument(_("Write path=value, such as company.foreign_percent=50."))
        _check_path(path)
        try:
            pairs.append((path, parse_document(value, "value").data if value.strip() else None))
        except InvalidInput as error:
            problem = error.problems[0]
            fault = Sentences(problem.message, problem.hint)
            raise BadArgument(_("{path}: {fault}", path=path, fault=fault)) from None
    return pairs


def _check_path(path: str) -> None:
    """Reject a fact missing from every schema: changing it would have no effect."""
    from vatspolicy.core.profile.vocabulary import describe

    steps: list[str | int] = []
    whole = "launch" if path.startswith(("companies.", "partners.")) else "profile"
    for step in path.split("."):
        keys = list(describe(tuple(steps), whole=whole).get("properties", {}))
        steps.append(int(step) if step.isascii() and step.isdigit() else step)
        if not describe(tuple(steps), whole=whole):
            hint = suggest(step, keys) or _("Write a path such as services.0.area.")
            raise BadArgument(Sentences(_("A profile has no fact {path!r}.", path=path), hint))


# --- options that commands share --------------------------------------------------------------------------------------

FailOn = Literal["deny", "needs-license", "contested", "duty", "advice"]
"""Levels on which the gate may fail (vatspolicy.gate.judgement.LEVELS)."""

LAW: Path | None = input_(None, "--law DIR", "Folder of policies that decides in place of the shipped law.", "law")
POLICIES: Sequence[Path] = input_(
    (),
    "--policies -p DIR",
    "Layer above the law: a folder with a layer.yaml; repeatable, the lowest first.",
    "policies",
    parse=parse_folders,
)
BUNDLE: Path | None = input_(
    None, "--bundle FILE", "A bundle (vatspolicy bundle build) that decides in place of the shipped law.", "bundle"
)
KEY: Path | None = input_(None, "--key FILE", "Public key, or policy about signers, of the bundle.", "key")
SKIP_VERIFY: bool = input_(False, "--skip-verify", "Skip signature verification.", NEVER)
FIXTURES: Path | None = input_(
    None, "--fixtures DIR", "Folder of fixtures (default: ./fixtures where there is one).", parse=parse_fixtures
)
LAUNCH_DAY: str | None = decision(
    None,
    "--as-of DAY",
    "Day of the law (default: the launch day of the spec, else today in China).",
    NEVER,
    parse=parse_day,
)
DAY: str | None = decision(None, "--as-of DAY", "Day of the law (default: today in China).", parse=parse_day)
BUDGET: int | None = decision(
    None, "--budget UNITS", "Work that one question of a proof may cost (z3's units).", least=1
)
TODAY: str | None = decision(
    None, "--today DAY", "The day that counts as today (default: today in China).", parse=parse_day
)
PAST: bool = decision(False, "--allow-past-as-of", "Allow the law of a past day to decide.", NEVER)
SET: Changes = input_(
    (),
    "--set PATH=VALUE",
    "Change a fact before deciding; no value removes it; repeatable.",
    NEVER,
    parse=parse_changes,
)
STDIN_NAME: str | None = input_(None, "--stdin-filename FILE", "Name of standard input (-) in reports and errors.")
LANG: Language = output("en", "--lang", "Language of the report and of errors.", "lang")


def format_option(default: T, formats: Any, setting: str | None = None) -> T:
    """Declare the format on standard output, one of the words of a Literal or of a table."""
    words = get_args(formats) or tuple(formats)
    return output(default, "--format -f", "Format on standard output.", setting, words=words)


def output_option(formats: Any, setting: str | None = None) -> Outputs:
    """Declare the reports to write to files, in formats that are the words of a Literal or of a table."""
    return output(
        (),
        "--output -o [FORMAT=]PATH",
        "Write a report to a file, in the format of its suffix or the one named; repeatable.",
        setting,
        parse=make_output_parser(get_args(formats) or tuple(formats)),
    )


DataFormat = Literal["text", "json"]
DATA_FORMAT: DataFormat = format_option("text", DataFormat)
