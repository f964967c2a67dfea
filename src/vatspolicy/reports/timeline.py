"""Changes of a decision over law time in words, for a report of one day; and the timeline of a product by format."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from vatspolicy.core.engine.result import ChangeAhead, DatedFact, ItemChange, LawChange, encode
from vatspolicy.core.engine.timeline import DecisionPeriod, Timeline
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.text import clean, wrap
from vatspolicy.i18n.words import STATES, VERDICTS, aside, joint, word
from vatspolicy.output import Style
from vatspolicy.reports.document import Document, Mark, Row, Rows, Section, Span
from vatspolicy.reports.printers import print_document
from vatspolicy.reports.words import TONES, phrase, say_deciding

WORDS: Mapping[str, Mapping[str, str]] = {
    "range": Phrase("from {first} on"),
    "range_to": Phrase("from {first} to {last}"),
    "title": Phrase("Timeline: {title}"),
    "today": Phrase("today, {day}"),
    "launch": Phrase("launch, {day}"),
    "until": Phrase("until {day}"),
    "no_end": Phrase("no later change known"),
    "looked_to": Phrase("at least to {day}"),
    "decision": Phrase("decision: {before} → {after}"),
    "gone_service": Phrase("{subject}: no longer {title}"),
    "denial": Phrase("reason: {title}"),
    "gone_denial": Phrase("reason gone: {title}"),
    "license": Phrase("license to get: {title}"),
    "gone_license": Phrase("no longer to get: {title}"),
    "route": Phrase("route opens: {title}"),
    "capped_route": Phrase("route opens: {title}, up to {after} %"),
    "gone_route": Phrase("route closes: {title}"),
    "duty": Phrase("before the launch: {title}"),
    "undetermined_duty": Phrase("before the launch, perhaps: {title}"),
    "gone_duty": Phrase("no longer before the launch: {title}"),
    "began": Phrase("{name} begins"),
    "ended": Phrase("{name} ends"),
    "value": Phrase("{name} has a new value"),
    "fact": Phrase("spec: {path} = {day}"),
    "before-launch": Phrase("from {day}, before the launch or on its day"),
    "after-launch": Phrase("from {day}, after the launch"),
}


def say_change(change: ItemChange, lang: Language) -> str:
    """Describe a difference between two periods."""
    kind, after = change.kind, change.after
    if after is None:
        key = f"gone_{kind}"
    elif kind == "route" and after != "open":
        key = "capped_route"
    elif kind == "duty" and after == "undetermined":
        key = "undetermined_duty"
    else:
        key = kind
    subject, title = clean(change.subject), clean(change.title[lang])
    before = describe_decision(change.before, lang)
    now = after if kind == "route" else describe_decision(after, lang)
    if key == "service":
        states = [state for state in (before, now) if state]
        return f"{joint('comma', lang).join([subject, title])}{joint('colon', lang)}{' → '.join(states)}"
    if subject and key not in ("gone_service", "decision"):
        title += aside(subject, lang)
    return word(WORDS, key, lang, subject=subject, title=title, before=before, after=now)


def say_law(instrument: LawChange, lang: Language) -> str:
    """Describe a changed rule or parameter, with its regulation and articles."""
    labels = joint("list", lang).join(clean(article.label[lang]) for article in instrument.articles)
    change = word(WORDS, instrument.change, lang, name=instrument.name)
    named = clean(instrument.title[lang]) + (joint("comma", lang) + labels if labels else "")
    return named + aside(change, lang)


def say_fact(fact: DatedFact, lang: Language) -> str:
    """Describe a dated fact of the spec that changes on a day."""
    return word(WORDS, "fact", lang, path=clean(fact.path), day=fact.day)


def say_ahead(entry: ChangeAhead, lang: Language) -> str:
    """Describe a coming change in one line: day, decision, differences, law."""
    stop = joint("semicolon", lang)
    law = [
        *(say_law(instrument, lang) for instrument in entry.instruments),
        *(say_fact(fact, lang) for fact in entry.facts),
    ]
    text = word(WORDS, entry.phase, lang, day=entry.day) + joint("colon", lang)
    text += stop.join(say_change(change, lang) for change in told(entry.changes))
    return text + (f" [{stop.join(law)}]" if law else "")


def told(changes: Iterable[ItemChange]) -> list[ItemChange]:
    """Return the differences worth a line. The word of a service is omitted if it changes like the decision."""
    changes = list(changes)
    word_of = [(c.before, c.after) for c in changes if c.kind == "decision"]
    return [c for c in changes if c.kind != "service" or (c.before, c.after) not in word_of]


def say_until(timeline: Timeline, entry: DecisionPeriod, lang: Language) -> str:
    """Describe the last day of the same decision, within the days searched."""
    day = entry.until or timeline.to
    if day is None:
        return word(WORDS, "no_end", lang)
    return word(WORDS, "until" if entry.until else "looked_to", lang, day=day)


def describe_decision(value: str | None, lang: Language) -> str:
    """Return a decision word or a state in words; a range keeps its ends."""
    if value is None:
        return ""
    if value in VERDICTS:
        return word(VERDICTS, value, lang)
    if value in STATES:
        return word(STATES, value, lang)
    if value.startswith("incomplete ("):
        low, high = value.removeprefix("incomplete (").removesuffix(")").split(" – ")
        ends = (word(VERDICTS, low, lang), word(VERDICTS, high, lang))
        return word(VERDICTS, "incomplete", lang) + aside(" – ".join(ends), lang)
    return value


# --- text


_SIGNS = {True: "+", False: "-"}


def ahead_lines(entries: Sequence[ChangeAhead], lang: Language, style: Style, room: int) -> Iterator[str]:
    """Render the section of a text report on coming changes; empty if there are none."""
    if entries:
        yield ""
        yield style(phrase("ahead", lang), "bold")
    for entry in entries:
        yield from wrap(style(word(WORDS, entry.phase, lang, day=entry.day), "yellow"), room, "    ", "  ! ")
        yield from _body(entry, lang, style, room, "    ")


def _body(entry: ChangeAhead, lang: Language, style: Style, room: int, indent: str) -> Iterator[str]:
    for change in told(entry.changes):
        sign = "≠" if change.before and change.after else _SIGNS[change.after is not None]
        yield from wrap(say_change(change, lang), room, f"{indent}  ", f"{indent}{sign} ")
    for law in entry.instruments:
        yield from (style(line, "dim") for line in wrap(say_law(law, lang), room, f"{indent}  ", f"{indent}§ "))
    for fact in entry.facts:
        yield from (style(line, "dim") for line in wrap(say_fact(fact, lang), room, f"{indent}  ", f"{indent}· "))


# --- the document of a timeline


def make_document(timeline: Timeline, lang: Language) -> Document:
    """Build the document of a timeline: a section for each period with its changes, and the law behind them."""
    key = "range_to" if timeline.to else "range"
    span = word(WORDS, key, lang, first=timeline.from_, last=timeline.to)
    return Document(
        word(WORDS, "title", lang, title=timeline.title),
        lang,
        [_period(timeline, entry, lang) for entry in timeline.entries],
        about=f"{span} · {say_deciding(timeline.bundle, lang)}",
        limits=[phrase("not_advice", lang)],
    )


def _period(timeline: Timeline, entry: DecisionPeriod, lang: Language) -> Section:
    verdict = Span(describe_decision(entry.decision, lang), "badge", TONES[entry.decision])
    title = (Span(entry.from_, "strong"), " ", verdict, " ", Span(say_until(timeline, entry, lang), "soft"))
    rows = [Row([say_change(change, lang)], _mark(change)) for change in told(entry.changes)]
    rows += [Row([say_law(law, lang)], "law") for law in entry.instruments]
    rows += [Row([Span(say_fact(fact, lang), "soft")], "point") for fact in entry.facts]
    rows += [Row([Span(word(WORDS, mark.mark, lang, day=mark.day), "strong")], "day") for mark in entry.marks]
    return Section(title, [Rows(rows)] if rows else [], day=entry.from_)


def _mark(change: ItemChange) -> Mark:
    if change.before and change.after:
        return "differs"
    return "gone" if change.after is None else "added"


def render(format: str, timeline: Timeline, lang: Language, color: bool = False, room: int = 100) -> str:
    """Render a timeline in a format. `color` and `room` (columns) apply to text only."""
    if format == "json":
        return json.dumps(encode(timeline), ensure_ascii=False, indent=2) + "\n"
    return print_document(format, make_document(timeline, lang), color, room)
