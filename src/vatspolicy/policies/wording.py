"""Effects of rules in words."""

from __future__ import annotations

from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.words import Table, joint, word
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.deadlines import deadline
from vatspolicy.policies.model import CLOSED, NOT_TELECOM, Classify, Deny, Duty, Need, Route, Rule
from vatspolicy.profile.vocabulary import label

ADVICE: Table = {
    "contested": Phrase("contested"),
    "article-differs": Phrase("article-differs"),
    "verify": Phrase("verify"),
    "pending": Phrase("pending"),
    "note": Phrase("note"),
}
"""Kinds of advice (policy.schema.json): the reason why a person must look at something."""


READINGS: Table = {
    NOT_TELECOM: Phrase("not telecommunications"),
    CLOSED: Phrase("a closed route"),
}
"""Readings that are no class."""


def say_reading(name: str, lang: Language) -> str:
    """Return a reading of a contested rule in words: a class stays as it is."""
    return READINGS[name][lang] if name in READINGS else name


_ABOUT: Table = {
    "why": Phrase("Read so because: {text}"),
    "settled_by": Phrase("Settled by: {text}"),
    "other": Phrase("Also read as {name}, by {text}"),
}


def describe_readings(rule: Rule, lang: Language) -> list[str]:
    """Return sentences on the readings of a contested rule: why its own comes first, the others, what settles it."""
    readings = rule.readings
    if readings is None:
        return []
    others = [
        word(_ABOUT, "other", lang, name=say_reading(other.name, lang), text=other.held_by[lang])
        for other in readings.others
    ]
    why, settled = (
        word(_ABOUT, key, lang, text=text[lang])
        for key, text in (("why", readings.why), ("settled_by", readings.settled_by))
    )
    return [why, *others, settled]


def describe_effect(bundle: Bundle, rule: Rule, lang: Language) -> str:
    """Return the effect of a rule as one phrase, such as `need: Value-added telecommunications license`."""
    zh = lang == "zh"
    match rule.effect:
        case Classify(classes=classes):
            text = "、".join(classes) if zh else ", ".join(classes)
            text = text or say_reading(NOT_TELECOM, lang)
            names = [say_reading(name, lang) for name in rule.other_readings]
            other = ("；另有理解：" if zh else "; also read as ") + ("、" if zh else ", ").join(names) if names else ""
            return ("归类：" if zh else "classify as ") + text + other
        case Deny(reason=reason, curable=curable):
            mend = ("（可以补正）" if zh else " (fixable)") if curable else ""
            return ("禁止：" if zh else "deny: ") + label("reason", reason)[lang] + mend
        case Need(instrument=instrument, through=through):
            title = bundle.instruments[instrument or through or ""].title[lang]
            by_route = ("（经任一开放途径）" if zh else " (by any open route)") if through else ""
            return ("须取得：" if zh else "need: ") + title + by_route
        case Route(title=title, instrument=instrument):
            return ("途径：" if zh else "route: ") + f"{title[lang]} → {bundle.instruments[instrument].title[lang]}"
        case Duty(instrument=instrument, due=due):
            when = deadline(due, None).text[lang]
            return (
                "义务：" if zh else "duty: "
            ) + f"{bundle.instruments[instrument].title[lang]}{joint('comma', lang)}{when}"
        case effect:
            return ("提示：" if zh else "advise: ") + ADVICE[effect.kind][lang]
