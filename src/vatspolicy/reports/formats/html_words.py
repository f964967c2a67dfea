"""Phrases of decision pages in both languages, and small parts that all sections use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from vatspolicy.i18n.words import aside, word
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.formats.html import Html, join, link, tag
from vatspolicy.reports.words import KNOWN, phrase

Data = Mapping[str, Any]

WORDS: Mapping[str, Mapping[str, str]] = {
    "title_one": {"en": "{verdict}: {title}", "zh": "{verdict}：{title}"},
    "title_many": {"en": "Decisions on {count} specs", "zh": "共{count}份判定"},
    "overview": {"en": "All specs", "zh": "全部产品"},
    "spec": {"en": "Spec", "zh": "产品文件"},
    "product": {"en": "Product", "zh": "产品"},
    "decision": {"en": "Decision", "zh": "结论"},
    "law_day": {"en": "Law as of", "zh": "法律截至"},
    "launch": {"en": "Launch", "zh": "上线日"},
    "no_launch": {"en": "not stated", "zh": "未写明"},
    "bundle": {"en": "Rules", "zh": "规则库"},
    "digest": {"en": "SHA-256", "zh": "SHA-256"},
    "verified": {"en": "Verification", "zh": "核实情况"},
    "service": {"en": "Service {id}", "zh": "服务 {id}"},
    "class_by": {"en": "Classified by", "zh": "归类依据"},
    "contested_class": {"en": "contested", "zh": "存在争议"},
    "routes_title": {"en": "Routes for {activity}", "zh": "{activity}的准入途径"},
    "routes_key": {
        "en": "A path runs from the activity through its conditions to a license. ✓ met, ✕ not met, ? not known; "
        "numbers are those of the list of conditions below.",
        "zh": "每条路径从业务出发，经各项条件到许可。✓满足，✕不满足，?未知；编号对应下方条件列表。",
    },
    "no_routes": {"en": "No route was looked at.", "zh": "没有涉及准入途径。"},
    "route_fact_missing": {
        "en": "not known: a fact that the route asks about is missing",
        "zh": "未知：该途径所问的事实尚缺",
    },
    "is_held": {"en": "held", "zh": "已持有"},
    "is_to_get": {"en": "to get", "zh": "待取得"},
    "held_unknown": {"en": "held: not known", "zh": "是否持有：未知"},
    "conditions": {"en": "Conditions: {count}", "zh": "条件：{count}项"},
    "met": {"en": "met", "zh": "满足"},
    "unmet": {"en": "not met", "zh": "不满足"},
    "unknown": {"en": "not known", "zh": "未知"},
    "true": {"en": "yes", "zh": "是"},
    "false": {"en": "no", "zh": "否"},
    "nothing": {"en": "none", "zh": "无"},
    "to_do": {"en": "To do, by authority", "zh": "待办事项（按主管机关）"},
    "would_do": {
        "en": "What would follow, were it not denied: {count} items",
        "zh": "如可上线，还须办理：{count}项",
    },
    "license": {"en": "license", "zh": "许可"},
    "to_get": {"en": "to get before the launch", "zh": "上线前取得"},
    "one_of": {"en": "one of {count} ways", "zh": "{count}种途径之一"},
    "open_item": {"en": "to do", "zh": "待办"},
    "done_item": {"en": "done", "zh": "已办"},
    "calendar": {"en": "Calendar", "zh": "日历"},
    "calendar_title": {
        "en": "Deadlines from {first} to {last}, with the launch on {launch}",
        "zh": "{first}至{last}的期限，上线日{launch}",
    },
    "day": {"en": "Day", "zh": "日期"},
    "from_launch": {"en": "From the launch", "zh": "距上线"},
    "what": {"en": "What falls due", "zh": "到期事项"},
    "no_day": {"en": "Without a fixed day", "zh": "无固定日期"},
    "no_launch_note": {
        "en": "The spec names no launch day, so that no date can be counted; deadlines are as the law words them.",
        "zh": "产品文件未写明上线日，无法推算日期；期限按法律原文列出。",
    },
    "launch_mark": {"en": "launch", "zh": "上线"},
    "on_launch": {"en": "by the launch", "zh": "上线前"},
    "days_after": {"en": "{count} days after", "zh": "上线后{count}日"},
    "months_after": {"en": "{count} months after", "zh": "上线后{count}个月"},
    "month_number": {"en": "+{count}", "zh": "+{count}"},
    "due": {"en": "When", "zh": "期限"},
    "law": {"en": "Law cited", "zh": "引用的法律"},
    "official": {"en": "official page", "zh": "官方页面"},
    "no_chinese": {"en": "The Chinese text is not quoted here.", "zh": "此处未引中文原文。"},
    "primary": {"en": "compared with the text", "zh": "已核对原文"},
    "secondary": {"en": "from commentary", "zh": "二手资料"},
    "unverified": {"en": "not verified", "zh": "未核实"},
    "facts": {"en": "Facts it rests on", "zh": "所依据的事实"},
    "fact": {"en": "Fact", "zh": "事实"},
    "path": {"en": "Path", "zh": "路径"},
    "value": {"en": "Value", "zh": "取值"},
    "line": {"en": "Line", "zh": "行"},
    "facts_of": {"en": "Facts of {file}, as the rules read them", "zh": "规则读取的{file}中的事实"},
    "why": {"en": "How the condition came out", "zh": "条件的判断过程"},
    "rule": {"en": "Rule", "zh": "规则"},
    "other_rules": {"en": "Rules that depend on them: {count}", "zh": "取决于这些事实的规则：{count}条"},
    "question": {"en": "Question", "zh": "问题"},
    "waiting": {"en": "Dependent rules", "zh": "相关规则"},
    "see_law": {"en": "Law", "zh": "依据"},
}


class Sentences:
    """Language of a page, with the citations and authority names that sections of one decision share."""

    def __init__(self, lang: Language, prefix: str = "") -> None:
        self.lang, self.prefix = lang, prefix
        self.comma, self.colon, self.semicolon = ("，", "：", "；") if lang == "zh" else (", ", ": ", "; ")

    def html(self, key: str, **values: Any) -> str:
        """Return a phrase of pages, with values filled in."""
        text = WORDS[key][self.lang]
        return text.format(**values) if values else text

    def text(self, text: Data) -> str:
        """Return a text of a record in the language of the page."""
        return str(text[self.lang])

    def aside(self, text: str) -> str:
        """Return content in brackets."""
        return f"（{text}）" if self.lang == "zh" else f" ({text})"

    def sentence(self, parts: Iterable[str]) -> str:
        """Parts as one sentence."""
        return self.semicolon.join(parts) + ("。" if self.lang == "zh" else ".")

    def bodies(self, authority: Iterable[Data]) -> str:
        """Return the names of authorities."""
        return ("、" if self.lang == "zh" else " / ").join(self.text(body["title"]) for body in authority)

    def truth(self, value: bool | None) -> str:
        """met, not met, not known."""
        return self.html({True: "met", False: "unmet", None: "unknown"}[value])

    def tone(self, value: bool | None) -> str:
        """Return the color for `truth`."""
        return {True: "good", False: "bad", None: "ask"}[value]

    def place(self, *names: str) -> str:
        """Return an id on the page, of characters that an address may contain."""
        return self.prefix + "-".join(re.sub(r"[^\w.-]+", "-", name) for name in names)

    def check(self, checked: Data) -> Html:
        """Render what a rule or a condition checks, in words."""
        return tag("p", phrase("checks", self.lang, check=self.text(checked["check"])), class_="soft small")

    def law(self, citations: Iterable[Data]) -> Html | None:
        """Render references to the articles below: each regulation by name, then its articles."""
        found: dict[str, dict[str, Data]] = {}
        for cited in citations:
            found.setdefault(cited["policy"], {}).setdefault(cited["key"], cited)
        if not found:
            return None
        regulations = [
            join(
                *(
                    link(
                        ("" if place else f"{self.text(cited['title'])}{self.comma}")
                        + self.text(cited["label"])
                        + aside(word(KNOWN, cited["verification"], self.lang), self.lang),
                        f"#{self.place('law', cited['policy'], cited['key'])}",
                    )
                    for place, cited in enumerate(articles.values())
                ),
                between=self.comma,
            )
            for articles in found.values()
        ]
        lead = tag("span", f"{self.html('see_law')}{self.colon}", class_="hidden")
        return tag("p", lead, join(*regulations, between=self.semicolon), class_="law")
