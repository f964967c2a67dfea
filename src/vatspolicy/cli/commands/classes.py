"""`vatspolicy classes`: the classes of the Catalog, with the rules that concern each."""

from __future__ import annotations

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import measure_width, publish
from vatspolicy.cli.context import DayContext


def show_classes(context: DayContext, format: opt.DataFormat = opt.DATA_FORMAT) -> None:
    """Show each class of the Catalog with its title, and how many rules of each effect can concern it.

    Example: vatspolicy classes --as-of 2027-03-01
    """
    from vatspolicy.reports.classes import count_rules, render_json, render_text

    bundle = context.law.load()
    day = context.day(bundle)
    classes = count_rules(bundle, day)
    publish(
        lambda form, color: (
            render_json(bundle, day, classes)
            if form == "json"
            else render_text(bundle, day, classes, context.lang, measure_width())
        ),
        format,
    )


command = opt.Command(show_classes, "classes", opt.RULES, 105)
