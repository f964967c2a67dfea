"""Changes of a decision over law time in words: for the timeline of a product, and for a report of one day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import STATES, VERDICTS, word
from vatspolicy.profile.vocabulary import Language

Data = Mapping[str, Any]

WORDS: Mapping[str, Mapping[str, str]] = {
    "range": {"en": "from {first} on", "zh": "自 {first} 起"},
    "range_to": {"en": "from {first} to {last}", "zh": "{first} 至 {last}"},
    "title": {"en": "Timeline: {title}", "zh": "时间线：{title}"},
    "today": {"en": "today, {day}", "zh": "今天（{day}）"},
    "launch": {"en": "launch, {day}", "zh": "上线日（{day}）"},
    "until": {"en": "until {day}", "zh": "至 {day}（不含）"},
    "no_end": {"en": "no change known after", "zh": "此后无已知变化"},
    "looked_to": {"en": "to {day} at least", "zh": "至少至 {day}"},
    "decision": {"en": "decision: {before} → {after}", "zh": "结论：{before} → {after}"},
    "service": {"en": "{subject}, {title}: {before} → {after}", "zh": "{subject}，{title}：{before} → {after}"},
    "new_service": {"en": "{subject}, {title}: {after}", "zh": "{subject}，{title}：{after}"},
    "gone_service": {"en": "{subject}: no longer {title}", "zh": "{subject}：不再属于{title}"},
    "denial": {"en": "reason, {subject}: {title}", "zh": "理由（{subject}）：{title}"},
    "gone_denial": {"en": "reason gone, {subject}: {title}", "zh": "理由消除（{subject}）：{title}"},
    "license": {"en": "license to get, {subject}: {title}", "zh": "应取得许可（{subject}）：{title}"},
    "gone_license": {"en": "no longer to get, {subject}: {title}", "zh": "无须再取得（{subject}）：{title}"},
    "route": {"en": "route opens, {subject}: {title}", "zh": "途径开放（{subject}）：{title}"},
    "capped_route": {
        "en": "route opens, {subject}: {title}, up to {after} %",
        "zh": "途径开放（{subject}）：{title}，外资股比不超过 {after}%",
    },
    "gone_route": {"en": "route closes, {subject}: {title}", "zh": "途径关闭（{subject}）：{title}"},
    "duty": {"en": "before the launch: {title}", "zh": "上线前：{title}"},
    "undetermined_duty": {"en": "before the launch, perhaps: {title}", "zh": "上线前（可能）：{title}"},
    "gone_duty": {"en": "no longer before the launch: {title}", "zh": "上线前不再需要：{title}"},
    "began": {"en": "{name} begins", "zh": "{name} 开始适用"},
    "ended": {"en": "{name} ends", "zh": "{name} 停止适用"},
    "value": {"en": "{name} has a new value", "zh": "{name} 有新值"},
    "fact": {"en": "spec: {path} = {day}", "zh": "产品说明：{path} = {day}"},
    "ahead": {"en": "Changes ahead", "zh": "即将发生的变化"},
    "before-launch": {"en": "from {day}, before the launch or on its day", "zh": "自 {day} 起（上线前或上线当日）"},
    "after-launch": {"en": "from {day}, after the launch", "zh": "自 {day} 起（上线后）"},
    "from_head": {"en": "From", "zh": "自"},
    "decision_head": {"en": "Decision", "zh": "结论"},
    "changes_head": {"en": "What changes", "zh": "变化"},
    "law_head": {"en": "By", "zh": "依据"},
    "first": {"en": "the first day of the timeline", "zh": "时间线首日"},
}


def say_change(change: Data, lang: Language) -> str:
    """Describe a difference between two periods."""
    kind, after = change["kind"], change["after"]
    if after is None:
        key = f"gone_{kind}"
    elif kind == "service" and change["before"] is None:
        key = "new_service"
    elif kind == "route" and after != "open":
        key = "capped_route"
    elif kind == "duty" and after == "undetermined":
        key = "undetermined_duty"
    else:
        key = kind
    values = {
        "subject": clean(change["subject"]),
        "title": clean(change["title"][lang]),
        "before": describe_decision(change["before"], lang),
        "after": after if kind == "route" else describe_decision(after, lang),
    }
    return word(WORDS, key, lang, **values)


def say_law(instrument: Data, lang: Language) -> str:
    """Describe a changed rule or parameter, with its regulation and articles."""
    comma, joint, aside = ("，", "、", "（{}）") if lang == "zh" else (", ", ", ", " ({})")
    labels = joint.join(clean(article["label"][lang]) for article in instrument["articles"])
    change = word(WORDS, instrument["change"], lang, name=instrument["name"])
    return clean(instrument["title"][lang]) + (comma + labels if labels else "") + aside.format(change)


def say_fact(fact: Data, lang: Language) -> str:
    """Describe a dated fact of the spec that changes on a day."""
    return word(WORDS, "fact", lang, path=clean(fact["path"]), day=fact["day"])


def say_ahead(entry: Data, lang: Language) -> str:
    """Describe a coming change in one line: day, decision, differences, law."""
    colon, stop = ("：", "；") if lang == "zh" else (": ", "; ")
    law = [*(say_law(one, lang) for one in entry["instruments"]), *(say_fact(one, lang) for one in entry["facts"])]
    text = word(WORDS, entry["phase"], lang, day=entry["day"]) + colon
    text += stop.join(say_change(change, lang) for change in told(entry["changes"]))
    return text + (f" [{stop.join(law)}]" if law else "")


def told(changes: Iterable[Data]) -> list[Data]:
    """Return the differences worth a line. The word of a service is left out if it changes like the decision."""
    changes = list(changes)
    word_of = [(c["before"], c["after"]) for c in changes if c["kind"] == "decision"]
    return [c for c in changes if c["kind"] != "service" or (c["before"], c["after"]) not in word_of]


def say_until(data: Data, entry: Data, lang: Language) -> str:
    """Describe how long the decision stays the same, within the days searched."""
    day = entry["until"] or data["to"]
    if day is None:
        return word(WORDS, "no_end", lang)
    return word(WORDS, "until" if entry["until"] else "looked_to", lang, day=day)


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
        opening, closing = ("（", "）") if lang == "zh" else (" (", ")")
        return f"{word(VERDICTS, 'incomplete', lang)}{opening}{ends[0]} – {ends[1]}{closing}"
    return value
