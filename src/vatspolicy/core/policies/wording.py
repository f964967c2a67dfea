"""Effects of rules in words."""

from __future__ import annotations

from collections.abc import Iterable

from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.deadlines import deadline
from vatspolicy.core.policies.model import CLOSED, NOT_TELECOM, Classify, Deny, Duty, Need, Route, Rule
from vatspolicy.core.profile.vocabulary import label
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.words import Table, joint, word

ADVICE: Table = {
    "contested": Phrase("contested"),
    "article-differs": Phrase("article-differs"),
    "verify": Phrase("verify"),
    "pending": Phrase("pending"),
    "note": Phrase("note"),
}
"""Kinds of advice (policy.schema.json): the reason for a review."""


READINGS: Table = {NOT_TELECOM: Phrase("not telecommunications"), CLOSED: Phrase("a closed route")}
"""Readings other than classes."""


def say_reading(name: str, lang: Language) -> str:
    """Return a reading of a contested rule in words: a class stays as it is."""
    return READINGS[name][lang] if name in READINGS else name


def _name_readings(bundle: Bundle, names: Iterable[str], lang: Language) -> str:
    """Return readings of a rule, each class with its title."""
    labels = (READINGS[name] if name in READINGS else label("class", name, bundle.schemas) for name in names)
    return joint("list", lang).join(name[lang] for name in labels)


_ABOUT: Table = {
    "why": Phrase("Reason for this reading: {text}"),
    "settled_by": Phrase("Settled by: {text}"),
    "other": Phrase("Also read as {name}, according to {text}"),
}


def describe_readings(bundle: Bundle, rule: Rule, lang: Language) -> list[str]:
    """Return sentences on the readings of a contested rule: the reason for its own, the others, and the way to settle
    it.
    """
    readings = rule.readings
    if readings is None:
        return []
    others = [
        word(_ABOUT, "other", lang, name=_name_readings(bundle, [other.name], lang), text=other.held_by[lang])
        for other in readings.others
    ]
    why, settled = (
        word(_ABOUT, key, lang, text=text[lang])
        for key, text in (("why", readings.why), ("settled_by", readings.settled_by))
    )
    return [why, *others, settled]


_EFFECTS: Table = {
    "classify": Phrase("classify as {classes}"),
    "classify-contested": Phrase("classify as {classes}; also read as {readings}"),
    "deny": Phrase("deny: {reason}"),
    "deny-curable": Phrase("deny: {reason} (fixable)"),
    "need": Phrase("need: {license}"),
    "need-route": Phrase("need: {license} (by any open route)"),
    "route": Phrase("route: {title} → {license}"),
    "duty": Phrase("duty: {duty}, {deadline}"),
    "advise": Phrase("advise: {kind}"),
}


def describe_effect(bundle: Bundle, rule: Rule, lang: Language) -> str:
    """Return the effect of a rule as one phrase, such as `need: Value-added telecommunications license`."""

    def tell(key: str, **values: str) -> str:
        return word(_EFFECTS, key, lang, **values)

    def title(instrument: str) -> str:
        return bundle.instruments[instrument].title[lang]

    match rule.effect:
        case Classify(classes=classes):
            labels = _name_readings(bundle, classes or [NOT_TELECOM], lang)
            if not rule.other_readings:
                return tell("classify", classes=labels)
            readings = _name_readings(bundle, rule.other_readings, lang)
            return tell("classify-contested", classes=labels, readings=readings)
        case Deny(reason=reason, curable=curable):
            return tell("deny-curable" if curable else "deny", reason=label("reason", reason)[lang])
        case Need(instrument=instrument, through=through):
            return tell("need-route" if through else "need", license=title(instrument or through or ""))
        case Route(title=name, instrument=instrument):
            return tell("route", title=name[lang], license=title(instrument))
        case Duty(instrument=instrument, due=due):
            return tell("duty", duty=title(instrument), deadline=deadline(due, None).text[lang])
        case effect:
            return tell("advise", kind=ADVICE[effect.kind][lang])
