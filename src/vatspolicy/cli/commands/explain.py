"""`vatspolicy explain`: a rule or a policy and its law."""

from __future__ import annotations

from typing import Annotated

import typer

from vatspolicy.cli.console import abort, measure_width, print_result
from vatspolicy.cli.context import CommandContext
from vatspolicy.cli.declaration import Command
from vatspolicy.cli.parameters import RULES


def explain(
    name: Annotated[str, typer.Argument(metavar="RULE|POLICY", help="A policy, or a rule as policy/rule.")],
    context: CommandContext,
) -> None:
    """Show a rule or a policy: its law, what it checks, the history of its parameters, and who relies on it.

    Example: vatspolicy explain vats-pilot-2024/pilot-access
    """
    from vatspolicy.clock import today
    from vatspolicy.reports.policy.terminal import explain as explain_name

    try:
        text = explain_name(context.law.load(), name, context.lang.value, measure_width(), today())
    except KeyError as error:
        abort(str(error.args[0]))
    print_result(text)


command = Command(explain, "explain", RULES)
