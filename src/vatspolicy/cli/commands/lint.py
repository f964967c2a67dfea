"""`vatspolicy lint`: what a reviewer would ask of policy files."""

from __future__ import annotations

import typer

from vatspolicy.cli.options import (
    BundleOption,
    FixturesOption,
    KeyOption,
    PoliciesOption,
    SkipVerifyOption,
    choose_bundle,
    near,
)
from vatspolicy.cli.typer_app import RULES, print_result, single
from vatspolicy.errors import render


def lint(
    policies: PoliciesOption = None,
    bundle: BundleOption = None,
    key: KeyOption = None,
    skip_verify: SkipVerifyOption = False,
    fixtures: FixturesOption = None,
) -> None:
    """Check policies beyond what loading checks: style, translations, tests that show every rule both ways.

    Example: vatspolicy lint --policies policies
    """
    from vatspolicy.authoring.lint import lint as lint_bundle

    problems = lint_bundle(choose_bundle(policies, bundle, key, skip_verify), fixtures or near())
    print_result("".join(f"{render(problem)}\n" for problem in problems))
    raise typer.Exit(1 if problems else 0)


command = single(lint, "lint", RULES)
