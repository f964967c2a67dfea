"""Phrases of the page in both languages. Words of decisions come from vatspolicy.reports.words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vatspolicy.guidance.interview.messages import PHRASES as INTERVIEW
from vatspolicy.i18n.words import VERDICTS
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.words import MEANINGS, phrase

WORDS: Mapping[str, Mapping[str, str]] = {
    "title": {"en": "Launch check for mainland China", "zh": "内地上线合规判定"},
    "skip": {"en": "Skip to the content", "zh": "跳到正文"},
    "noscript": {
        "en": "This page needs JavaScript. The command line does the same: vatspolicy ask, vatspolicy check.",
        "zh": "本页需要JavaScript。也可使用命令行：vatspolicy ask、vatspolicy check。",
    },
    "colors": {"en": "Colors", "zh": "配色"},
    "system": {"en": "as the system", "zh": "跟随系统"},
    "light": {"en": "light", "zh": "浅色"},
    "dark": {"en": "dark", "zh": "深色"},
    "interview": {"en": "Next question", "zh": "下一个问题"},
    "facts": {"en": "Facts", "zh": "事实"},
    "answer": {"en": "Answer", "zh": "回答"},
    "dont_know": {"en": "I don't know", "zh": "不清楚"},
    "unanswered": {"en": "Give an answer, or choose “I don't know”.", "zh": "请作答，或选择“不清楚”。"},
    "services_hint": {
        "en": "What is run, hosted or sold apart is a service of its own: add it below, under the facts.",
        "zh": "由他人经营、另行托管或销售的内容为单独的服务，请在下方“事实”中添加。",
    },
    "back": {"en": "Back", "zh": "上一步"},
    "why": {"en": "Why do you ask?", "zh": "为何询问？"},
    "left": {"en": "about {left} left", "zh": "预计还有{left}题"},
    "one_left": {"en": "perhaps the last", "zh": "可能是最后一题"},
    "decided": {"en": "The decision is settled: {word}.", "zh": "结论已定：{word}。"},
    "no_more": {
        "en": "No decision yet, and nothing is left to ask. Facts that you did not know: {count}.",
        "zh": "尚无法判定，也没有其他问题。不清楚的事实：{count}项。",
    },
    "opinions_needed": {
        "en": "The decision waits for a legal opinion, because nobody here has read the law behind: {names}",
        "zh": "下列规则所依据的条文尚无人核阅，结论有待法律意见：{names}",
    },
    "ask_again": {"en": "Ask for them again", "zh": "重新询问"},
    "complete": {"en": "Go on: complete the duties ({count} or more)", "zh": "继续：补全义务（至少{count}题）"},
    "not_decidable": {
        "en": "The spec has errors. Fix the fields marked below.",
        "zh": "文件有误，请更正下方标出的内容。",
    },
    "every": {"en": "Show every fact of the schema", "zh": "显示全部事实"},
    "every_hint": {
        "en": "Showing the facts you have given and those that still matter. Leave a field empty if you do not know. "
        "Tick every item of a list that applies.",
        "zh": "此处显示已填写的事实和仍影响结论的事实。不清楚的请留空；列表请勾选所有适用项。",
    },
    "asked": {"en": "decides", "zh": "影响结论"},
    "asked_next": {"en": "asked next", "zh": "下一题"},
    "not_known": {"en": "not known", "zh": "不清楚"},
    "yes": {"en": "Yes", "zh": "是"},
    "no": {"en": "No", "zh": "否"},
    "none": {"en": "None of these", "zh": "以上均无"},
    "chosen": {"en": "Choose ({count} chosen)", "zh": "选择（已选{count}项）"},
    "filter": {"en": "Find in the list", "zh": "在列表中查找"},
    "found": {"en": "shown: {count}", "zh": "显示{count}项"},
    "add": {"en": "Add: {what}", "zh": "添加：{what}"},
    "remove": {"en": "Remove", "zh": "移除"},
    "remove_what": {"en": "Remove {what}", "zh": "移除{what}"},
    "unit": {"en": "Unit: {unit}.", "zh": "单位：{unit}。"},
    "to_get": {"en": "To get: {licenses}", "zh": "须取得：{licenses}"},
    "missing": {"en": "Facts missing: {count}", "zh": "尚缺事实：{count}项"},
    "law_of": {"en": "law of {day}", "zh": "适用{day}的法律"},
    "no_decision": {"en": "NOT DECIDED", "zh": "未能判定"},
    "errors": {"en": "Mistakes in the spec: {count}", "zh": "文件有误：{count}处"},
    "sections": {"en": "Results", "zh": "结果"},
    "decision": {"en": "Decision", "zh": "结论"},
    "forward": {"en": "Ways forward", "zh": "可行途径"},
    "matrix": {"en": "Matrix", "zh": "准入矩阵"},
    "spec": {"en": "Spec", "zh": "产品文件"},
    "working": {"en": "Working…", "zh": "正在计算……"},
    "nothing_yet": {"en": "There is no decision to show.", "zh": "暂无结论。"},
    "day": {"en": "Law of the day (YYYY-MM-DD)", "zh": "法律日期（YYYY-MM-DD）"},
    "by": {"en": "Columns", "zh": "列"},
    "regimes": {"en": "regimes", "zh": "制度"},
    "places": {"en": "places", "zh": "地区"},
    "show": {"en": "Show", "zh": "显示"},
    "spec_text": {"en": "The spec, as YAML", "zh": "产品文件（YAML）"},
    "apply": {"en": "Use this text", "zh": "使用此文本"},
    "open": {"en": "Open a spec (YAML or JSON)", "zh": "打开文件（YAML或JSON）"},
    "download": {"en": "Download as YAML", "zh": "下载YAML文件"},
    "share": {"en": "Share the file", "zh": "分享文件"},
    "share_hint": {
        "en": "The file contains everything: whoever opens it here, or runs vatspolicy check on it, sees the same "
        "decision. This page keeps nothing and sends nothing away from this machine.",
        "zh": "全部内容都在文件里：任何人在此打开，或用vatspolicy check检查，都得到相同结论。"
        "本页不保存任何内容，也不向本机以外发送任何内容。",
    },
    "new": {"en": "Start over", "zh": "重新开始"},
    "line": {"en": "line {line}: {text}", "zh": "第{line}行：{text}"},
    "too_large": {"en": "The file is too large.", "zh": "文件过大。"},
    "failed": {
        "en": "The server did not answer. Is vatspolicy serve still running?",
        "zh": "服务器没有响应。vatspolicy serve是否仍在运行？",
    },
    "not_day": INTERVIEW["not_day"],
    "before_covered": INTERVIEW["before_covered"],
    "beyond_known": INTERVIEW["beyond_known"],
    "more_rules": INTERVIEW["more_rules"],
}


def say(key: str, lang: Language, **values: Any) -> str:
    """Return a phrase of the page in one language, with values filled in."""
    return WORDS[key][lang].format(**values)


def collect_script_phrases() -> dict[str, Any]:
    """Return all phrases that the script uses."""
    other = {key: {lang: phrase(key, lang) for lang in ("en", "zh")} for key in ("not_advice",)}
    return {**WORDS, **other, "verdicts": VERDICTS, "meanings": MEANINGS}
