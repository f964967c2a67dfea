"""Words of the rulebook site in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vatspolicy.profile.vocabulary import Language

WORDS: Mapping[str, Mapping[str, str]] = {
    "site": {"en": "Rulebook", "zh": "规则手册"},
    "calendar": {"en": "Calendar", "zh": "变更日历"},
    "search": {"en": "Search", "zh": "检索"},
    "matrix": {"en": "Access matrix", "zh": "准入对照表"},
    "other": {"en": "中文", "zh": "English"},
    "foot": {
        "en": "Rules {version}, {digest}{known}. License: {license}. A reading of the law by rules, not legal advice.",
        "zh": "规则库{version}，{digest}{known}。许可证：{license}。本手册为规则推理，不构成法律意见。",
    },
    "foot_known": {"en": ", law last checked on {day}", "zh": "，法律最近核对日期{day}"},
    "home": {
        "en": "The rules by which vatspolicy decides whether a product may launch in mainland China: every article, "
        "what it requires, of whom, and since when.",
        "zh": "vatspolicy据以判定产品能否在中国内地上线的规则：每一条款的要求、对象和施行日期。",
    },
    "home_search": {
        "en": "Look for a product, a license or an article, for example:",
        "zh": "可检索产品、许可或条款，例如：",
    },
    "index_lead": {
        "en": "{policies} policies with {rules} rules. They cover the law in force since {first}.",
        "zh": "共{policies}份政策文件、{rules}条规则，涵盖{first}以来施行的法律。",
    },
    "index_where": {
        "en": "The calendar has the days on which decisions change, the search every rule, article and instrument.",
        "zh": "结论变化的日期见变更日历；规则、条款与文书均可检索。",
    },
    "by_topic": {"en": "By topic", "zh": "按主题"},
    "by_authority": {"en": "By authority", "zh": "按机关"},
    "in_some": {"en": "in some cases", "zh": "部分情形"},
    "policy": {"en": "Policy", "zh": "政策文件"},
    "number": {"en": "Number", "zh": "文号"},
    "in_force": {"en": "In force", "zh": "有效期"},
    "rules": {"en": "Rules", "zh": "规则"},
    "ended": {"en": "ended", "zh": "已失效"},
    "since": {"en": "since {since}", "zh": "自{since}起"},
    "period": {"en": "{since} to {until}", "zh": "{since}至{until}"},
    "file": {"en": "File", "zh": "文件"},
    "issuer": {"en": "Issued by", "zh": "制定机关"},
    "promulgated": {"en": "Promulgated", "zh": "公布"},
    "editions": {"en": "Editions", "zh": "历次版本"},
    "chain": {"en": "Chain", "zh": "沿革"},
    "topics": {"en": "Topics", "zh": "主题"},
    "uses": {"en": "Definitions from", "zh": "所用定义"},
    "verification": {"en": "Verification of articles", "zh": "条款核实"},
    "no_articles": {"en": "no articles", "zh": "无条款"},
    "official": {"en": "Official page", "zh": "官方页面"},
    "note": {"en": "Note", "zh": "说明"},
    "articles": {"en": "Articles and rules", "zh": "条款与规则"},
    "instruments": {"en": "Instruments", "zh": "许可、备案与义务"},
    "instrument": {"en": "Instrument", "zh": "文书"},
    "authority": {"en": "Authority", "zh": "机关"},
    "asked_by": {"en": "Rules that ask for it or lead to it", "zh": "要求或通向该文书的规则"},
    "parameters": {"en": "Parameters", "zh": "参数"},
    "parameter": {"en": "Parameter", "zh": "参数"},
    "from": {"en": "From", "zh": "自"},
    "value": {"en": "Value", "zh": "取值"},
    "law": {"en": "Law", "zh": "依据"},
    "reads": {"en": "Parameters read", "zh": "所用参数"},
    "relies": {"en": "Relied on by", "zh": "被引用"},
    "tests": {"en": "Tests", "zh": "测试"},
    "terms": {"en": "Terms", "zh": "定义"},
    "term": {"en": "Term", "zh": "术语"},
    "meaning": {"en": "Meaning", "zh": "含义"},
    "conditions": {"en": "Conditions", "zh": "条件"},
    "checks": {"en": "Checks", "zh": "检查"},
    "verified": {"en": "on {day}: ", "zh": "{day}核对："},
    "always": {"en": ", ", "zh": "，"},
    "when": {"en": ", if ", "zh": "，如"},
    "place": {"en": "place", "zh": "地域"},
    "also": {"en": "Also rests on", "zh": "另据"},
    "contested": {"en": "contested", "zh": "存在不同理解"},
    "unwaivable": {"en": "cannot be waived", "zh": "不得豁免"},
    "company_bears": {"en": " (borne by the company)", "zh": "（由本公司承担）"},
    "share": {"en": ", foreign share at most ", "zh": "，外资股比不超过"},
    "if": {"en": " (if ", "zh": "（如"},
    "else": {"en": "; else ", "zh": "；否则"},
    "cel": {"en": "As CEL", "zh": "CEL表达式"},
    "classify": {"en": "classify", "zh": "归类"},
    "deny": {"en": "deny", "zh": "禁止"},
    "need": {"en": "need", "zh": "须取得"},
    "route": {"en": "route", "zh": "途径"},
    "duty": {"en": "duty", "zh": "义务"},
    "advise": {"en": "advise", "zh": "提示"},
    "article": {"en": "article", "zh": "条款"},
    "primary": {"en": "compared with the text", "zh": "已核对原文"},
    "secondary": {"en": "from commentary", "zh": "二手资料"},
    "unverified": {"en": "not verified", "zh": "未核实"},
    "calendar_lead": {
        "en": "Days on which a rule, a parameter or an edition begins or ends, newest first. A decision of the day "
        "itself is made under the new law; as of the day before, under the old. "
        "The rules cover no day before {first}.",
        "zh": "规则、参数或版本开始或停止适用的日期，由新到旧。当日的判定适用新规定，前一日的判定适用旧规定。"
        "规则库不适用于{first}以前的日期。",
    },
    "begins": {"en": "begins", "zh": "施行"},
    "ends": {"en": "ends", "zh": "失效"},
    "one_rule": {"en": "1 rule", "zh": "1条规则"},
    "many_rules": {"en": "{count} rules", "zh": "{count}条规则"},
    "in_place_of": {"en": ", in place of ", "zh": "，取代"},
    "edition": {"en": "edition", "zh": "新版"},
    "with": {"en": "with ", "zh": "新增"},
    "without": {"en": "without ", "zh": "删去"},
    "new_order": {"en": "new order", "zh": "顺序变化"},
    "search_label": {
        "en": "A product (SaaS, web shop), a license, a place, or words of a rule or an article, in English or Chinese",
        "zh": "产品（如SaaS、网店）、许可、地点，或规则、条款中的词语，中英文均可",
    },
    "search_hint": {
        "en": "Every word must occur. Nothing leaves this page.",
        "zh": "须包含所有词语。检索在本页内完成，不发送任何内容。",
    },
    "search_none": {
        "en": "Nothing found for “{text}”. Try fewer or other words, or look through the rulebook by topic.",
        "zh": "没有找到“{text}”。请减少词语或换一个词，也可按主题查阅规则手册。",
    },
    "search_about": {"en": "Concerns: {values}", "zh": "涉及：{values}"},
    "search_found": {"en": "{count} found", "zh": "{count}项结果"},
    "search_some": {"en": "{count} found, the first {shown} shown", "zh": "{count}项结果，显示前{shown}项"},
    "search_results": {"en": "Results", "zh": "结果"},
    "search_off": {
        "en": "The search needs JavaScript; the rulebook lists every policy without it.",
        "zh": "检索需要JavaScript；不用检索也可从规则手册查阅全部政策文件。",
    },
    "matrix_lead": {
        "en": "Which business may have which foreign share on {day}, by regime and by place, as the rules have it.",
        "zh": "截至{day}，按制度与地点列出各类业务允许的外资股比，由规则推算。",
    },
}


def say(key: str, lang: Language, **values: Any) -> str:
    """Return a phrase of the site, with values filled in."""
    text = WORDS[key][lang]
    return text.format(**values) if values else text
