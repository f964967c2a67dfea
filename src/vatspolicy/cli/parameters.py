"""Parameters that commands share: enumerations, parsers and options.

A mistake in an argument is a typer.BadParameter: one sentence, then a hint.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, get_args

from vatspolicy.cli.declaration import Argument, Option, Parameter
from vatspolicy.clock import is_day
from vatspolicy.errors import InvalidInput, suggest
from vatspolicy.i18n import Listing, Sentences, _

if TYPE_CHECKING:
    from vatspolicy.gate.decision_log import Mask

DECIDE, RULES, WRITE = "Decide", "The law", "Write"
"""Panels of commands."""
INPUT, DECISION, ASIDE, OUTPUT, CONFIGURATION = "Input", "Decision", "Waivers", "Output", "Configuration"
"""Panels of options."""

Outputs = Sequence[tuple[str, Path]]
"""Reports to write: format and file."""
Changes = Sequence[tuple[str, Any]]
"""Facts to change: path and value."""


class Format(StrEnum):
    """Formats of a decision (vatspolicy.reports.decision.FORMATS and BINARY_FORMATS; typer wants an enumeration)."""

    TEXT, JSON, SARIF, JUNIT = "text", "json", "sarif", "junit"
    GITHUB, MARKDOWN, HTML = "github", "markdown", "html"
    DOCX, XLSX = "docx", "xlsx"


class Extent(StrEnum):
    """Extent of a report (vatspolicy.reports.decision.EXTENTS)."""

    SCREEN, DETAILS, SUMMARY, QUIET = "screen", "details", "summary", "quiet"


class Lang(StrEnum):
    """Languages of a report."""

    EN, ZH = "en", "zh"


class FailOn(StrEnum):
    """Levels on which the gate may fail (vatspolicy.gate.judgement.LEVELS)."""

    DENY, NEEDS_LICENSE, CONTESTED = "deny", "needs-license", "contested"
    DUTY, ADVICE = "duty", "advice"


def to_american(text: str) -> str:
    """Return a word of the command line with `needs-licence`, which is accepted, as `needs-license`."""
    return text.replace("needs-licence", "needs-license")


def convert(parameter: Parameter, texts: list[str]) -> Any:
    """Return the value of a declared parameter. Raises an error of typer, or of the type, for a mistake."""
    if isinstance(parameter.declared, Argument):
        return texts
    if len(texts) > 1 and not parameter.declared.repeatable:
        raise ValueError(parameter.name)
    if parameter.is_flag:
        return _to_bool(texts[0])
    value: Any = texts
    if not parameter.declared.repeatable:
        [kind] = [one for one in get_args(parameter.type) or (parameter.type,) if one is not NoneType]
        value = kind(to_american(texts[0])) if issubclass(kind, StrEnum) else kind(texts[0])
    return parameter.declared.parse(value) if parameter.declared.parse else value


def _to_bool(text: str) -> bool:
    """Return a flag: given without a value, or the word of a variable."""
    if text.lower() in ("", "1", "true", "yes", "on"):
        return True
    if text.lower() in ("0", "false", "no", "off"):
        return False
    raise bad_argument(_("Write true or false."))


def bad_argument(message: str) -> Exception:
    """Return a typer.BadParameter; arguments without a mistake need no typer."""
    import typer

    return typer.BadParameter(message)


def parse_day(text: str | None) -> str | None:
    """Return a calendar day, YYYY-MM-DD."""
    if text is None:
        return None
    if not is_day(text):
        raise bad_argument(_("Write a calendar day as YYYY-MM-DD."))
    return text


def parse_count(value: int | None) -> int | None:
    """Return a number of at least 0."""
    if value is not None and value < 0:
        raise bad_argument(_("Write a number of at least 0."))
    return value


def parse_jobs(number: int | None) -> int | None:
    """Return a number of processes."""
    if number is not None and number < 1:
        raise bad_argument(_("Write a whole number from 1 on."))
    return number


def parse_pattern(text: str | None) -> re.Pattern[str] | None:
    """Return a regular expression."""
    try:
        return re.compile(text) if text else None
    except re.error:
        raise bad_argument(_("This is not a valid regular expression.")) from None


def parse_folders(texts: Sequence[str]) -> list[Path]:
    """Return the folders of layers, in their order. Each is named once."""
    folders = list(map(Path, texts))
    if len(set(folders)) < len(folders):
        raise bad_argument(_("One folder is named twice."))
    return folders


def parse_fixtures(path: Path | None) -> Path | None:
    """Return a folder of fixtures: the one named, else ./fixtures if there is one."""
    if path is None:
        return Path("fixtures") if Path("fixtures").is_dir() else None
    if not path.is_dir():
        raise bad_argument(_("This folder does not exist."))
    return path


def parse_slug(text: str) -> str:
    """Return an identifier: lower-case words joined by hyphens."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text):
        raise bad_argument(_("Use lower-case words joined by hyphens."))
    return text


SUFFIXES = {"htm": "html", "md": "markdown", "txt": "text", "xml": "junit"}
"""Formats by the suffix of a file, where the suffix is not the name of the format."""


