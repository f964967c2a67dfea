"""Phrases of the page in both languages. Words of decisions come from vatspolicy.reports.words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vatspolicy.guidance.interview.messages import PHRASES as INTERVIEW
from vatspolicy.i18n.words import VERDICTS
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.words import phrase

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
    "welcome": {"en": "May your product launch in mainland China?", "zh": "您的产品能否在中国内地上线？"},
    "welcome_what": {
        "en": "For product teams and their counsel. Answer 10 to 20 questions about the product. You get the decision "
        "under the law of its launch day: the licenses to get, the filings and their dates, the articles behind each, "
        "and ways forward if it may not launch.",
        "zh": "面向产品团队及其法律顾问。回答10至20个关于产品的问题，即可按上线之日的法律得出结论：须取得的许可、"
        "须办理的备案及期限、各自的法律依据；不得上线的，给出可行途径。",
    },
    "welcome_private": {
        "en": "Nothing leaves this machine: the page works without a network and keeps nothing.",
        "zh": "任何内容都不会离开本机：本页无须联网，也不保存任何内容。",
    },
    "welcome_file": {"en": "You have a spec already? Open it:", "zh": "已有产品文件？请打开："},
    "means_allow": {
        "en": "The product may launch. No license is missing; filings and other duties may remain.",
        "zh": "可以上线，无须另行取得许可；可能仍须办理备案、履行其他义务。",
    },
    "means_needs-license": {
        "en": "The product may launch once the licenses named are held.",
        "zh": "取得所列许可后可以上线。",
    },
    "means_deny": {
        "en": "The product may not launch as planned. The reasons and the ways forward follow.",
        "zh": "按现有方案不得上线，并列出理由和可行途径。",
    },
    "means_incomplete": {
        "en": "Facts are missing. The page asks for them and guesses nothing.",
        "zh": "事实不全。本页会继续询问，不作猜测。",
    },
    "welcome_answers": {"en": "The four possible decisions", "zh": "四种可能的结论"},
    "welcome_facts": {
        "en": "Or fill in the facts below in any order.",
        "zh": "也可以按任意顺序填写以下事实。",
    },
    "interview": {"en": "Next question", "zh": "下一个问题"},
    "first_question": {"en": "First question", "zh": "第一个问题"},
    "settled": {"en": "Settled: {word}", "zh": "结论已定：{word}"},
    "unsettled": {"en": "No further questions", "zh": "没有其他问题"},
    "erroneous": {"en": "The spec has errors", "zh": "文件有误"},
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
    "decided": {
        "en": "Further answers about the facts that are still missing cannot change the decision.",
        "zh": "其余事实如何填写，都不会再改变结论。",
    },
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
        "en": "Fix the fields marked below, or the text under “Spec”.",
        "zh": "请更正下方标出的内容，或在“产品文件”中修改文本。",
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
    "found": {"en": "{count} found", "zh": "找到{count}项"},
    "found_none": {
        "en": "Nothing in this list matches “{text}”. Try another word, or clear the field to see the whole list.",
        "zh": "列表中没有与“{text}”匹配的内容。请换一个词，或清空此栏以查看整个列表。",
    },
    "add": {"en": "Add: {what}", "zh": "添加：{what}"},
    "remove": {"en": "Remove", "zh": "移除"},
    "remove_what": {"en": "Remove {what}", "zh": "移除{what}"},
    "unit": {"en": "Unit: {unit}.", "zh": "单位：{unit}。"},
    "to_get": {"en": "To get: {licenses}", "zh": "须取得：{licenses}"},
    "missing": {"en": "Facts missing: {count}", "zh": "尚缺事实：{count}项"},
    "law_of": {"en": "law of {day}", "zh": "适用{day}的法律"},
    "reasons_one": {"en": "1 reason", "zh": "1项理由"},
    "reasons_many": {"en": "{count} reasons", "zh": "{count}项理由"},
    "fixable_none": {"en": "none fixable by an application alone", "zh": "均不能自行补正"},
    "fixable_one": {"en": "fixable", "zh": "可以补正"},
    "fixable_all": {"en": "all fixable", "zh": "均可以补正"},
    "fixable_some": {"en": "{count} of them fixable", "zh": "其中{count}项可以补正"},
    "to_forward": {"en": "Ways forward", "zh": "可行途径"},
    "export": {"en": "Save the report:", "zh": "保存报告："},
    "as_html": {"en": "Web page (HTML)", "zh": "网页（HTML）"},
    "as_docx": {"en": "Word (DOCX)", "zh": "Word文档（DOCX）"},
    "as_xlsx": {"en": "Checklist (XLSX)", "zh": "清单（XLSX）"},
    "copy_checklist": {"en": "Copy the checklist", "zh": "复制清单"},
    "copy_refused": {
        "en": "The browser did not let the page copy. The text is in the report, under “The checklist before launch”.",
        "zh": "浏览器不允许复制。请展开报告中的“上线前清单”，自行复制。",
    },
    "copied": {"en": "Copied, as Markdown.", "zh": "已复制（Markdown）。"},
    "print": {"en": "Print or save as PDF", "zh": "打印或另存为PDF"},
    "rules_of": {"en": "Rules {version}, SHA-256 {digest}", "zh": "规则库{version}，SHA-256 {digest}"},
    "no_decision": {"en": "NOT DECIDED", "zh": "未能判定"},
    "errors": {"en": "Mistakes in the spec: {count}", "zh": "文件有误：{count}处"},
    "sections": {"en": "Results", "zh": "结果"},
    "decision": {"en": "Decision", "zh": "结论"},
    "forward": {"en": "Ways forward", "zh": "可行途径"},
    "matrix": {"en": "Matrix", "zh": "准入矩阵"},
    "spec": {"en": "Spec", "zh": "产品文件"},
    "working": {"en": "Working…", "zh": "正在计算……"},
    "nothing_yet": {"en": "There is no decision to show.", "zh": "暂无结论。"},
    "forward_blank": {
        "en": "Ways forward appear here once the page knows what the product offers.",
        "zh": "填写产品提供的业务之后，此处显示可行途径。",
    },
    "day": {"en": "Law of the day", "zh": "法律日期"},
    "place": {"en": "Place of the company", "zh": "公司所在地"},
    "zone": {"en": "Free-trade zone", "zh": "自由贸易试验区"},
    "anywhere": {"en": "wherever it is best", "zh": "最有利的地点"},
    "no_such_place": {
        "en": "No company can be registered there: this zone has no site in that place.",
        "zh": "该地不能注册公司：所选地点不在该自由贸易试验区内。",
    },
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
    return {**WORDS, **other, "verdicts": VERDICTS}
