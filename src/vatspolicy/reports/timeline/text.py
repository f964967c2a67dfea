"""The timeline on a terminal, and coming changes in a text report of one day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vatspolicy.core.engine.result import ChangeAhead
from vatspolicy.core.engine.timeline import Entry, Timeline
from vatspolicy.i18n import Language
from vatspolicy.i18n.text import clean, wrap
from vatspolicy.i18n.words import word
from vatspolicy.output import Style
from vatspolicy.reports.timeline.words import WORDS, describe_decision, say_change, say_fact, say_law, say_until, told
from vatspolicy.reports.words import COLORS, phrase, say_deciding

_SIGNS = {True: "+", False: "-"}


def render(timeline: Timeline, lang: Language, color: bool = False, room: int = 100) -> str:
    """Render a timeline as text of at most `room` columns."""
    return "\n".join(_text(timeline, lang, Style(color), room)) + "\n"


def ahead_lines(entries: Sequence[ChangeAhead], lang: Language, style: Style, room: int) -> Iterator[str]:
    """Render the section of a text report on coming changes; empty if there are none."""
    if entries:
        yield ""
        yield style(word(WORDS, "ahead", lang), "bold")
    for entry in entries:
        yield from wrap(style(word(WORDS, entry.phase, lang, day=entry.day), "yellow"), room, "    ", "  ! ")
        yield from _body(entry, lang, style, room, "    ")


def _text(timeline: Timeline, lang: Language, style: Style, room: int) -> Iterator[str]:
    title = style(clean(word(WORDS, "title", lang, title=timeline.title)), "bold")
    yield from wrap(f"{title} · {say_deciding(timeline.bundle, lang)}", room)
    for entry in timeline.entries:
        yield ""
        verdict = style(f" {describe_decision(entry.decision, lang)} ", "bold", COLORS[entry.decision])
        until = say_until(timeline, entry, lang)
        yield from wrap(f"{style(entry.from_, 'bold')} {verdict} {style(until, 'dim')}", room, "  ")
        yield from _body(entry, lang, style, room, "  ")
        for mark in entry.marks:
            yield from wrap(style(word(WORDS, mark.mark, lang, day=mark.day), "blue"), room, "    ", "  → ")
    yield ""
    yield from (style(line, "dim") for line in wrap(phrase("not_advice", lang), room))


def _body(entry: ChangeAhead | Entry, lang: Language, style: Style, room: int, indent: str) -> Iterator[str]:
    for change in told(entry.changes):
        sign = "≠" if change.before and change.after else _SIGNS[change.after is not None]
        yield from wrap(say_change(change, lang), room, f"{indent}  ", f"{indent}{sign} ")
    for law in entry.instruments:
        yield from (style(line, "dim") for line in wrap(say_law(law, lang), room, f"{indent}  ", f"{indent}§ "))
    for fact in entry.facts:
        yield from (style(line, "dim") for line in wrap(say_fact(fact, lang), room, f"{indent}  ", f"{indent}· "))
