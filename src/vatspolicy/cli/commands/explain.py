"""`vatspolicy explain`: a rule or a policy and its law."""

from __future__ import annotations

from typing import Annotated

import typer

from vatspolicy.cli.arguments import Lang
from vatspolicy.cli.options import (
    BundleOption,
    KeyOption,
    LangOption,
    PoliciesOption,
    SkipVerifyOption,
    choose_bundle,
)
from vatspolicy.cli.typer_app import RULES, abort, columns, print_result, single


def explain(
    name: Annotated[str, typer.Argument(metavar="RULE|POLICY", help="A policy, or a rule as policy/rule.")],
    policies: PoliciesOption = None,
    bundle: BundleOption = None,
    key: KeyOption = None,
    skip_verify: SkipVerifyOption = False,
    lang: LangOption = Lang.EN,
) -> None:
    """Show a rule or a policy: its law, the history of its parameters, and who relies on it.

    Example: vatspolicy explain vats-pilot-2024/pilot-access
    """
    from vatspolicy.reports.policy.terminal import explain as explain_name

    law = choose_bundle(policies, bundle, key, skip_verify)
    try:
        text = explain_name(law, name, lang.value, columns())
    except KeyError as error:
        abort(str(error.args[0]))
    print_result(text)


command = single(explain, "explain", RULES)
