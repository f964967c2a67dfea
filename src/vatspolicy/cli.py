"""The command line."""

from __future__ import annotations

import datetime
import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from vatspolicy.errors import InvalidInput, render
from vatspolicy.gate import INTERNAL, INVALID, NOTHING, USAGE
from vatspolicy.output import wants_colour, write_file, write_stdout

app = typer.Typer(
    name="vatspolicy",
    help="Decide whether a digital product may launch in mainland China, and under which law.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
new = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Write a skeleton that already passes lint.")
app.add_typer(new, name="new")


class Format(StrEnum):
    """Formats of a report (vatspolicy.report.FORMATS; typer wants an enumeration)."""

    TEXT, JSON, SARIF, JUNIT, GITHUB, MARKDOWN = "text", "json", "sarif", "junit", "github", "markdown"


class Lang(StrEnum):
    """Languages of a report."""

    EN, ZH = "en", "zh"


class FailOn(StrEnum):
    """What the gate may fail on (vatspolicy.gate.LEVELS)."""

    DENY, NEEDS_LICENSE, DUTY, ADVICE = "deny", "needs-license", "duty", "advice"


INPUT, DECISION, OUTPUT = "Input", "Decision", "Output"
PoliciesOption = Annotated[
    Path | None,
    typer.Option(
        "--policies", "-p", metavar="DIR", help="Folder of policies (default: the shipped ones).", rich_help_panel=INPUT
    ),
]
LangOption = Annotated[Lang, typer.Option(help="Language of the report.", rich_help_panel=OUTPUT)]


def fail(message: str, code: int) -> NoReturn:
    """One line on standard error, then out."""
    typer.echo(f"vatspolicy: {message}", err=True)
    raise typer.Exit(code)


def complain(error: InvalidInput) -> None:
    """Every problem on standard error."""
    for problem in error.problems:
        typer.echo(render(problem), err=True)


def parse_day(text: str | None) -> str | None:
    """A calendar day, YYYY-MM-DD."""
    if text is None:
        return None
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            raise ValueError
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise typer.BadParameter("Write a calendar day as YYYY-MM-DD.") from None


def parse_outputs(texts: list[str]) -> list[tuple[str, Path]]:
    """FORMAT=PATH pairs."""
    pairs = []
    for text in texts:
        name, _, path = text.partition("=")
        if name not in list(Format) or not path:
            raise typer.BadParameter(f"Write FORMAT=PATH, where FORMAT is one of {', '.join(Format)}.")
        pairs.append((name, Path(path)))
    return pairs


def parse_changes(texts: list[str]) -> list[tuple[str, Any]]:
    """path=value pairs; the value is YAML, and empty to remove the fact."""
    from vatspolicy.document import parse_document

    pairs: list[tuple[str, Any]] = []
    for text in texts:
        path, equals, value = text.partition("=")
        if not equals or not path:
            raise typer.BadParameter("Write path=value, such as company.foreign_percent=50.")
        try:
            pairs.append((path, parse_document(value, "--set").data if value.strip() else None))
        except InvalidInput as error:
            raise typer.BadParameter(f"{path}: {error.problems[0].message}") from None
    return pairs


@app.command()
def check(
    specs: Annotated[
        list[str],
        typer.Argument(
            metavar="SPEC…", help="Product specs: files, folders, globs, or - for standard input.", show_default=False
        ),
    ],
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="DAY",
            callback=parse_day,
            help="Day of the law (default: the launch day of the spec, else today in China).",
            rich_help_panel=DECISION,
        ),
    ] = None,
    policies: PoliciesOption = None,
    set_: Annotated[
        list[str],
        typer.Option(
            "--set", metavar="PATH=VALUE", help="Change a fact before deciding; repeatable.", rich_help_panel=INPUT
        ),
    ] = [],  # noqa: B006 - typer reads it
    fail_on: Annotated[
        FailOn,
        typer.Option(help="What makes the gate fail; each level includes those before it.", rich_help_panel=DECISION),
    ] = FailOn.NEEDS_LICENSE,
    allow_past_as_of: Annotated[
        bool,
        typer.Option("--allow-past-as-of", help="Allow the law of a past day to decide.", rich_help_panel=DECISION),
    ] = False,
    no_fail: Annotated[
        bool,
        typer.Option(
            "--no-fail",
            help="Exit with 0 for a failed or incomplete gate (not for invalid input).",
            rich_help_panel=DECISION,
        ),
    ] = False,
    format: Annotated[
        Format, typer.Option("--format", "-f", help="Format on standard output.", rich_help_panel=OUTPUT)
    ] = Format.TEXT,
    output: Annotated[
        list[str],
        typer.Option(
            "--output",
            "-o",
            metavar="FORMAT=PATH",
            help="Write another format to a file; repeatable.",
            rich_help_panel=OUTPUT,
        ),
    ] = [],  # noqa: B006
    lang: LangOption = Lang.EN,
) -> None:
    """Decide product specs.

    Example: vatspolicy check specs/*.yaml --fail-on deny -o sarif=vats.sarif
    """
    from vatspolicy.bundle import load_bundle
    from vatspolicy.clock import today
    from vatspolicy.gate import Gate, PastDayError, find_specs
    from vatspolicy.report import render as render_report

    outputs, changes = parse_outputs(output), parse_changes(set_)
    bundle = load_bundle(policies)
    gate = Gate(bundle, today(), as_of, allow_past_as_of, changes, fail_on, no_fail)
    try:
        outcome = gate.run(find_specs(specs))
    except PastDayError as error:
        fail(f"{error}.", USAGE)
    except ValueError as error:
        fail(f"{error}; choose a later --as-of.", USAGE)
    if outcome.problems:
        complain(InvalidInput(outcome.problems))
    if outcome.exit_code == NOTHING:
        fail("there is nothing to decide: no spec was found.", NOTHING)
    for name, path in outputs:
        try:
            write_file(path, render_report(name, outcome.records, lang.value))
        except OSError as error:
            fail(f"cannot write {path}: {error.strerror or error}.", INTERNAL)
    if outcome.records:
        write_stdout(render_report(format, outcome.records, lang.value, wants_colour(), columns()))
    raise typer.Exit(outcome.exit_code)


