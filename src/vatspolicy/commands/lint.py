"""`vatspolicy lint`: what a reviewer would ask of policy files."""

from __future__ import annotations

import typer

from vatspolicy.commands.options import FixturesOption, PoliciesOption, near
from vatspolicy.console import RULES, show, single
from vatspolicy.errors import render


def lint(policies: PoliciesOption = None, fixtures: FixturesOption = None) -> None:
    """Check policies beyond what loading checks: style, translations, tests that show every rule both ways.

    Example: vatspolicy lint --policies policies
    """
    from vatspolicy.bundle import load_bundle
    from vatspolicy.lint import lint as lint_bundle

    problems = lint_bundle(load_bundle(policies), fixtures or near())
    show("".join(f"{render(problem)}\n" for problem in problems))
    raise typer.Exit(1 if problems else 0)


command = single(lint, "lint", RULES)
