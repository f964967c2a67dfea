"""`vatspolicy lint`: check the style of policies."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vatspolicy import clock
from vatspolicy.cli.console import abort, print_result, publish, show_difference, write_report
from vatspolicy.cli.context import LawOptions
from vatspolicy.cli.declaration import Command
from vatspolicy.cli.parameters import (
    DECISION,
    FORMAT,
    INPUT,
    OUTPUT,
    RULES,
    FixturesOption,
    Lang,
    LangOption,
    Outputs,
    make_output_option,
    parse_day,
)
from vatspolicy.i18n import _

if TYPE_CHECKING:
    from vatspolicy.authoring.lint.run import LintReport
    from vatspolicy.policies.bundle import Bundle


class LintFormat(StrEnum):
    """Formats of a lint report (vatspolicy.reports.lint; typer wants an enumeration)."""

    TEXT, JSON, SARIF, JUNIT, GITHUB = "text", "json", "sarif", "junit", "github"


def lint(
    law: LawOptions,
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE]...",
            help="Policies or their tests to check, with the rest of the law as context (default: everything).",
            show_default=False,
        ),
    ] = None,
    fixtures: FixturesOption = None,
    texts: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            exists=True,
            file_okay=False,
            help="Compare the quotes with the texts of the law (*.md) in this folder.",
            rich_help_panel=INPUT,
        ),
    ] = None,
    write: Annotated[
        bool,
        typer.Option(
            "--write", help="Write day, text and hash beside each quote that its text holds.", rich_help_panel=OUTPUT
        ),
    ] = False,
    fix: Annotated[
        bool,
        typer.Option(
            "--fix",
            help="Fix what needs no decision (order of keys, Chinese punctuation, comments that ignore nothing), and "
            "show it as a diff.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    today: Annotated[
        str | None,
        typer.Option(
            metavar="DAY",
            callback=parse_day,
            help="The day that counts as today (default: today in China).",
            rich_help_panel=DECISION,
        ),
    ] = None,
    list_rules: Annotated[
        bool, typer.Option("--list", help="Print every rule with its help, as Markdown.", rich_help_panel=OUTPUT)
    ] = False,
    format: Annotated[LintFormat, FORMAT] = LintFormat.TEXT,
    outputs: Annotated[Outputs, make_output_option(tuple(LintFormat))] = (),
    lang: LangOption = Lang.EN,
) -> int:
    """Check style, translations, quotes and tests of policies, and the schemas themselves.

    Errors fail the run. Reviews that are due, and rules that rest on unverified articles alone, are warnings.
    A comment ignores a finding for a reason: # lint: ignore ID reason
    With FILE, the law is the folder around it that has a bundle.yaml, and schemas and fixtures are not checked.

    Example: vatspolicy lint policies/access/vats-pilot-2024.yaml
    """
    from vatspolicy.authoring.lint.run import run_lint, select_policies
    from vatspolicy.reports.lint import render, rules_page

    if list_rules:
        print_result(rules_page())
        return 0
    if write and files:
        abort(_("--write takes no FILE: it writes in every policy."))
    if write and texts is None:
        abort(_("--write needs --texts."))
    if (write or fix) and law.bundle is not None:
        option = "--write" if write else "--fix"
        abort(_("{option} needs a folder of policies, not a bundle.", option=option))
    day = today or clock.today()
    law = law.around(files or ())
    bundle = law.load(locks="warn")
    chosen = select_policies(bundle, files) if files else None
    if write and texts is not None:
        bundle = _verify(bundle, law, texts, day, quiet=format is not LintFormat.TEXT)
    report = run_lint(bundle, None if files else fixtures, texts, day, chosen)
    if fix and _fix(report, law, quiet=format is not LintFormat.TEXT):
        bundle = law.load(locks="warn")
        chosen = select_policies(bundle, files) if files else None
        report = run_lint(bundle, None if files else fixtures, texts, day, chosen)
    publish(lambda name, _: render(name, report, lang.value), format, outputs)
    return report.exit_code


def _fix(report: LintReport, law: LawOptions, quiet: bool) -> bool:
    """Fix what can be fixed in the files, and show it; return whether a file has changed."""
    from vatspolicy.authoring.lint.fixes import fix_files

    changed = fix_files(report)
    law.refuse_shipped(changed)
    before = {document.file: document.text for document in report.documents}
    for path, text in changed.items():
        write_report(path, text)
        if not quiet:
            print_result(show_difference(before[str(path)], text, str(path), f"{path} fixed"))
    return bool(changed)


def _verify(bundle: Bundle, law: LawOptions, texts: Path, today: str, quiet: bool) -> Bundle:
    """Write what was verified into the policy files and return the bundle of them."""
    from vatspolicy.authoring.verification import read_texts, write_files

    changed = write_files(bundle, read_texts(texts), today)
    law.refuse_shipped(changed)
    for path, text in changed.items():
        write_report(path, text)
        if not quiet:
            print_result(f"{path}\n")
    return law.load(locks="warn") if changed else bundle


command = Command(lint, "lint", RULES)
