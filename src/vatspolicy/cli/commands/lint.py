"""`vatspolicy lint`: check the style of policies."""

from __future__ import annotations

from vatspolicy.cli.console import print_result
from vatspolicy.cli.context import LawOptions
from vatspolicy.cli.declaration import Command
from vatspolicy.cli.parameters import RULES, FixturesOption
from vatspolicy.errors import render
from vatspolicy.gate.gate import ExitCode


def lint(
    law: LawOptions,
    fixtures: FixturesOption = None,
) -> ExitCode:
    """Check style, translations and tests of policies, and the schemas themselves.

    Example: vatspolicy lint --policies policies
    """
    from vatspolicy.authoring.lint import lint as lint_bundle

    problems = lint_bundle(law.load(), fixtures)
    print_result("".join(f"{render(problem)}\n" for problem in problems))
    return ExitCode.FAILED if problems else ExitCode.OK


command = Command(lint, "lint", RULES)
