"""The command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from vatspolicy.arguments import (
    FailOn,
    Format,
    Lang,
    parse_changes,
    parse_day,
    parse_folder,
    parse_outputs,
    parse_pattern,
    parse_slug,
)
from vatspolicy.commands_diff import register as register_diff
from vatspolicy.console import (
    DECIDE,
    DECISION,
    INPUT,
    OUTPUT,
    RULES,
    WRITE,
    Command,
    Group,
    columns,
    complain,
    fail,
    save,
    show,
)
from vatspolicy.errors import InvalidInput, render, suggest
from vatspolicy.gate import INTERNAL, INTERRUPTED, INVALID, NOTHING, USAGE
from vatspolicy.output import accept_any_text, wants_colour, write_stderr

app = typer.Typer(
    name="vatspolicy",
    cls=Group,
    help="Decide whether a digital product may launch in mainland China, and under which law.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
new = typer.Typer(
    cls=Group, no_args_is_help=True, rich_markup_mode=None, help="Write a skeleton that passes lint and its own tests."
)
app.add_typer(new, name="new", rich_help_panel=WRITE)
docs = typer.Typer(cls=Group, no_args_is_help=True, rich_markup_mode=None, help="Write the policies as pages to read.")
app.add_typer(docs, name="docs", rich_help_panel=WRITE)

PoliciesOption = Annotated[
    Path | None,
    typer.Option(
        "--policies", "-p", metavar="DIR", help="Folder of policies (default: the shipped ones).", rich_help_panel=INPUT
    ),
]
FixturesOption = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        callback=parse_folder,
        help="Folder of fixtures (default: ./fixtures where there is one).",
        rich_help_panel=INPUT,
    ),
]
LangOption = Annotated[Lang, typer.Option(help="Language of the report.", rich_help_panel=OUTPUT)]


@app.command(cls=Command, rich_help_panel=DECIDE)
def check(
    specs: Annotated[
        list[str],
        typer.Argument(
            metavar="SPEC",
            help="Product specs: files, folders, globs, or - for standard input.",
            show_default=False,
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
            "--set",
            metavar="PATH=VALUE",
            help="Change a fact before deciding; no value removes it; repeatable.",
            rich_help_panel=INPUT,
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
    from vatspolicy.gate import DayError, Gate
    from vatspolicy.report import render as render_report

    outputs, changes = parse_outputs(output), parse_changes(set_)
    gate = Gate(load_bundle(policies), today(), as_of, allow_past_as_of, changes, fail_on, no_fail)
    try:
        outcome = gate.run(specs)
    except DayError as error:
        fail(f"{error}.", USAGE)
    if outcome.problems:
        complain(InvalidInput(outcome.problems))
    for argument in outcome.empty:
        write_stderr(f"vatspolicy: there is no spec behind {argument!r}.\n")
    if not outcome.records and not outcome.problems:
        fail("nothing was decided.", NOTHING)

    def report(name: str, colour: bool = False) -> str:
        return render_report(name, outcome.records, lang.value, colour, columns(), outcome.problems)

    for name, path in outputs:
        save(path, report(name))
    if outcome.records or format not in (Format.TEXT, Format.GITHUB):
        show(report(format, wants_colour()), machine=format is not Format.TEXT)
    raise typer.Exit(outcome.exit_code)


@app.command(cls=Command, rich_help_panel=RULES)
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
    show(text)


@app.command("test", cls=Command, rich_help_panel=RULES)
def run_tests(
    run: Annotated[
        str | None,
        typer.Option("--run", "-r", metavar="REGEX", help="Run only tests whose name matches.", rich_help_panel=INPUT),
    ] = None,
    policies: PoliciesOption = None,
    fixtures: FixturesOption = None,
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

    pattern = parse_pattern(run)
    report = prove(load_bundle(policies), fixtures or near(), pattern, coverage or threshold is not None, threshold)
    show(report.text)
    raise typer.Exit(report.exit_code)


@app.command(cls=Command, rich_help_panel=RULES)
def lint(policies: PoliciesOption = None, fixtures: FixturesOption = None) -> None:
    """Check policies beyond what loading checks: style, translations, tests that show every rule both ways.

    Example: vatspolicy lint --policies policies
    """
    from vatspolicy.bundle import load_bundle
    from vatspolicy.lint import lint as lint_bundle

    problems = lint_bundle(load_bundle(policies), fixtures or near())
    show("".join(f"{render(problem)}\n" for problem in problems))
    raise typer.Exit(1 if problems else 0)


def near() -> Path | None:
    """The folder `fixtures` where there is one."""
    folder = Path("fixtures")
    return folder if folder.is_dir() else None


register_diff(app)


@app.command(cls=Command, rich_help_panel=WRITE)
def schema(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="profile, policy, decision, comparison, fixture, bundle, places or vocabulary.",
        ),
    ],
) -> None:
    """Print a JSON Schema.

    Example: vatspolicy schema profile > profile.schema.json
    """
    from vatspolicy.schema import schema_folder, schema_names

    known = schema_names()
    if name not in known:
        fail(f"there is no schema {name!r}. {suggest(name, known)}".rstrip(), USAGE)
    show((schema_folder() / f"{name}.schema.json").read_text(encoding="utf-8"), machine=True)


def create(files: dict[Path, str]) -> None:
    """Write new files, never over an old one: all of them, or none when one exists."""
    for path in files:
        if path.exists() or path.is_symlink():
            fail(f"{path} exists already.", USAGE)
    for path, text in files.items():
        save(path, text)
        show(f"{path}\n")


@new.command("policy", cls=Command)
def new_policy(
    id: Annotated[
        str,
        typer.Argument(metavar="ID", callback=parse_slug, help="Id of the policy: lower-case words joined by hyphens."),
    ],
    folder: Annotated[
        Path, typer.Option("--policies", "-p", metavar="DIR", help="Folder to write to.", rich_help_panel=OUTPUT)
    ] = Path("policies"),
) -> None:
    """Write a policy with one rule and its tests; in a new folder, bundle.yaml too.

    Example: vatspolicy new policy cloud-measures-2027
    """
    from vatspolicy.scaffold import bundle, policy

    if id == "bundle":
        fail("'bundle' is the name of the file that describes a bundle. Choose another.", USAGE)
    release = folder / "bundle.yaml"
    create({folder / f"{id}.yaml": policy(id)} | ({} if release.exists() else {release: bundle()}))


@new.command("profile", cls=Command)
def new_profile(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="File to write: NAME.yaml.")],
) -> None:
    """Write a profile with its questions as comments.

    Example: vatspolicy new profile specs/shop.yaml
    """
    from vatspolicy.scaffold import profile

    if path.suffix not in (".yaml", ".yml"):
        fail("the skeleton is YAML: end the name with .yaml.", USAGE)
    create({path: profile(parse_slug(path.stem))})


@new.command("fixture", cls=Command)
def new_fixture(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", callback=parse_slug, help="Name of the fixture: lower-case words joined by hyphens."
        ),
    ],
    folder: Annotated[
        Path, typer.Option("--fixtures", metavar="DIR", help="Folder to write to.", rich_help_panel=OUTPUT)
    ] = Path("fixtures"),
) -> None:
    """Write a fixture: a profile and the decisions expected of it.

    Example: vatspolicy new fixture shop-hangzhou-wholly-foreign
    """
    from vatspolicy.scaffold import expectation, profile

    create({folder / f"{name}.yaml": profile(name), folder / f"{name}.expect.yaml": expectation()})


@docs.command("build", cls=Command)
def build_docs(
    folder: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder to write to.", rich_help_panel=OUTPUT)
    ] = Path("docs/policies"),
    check_only: Annotated[
        bool,
        typer.Option("--check", help="Write nothing; name pages that differ and exit with 1.", rich_help_panel=OUTPUT),
    ] = False,
    policies: PoliciesOption = None,
) -> None:
    """Write one Markdown page per policy, an index and a calendar of changes.

    Example: vatspolicy docs build --check
    """
    from vatspolicy.bundle import load_bundle
    from vatspolicy.pages import Foreign, compare, make, write

    pages = make(load_bundle(policies))
    if check_only:
        difference = compare(folder, pages)
        show("".join(f"{line}\n" for line in difference.lines(folder)))
        raise typer.Exit(1 if difference else 0)
    try:
        difference = write(folder, pages)
    except Foreign as error:
        fail(str(error), USAGE)
    except OSError as error:
        fail(f"cannot write to {folder}: {error.strerror or error}.", INTERNAL)
    changed = len(difference.missing) + len(difference.stale)
    show(f"{folder}: {len(pages)} pages, {changed} written, {len(difference.superfluous)} removed.\n")


def main() -> None:
    """Entry point. A user's mistake ends with its documented code, a crash with 70, never with a traceback."""
    accept_any_text()
    try:
        app()
    except InvalidInput as error:
        complain(error)
        sys.exit(INVALID)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception as error:  # the boundary: whatever is left is ours, and no decision
        import os
        import traceback

        if os.environ.get("VATSPOLICY_DEBUG"):
            traceback.print_exc()
        name = type(error).__name__
        write_stderr(f"vatspolicy: internal error ({name}); set VATSPOLICY_DEBUG=1 for a trace.\n")
        sys.exit(INTERNAL)
