"""Messages of the interview, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vatspolicy.profile.vocabulary import Language, LocalizedText

UNITS: Mapping[str, LocalizedText] = {
    "percent, 0 to 100": {"en": "percent, 0 to 100", "zh": "百分比，0至100"},
    "RMB yuan": {"en": "RMB yuan", "zh": "人民币元"},
    "persons": {"en": "persons", "zh": "人"},
    "users": {"en": "users", "zh": "个用户"},
    "merchants": {"en": "merchants", "zh": "家"},
    "level, 1 to 5": {"en": "level, 1 to 5", "zh": "级别，1至5"},
    "version": {"en": "version", "zh": "版本"},
    "calendar day, YYYY-MM-DD": {"en": "calendar day, YYYY-MM-DD", "zh": "日期，格式为YYYY-MM-DD"},
}
"""Units of the profile schema."""

YES: LocalizedText = {"en": "Yes", "zh": "是"}
NO: LocalizedText = {"en": "No", "zh": "否"}
NAME: LocalizedText = {"en": "What is the product called?", "zh": "产品叫什么名称？"}

PHRASES: Mapping[str, LocalizedText] = {
    "progress": {"en": "Question {number}, about {left} left", "zh": "第{number}题，预计还有{left}题"},
    "last": {"en": "Question {number}, perhaps the last", "zh": "第{number}题，可能是最后一题"},
    "range": {"en": "so far: anything from {low} to {high} is possible", "zh": "目前：从{low}到{high}均有可能"},
    "settled": {"en": "decided: {word}", "zh": "已定：{word}"},
    "law": {"en": "Law", "zh": "依据"},
    "rules_behind": {
        "en": "{count} rules read the answer; ? shows them",
        "zh": "{count}条规则与此有关（输入？可查看）",
    },
    "more_rules": {"en": "more rules: {count}", "zh": "另有{count}条规则"},
    "why": {"en": "Why this is asked", "zh": "为何询问"},
    "why_name": {
        "en": "It names the product and its file, and decides nothing.",
        "zh": "用于标识产品和文件，不影响结论。",
    },
    "why_launch": {"en": "The law of this day decides.", "zh": "以该日的法律为准。"},
    "gain": {
        "en": "Of {of} outcomes that are still possible, an answer eliminates {expected} on average, {worst} at least.",
        "zh": "尚有{of}种可能结果，回答后平均排除{expected}种，至少排除{worst}种。",
    },
    "gain_duties": {
        "en": "Of {of} duties that are not yet determined, an answer settles {expected} on average, {worst} at least.",
        "zh": "尚有{of}项义务未定，回答后平均确定{expected}项，至少确定{worst}项。",
    },
    "unit": {"en": "unit: {unit}", "zh": "单位：{unit}"},
    "help": {
        "en": "d: don't know · ?: why · b: back · q: save and quit · h: help",
        "zh": "d：不清楚 · ?：为何询问 · b：上一题 · q：保存并退出 · h：帮助",
    },
    "how_choice": {"en": "Type a number or a word of the list.", "zh": "请输入序号或选项中的文字。"},
    "how_choices": {
        "en": "Type numbers or words with commas between them; 0 for none of these.",
        "zh": "请输入序号或选项中的文字，用逗号分隔；0表示以上均无。",
    },
    "how_some": {
        "en": "Type numbers or words with commas between them; at least one.",
        "zh": "请输入序号或选项中的文字，用逗号分隔；至少一项。",
    },
    "how_services": {
        "en": "Type words to search, such as SaaS or web shop; the name of a group to list it, or l to list all; or "
        "numbers. Put commas between several, and a slash between services that are run, hosted or sold "
        "independently. 0 for none of these.",
        "zh": "请输入文字搜索（如 SaaS、网店），输入组名列出该组，输入 l 列出全部，或输入序号。多项用逗号分隔；"
        "由他人经营、另行托管或销售的服务用斜杠分开；0表示以上均无。",
    },
    "how_place": {"en": "Type the name of a place.", "zh": "请输入地名。"},
    "how_places": {"en": "Type names of places with commas between them.", "zh": "请输入地名，用逗号分隔。"},
    "how_words": {
        "en": "Type names or codes with commas between them; 0 for none.",
        "zh": "请输入名称或代码，用逗号分隔；0表示没有。",
    },
    "how_integer": {"en": "Type a whole number.", "zh": "请输入整数。"},
    "how_number": {"en": "Type a number.", "zh": "请输入数字。"},
    "how_date": {"en": "Type a day as YYYY-MM-DD.", "zh": "请按YYYY-MM-DD输入日期。"},
    "how_text": {"en": "Type lower-case words joined by hyphens.", "zh": "请输入小写英文单词，用连字符连接。"},
    "how_name": {
        "en": "Type its name, such as Acme SaaS; its id and its file name are made from it.",
        "zh": "请输入名称，如 Acme SaaS；产品标识和文件名由此生成。",
    },
    "how_menu": {
        "en": "Type to search, or move with the arrow keys; Enter takes the answer.",
        "zh": "输入文字即可搜索，或用方向键选择；回车确认。",
    },
    "how_menu_several": {
        "en": "Type to search, or move with the arrow keys; a comma adds another answer, Enter takes them. "
        "0 for none of these.",
        "zh": "输入文字即可搜索，或用方向键选择；逗号后可再选一项，回车确认。0表示以上均无。",
    },
    "how_menu_some": {
        "en": "Type to search, or move with the arrow keys; a comma adds another answer, Enter takes them. "
        "At least one.",
        "zh": "输入文字即可搜索，或用方向键选择；逗号后可再选一项，回车确认。至少一项。",
    },
    "how_menu_services": {
        "en": "Type to search, or move with the arrow keys; a comma adds another answer, a slash begins a service "
        "that is run, hosted or sold independently, Enter takes them. 0 for none of these.",
        "zh": "输入文字即可搜索，或用方向键选择；逗号后可再选一项，由他人经营、另行托管或销售的服务用斜杠分开，"
        "回车确认。0表示以上均无。",
    },
    "how_launch": {
        "en": "Type a day as YYYY-MM-DD; without one, the law of today decides.",
        "zh": "请按YYYY-MM-DD输入日期；不填则以今日的法律为准。",
    },
    "unknown_word": {"en": "This is not one of the answers.", "zh": "没有这一选项。"},
    "several": {"en": "Several answers match. Choose from these:", "zh": "有几项相符，请从中选择："},
    "near": {"en": "No answer has this name. Did you mean:", "zh": "没有这一选项。是否指："},
    "empty": {
        "en": "Nothing was typed. Type an answer, or press Enter again for don't know.",
        "zh": "未输入内容。请输入答案；再按一次回车表示不清楚。",
    },
    "one_only": {"en": "One answer is wanted here.", "zh": "此处只能选择一项。"},
    "none_and_more": {
        "en": "0 stands for none of these and goes with nothing else.",
        "zh": "0表示以上均无，不能与其他选项同时选择。",
    },
    "not_whole": {"en": "Enter a whole number.", "zh": "请输入整数。"},
    "not_number": {"en": "Enter a number.", "zh": "请输入数字。"},
    "not_day": {
        "en": "Enter a date as YYYY-MM-DD, for example 2027-03-01.",
        "zh": "请按YYYY-MM-DD输入日期，例如2027-03-01。",
    },
    "too_small": {"en": "It must be at least {least}.", "zh": "不得小于{least}。"},
    "too_large": {"en": "It must be at most {most}.", "zh": "不得大于{most}。"},
    "too_few": {
        "en": "Name at least one. d leaves the fact open if you do not know it.",
        "zh": "请至少填写一项；不清楚请输入 d。",
    },
    "too_many": {"en": "These are more than a profile may hold: {most}.", "zh": "数量超出上限：{most}。"},
    "no_name": {"en": "Type a name of at most {most} characters.", "zh": "请输入名称，最多{most}个字符。"},
    "not_slug": {"en": "Use lower-case words joined by hyphens.", "zh": "请使用小写英文单词，用连字符连接。"},
    "beyond_known": {
        "en": "The law was last checked on {day}; no day more than five years later is decided.",
        "zh": "法律最近一次核对于{day}，其后五年以外的日期不予判定。",
    },
    "before_covered": {
        "en": "The law is known from {day} on.",
        "zh": "规则库所含法律始于{day}。",
    },
    "in_the_past": {
        "en": "This day has passed; --allow-past-as-of lets the law of a past day decide.",
        "zh": "该日已过；如需适用过去某日的法律，请使用 --allow-past-as-of。",
    },
    "not_allowed": {"en": "The profile does not take this answer.", "zh": "该答案不符合档案格式。"},
    "nothing_before": {"en": "This is the first question.", "zh": "这已是第一题。"},
    "skipped": {"en": "Skipped. You will not be asked again in this session.", "zh": "已跳过，本次不再询问。"},
    "named": {"en": "noted: {answer} (id: {id})", "zh": "已记录：{answer}（标识：{id}）"},
    "taken": {"en": "noted: {answer}", "zh": "已记录：{answer}"},
    "none": {"en": "none", "zh": "无"},
    "saved": {"en": "saved: {file}", "zh": "已保存：{file}"},
    "file_exists": {
        "en": "{file} exists already. Choose another name, or start again with the file as argument.",
        "zh": "{file} 已存在。请换一个名称，或以该文件为参数重新开始。",
    },
    "is_settled": {"en": "The decision is settled: {word}.", "zh": "结论已定：{word}。"},
    "further": {
        "en": "{count} further questions or more would complete the list of duties: pass --complete.",
        "zh": "再回答至少{count}个问题可以补全义务清单：请加上 --complete。",
    },
    "unanswered": {
        "en": "No decision yet. Missing answers: {count}. To continue, run: vatspolicy ask {file}",
        "zh": "尚无法判定：尚缺{count}项答案。如需继续，请运行：vatspolicy ask {file}",
    },
    "opinions": {
        "en": "The decision waits for a legal opinion, because nobody here has read the law behind: {names}",
        "zh": "下列规则所依据的条文尚无人核阅，结论有待法律意见：{names}",
    },
    "details": {
        "en": "For everything in detail, run: vatspolicy check {file} --details",
        "zh": "如需全部细节，请运行：vatspolicy check {file} --details",
    },
    "ways": {
        "en": "For the smallest changes that would help, run: vatspolicy routes {file}",
        "zh": "如需了解可行的最小变更，请运行：vatspolicy routes {file}",
    },
    "left_early": {"en": "To continue, run: vatspolicy ask {file}", "zh": "如需继续，请运行：vatspolicy ask {file}"},
    "kept": {"en": "the file as it was is kept as {file}", "zh": "原文件另存为 {file}"},
    "duties_phase": {
        "en": "The decision is settled: {word}. The next questions complete the list of duties.",
        "zh": "结论已定：{word}。以下问题用于补全义务清单。",
    },
    "help_text": {
        "en": "Each question is about one fact that can still change the answer; the one that is expected to eliminate "
        "most outcomes comes first. Everything answered is saved at once. A fact that you do not know stays unknown: "
        "it is never guessed.",
        "zh": "每个问题对应一项仍可能改变结论的事实，预计能排除最多可能结果的问题优先。"
        "回答即时保存。不清楚的事实视为未知，不作推定。",
    },
}


def say(key: str, lang: Language, **values: Any) -> str:
    """Return a message of the interview in one language, with values filled in."""
    return PHRASES[key][lang].format(**values)


def both(key: str, **values: Any) -> dict[str, str]:
    """Return a message in both languages."""
    return {"en": say(key, "en", **values), "zh": say(key, "zh", **values)}
