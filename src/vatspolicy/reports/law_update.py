"""Report on the effects of a newer bundle on specs (update.schema.json), as text, Markdown and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

from vatspolicy.core.engine.result import encode
from vatspolicy.gate.law_update import DutyState, LawUpdate, SpecUpdate
from vatspolicy.i18n import Language, Phrase, translate
from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import Counts, Table, count, joint, word
from vatspolicy.reports.timeline import describe_decision, say_change, told

_WORDS: Table = {
    "not-newer": Phrase("No update: {after} is not newer than the bundle in use, {before}."),
    "newer": Phrase("A newer bundle: {before} → {after}"),
    "applied": Phrase("In use from now on: {before} → {after}"),
    "none": Phrase("The results of the specs here do not change ({n})."),
    "same": Phrase("no change of the decision", "update"),
    "tightened": Phrase("stricter", "update"),
    "loosened": Phrase("milder", "update"),
    "unknown": Phrase("other facts are missing", "update"),
    "undecidable": Phrase("The newer bundle cannot decide this spec: {why}"),
    "day": Phrase("law of {day}", "update"),
    "new-duty": Phrase("new duty: {title}, {deadline}"),
    "gone-duty": Phrase("duty gone: {title}"),
    "other-day": Phrase("duty: {title}, {before} → {deadline}"),
    "ahead": Phrase("upcoming changes: {days}"),
    "no-ahead": Phrase("no more upcoming changes"),
}
_COUNTS: Counts = {"rest": (Phrase("{n} spec without a change"), Phrase("{n} specs without a change"))}


def render(format: str, update: LawUpdate, lang: Language) -> str:
    """Render an update in a format."""
    if format == "json":
        return json.dumps(encode(update), ensure_ascii=False, indent=2) + "\n"
    return _markdown(update, lang) if format == "markdown" else _text(update, lang)


def _text(update: LawUpdate, lang: Language) -> str:
    lines = [_head(update, lang)]
    for entry in _changed(update):
        lines += ["", f"{clean(entry.spec, one_line=True)}{joint('colon', lang)}{_verdict(entry, lang)}"]
        lines += [f"  - {clean(line, one_line=True)}" for line in _lines(entry, lang)]
    lines += _rest(update, lang)
    return "\n".join(lines) + "\n"


def _markdown(update: LawUpdate, lang: Language) -> str:
    from vatspolicy.reports.printers.escapes import code, escape_markdown

    lines = [f"**{escape_markdown(_head(update, lang))}**"]
    for entry in _changed(update):
        lines += ["", f"{code(clean(entry.spec, one_line=True))}: {escape_markdown(_verdict(entry, lang))}", ""]
        lines += [f"- {escape_markdown(line)}" for line in _lines(entry, lang)]
    lines += [escape_markdown(line) for line in _rest(update, lang)]
    return "\n".join(lines) + "\n"


def _head(update: LawUpdate, lang: Language) -> str:
    key = "applied" if update.applied else "newer" if update.newer else "not-newer"
    return word(_WORDS, key, lang, before=update.before.revision, after=update.after.revision)


def _changed(update: LawUpdate) -> list[SpecUpdate]:
    return [entry for entry in update.specs if entry.changed]


def _rest(update: LawUpdate, lang: Language) -> list[str]:
    rest = len(update.specs) - len(_changed(update))
    if not update.newer or not rest:
        return []
    is_all = rest == len(update.specs)
    return ["", word(_WORDS, "none", lang, n=rest) if is_all else count(_COUNTS, "rest", rest, lang)]


def _verdict(entry: SpecUpdate, lang: Language) -> str:
    before, after = entry.before, entry.after
    if after is None:
        return word(
            _WORDS,
            "undecidable",
            lang,
            why=joint("semicolon", lang).join(translate(why, lang) for why in entry.problems),
        )
    words = [describe_decision(side.decision, lang) for side in (before, after)]
    moved = words[0] if words[0] == words[1] else " → ".join(words)
    comma = joint("comma", lang)
    return f"{moved}{comma}{word(_WORDS, entry.direction, lang)}{comma}{word(_WORDS, 'day', lang, day=entry.day)}"


def _lines(entry: SpecUpdate, lang: Language) -> Iterator[str]:
    for change in told(entry.changes):
        if change.kind != "decision":
            yield say_change(change, lang)
    for duty in entry.duties:
        before, after = (_deadline(side, lang) for side in (duty.before, duty.after))
        key = "new-duty" if before is None else "gone-duty" if after is None else "other-day"
        title = clean(duty.title[lang])
        subject = f"{clean(duty.subject)}{joint('comma', lang)}" if duty.subject else ""
        yield subject + word(_WORDS, key, lang, title=title, before=before, deadline=after)
    if entry.ahead:
        days = [f"{day} {describe_decision(decision, lang)}" for day, decision in entry.ahead.after]
        yield (
            word(_WORDS, "ahead", lang, days=joint("list", lang).join(days)) if days else word(_WORDS, "no-ahead", lang)
        )


def _deadline(side: DutyState | None, lang: Language) -> str | None:
    """Return the deadline of a duty, with its day if any, and its state unless it is simply due."""
    if side is None:
        return None
    text = clean(side.deadline[lang])
    parts = [text, side.date or "", "" if side.state == "fires" else side.state]
    return joint("comma", lang).join(part for part in parts if part)