def columns() -> int:
    """Room on the terminal, between 60 and 120 columns."""
    import shutil

    return max(60, min(shutil.get_terminal_size((100, 24)).columns, 120))


@app.command()
def explain(
    name: Annotated[str, typer.Argument(metavar="RULE|POLICY", help="A policy, or a rule as policy/rule.")],
    policies: PoliciesOption = None,
    lang: LangOption = Lang.EN,
) -> None:
    """Show a rule or a policy: its law, the history of its parameters, and who relies on it.

    Example: vatspolicy explain vats-pilot-2024/pilot-access
    """
    from vatspolicy.bundle import load_bundle
    from vatspolicy.rulebook import explain as explain_name

    bundle = load_bundle(policies)
    try:
        text = explain_name(bundle, name, lang.value, columns())
    except KeyError as error:
        fail(str(error.args[0]), USAGE)
    write_stdout(text)


@app.command("test")
def run_tests(
    run: Annotated[
        str | None,
        typer.Option("--run", "-r", metavar="REGEX", help="Run only tests whose name matches.", rich_help_panel=INPUT),
    ] = None,
    policies: PoliciesOption = None,
    fixtures: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder of fixtures (default: ./fixtures where there is one).", rich_help_panel=INPUT
        ),
    ] = None,
    coverage: Annotated[
        bool,
        typer.Option("--coverage", help="Show which rules and clauses no test sees both ways.", rich_help_panel=OUTPUT),
    ] = False,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=100,
            metavar="PERCENT",
            help="Fail below this share of covered clauses; implies --coverage.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
) -> None:
    """Run the tests inside policies and all fixtures.

    Example: vatspolicy test -r pilot --coverage --threshold 95
    """
    from vatspolicy.bundle import load_bundle
    from vatspolicy.proof import prove

    if fixtures is not None and not fixtures.is_dir():
        fail(f"there is no folder {fixtures}.", USAGE)
    try:
        pattern = re.compile(run) if run else None
    except re.error:
        fail("--run is not a regular expression.", USAGE)
    folder = fixtures or (Path("fixtures") if Path("fixtures").is_dir() else None)
    report = prove(load_bundle(policies), folder, pattern, coverage or threshold is not None, threshold)
    write_stdout(report.text)
    raise typer.Exit(report.exit_code)


