"""Effects of rules in words."""

from __future__ import annotations

from vatspolicy.i18n import Language
from vatspolicy.i18n.words import Table, joint, word
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.deadlines import deadline
from vatspolicy.policies.model import CLOSED, NOT_TELECOM, Classify, Deny, Duty, Need, Route, Rule
from vatspolicy.profile.vocabulary import label

ADVICE: Table = {
    "contested": {"en": "contested", "zh": "存在不同理解"},
    "article-differs": {"en": "article-differs", "zh": "条文另有规定"},
    "verify": {"en": "verify", "zh": "有待核实"},
    "pending": {"en": "pending", "zh": "法律即将变动"},
    "note": {"en": "note", "zh": "说明"},
}
"""Kinds of advice (policy.schema.json): the reason why a person must look at something."""


READINGS: Table = {
    NOT_TELECOM: {"en": "not telecommunications", "zh": "不属于电信业务"},
    CLOSED: {"en": "a closed route", "zh": "该途径不开放"},
}
"""Readings that are no class."""


def say_reading(name: str, lang: Language) -> str:
    """Return a reading of a contested rule in words: a class stays as it is."""
    return READINGS[name][lang] if name in READINGS else name


_ABOUT: Table = {
    "why": {"en": "Read so because: {text}", "zh": "采此读法的理由：{text}"},
    "settled_by": {"en": "Settled by: {text}", "zh": "可由此确定：{text}"},
    "other": {"en": "Also read as {name}, by {text}", "zh": "另读作{name}：{text}"},
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