def make_output_parser(formats: Sequence[str]) -> Callable[[Sequence[str]], Outputs]:
    """Return the parser of FORMAT=PATH, or PATH with the suffix of a format. It refuses two reports to one file."""

    def parse(texts: Sequence[str]) -> Outputs:
        pairs: list[tuple[str, Path]] = []
        for text in texts:
            name, equals, path = text.partition("=")
            if not equals:
                suffix = Path(text).suffix[1:].lower()
                name, path = SUFFIXES.get(suffix, suffix), text
            if name not in formats or not path:
                endings = Listing(f".{one}" for one in _endings(formats))
                raise bad_argument(
                    _(
                        "Write FORMAT=PATH, where FORMAT is one of {formats}; or a PATH that ends in one of {endings}.",
                        formats=Listing(formats),
                        endings=endings,
                    )
                )
            if any(Path(path) == other for __, other in pairs):
                raise bad_argument(_("Two reports would go to one file."))
            pairs.append((name, Path(path)))
        return pairs

    return parse


def _endings(formats: Sequence[str]) -> list[str]:
    """Return the suffixes of files that tell a format."""
    short = {format: suffix for suffix, format in SUFFIXES.items() if suffix != "htm"}
    return [short.get(format, format) for format in formats if format != "github"]


def parse_changes(texts: Sequence[str]) -> Changes:
    """Return path=value pairs; the value is YAML, or None (written as nothing) to remove the fact."""
    from vatspolicy.documents import parse_document

    pairs: list[tuple[str, Any]] = []
    for text in texts:
        path, equals, value = text.partition("=")
        if not equals or not path:
            raise bad_argument(_("Write path=value, such as company.foreign_percent=50."))
        _check_path(path)
        try:
            pairs.append((path, parse_document(value, "value").data if value.strip() else None))
        except InvalidInput as error:
            problem = error.problems[0]
            fault = Sentences(problem.message, problem.hint)
            raise bad_argument(_("{path}: {fault}", path=path, fault=fault)) from None
    return pairs


def parse_masks(texts: Sequence[str]) -> list[Mask]:
    """Return the masks of a decision log."""
    from vatspolicy.gate.decision_log import parse_mask

    try:
        return [parse_mask(text) for text in texts]
    except ValueError as error:
        raise bad_argument(str(error)) from None


def _check_path(path: str) -> None:
    """Refuse a fact that no schema knows: to change it would have no effect."""
    from vatspolicy.profile.vocabulary import describe

    steps: list[str | int] = []
    for step in path.split("."):
        known = list(describe(tuple(steps)).get("properties", {}))
        steps.append(int(step) if step.isascii() and step.isdigit() else step)
        if not describe(tuple(steps)):
            hint = suggest(step, known) or _("Write a path such as services.0.area.")
            raise bad_argument(Sentences(_("A profile has no fact {path!r}.", path=path), hint))


LawOption = Annotated[
    Path | None,
    Option(
        "--law",
        metavar="DIR",
        help="Folder of policies that decides in place of the shipped law.",
        panel=INPUT,
        setting="law",
    ),
]
PoliciesOption = Annotated[
    Sequence[Path],
    Option(
        "--policies",
        "-p",
        metavar="DIR",
        parse=parse_folders,
        repeatable=True,
        help="Layer above the law: a folder with a layer.yaml; repeatable, the lowest first.",
        panel=INPUT,
        setting="policies",
    ),
]
BundleOption = Annotated[
    Path | None,
    Option(
        "--bundle",
        metavar="FILE",
        help="A bundle (vatspolicy bundle build) that decides in place of the shipped law.",
        panel=INPUT,
        setting="bundle",
    ),
]
KeyOption = Annotated[
    Path | None,
    Option(
        "--key", metavar="FILE", help="Public key, or policy about signers, of the bundle.", panel=INPUT, setting="key"
    ),
]
SkipVerifyOption = Annotated[bool, Option("--skip-verify", help="Skip signature verification.", panel=INPUT)]
FixturesOption = Annotated[
    Path | None,
    Option(
        "--fixtures",
        metavar="DIR",
        parse=parse_fixtures,
        help="Folder of fixtures (default: ./fixtures where there is one).",
        panel=INPUT,
    ),
]
LaunchDayOption = Annotated[
    str | None,
    Option(
        "--as-of",
        metavar="DAY",
        parse=parse_day,
        help="Day of the law (default: the launch day of the spec, else today in China).",
        panel=DECISION,
    ),
]
DayOption = Annotated[
    str | None,
    Option(
        "--as-of",
        metavar="DAY",
        parse=parse_day,
        help="Day of the law (default: today in China).",
        panel=DECISION,
    ),
]
PastOption = Annotated[
    bool, Option("--allow-past-as-of", help="Allow the law of a past day to decide.", panel=DECISION)
]
SetOption = Annotated[
    Changes,
    Option(
        "--set",
        metavar="PATH=VALUE",
        parse=parse_changes,
        repeatable=True,
        help="Change a fact before deciding; no value removes it; repeatable.",
        panel=INPUT,
    ),
]
StdinNameOption = Annotated[
    str | None,
    Option("--stdin-filename", metavar="FILE", help="Name of standard input (-) in reports and errors.", panel=INPUT),
]
LangOption = Annotated[
    Lang, Option("--lang", help="Language of the report and of errors.", panel=OUTPUT, setting="lang")
]
SigstoreOption = Annotated[
    Path | None,
    Option(
        "--sigstore",
        metavar="FILE",
        help="Sigstore bundle (default: the one attached, or beside the file).",
        panel=INPUT,
    ),
]
FORMAT = Option("--format", "-f", help="Format on standard output.", panel=OUTPUT)


def make_output_option(formats: Sequence[str]) -> Option:
    """Return the option that writes reports to files."""
    return Option(
        "--output",
        "-o",
        metavar="[FORMAT=]PATH",
        parse=make_output_parser(formats),
        repeatable=True,
        help="Write a report to a file, in the format of its suffix or the one named; repeatable.",
        panel=OUTPUT,
    )