@app.command()
def lint(
    policies: PoliciesOption = None,
    fixtures: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder of fixtures (default: ./fixtures where there is one).", rich_help_panel=INPUT
        ),
    ] = None,
) -> None:
    """Check policy files beyond what loading checks: style, translations, tests that show every rule both ways.

    Example: vatspolicy lint --policies policies
    """
    from vatspolicy.bundle import load_bundle
    from vatspolicy.lint import lint as lint_bundle

    folder = fixtures or (Path("fixtures") if Path("fixtures").is_dir() else None)
    problems = lint_bundle(load_bundle(policies), folder)
    for problem in problems:
        write_stdout(render(problem) + "\n")
    raise typer.Exit(1 if problems else 0)


@app.command()
def schema(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="profile, policy, decision, fixture, bundle, places or vocabulary.")
    ],
) -> None:
    """Print a JSON Schema.

    Example: vatspolicy schema profile > profile.schema.json
    """
    from vatspolicy.errors import suggest
    from vatspolicy.schema import schema_folder

    path = schema_folder() / f"{name}.schema.json"
    known = sorted(file.name.removesuffix(".schema.json") for file in schema_folder().glob("*.schema.json"))
    if name not in known:
        fail(f"there is no schema {name!r}. {suggest(name, known)}".rstrip(), USAGE)
    write_stdout(path.read_text(encoding="utf-8"))


def create(path: Path, text: str) -> None:
    """Write a new file, never over an old one."""
    if path.exists():
        fail(f"{path} exists already.", USAGE)
    write_file(path, text)
    typer.echo(str(path))


@new.command("policy")
def new_policy(
    id: Annotated[str, typer.Argument(help="Id of the policy: lower-case words joined by hyphens.")],
    folder: Annotated[Path, typer.Option("--policies", "-p", metavar="DIR", help="Folder to write to.")] = Path(
        "policies"
    ),
) -> None:
    """Write a policy with one rule and its tests.

    Example: vatspolicy new policy cloud-measures-2027
    """
    from vatspolicy.scaffold import policy

    create(folder / f"{slug(id)}.yaml", policy(id))


@new.command("profile")
def new_profile(path: Annotated[Path, typer.Argument(help="File to write.")]) -> None:
    """Write a profile with its questions as comments.

    Example: vatspolicy new profile specs/shop.yaml
    """
    from vatspolicy.scaffold import profile

    create(path, profile(slug(path.stem)))


@new.command("fixture")
def new_fixture(
    name: Annotated[str, typer.Argument(help="Name of the fixture: lower-case words joined by hyphens.")],
    folder: Annotated[Path, typer.Option("--fixtures", metavar="DIR", help="Folder to write to.")] = Path("fixtures"),
) -> None:
    """Write a fixture: a profile and the decisions expected of it.

    Example: vatspolicy new fixture shop-hangzhou-wholly-foreign
    """
    from vatspolicy.scaffold import expectation, profile

    create(folder / f"{slug(name)}.yaml", profile(name))
    create(folder / f"{name}.expect.yaml", expectation())


def slug(text: str) -> str:
    """The text when it is lower-case words joined by hyphens."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text):
        fail(f"{text!r} is no name. Use lower-case words joined by hyphens.", USAGE)
    return text


def main() -> None:
    """Entry point. A user's mistake ends with its documented code, a crash with 70, never with a traceback."""
    try:
        app(standalone_mode=True)
    except InvalidInput as error:
        complain(error)
        sys.exit(INVALID)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # the boundary: whatever is left is ours, and no decision
        import os
        import traceback

        if os.environ.get("VATSPOLICY_DEBUG"):
            traceback.print_exc()
        typer.echo(
            f"vatspolicy: internal error ({type(error).__name__}); set VATSPOLICY_DEBUG=1 for a trace.", err=True
        )
        sys.exit(INTERNAL)
