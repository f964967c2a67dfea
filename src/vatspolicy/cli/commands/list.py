"""`vatspolicy list`: the values that a spec may use."""

from __future__ import annotations

from dataclasses import replace

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import abort, measure_width, publish, warn
from vatspolicy.cli.context import DayContext
from vatspolicy.errors import suggest
from vatspolicy.gate.gate import ExitCode
from vatspolicy.i18n import Listing, Sentences, _


def list_values(
    context: DayContext,
    name: str | None = opt.argument(
        None, "[LIST]", "offers, features, content, places, channels, instruments, classes …"
    ),
    words: list[str] | None = opt.argument(
        None, "[WORD]...", "Search: a value, its meaning or another name for it, in both languages."
    ),
    format: opt.DataFormat = opt.DATA_FORMAT,
) -> ExitCode:
    """List the values that a fact of a spec may have, with their meaning; search them by everyday words.

    `list classes` also counts the rules of each effect that can concern each class on a day.

    Example: vatspolicy list offers e-commerce
    """
    from vatspolicy.core.documents.word_search import NEAR, search_words
    from vatspolicy.core.profile.word_lists import find_elsewhere, find_list, word_lists
    from vatspolicy.reports.classes import render_counts, to_counts
    from vatspolicy.reports.reference import render_json, render_list, render_overview, to_data

    bundle = context.law.load()
    lists = word_lists(bundle.schemas)
    lang = context.lang
    if name is None:
        overview = list(lists.values())
        counts = [{**to_data(word_list), "values": len(word_list.words)} for word_list in overview]
        text = render_json(counts) if format == "json" else render_overview(overview, lang, measure_width())
        publish(lambda *_: text, format)
        return ExitCode.OK
    if (word_list := find_list(name, bundle.schemas)) is None:
        hint = suggest(name, lists) or _("Known: {every}.", every=Listing(lists))
        abort(Sentences(_("there is no list {name!r}.", name=name), hint))
    word_list = word_list.with_names({id: instrument.title for id, instrument in bundle.instruments.items()})
    total = len(word_list.words)
    if words:
        matches = search_words(" ".join(words), word_list.words)
        vague = not matches or matches[0][0] == NEAR
        if others := find_elsewhere(" ".join(words), bundle.schemas) if vague else []:
            matches = []
        word_list = replace(word_list, words=tuple(word for __, word in matches))
        if not matches:
            hint = _("All {total} values: vatspolicy list {name}", total=total, name=word_list.name)
            if others:
                commands = [f"vatspolicy list {other.name} {' '.join(words)}" for other in others]
                hint = _("Other lists contain it: {commands}", commands=Listing(commands))
            warn(Sentences(_("no value of {name} matches.", name=word_list.name), hint))
    day = context.day(bundle)
    counted = word_list.name == "classes"
    if format == "json":
        text = render_json(to_data(word_list) | (to_counts(bundle, day, word_list.words) if counted else {}))
    elif not word_list.words:
        text = ""
    elif counted and not words:
        text = render_counts(bundle, day, word_list.words, lang, measure_width())
    else:
        text = render_list(word_list, total, bool(words), lang, measure_width())
    publish(lambda *_: text, format)
    return ExitCode.OK if word_list.words else ExitCode.NOTHING


command = opt.Command(list_values, "list", opt.WRITE, 130)
