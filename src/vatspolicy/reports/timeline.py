"""Changes of a decision over law time in words, for a report of one day; and the timeline of a product by format."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from vatspolicy.core.engine.result import ChangeAhead, DatedFact, ItemChange, LawChange, encode
from vatspolicy.core.engine.timeline import DecisionPeriod, Timeline
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.text import clean, wrap
from vatspolicy.i18n.words import STATES, VERDICTS, aside, joint, word
from vatspolicy.output import Style
from vatspolicy.reports.words import COLORS, TONES, phrase, say_deciding

if TYPE_CHECKING:
    from markupsafe import Markup

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
    "from_head": Phrase("From"),
    "decision_head": Phrase("Decision"),
    "changes_head": Phrase("What changes"),
    "law_head": Phrase("By"),
    "first": Phrase("the first day of the timeline"),
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
    """Describe how long the decision stays the same, within the days searched."""
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


def _body(entry: ChangeAhead | DecisionPeriod, lang: Language, style: Style, room: int, indent: str) -> Iterator[str]:
    for change in told(entry.changes):
        sign = "≠" if change.before and change.after else _SIGNS[change.after is not None]
        yield from wrap(say_change(change, lang), room, f"{indent}  ", f"{indent}{sign} ")
    for law in entry.instruments:
        yield from (style(line, "dim") for line in wrap(say_law(law, lang), room, f"{indent}  ", f"{indent}§ "))
    for fact in entry.facts:
        yield from (style(line, "dim") for line in wrap(say_fact(fact, lang), room, f"{indent}  ", f"{indent}· "))


# --- Markdown and HTML: one set of values for both


_STYLE = """
.until { display: block; font-size: .85em; font-weight: 400; }
td > ul { list-style: none; padding: 0; margin: 0; } td > p { margin: 0; }
td:last-child { min-width: 14rem; }
"""


def render_markdown(timeline: Timeline, lang: Language) -> str:
    """Render a timeline as Markdown."""
    from vatspolicy.reports.formats import templating

    values = {**_values(timeline, lang), "not_advice": phrase("not_advice", lang)}
    return templating.render_markdown("timeline/timeline.md.j2", **values)


def render_html(timeline: Timeline, lang: Language) -> str:
    """Render a timeline as a page."""
    from vatspolicy.reports.formats import templating
    from vatspolicy.reports.formats.html_words import PageWords

    say = PageWords(lang)
    title = word(WORDS, "title", lang, title=timeline.title)
    end = say.gap.join([phrase("not_advice", lang), say.deciding(timeline.bundle)])
    frame = templating.Frame(title, lang, style=_STYLE, end=end, wide=True)
    return templating.render_page("timeline/timeline.html.j2", frame, **_values(timeline, lang))


def fragment(timeline: Timeline, lang: Language) -> Markup:
    """Render a timeline for another page."""
    from vatspolicy.reports.formats import templating

    return templating.render_html("timeline/fragment.html.j2", lang=lang, **_values(timeline, lang))


def _values(timeline: Timeline, lang: Language) -> dict[str, object]:
    """Return what the templates say, in one language."""
    key = "range_to" if timeline.to else "range"
    return {
        "bundle": say_deciding(timeline.bundle, lang),
        "entries": [_entry(timeline, entry, lang) for entry in timeline.entries],
        "heads": [word(WORDS, name, lang) for name in ("from_head", "decision_head", "changes_head", "law_head")],
        "span": word(WORDS, key, lang, first=timeline.from_, last=timeline.to),
        "heading": clean(word(WORDS, "title", lang, title=timeline.title)),
        "words": lambda name: word(WORDS, name, lang),
    }


def _entry(timeline: Timeline, entry: DecisionPeriod, lang: Language) -> dict[str, object]:
    return {
        "day": entry.from_,
        "decision": describe_decision(entry.decision, lang),
        "tone": TONES[entry.decision],
        "until": say_until(timeline, entry, lang),
        "changes": [say_change(change, lang) for change in told(entry.changes)],
        "marks": [word(WORDS, mark.mark, lang, day=mark.day) for mark in entry.marks],
        "law": [
            *(say_law(instrument, lang) for instrument in entry.instruments),
            *(say_fact(fact, lang) for fact in entry.facts),
        ],
    }


# --- all formats


def render(format: str, timeline: Timeline, lang: Language, color: bool = False, room: int = 100) -> str:
    """Render a timeline in a format. `color` and `room` (columns) apply to text only."""
    match format:
        case "json":
            return json.dumps(encode(timeline), ensure_ascii=False, indent=2) + "\n"
        case "html":
            return render_html(timeline, lang)
        case "markdown":
            return render_markdown(timeline, lang)
    return "\n".join(_text(timeline, lang, Style(color), room)) + "\n"
