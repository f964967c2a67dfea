"""`vatspolicy lint`: check the style of policies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vatspolicy import clock
from vatspolicy.cli.console import abort, print_result, write_report
from vatspolicy.cli.context import LawOptions
from vatspolicy.cli.declaration import Command
from vatspolicy.cli.parameters import DECISION, INPUT, OUTPUT, RULES, FixturesOption, parse_day
from vatspolicy.errors import render
from vatspolicy.gate.gate import ExitCode
from vatspolicy.output import write_stderr

if TYPE_CHECKING:
    from vatspolicy.policies.bundle import Bundle


def lint(
    law: LawOptions,
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
    today: Annotated[
        str | None,
        typer.Option(
            metavar="DAY",
            callback=parse_day,
            help="The day that counts as today (default: today in China).",
            rich_help_panel=DECISION,
        ),
    ] = None,
) -> ExitCode:
    """Check style, translations, quotes and tests of policies, and the schemas themselves.

    Reviews that are due, and rules that rest on unverified articles alone, are warnings, on standard error.

    Example: vatspolicy lint --policies policies
    """
    from vatspolicy.authoring.lint import lint as lint_bundle
    from vatspolicy.authoring.unread import unread_warnings
    from vatspolicy.authoring.verification import read_texts, review_warnings, text_problems

    if write and texts is None:
        abort("--write needs --texts.")
    day = today or clock.today()
    bundle = law.load()
    if write and texts is not None:
        bundle = _verify(bundle, law, texts, day)
    documents = [bundle.document(policy) for policy in bundle.policies.values()]
    problems = lint_bundle(bundle, fixtures)
    if texts is not None:
        found = read_texts(texts)
        problems = sorted([*problems, *(problem for one in documents for problem in text_problems(one, found))])
    print_result("".join(f"{render(problem)}\n" for problem in problems))
    for problem in (*review_warnings(documents, day), *unread_warnings(bundle)):
        write_stderr(f"{render(problem)}\n")
    return ExitCode.FAILED if problems else ExitCode.OK


def _verify(bundle: Bundle, law: LawOptions, texts: Path, today: str) -> Bundle:
    """Write what was verified into the policy files and return the bundle of them."""
    from vatspolicy.authoring.verification import read_texts, write_files

    if law.bundle is not None:
        abort("--write needs a folder of policies, not a bundle.")
    changed = write_files(bundle, read_texts(texts), today)
    for path, text in changed.items():
        write_report(path, text)
        print_result(f"{path}\n")
    return law.load() if changed else bundle


command = Command(lint, "lint", RULES)
