"""The words of comparisons in both languages."""

from __future__ import annotations

from typing import Any

from vatspolicy.i18n import Language
from vatspolicy.i18n.words import Table, word
from vatspolicy.origin import install

CHANGES: Table = {
    "added": {"en": "added", "zh": "新增"},
    "removed": {"en": "removed", "zh": "删除"},
    "changed": {"en": "changed", "zh": "修改"},
}
KINDS: Table = {
    "policy": {"en": "policy", "zh": "政策"},
    "source": {"en": "source", "zh": "来源"},
    "dates": {"en": "dates", "zh": "生效日期"},
    "uses": {"en": "relations", "zh": "关联"},
    "review": {"en": "review", "zh": "复核"},
    "edition": {"en": "edition", "zh": "版本"},
    "article": {"en": "article", "zh": "条款"},
    "instrument": {"en": "instrument", "zh": "许可文书"},
    "parameter": {"en": "parameter", "zh": "参数"},
    "term": {"en": "term", "zh": "术语"},
    "rule": {"en": "rule", "zh": "规则"},
    "tests": {"en": "tests", "zh": "测试"},
    "fixture": {"en": "fixture", "zh": "案例"},
    "schema": {"en": "schema", "zh": "模式"},
}
ITEMS: Table = {
    "class": {"en": "class", "zh": "业务类别"},
    "service": {"en": "classification", "zh": "归类"},
    "denial": {"en": "ground of denial", "zh": "禁止事由"},
    "reason": {"en": "reason", "zh": "理由"},
    "route": {"en": "route", "zh": "途径"},
    "need": {"en": "license to get", "zh": "须取得的许可"},
    "met": {"en": "license held", "zh": "已满足的许可"},
    "missing": {"en": "fact asked for", "zh": "询问的事实"},
    "duty": {"en": "duty", "zh": "义务"},
    "authority": {"en": "authority", "zh": "主管机关"},
    "advice": {"en": "advice", "zh": "提示"},
    "undetermined": {"en": "undetermined", "zh": "尚未确定"},
    "contested": {"en": "contested reading", "zh": "争议理解"},
    "verification": {"en": "weakest verification", "zh": "最弱核实程度"},
}
REASONS: Table = {
    "rule-removed": {"en": "a rule id is gone", "zh": "删除了规则编号"},
    "policy-removed": {"en": "a policy is gone", "zh": "删除了政策"},
    "schema-breaks": {"en": "a schema breaks its readers", "zh": "模式变更不兼容"},
    "decisions-change": {"en": "decisions or what they list change", "zh": "结论或所列事项有变化"},
    "law-added": {"en": "law is added", "zh": "新增法律内容"},
    "not-settled": {"en": "whether a decision changes is not settled", "zh": "结论是否变化未能判定"},
    "text-changed": {"en": "text changes, decisions do not", "zh": "文字有变化，结论不变"},
}
VERDICTS: Table = {
    "proved-equivalent": {
        "en": "Proved: the edit changes nothing that the rule says of any product on any day.",
        "zh": "已证明：对任何产品、任何日期，该规则的结果均不变。",
    },
    "beside": {
        "en": "Proved: the rule applies to the same products on the same days. What decisions list beside it changes.",
        "zh": "已证明：该规则适用的产品与日期均不变；结论中随之列出的事项有变化。",
    },
    "masked": {
        "en": "Proved: the rule says something else of some products, but changed alone it changes no decision.",
        "zh": "已证明：该规则对部分产品的结果有变化，但仅此一处修改不改变任何结论。",
    },
    "witness": {
        "en": "Changed alone, it changes decisions, for example: {moves}.",
        "zh": "仅此一处修改即可改变结论，例如：{moves}。",
    },
    "listed": {
        "en": "Something else is listed for some products; a rule of this kind never changes a decision.",
        "zh": "对部分产品所列事项有变化；此类规则从不改变结论。",
    },
    "unsupported": {
        "en": "NOT SETTLED: the rule cannot be analyzed.",
        "zh": "未能判定：该规则无法分析。",
    },
    "unknown": {
        "en": "NOT SETTLED: it is neither shown nor excluded that a decision changes.",
        "zh": "未能判定：既未发现也无法排除结论变化。",
    },
}
"""Sentences for the verdicts on a rule."""
PHRASES: Table = {
    "words": {"en": "{base} → {head}, today {today}", "zh": "{base} → {head}，今天为 {today}"},
    "structure": {"en": "What was edited", "zh": "改了什么"},
    "decisions": {"en": "Decisions that change", "zh": "变化的结论"},
    "details": {"en": "Below the decision", "zh": "结论之下"},
    "transitions": {"en": "What can change, over all profiles", "zh": "对全部档案而言可能的变化"},
    "semantic": {"en": "Each changed rule", "zh": "逐条规则"},
    "release": {"en": "Version", "zh": "版本"},
    "problems": {"en": "Could not be read", "zh": "无法读取"},
    "product": {"en": "product", "zh": "产品"},
    "service": {"en": "service", "zh": "服务"},
    "as_of": {"en": "as of", "zh": "适用日期"},
    "change": {"en": "before → after", "zh": "变更前 → 变更后"},
    "because": {"en": "because", "zh": "原因"},
    "rule": {"en": "rule", "zh": "规则"},
    "verdict": {"en": "verdict", "zh": "结果"},
    "says": {"en": "says", "zh": "内容"},
    "what": {"en": "what", "zh": "事项"},
    "who": {"en": "products", "zh": "产品"},
    "since": {"en": "from {day}", "zh": "自 {day}"},
    "back": {"en": "reaches back", "zh": "追溯"},
    "twin": {"en": "same body as {name}: renamed?", "zh": "与 {name} 内容相同：是否为改名？"},
    "breaking": {"en": "breaking", "zh": "不兼容"},
    "compared": {
        "en": "Profiles: {products}, on days: {days}. Decisions that change: {rows}; changes below them: {details}.",
        "zh": "{products} 份档案、{days} 个日期：结论变化 {rows} 处，结论之下变化 {details} 处。",
    },
    "edited": {"en": "Edits: {count}, in files: {files}.", "zh": "{files} 个文件中共 {count} 处修改。"},
    "no_days": {
        "en": "No rule differs on any day, so nothing had to be decided.",
        "zh": "任何日期均无规则差异，无须重新判定。",
    },
    "borrowed": {
        "en": "Decided by the old rules under the new schemas, because they state new facts: {names}.",
        "zh": "以下档案含新增事实，按新模式以旧规则判定：{names}。",
    },
    "semantic_off": {"en": "Proofs over all profiles were left out.", "zh": "未进行针对全部档案的证明。"},
    "no_solver": {
        "en": "The solver is not installed: only what the text of the rules shows is proved. "
        f"For proofs run {install('smt')}.",
        "zh": f"未安装求解器：仅证明规则文本本身可得出的结论；完整证明请运行 {install('smt')}。",
    },
    "one_schema": {
        "en": "The proofs read both sides under the new schemas; what the schemas themselves change is not proved.",
        "zh": "证明时双方均按新模式读取；模式本身的影响不在证明范围内。",
    },
    "possible": {"en": "Can happen, each shown by a profile: {names}.", "zh": "可能出现（均有档案为证）：{names}。"},
    "beyond": {
        "en": "Possible, though no compared profile shows it: {names}.",
        "zh": "可能出现，但参与比较的档案均未显示：{names}。",
    },
    "unsettled": {"en": "Neither shown nor excluded: {names}.", "zh": "既未发现也无法排除：{names}。"},
    "impossible": {
        "en": "Proved impossible, for all profiles and days: {names}.",
        "zh": "已证明不可能（任何档案、任何日期）：{names}。",
    },
    "open_rules": {"en": "Rules not settled: {names}.", "zh": "未能判定的规则：{names}。"},
    "no_change": {
        "en": "Proved for all profiles and days: no decision word changes.",
        "zh": "已对全部档案与日期证明：结论均不变化。",
    },
    "no_direction": {
        "en": "Proved for all profiles and days: no decision that was reached becomes stricter or milder.",
        "zh": "已对全部档案与日期证明：已作出的结论既不收紧也不放宽。",
    },
    "not_stricter": {
        "en": "Proved for all profiles and days: no decision that was reached becomes stricter.",
        "zh": "已对全部档案与日期证明：已作出的结论均不收紧。",
    },
    "not_milder": {
        "en": "Proved for all profiles and days: no decision that was reached becomes milder.",
        "zh": "已对全部档案与日期证明：已作出的结论均不放宽。",
    },
    "stricter_if_open": {
        "en": "Proved for all profiles and days: a decision becomes stricter only if it is incomplete before or after.",
        "zh": "已对全部档案与日期证明：仅变更前或变更后信息不全的结论会收紧。",
    },
    "milder_if_open": {
        "en": "Proved for all profiles and days: a decision becomes milder only if it is incomplete before or after.",
        "zh": "已对全部档案与日期证明：仅变更前或变更后信息不全的结论会放宽。",
    },
    "excluded": {
        "en": "All edits together are proved never to do this: {moves}.",
        "zh": "已证明全部修改一并适用时不会出现：{moves}。",
    },
    "witness": {"en": "A profile that shows it", "zh": "示例档案"},
    "witnesses": {"en": "Profiles that show it:", "zh": "示例档案："},
    "fact": {"en": "fact", "zh": "事实"},
    "change_of_rule": {"en": "change", "zh": "变更"},
    "seen": {"en": "seen in", "zh": "见于"},
    "value": {"en": "value", "zh": "内容"},
    "any_product": {"en": "Any product shows it; no fact is needed.", "zh": "任何产品均可说明，无须其他事实。"},
    "profile": {"en": "The profile, to be copied", "zh": "档案原文（可复制）"},
    "from": {"en": "{moves} from {day}", "zh": "自 {day} 起：{moves}"},
    "together": {
        "en": "With all edits together this profile is decided {moves}.",
        "zh": "与全部修改一并适用时，该档案的结论为 {moves}。",
    },
    "lists": {"en": "Listed from {day}: {names}.", "zh": "自 {day} 起所列：{names}。"},
    "stays": {
        "en": "What the rule says differs from {day}; the decision stays {name}.",
        "zh": "自 {day} 起该规则的结果不同，结论仍为“{name}”。",
    },
    "seen_in": {"en": "Seen in: {names}.", "zh": "见于：{names}。"},
    "listed": {"en": "Rules that change no decision, only what is listed", "zh": "不影响结论、仅改变所列事项的规则"},
    "first": {"en": "First on {day}.", "zh": "最早为 {day}。"},
    "undecided_on": {
        "en": "Could hold, and is not settled: {names}. So this does not pass.",
        "zh": "下列条件可能成立而未能判定，故不予通过：{names}。",
    },
    "needs": {
        "en": "{before} → {after}; this change is {level} ({because}) and needs at least {needed}.",
        "zh": "{before} → {after}；本次变更为 {level}（{because}），至少需要 {needed}。",
    },
    "fits": {
        "en": "{before} → {after}; this change is {level} ({because}), and {before} is not released yet.",
        "zh": "{before} → {after}；本次变更为 {level}（{because}），{before} 尚未发布。",
    },
    "untouched": {
        "en": "{before} → {after}; nothing that is released changes.",
        "zh": "{before} → {after}；发布内容没有变化。",
    },
    "failed": {"en": "Fails on: {names}.", "zh": "未通过：{names}。"},
    "more": {"en": "… and {count} more in the JSON report.", "zh": "……其余 {count} 项见 JSON 报告。"},
    "cut": {"en": "The rest is in the full report.", "zh": "其余内容见完整报告。"},
    "left_open": {"en": "{low} to {high}", "zh": "{low}至{high}"},
    "whole": {"en": "whole product", "zh": "整个产品"},
    "absent": {"en": "–", "zh": "–"},
    "disclaimer": {
        "en": "A comparison of rules, not legal advice.",
        "zh": "本结果为规则比较，不构成法律意见。",
    },
}


def phrase(key: str, lang: Language, **values: Any) -> str:
    """Return a phrase in one language, with values filled in."""
    return word(PHRASES, key, lang, **values)
