"""`vatspolicy explain`: a rule or a policy and its law."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from vatspolicy.cli.console import abort, measure_width, publish
from vatspolicy.cli.context import CommandContext
from vatspolicy.cli.declaration import Command
from vatspolicy.cli.parameters import FORMAT, RULES, Outputs, make_output_option


class ExplainFormat(StrEnum):
    """Formats of an explanation: words, a page, or the policy as its file holds it."""

    TEXT, JSON, HTML = "text", "json", "html"


def explain(
    name: Annotated[str, typer.Argument(metavar="RULE|POLICY", help="A policy, or a rule as policy/rule.")],
    context: CommandContext,
    format: Annotated[ExplainFormat, FORMAT] = ExplainFormat.TEXT,
    outputs: Annotated[Outputs, make_output_option(tuple(ExplainFormat))] = (),
) -> None:
    """Show a rule or a policy: its law, what it checks, the history of its parameters, and who relies on it.

    Example: vatspolicy explain vats-pilot-2024/pilot-access
    """
    import json

    from vatspolicy.clock import today
    from vatspolicy.reports.policy.terminal import explain as explain_name

    bundle = context.law.load()
    try:
        text = explain_name(bundle, name, context.lang.value, measure_width(), today())
    except KeyError as error:
        abort(str(error.args[0]))

    def report(form: str, _: bool) -> str:
        if form == ExplainFormat.TEXT:
            return text
        if form == ExplainFormat.HTML:
            from vatspolicy.reports.policy.site import explain_page

            return explain_page(bundle, name, context.lang.value)
        policy, rule = (*name.split("/"), "")[:2]
        data = bundle.document(bundle.policies[policy]).data
        if rule:
            data = next(one for one in data["rules"] if one["id"] == rule)
        return json.dumps(data, ensure_ascii=False, indent=2) + "\n"

    publish(report, format, outputs)


command = Command(explain, "explain", RULES)
