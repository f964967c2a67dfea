"""Changes of a decision over law time in words: for the timeline of a product, and for a report of one day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from vatspolicy.core.engine.result import ChangeAhead, DatedFact, ItemChange, LawChange
from vatspolicy.core.engine.timeline import Entry, Timeline
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import STATES, VERDICTS, aside, joint, word

WORDS: Mapping[str, Mapping[str, str]] = {
    "range": Phrase("from {first} on"),
    "range_to": Phrase("from {first} to {last}"),
    "title": Phrase("Timeline: {title}"),
    "today": Phrase("today, {day}"),
    "launch": Phrase("launch, {day}"),
    "until": Phrase("until {day}"),
    "no_end": Phrase("no change known after"),
    "looked_to": Phrase("to {day} at least"),
    "decision": Phrase("decision: {before} → {after}"),
    "gone_service": Phrase("{subject}: no longer {title}"),
    "denial": Phrase("reason, {subject}: {title}"),
    "gone_denial": Phrase("reason gone, {subject}: {title}"),
    "license": Phrase("license to get, {subject}: {title}"),
    "gone_license": Phrase("no longer to get, {subject}: {title}"),
    "route": Phrase("route opens, {subject}: {title}"),
    "capped_route": Phrase("route opens, {subject}: {title}, up to {after} %"),
    "gone_route": Phrase("route closes, {subject}: {title}"),
    "duty": Phrase("before the launch: {title}"),
    "undetermined_duty": Phrase("before the launch, perhaps: {title}"),
    "gone_duty": Phrase("no longer before the launch: {title}"),
    "began": Phrase("{name} begins"),
    "ended": Phrase("{name} ends"),
    "value": Phrase("{name} has a new value"),
    "fact": Phrase("spec: {path} = {day}"),
    "ahead": Phrase("Changes ahead"),
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
    law = [*(say_law(one, lang) for one in entry.instruments), *(say_fact(one, lang) for one in entry.facts)]
    text = word(WORDS, entry.phase, lang, day=entry.day) + joint("colon", lang)
    text += stop.join(say_change(change, lang) for change in told(entry.changes))
    return text + (f" [{stop.join(law)}]" if law else "")


def told(changes: Iterable[ItemChange]) -> list[ItemChange]:
    """Return the differences worth a line. The word of a service is left out if it changes like the decision."""
    changes = list(changes)
    word_of = [(c.before, c.after) for c in changes if c.kind == "decision"]
    return [c for c in changes if c.kind != "service" or (c.before, c.after) not in word_of]


def say_until(timeline: Timeline, entry: Entry, lang: Language) -> str:
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
