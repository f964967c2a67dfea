"""`vatspolicy eval`: the value of an expression about a spec."""

from __future__ import annotations

from typing import Literal

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import abort, measure_width, publish
from vatspolicy.cli.context import SpecContext
from vatspolicy.errors import InvalidInput, Problem, suggest
from vatspolicy.i18n import Sentences, _

Each = Literal["product", "service", "activity"]
"""Subjects of an expression (vatspolicy.core.engine.expression_value.SUBJECTS)."""


def evaluate(
    *,
    expression: str = opt.argument(opt.REQUIRED, "EXPRESSION", "A CEL expression, as policies write them."),
    spec: str = opt.input_(opt.REQUIRED, "--spec SPEC", "A product spec, or - for standard input."),
    context: SpecContext,
    policy: str | None = opt.input_(
        None, "--policy POLICY", "Know its terms and parameters, and those of the policies it uses."
    ),
    each: Each | None = opt.input_(None, "--each", "Subject (default: the first that fits)."),
    changes: opt.Changes = opt.SET,
    stdin_filename: str | None = opt.STDIN_NAME,
    format: opt.DataFormat = opt.DATA_FORMAT,
) -> None:
    """Show the value of an expression about a spec, clause by clause, and the facts that keep it unknown.

    Example: vatspolicy eval "company.foreign_percent > 50.0" --spec spec.yaml
    """
    from vatspolicy.core.cel.grammar import ExpressionError
    from vatspolicy.core.engine.expression_value import evaluate_expression, type_expression
    from vatspolicy.core.profile.profile import load_profile
    from vatspolicy.reports.expression_value import render_json, render_text

    bundle = context.law.load([spec])
    owner = None
    if policy is not None and (owner := bundle.policies.get(policy)) is None:
        abort(Sentences(_("there is no policy {name!r}.", name=policy), suggest(policy, bundle.policies)))
    try:
        subject, tree = type_expression(bundle, expression, each, owner)
    except ExpressionError as error:
        start, end = error.span
        excerpt = f"{expression}\n{' ' * start}{'^' * max(end - start, 1)}" if "\n" not in expression else ""
        raise InvalidInput([Problem("expression", 1, start + 1, "", error.message, error.hint, excerpt)]) from None
    profile = load_profile(spec, changes, bundle.schemas, stdin_filename)
    day = context.find_day(bundle, profile)
    values = list(evaluate_expression(bundle, profile, day, subject, expression, tree, owner))
    publish(
        lambda form, color: (
            render_json(expression, subject, day, values)
            if form == "json"
            else render_text(values, context.lang, color, measure_width())
        ),
        format,
    )


command = opt.Command(evaluate, "eval", opt.RULES, 120)
