"""The words of reports in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vatspolicy.i18n import Language
from vatspolicy.i18n.words import STATES, aside, joint, word

COLORS = {"allow": "green", "needs-license": "yellow", "deny": "red", "incomplete": "blue"}
"""Colors of the decision words on a terminal."""
TONES = {"allow": "good", "needs-license": "warn", "deny": "bad", "incomplete": "ask"}
"""Tones of the decision words on a page, which only repeat them."""
ROUTE_TONES = {"open": "good", "closed": "bad", "unknown": "ask"}
"""Tones of the states of routes on a page."""
MEANINGS: Mapping[str, Mapping[str, str]] = {
    "allow": {
        "en": "May launch: no license is missing. The duties below remain.",
        "zh": "可以上线：无须另行取得许可，仍应履行下列义务。",
    },
    "needs-license": {
        "en": "May launch once the licenses below are held; no obstacle found on the facts given.",
        "zh": "取得下列许可后可以上线；就现有事实，不存在不予许可的情形。",
    },
    "deny": {
        "en": "May not launch on these facts.",
        "zh": "就现有事实，不得上线。",
    },
    "incomplete": {
        "en": "No decision yet: facts are missing. Nothing is guessed.",
        "zh": "事实不全，暂不作出判定，也不作推定。",
    },
}
GROUPS: Mapping[str, Mapping[str, str]] = {
    "before-launch": {"en": "Before the launch", "zh": "上线前"},
    "before-event": {"en": "Before an event", "zh": "特定事项前"},
    "after-launch": {"en": "After the launch", "zh": "上线后"},
    "after-event": {"en": "When something happens", "zh": "特定情形发生后"},
    "recurring": {"en": "Every year, quarter or month", "zh": "定期"},
    "continuing": {"en": "As long as the service runs", "zh": "持续履行"},
}
VERIFICATION: Mapping[str, Mapping[str, str]] = {
    "primary": {
        "en": "Source quality: every cited article has been checked against the text of the law.",
        "zh": "来源质量：所引条款均已与法律文本核对。",
    },
    "secondary": {
        "en": "Source quality: at least one cited article is known from commentary only.",
        "zh": "来源质量：至少一条所引条款仅见于评论。",
    },
    "unverified": {
        "en": "Source quality: at least one cited article has not been checked against its text.",
        "zh": "来源质量：至少一条所引条款未与法律文本核对。",
    },
}
KNOWN: Mapping[str, Mapping[str, str]] = {
    "primary": {"en": "primary", "zh": "一手核实"},
    "secondary": {"en": "secondary", "zh": "二手资料"},
    "unverified": {"en": "unverified", "zh": "未核实"},
}
"""Verification of the words of one article (policy.schema.json)."""
PHRASES: Mapping[str, Mapping[str, str]] = {
    "as_of": {"en": "as of {day}", "zh": "法律截至 {day}"},
    "bundle": {"en": "bundle {version}", "zh": "规则库 {version}"},
    "because": {"en": "Because", "zh": "理由"},
    "checks": {"en": "checks: {check}", "zh": "检查：{check}"},
    "curable": {"en": "fixable", "zh": "可以补正"},
    "get": {"en": "Licenses to get", "zh": "应取得的许可"},
    "would_get": {"en": "Licenses also required", "zh": "还须取得的许可"},
    "met": {"en": "Licenses held", "zh": "已持有的许可"},
    "held": {"en": "held: {title}", "zh": "已持有：{title}"},
    "undecided": {"en": "Not decided", "zh": "未能判定"},
    "from": {"en": "from {authority}", "zh": "主管机关：{authority}"},
    "route": {"en": "route: {route}", "zh": "途径：{route}"},
    "or": {"en": "or", "zh": "或"},
    "services": {"en": "Services", "zh": "服务"},
    "may_open": {"en": "may also be open", "zh": "也可能开放"},
    "up_to": {"en": "up to {percent} %", "zh": "外资股比不超过 {percent}%"},
    "share_too_high": {"en": "the foreign share is above {percent} %", "zh": "外资股比超过 {percent}%"},
    "fails": {"en": "not met: {message}", "zh": "不满足：{message}"},
    "open_point": {"en": "not known: {message}", "zh": "未知：{message}"},
    "unread": {
        "en": "not read by anybody here, so that a legal opinion has to settle it: {name}",
        "zh": "条文尚无人核阅，须以法律意见确定：{name}",
    },
    "duties": {"en": "Filings and duties", "zh": "备案及其他义务"},
    "done": {"en": "done on {day}", "zh": "已于 {day} 完成"},
    "by": {"en": "by {day}", "zh": "截止 {day}"},
    "advice": {"en": "Notes for review", "zh": "审阅提示"},
    "rule_depends": {"en": "1 rule depends on this", "zh": "1条规则取决于此"},
    "rules_depend": {"en": "{count} rules depend on this", "zh": "{count}条规则取决于此"},
    "contested": {"en": "Contested", "zh": "存在争议"},
    "undetermined": {"en": "Undetermined", "zh": "尚未确定"},
    "undetermined_hint": {
        "en": "Rules that a missing fact leaves undecided; they do not change the decision.",
        "zh": "因事实缺失未能确定的规则，不影响结论。",
    },
    "missing": {"en": "Facts to add, the most decisive first", "zh": "需要补充的事实（按重要性排序）"},
    "range": {"en": "Could still be anything from {low} to {high}.", "zh": "结论可能在“{low}”至“{high}”之间。"},
    "bearer": {"en": "of the partner", "zh": "由合作方办理"},
    "not_advice": {
        "en": "A reading of the law by rules, not legal advice.",
        "zh": "本结果为规则推理，不构成法律意见。",
    },
    "missing_fact": {"en": "missing", "zh": "缺失"},
    "decided": {"en": "{count} specs: {words}", "zh": "共 {count} 份：{words}"},
}


def phrase(key: str, lang: Language, **values: Any) -> str:
    """Return a phrase of reports in one language, with values filled in."""
    return word(PHRASES, key, lang, **values)


def way_of(route: Mapping[str, Any], routes: Iterable[Mapping[str, Any]], lang: Language) -> str:
    """Describe the state of one of several routes: beside an open route, an unknown one may also be open."""
    if route["state"] == "unknown" and any(other["state"] == "open" for other in routes):
        return phrase("may_open", lang)
    return word(STATES, route["state"], lang)


def cited(citation: Mapping[str, Any], lang: Language) -> str:
    """Return a citation: the title of the source, the label of the article, and how well its words are known."""
    known = word(KNOWN, citation["verification"], lang)
    return f"{citation['title'][lang]}{joint('comma', lang)}{citation['label'][lang]}{aside(known, lang)}"


def value_of(condition: Mapping[str, Any]) -> bool | None:
    """Return the truth of a condition as its route counts it: unread law is open, and what does not apply is met."""
    applies: bool | None = condition["applies"]
    value: bool | None = condition["value"]
    return value if applies or value else None if applies is None else True


def law_of(finding: Mapping[str, Any], lang: Language) -> str:
    """Return the citations of a finding in one line, each with the verification of its article."""
    return joint("semicolon", lang).join(cited(citation, lang) for citation in finding["citations"])
