"""Legal opinions in reports: what each one says and did, and the matters on which one is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vatspolicy.i18n import Language
from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import Table, aside, joint, word
from vatspolicy.profile.vocabulary import CLASS
from vatspolicy.reports.words import law_of

Data = Mapping[str, Any]

WORDS: Table = {
    "opinions": {"en": "Legal opinions", "zh": "法律意见"},
    "applies": {"en": "{about} applies", "zh": "{about} 适用"},
    "does-not-apply": {"en": "{about} does not apply", "zh": "{about} 不适用"},
    "classes": {"en": "the service is {classes}", "zh": "该服务属于 {classes}"},
    "no_class": {"en": "the service is not telecommunications", "zh": "该服务不属于电信业务"},
    "given": {"en": "{reading}, says {by} ({date})", "zh": "{reading}（出具方：{by}，{date}）"},
    "not-yet-in-force": {"en": "It does not count on this day yet.", "zh": "该日尚不计入。"},
    "superseded": {"en": "A later opinion replaces it.", "zh": "已被其后的意见取代。"},
    "law-was-read": {
        "en": "It has no effect: the law behind the rule was read, and an opinion does not overrule it.",
        "zh": "不产生效果：该规则的条文已经核阅，意见不能推翻。",
    },
    "no-effect": {"en": "It has no effect on these facts.", "zh": "就现有事实不产生效果。"},
    "get": {
        "en": "Get a legal opinion on {name}: {message} Nobody here has read the law behind it",
        "zh": "请就 {name} 取得法律意见：{message}其所依据的条文尚无人核阅",
    },
}


def say_opinion(opinion: Data, lang: Language) -> str:
    """Return what an opinion says, who gave it and when, and why it does not count if it does not."""
    if opinion["about"] == CLASS:
        classes = joint("comma", lang).join(opinion["classes"])
        reading = word(WORDS, "classes" if classes else "no_class", lang, classes=classes)
    else:
        reading = word(WORDS, opinion["reading"], lang, about=opinion["about"])
    text = word(WORDS, "given", lang, reading=reading, by=opinion["by"], date=opinion["date"])
    if opinion["service"]:
        text = f"{opinion['service']}{joint('colon', lang)}{text}"
    if opinion["note"]:
        text += f"{joint('colon', lang)}{opinion['note']}"
    if opinion["state"] != "counted":
        text += aside(word(WORDS, opinion["state"], lang), lang)
    return clean(text, one_line=True)


def say_matter(matter: Data, lang: Language) -> str:
    """Return the way forward where an opinion is missing: the rule or condition to ask about, and its law."""
    told = word(WORDS, "get", lang, name=matter["name"], message=matter["message"][lang])
    return clean(f"{told} [{law_of(matter, lang)}].", one_line=True)
