"""Doubt in words: contested decisions, readings of a rule, kinds of advice, legal opinions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from vatspolicy.core.engine.result import Advice, Matter, Opinion, Reading, Record, WorstReading
from vatspolicy.core.policies.wording import say_reading
from vatspolicy.core.profile.vocabulary import CLASS, label
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import VERDICTS, Table, aside, end, joint, word
from vatspolicy.reports.words import law_of

WORDS: Table = {
    "contested": Phrase("CONTESTED"),
    "denies": Phrase("another reading says DENY"),
    "needs": Phrase("another reading needs a license ({licenses})"),
    "open": Phrase("another reading leaves it open"),
    "together": Phrase("readings together say {decision}"),
    "milder": Phrase("another reading says {decision}"),
    "same": Phrase("another reading, the same decision"),
    "as": Phrase("Read as {name}"),
    "first": Phrase("Read first: {text}"),
    "settled_by": Phrase("Settled by: {text}"),
    "worst": Phrase("All together: {service} read as {names} is {decision}."),
    "alone": Phrase("There are too many combinations of readings of {service}; each was read alone."),
    "instead": Phrase("not {names}"),
    "denial added": Phrase("denied: {names}"),
    "denial removed": Phrase("no denial: {names}"),
    "license added": Phrase("to get: {names}"),
    "license removed": Phrase("not to get: {names}"),
    "held added": Phrase("held: {names}"),
    "held removed": Phrase("no use of: {names}"),
    "route added": Phrase("open: {names}"),
    "route removed": Phrase("closed: {names}"),
    "duty added": Phrase("also owed: {names}"),
    "duty removed": Phrase("not owed: {names}"),
    "opinions": Phrase("Legal opinions"),
    "applies": Phrase("{about} applies"),
    "does-not-apply": Phrase("{about} does not apply"),
    "classes": Phrase("the service is {classes}"),
    "no_class": Phrase("the service is not telecommunications"),
    "given": Phrase("{reading}, says {by} ({date})"),
    "claimed": Phrase("Claimed by {by} ({date}), not granted: {reading}"),
    "granted": Phrase("granted by {approver} ({ticket}) until {until}"),
    "authority": Phrase("{by} for {authority}"),
    "not-granted": Phrase("It does not count. An approver may grant it: --opinions, --approvers."),
    "not-yet-in-force": Phrase("It does not count on this day yet."),
    "superseded": Phrase("Another opinion prevails: that of an authority, or a later one."),
    "older-than-rule": Phrase("It does not count: it is older than the rule."),
    "no-such-reading": Phrase("It does not count: no reading of the rule holds these classes."),
    "law-was-read": Phrase("It has no effect: the law behind the rule was read, and an opinion does not overrule it."),
    "no-effect": Phrase("It has no effect on these facts."),
    "get": Phrase(
        "Get a legal opinion on {name}, and have an approver grant it: {message} Nobody here has read the law behind it"
    ),
}
KINDS: Table = {
    "contested": Phrase("Contested", "decision doubt"),
    "article-differs": Phrase("Commentary says otherwise"),
    "verify": Phrase("To verify"),
    "pending": Phrase("The law may change"),
    "note": Phrase("Note"),
}
"""Kinds of advice, in the order in which reports list them."""
SEVERITY = ("allow", "incomplete", "needs-license", "deny")
"""Decision words from the best to the worst; a run is as bad as its worst decision."""


def verdict(record: Record, lang: Language) -> str:
    """Return the decision word, marked if another reading of the law changes anything."""
    return say_verdict(record.decision, record.contested, lang)


def say_verdict(decision: str, readings: Sequence[Reading], lang: Language) -> str:
    """Return a decision word, marked if there are other readings of the law."""
    said = word(VERDICTS, decision, lang)
    return f"{said} · {word(WORDS, 'contested', lang)}" if readings else said


def hint(record: Record, lang: Language) -> str:
    """Return in a few words what other readings of the law change; empty for a decision that is not contested."""
    return say_hint(record.contested, record.worst_reading, record.decision, lang)


def say_hint(readings: Sequence[Reading], worst: WorstReading | None, decision: str, lang: Language) -> str:
    """Return in a few words what other readings of the law change; empty without readings."""
    if not readings:
        return ""
    stricter = sorted((one for one in readings if one.stricter), key=_strictness, reverse=True)
    told = list(dict.fromkeys(_stricter(one, stricter, lang) for one in stricter))
    if worst and worst.stricter and all(_strictness(worst) > _strictness(one) for one in readings):
        told.insert(0, word(WORDS, "together", lang, decision=word(VERDICTS, worst.decision, lang)))
    if not told:
        milder = [one.decision for one in readings if one.decision != decision]
        for decided in sorted(milder, key=SEVERITY.index)[:1]:
            told = [word(WORDS, "milder", lang, decision=word(VERDICTS, decided, lang))]
    return joint("semicolon", lang).join(told or [word(WORDS, "same", lang)])


def _stricter(reading: Reading, stricter: Iterable[Reading], lang: Language) -> str:
    if reading.decision == "deny":
        return word(WORDS, "denies", lang)
    changes = [change for one in stricter if one.decision == reading.decision for change in one.changes]
    names = [
        change.class_ or change.title[lang]
        for change in changes
        if (change.kind, change.change) == ("license", "added")
    ]
    if not names:
        return word(WORDS, "open", lang)
    return word(WORDS, "needs", lang, licenses=joint("list", lang).join(dict.fromkeys(names)))


def _strictness(one: Reading | WorstReading) -> int:
    return SEVERITY.index(one.decision)


def group_readings(readings: Iterable[Reading]) -> list[list[Reading]]:
    """Return the other readings of each rule on each subject, in order of appearance."""
    found: dict[tuple[str, str], list[Reading]] = {}
    for reading in readings:
        found.setdefault((reading.rule, reading.subject), []).append(reading)
    return list(found.values())


def say_other(reading: Reading, lang: Language) -> str:
    """Return another reading in one line: who holds it, the decision, and what it changes."""
    name = word(WORDS, "as", lang, name=say_reading(reading.reading, lang))
    parts = [word(VERDICTS, reading.decision, lang), *say_changes(reading, lang)]
    return f"{name}{aside(reading.held_by[lang], lang)}{joint('colon', lang)}{joint('semicolon', lang).join(parts)}"


def say_changes(reading: Reading, lang: Language) -> list[str]:
    """Return what a reading changes in a few words; routes only where the classes stay."""
    found: dict[tuple[str, str], list[str]] = {}
    for change in reading.changes:
        title = change.id if change.kind == "class" else change.title[lang]
        if change.kind in ("license", "held") and change.class_:
            title += aside(change.class_, lang)
        found.setdefault((change.kind, change.change), []).append(title)
    told = []
    for (kind, way), titles in found.items():
        names = joint("list", lang).join(dict.fromkeys(titles))
        if kind == "class" and way == "removed":
            told.append(word(WORDS, "instead", lang, names=names))
        elif kind != "class" and not (kind == "route" and any(key[0] == "class" for key in found)):
            told.append(word(WORDS, f"{kind} {way}", lang, names=names))
    return told


def say_basis(reading: Reading, lang: Language) -> list[str]:
    """Return why the reading of the rule comes first, and what would settle it."""
    return [
        word(WORDS, "first", lang, text=reading.why[lang]),
        word(WORDS, "settled_by", lang, text=reading.settled_by[lang]),
    ]


def say_worst(worst: WorstReading | None, lang: Language) -> str | None:
    """Return the strictest combination of readings; None where a single reading is as strict."""
    if worst is None or (worst.complete and len(worst.readings) < 2):
        return None
    if not worst.complete:
        return word(WORDS, "alone", lang, service=worst.service)
    names = joint("list", lang).join(say_reading(one.reading, lang) for one in worst.readings)
    decision = word(VERDICTS, worst.decision, lang)
    return word(WORDS, "worst", lang, service=worst.service, names=names, decision=decision)


def by_kind(advice: Iterable[Advice]) -> list[Advice]:
    """Return advice in the order of its kinds, each rule once."""
    once: dict[str, Advice] = {}
    for finding in advice:
        once.setdefault(finding.rule, finding)
    return sorted(once.values(), key=lambda finding: list(KINDS).index(finding.kind))


def say_kind(finding: Advice, lang: Language) -> str:
    """Return the kind of a piece of advice, to stand before it."""
    return word(KINDS, finding.kind, lang) + joint("colon", lang)


def say_opinion(opinion: Opinion, lang: Language) -> str:
    """Return what an opinion says, who gave it and when, and why it does not count if it does not."""
    if opinion.about == CLASS:
        classes = joint("comma", lang).join(opinion.classes or ())
        reading = word(WORDS, "classes" if classes else "no_class", lang, classes=classes)
    else:
        reading = word(WORDS, str(opinion.reading), lang, about=opinion.about)
    by = opinion.by
    if opinion.authority:
        by = word(WORDS, "authority", lang, by=by, authority=label("authority", opinion.authority)[lang])
    if opinion.service:
        reading = f"{opinion.service}{joint('colon', lang)}{reading}"
    how = "claimed" if opinion.state == "not-granted" else "given"
    text = word(WORDS, how, lang, reading=reading, by=by, date=opinion.date)
    if opinion.note:
        text += f"{joint('colon', lang)}{opinion.note}"
    if opinion.granted:
        text += joint("comma", lang) + word(WORDS, "granted", lang, **asdict(opinion.granted))
    if opinion.state != "counted":
        text += aside(word(WORDS, opinion.state, lang), lang)
    return clean(text, one_line=True)


def say_standing(opinions: Iterable[Opinion], lang: Language) -> list[str]:
    """Return a sentence for each opinion that counts or is only claimed, for a first screen."""
    return [end(say_opinion(one, lang), lang) for one in opinions if one.state in ("counted", "not-granted")]


def say_matter(matter: Matter, lang: Language) -> str:
    """Return the way forward where an opinion is missing: the rule or condition to ask about, and its law."""
    told = word(WORDS, "get", lang, name=matter.name, message=matter.message[lang])
    return clean(f"{told} [{law_of(matter.citations, lang)}].", one_line=True)
