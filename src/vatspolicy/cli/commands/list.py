"""`vatspolicy list`: the values that a spec may use."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from vatspolicy.cli.console import abort, measure_width, publish, warn
from vatspolicy.cli.context import CommandContext
from vatspolicy.cli.options import WRITE, Argument, Command, DataFormatOption
from vatspolicy.errors import suggest
from vatspolicy.gate.gate import ExitCode
from vatspolicy.i18n import Listing, Sentences, _


def list_values(
    context: CommandContext,
    name: Annotated[
        str | None, Argument("[LIST]", "offers, features, content, places, channels, instruments, classes …")
    ] = None,
    words: Annotated[
        list[str] | None,
        Argument("[WORD]...", "Search: a value, its meaning or another name for it, in both languages."),
    ] = None,
    format: DataFormatOption = "text",
) -> ExitCode:
    """List the values that a fact of a spec may have, with their meaning; search them by everyday words.

    Example: vatspolicy list offers e-commerce
    """
    from vatspolicy.core.documents.words import search_words
    from vatspolicy.core.profile.word_lists import find_elsewhere, find_list, word_lists
    from vatspolicy.reports.reference import render_json, render_list, render_overview, to_data

    bundle = context.law.load()
    lists = word_lists(bundle.schemas)
    lang = context.lang
    if name is None:
        overview = list(lists.values())
        publish(
            lambda kind, color: (
                render_json([{**to_data(found), "values": len(found.words)} for found in overview])
                if kind == "json"
                else render_overview(overview, lang, measure_width())
            ),
            format,
        )
        return ExitCode.OK
    if (found := find_list(name, bundle.schemas)) is None:
        hint = suggest(name, lists) or _("Known: {every}.", every=Listing(lists))
        abort(Sentences(_("there is no list {name!r}.", name=name), hint))
    found = found.with_names({id: instrument.title for id, instrument in bundle.instruments.items()})
    total = len(found.words)
    if words:
        matches = search_words(" ".join(words), found.words)
        found = replace(found, words=tuple(word for __, word in matches))
        if not matches:
            hint = _("All {total} values: vatspolicy list {name}", total=total, name=found.name)
            if others := find_elsewhere(" ".join(words), bundle.schemas):
                commands = [f"vatspolicy list {one.name} {' '.join(words)}" for one in others]
                hint = _("Other lists contain it: {commands}", commands=Listing(commands))
            warn(Sentences(_("no value of {name} matches.", name=found.name), hint))
    publish(
        lambda kind, color: (
            render_json(to_data(found))
            if kind == "json"
            else render_list(found, total, bool(words), lang, measure_width())
            if found.words
            else ""
        ),
        format,
    )
    return ExitCode.OK if found.words else ExitCode.NOTHING


command = Command(list_values, "list", WRITE, 130)
