"""`vatspolicy explain`: a rule or a policy and its law."""

from __future__ import annotations

from typing import Annotated

import typer

from vatspolicy.arguments import Lang
from vatspolicy.commands.options import LangOption, PoliciesOption
from vatspolicy.console import RULES, columns, fail, show, single
from vatspolicy.gate import USAGE


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


command = single(explain, "explain", RULES)
