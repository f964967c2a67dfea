"""Phrases of the reports on ways forward, in both languages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vatspolicy.i18n import Language
from vatspolicy.i18n.words import VERDICTS, Table, word

WORDS: Table = {
    "routes": {"en": "Routes", "zh": "途径"},
    "no_routes": {"en": "no route exists on this day", "zh": "当日没有可用途径"},
    "not_telecom": {
        "en": "No telecom license is needed, so there is no route to check.",
        "zh": "不属于电信业务，无须寻找许可途径。",
    },
    "share": {"en": "Foreign share at most {percent} %.", "zh": "外资股比不超过{percent}%。"},
    "leads_to": {"en": "leads to: {instrument}", "zh": "取得：{instrument}"},
    "besides": {"en": "Obstacles on every route", "zh": "各途径共有的障碍"},
    "differences": {"en": "Changes that would lead to {word}", "zh": "可使结论变为“{word}”的变更"},
    "or_better": {"en": "{word} or better", "zh": "{word}或更优"},
    "differences_open": {
        "en": "Changes that would lift every denial, with facts still missing",
        "zh": "可消除全部禁止事由、但仍缺事实的变更",
    },
    "cost": {"en": "effort {cost}", "zh": "难度 {cost}"},
    "get": {"en": "to get: {licenses}", "zh": "须取得：{licenses}"},
    "missing": {"en": "facts still missing: {facts}", "zh": "仍须补充：{facts}"},
    "also": {"en": "equally good: {places}", "zh": "同样可行：{places}"},
    "apart": {"en": "{service} by itself, as it was: {word}", "zh": "{service}单独判定（保持原状）：{word}"},
    "contested": {"en": "under another reading of the law the result differs", "zh": "存在争议：按其他理解结论不同"},
    "day": {"en": "under the law of {day}, as the bundle knows it", "zh": "按规则库所知{day}的法律"},
    "none": {
        "en": "No set of changes within your control would achieve this.",
        "zh": "在可自行实现的变更中，没有任何组合可达到该结论。",
    },
    "none_known": {
        "en": "No set of changes leads there while facts are missing. State the missing facts first.",
        "zh": "在事实缺失的情况下，没有任何变更组合可达到该结论。请先补充缺失的事实。",
    },
    "nothing_better": {
        "en": "Nothing stands in the way: no change is needed.",
        "zh": "没有障碍，无须变更。",
    },
    "looked": {
        "en": "Checked {looked} combinations of up to {most} changes. Every proposal was decided by the same rules.",
        "zh": "共考察{looked}种组合，每种至多{most}项变更；所列各项均已按相同规则判定。",
    },
    "looked_one": {
        "en": "Checked 1 combination of up to {most} changes. Every proposal was decided by the same rules.",
        "zh": "共考察1种组合，每种至多{most}项变更；所列各项均已按相同规则判定。",
    },
    "bounded": {
        "en": "The search reached its limit: combinations with more effort were not checked.",
        "zh": "搜索达到上限，难度更高的组合未予考察。",
    },
    "effort": {
        "en": "Effort is a rank, not a price: 1 is a contract, 5 a change of owners; efforts add up.",
        "zh": "难度仅表示先后次序而非价格：1为合同安排，5为股权变动，多项相加。",
    },
    "unstated": {
        "en": "Not stated, so no change of these facts was considered: {facts}",
        "zh": "下列事实未填，因此未考察其变更：{facts}",
    },
    "nothing_but_contest": {
        "en": "No change is needed on the first reading of the law. Another reading leads elsewhere: see above.",
        "zh": "按首要理解无须变更；按其他理解结论不同，见上。",
    },
    "margins": {"en": "Margins", "zh": "余量"},
    "facts_missing": {
        "en": "Missing facts; what depends on them is marked ?",
        "zh": "尚未提供的事实（受其影响的部分标为 ?）",
    },
    "not_advice": {
        "en": "These are hypothetical changes, not legal advice. Change the spec only once the change has happened.",
        "zh": "所列均为假设的变更，不构成法律意见。变更实现之后方可修改产品文件。",
    },
    "and_more": {"en": " and {count} more", "zh": "等，另有{count}处"},
}


def name_goal(goal: str, lang: Language, reached: Iterable[str] = ()) -> str:
    """Return the decision that the proposals reach, or the goal and better if they differ."""
    found = set(reached)
    if len(found) == 1:
        return word(VERDICTS, found.pop(), lang)
    name = word(VERDICTS, goal, lang)
    return name if goal == "allow" else say("or_better", lang, word=name)


def say(key: str, lang: Language, **values: Any) -> str:
    """Return a phrase in one language, with values filled in."""
    return word(WORDS, key, lang, **values)
