"""Legal opinions in reports: what each one says and did, and the matters on which one is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from vatspolicy.core.engine.result import Matter, Opinion
from vatspolicy.core.profile.vocabulary import CLASS, label
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import Table, aside, end, joint, word
from vatspolicy.reports.words import law_of

WORDS: Table = {
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
