"""`vatspolicy explain`: a rule or a policy and its law, or a fact and its readers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import abort, measure_width, publish, refuse_if
from vatspolicy.cli.context import CommandContext
from vatspolicy.i18n import Listing, Sentences, _

if TYPE_CHECKING:
    from vatspolicy.core.policies.bundle import Bundle
    from vatspolicy.i18n import Language


ExplainFormat = Literal["text", "json", "html", "dot"]
"""Formats of an explanation: words, a page, data, or the graph of the readers of a fact."""


def explain(
    *,
    name: str = opt.argument(
        opt.REQUIRED,
        "RULE|POLICY|FACT",
        "A policy, a rule, a fact such as company.foreign_percent, or a list such as offers.",
    ),
    context: CommandContext,
    format: ExplainFormat = opt.format_option("text", ExplainFormat),
    outputs: opt.Outputs = opt.output_option(ExplainFormat),
) -> None:
    """Show a rule or a policy: its law, what it checks, the history of its parameters, and who relies on it.
    Of a fact, show the clauses of rules, terms and instruments that read it, and the parameters beside it.

    Example: vatspolicy explain vats-pilot-2024/pilot-access
    """
    import json

    from vatspolicy.clock import today
    from vatspolicy.reports.policy.terminal import explain as explain_name

    bundle = context.law.load()
    name = _find_name(bundle, name)
    if "/" not in name and name not in bundle.policies and _explain_fact(bundle, name, context.lang, format, outputs):
        return
    if "dot" in (format, *(form for form, _path in outputs)):
        abort(_("-f dot needs a fact: it shows the rules that read the fact."))
    try:
        text = explain_name(bundle, name, context.lang, measure_width(), today())
    except KeyError as error:
        abort(str(error.args[0]))

    def report(form: str, _color: bool) -> str:
        if form == "text":
            return text
        if form == "html":
            from vatspolicy.reports.policy.site import explain_page

            return explain_page(bundle, name, context.lang)
        policy, rule = (*name.split("/"), "")[:2]
        data = bundle.document(bundle.policies[policy]).data
        if rule:
            data = next(entry for entry in data["rules"] if entry["id"] == rule)
        return json.dumps(data, ensure_ascii=False, indent=2) + "\n"

    publish(report, format, outputs)


def _find_name(bundle: Bundle, name: str) -> str:
    """Resolve a short name: to a rule with that name, or to the fact with the values of that list."""
    from vatspolicy.authoring.fact_readers import find_fact
    from vatspolicy.core.profile.word_lists import find_list

    if "/" in name or name in bundle.policies or find_fact(bundle, name):
        return name
    rules = sorted(rule.name for policy in bundle.policies.values() for rule in policy.rules if rule.id == name)
    if len(rules) > 1:
        message = _("{name!r} is the name of several rules.", name=name)
        abort(Sentences(message, _("Known: {every}.", every=Listing(rules))))
    word_list = None if rules or "." in name else find_list(name, bundle.schemas)
    return rules[0] if rules else word_list.written[0].replace("[]", "") if word_list else name


def _explain_fact(bundle: Bundle, name: str, lang: Language, format: ExplainFormat, outputs: opt.Outputs) -> bool:
    """Report the readers of a fact; return False if the name is not a fact and does not resemble one."""
    from vatspolicy.authoring.fact_readers import find_fact, find_readers, similar_facts
    from vatspolicy.errors import did_you_mean
    from vatspolicy.reports.fact_readers import render

    paths = find_fact(bundle, name)
    if not paths:
        if "." in name:
            message = _("A profile has no fact {path!r}.", path=name)
            abort(Sentences(message, did_you_mean(similar_facts(bundle, name))))
        return False
    refuse_if("html" in (format, *(form for form, _path in outputs)), _("A fact has no page. Use text, json or dot."))
    readers = find_readers(bundle, paths)
    publish(lambda form, _color: render(form, bundle, paths, readers, lang, measure_width()), format, outputs)
    return True


command = opt.Command(explain, "explain", opt.RULES, 110)
