"""`vatspolicy routes`: every route, the smallest differences that would lead on, and the margins."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from vatspolicy.cli.arguments import Lang, parse_changes
from vatspolicy.cli.options import (
    AsOfOption,
    BundleOption,
    KeyOption,
    LangOption,
    PoliciesOption,
    SetOption,
    SkipVerifyOption,
    choose_bundle,
)
from vatspolicy.cli.typer_app import (
    DECIDE,
    DECISION,
    OUTPUT,
    abort,
    columns,
    print_result,
    report_problems,
    single,
    warn,
)
from vatspolicy.gate.gate import ExitCode
from vatspolicy.output import wants_colour


class Form(StrEnum):
    """Formats of this report."""

    TEXT, JSON, MARKDOWN = "text", "json", "markdown"


class Goal(StrEnum):
    """What to reach (vatspolicy.guidance.remediation.GOALS)."""

    NEEDS_LICENSE, ALLOW = "needs-license", "allow"


def routes(
    spec: Annotated[str, typer.Argument(metavar="SPEC", help="A spec (YAML or JSON), or - for standard input.")],
    to: Annotated[
        Goal | None,
        typer.Option("--to", help="What to reach (default: the next better decision).", rich_help_panel=DECISION),
    ] = None,
    as_of: AsOfOption = None,
    most: Annotated[
        int,
        typer.Option(
            "--most", min=1, max=4, help="How many differences to combine, at most.", rich_help_panel=DECISION
        ),
    ] = 3,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=20, help="How many proposals to show, at most.", rich_help_panel=OUTPUT)
    ] = 5,
    policies: PoliciesOption = None,
    bundle: BundleOption = None,
    key: KeyOption = None,
    skip_verify: SkipVerifyOption = False,
    set_: SetOption = [],  # noqa: B006 - typer reads it
    format: Annotated[
        Form, typer.Option("--format", "-f", help="Format on standard output.", rich_help_panel=OUTPUT)
    ] = Form.TEXT,
    lang: LangOption = Lang.EN,
) -> None:
    """Show every route of a spec and the smallest differences that would lead on.

    Example: vatspolicy routes spec.yaml --to allow
    """
    from vatspolicy.clock import today
    from vatspolicy.errors import InvalidInput
    from vatspolicy.gate.gate import find_specs
    from vatspolicy.guidance.remediation import find_remediations
    from vatspolicy.guidance.remediation.serialize import plan_to_data
    from vatspolicy.profile.profile import load_profile

    specs = find_specs(spec)
    if not specs:
        warn(f"there is no spec behind {spec!r}.")
        raise typer.Exit(ExitCode.NOTHING)
    if len(specs) > 1:
        abort(f"{len(specs)} specs are behind {spec!r}; name one.")
    law = choose_bundle(policies, bundle, key, skip_verify)
    try:
        profile = load_profile(specs[0], parse_changes(set_))
        day = as_of or profile.launch or today()
        if day < law.covers_from:
            late = f"lies before {law.covers_from}, the first day that the bundle covers"
            if as_of is not None:
                abort(f"--as-of {late}.")
            raise InvalidInput(
                [
                    profile.document.problem(
                        ("product", "launch"), f"The launch day {late}.", "Choose a day with --as-of."
                    )
                ]
            )
        ways = find_remediations(law, profile, day, to.value if to is not None else None, limit, most)
    except InvalidInput as error:
        report_problems(error)
        raise typer.Exit(ExitCode.INVALID) from None
    data = plan_to_data(law, profile, ways)
    if format is Form.JSON:
        import json

        print_result(json.dumps(data, ensure_ascii=False, indent=2) + "\n", machine=True)
    elif format is Form.MARKDOWN:
        from vatspolicy.reports.remediation.markdown import render as render_markdown

        print_result(render_markdown(data, lang.value), machine=True)
    else:
        from vatspolicy.reports.remediation.text import render as render_text

        print_result(render_text(data, lang.value, wants_colour(), columns()))


command = single(routes, "routes", DECIDE)
