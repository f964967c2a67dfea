"""Phrases of decision pages and of exports in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from vatspolicy.i18n.words import Table, aside, word
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.words import KNOWN, phrase

Data = Mapping[str, Any]

WORDS: Mapping[str, Mapping[str, str]] = {
    "title_one": {"en": "{verdict}: {title}", "zh": "{verdict}：{title}"},
    "title_many": {"en": "Decisions on {count} specs", "zh": "共{count}份判定"},
    "rules": {"en": "Rules {version}, SHA-256 {digest}.", "zh": "规则库 {version}，SHA-256 {digest}。"},
    "summary": {"en": "Summary", "zh": "摘要"},
    "details": {"en": "Details", "zh": "详情"},
    "licenses": {"en": "Licenses", "zh": "许可"},
    "no_license": {"en": "No license is missing.", "zh": "无须另行取得许可。"},
    "no_license_helps": {
        "en": "No license would allow the launch on these facts; see the obstacles.",
        "zh": "就现有事实，没有可使产品上线的许可，见障碍。",
    },
    "share_cap": {"en": "foreign share of at most {percent} %", "zh": "外资股比不超过{percent}%"},
    "no_license_yet": {"en": "None established on the facts given.", "zh": "就现有事实，尚不能确定须取得何种许可。"},
    "to_get_count": {"en": "Licenses", "zh": "许可"},
    "filings_count": {"en": "To do before launch", "zh": "上线前事项"},
    "instrument": {"en": "License", "zh": "许可"},
    "authority": {"en": "Authority", "zh": "主管机关"},
    "class": {"en": "Class", "zh": "业务种类"},
    "route": {"en": "Route", "zh": "途径"},
    "checklist_text": {"en": "The checklist before launch, as Markdown", "zh": "上线前清单（Markdown 文本）"},
    "checklist": {"en": "Checklist", "zh": "清单"},
    "decisions": {"en": "Decisions", "zh": "结论"},
    "done": {"en": "Done", "zh": "已完成"},
    "item": {"en": "Item", "zh": "事项"},
    "kind": {"en": "Kind", "zh": "类型"},
    "filing": {"en": "filing or duty", "zh": "备案或义务"},
    "class_and_route": {"en": "Class and route", "zh": "业务种类与途径"},
    "group": {"en": "Stage", "zh": "阶段"},
    "grade": {"en": "Source", "zh": "来源质量"},
    "reason": {"en": "Reason", "zh": "理由"},
    "contested": {"en": "Contested", "zh": "存在争议"},
    "rules_used": {"en": "Rules", "zh": "规则库"},
    "article": {"en": "Article", "zh": "条款"},
    "or": {"en": "or", "zh": "或"},
    "filings": {"en": "Filings and duties", "zh": "备案及其他义务"},
    "filings_none": {"en": "No filing or duty on these facts.", "zh": "就现有事实，无备案及其他义务。"},
    "filings_denied": {"en": "Filings and duties, were it not denied", "zh": "如可上线，备案及其他义务"},
    "later_count": {"en": "{count} later", "zh": "其后{count}项"},
    "before_launch": {"en": "Before the launch", "zh": "上线前"},
    "before_launch_by": {"en": "Before the launch on {day}", "zh": "{day}上线前"},
    "by_day": {"en": "By {day}", "zh": "{day}前"},
    "undated": {"en": "No fixed date", "zh": "无固定日期"},
    "undated_count": {
        "en": "{count} duties on an event, at intervals or while the service runs; see the details",
        "zh": "特定情形下、定期或持续履行的义务{count}项，见详情",
    },
    "undated_one": {
        "en": "1 duty on an event, at intervals or while the service runs; see the details",
        "zh": "特定情形下、定期或持续履行的义务1项，见详情",
    },
    "more_dated": {"en": "{count} more up to {day}; see the calendar", "zh": "至{day}另有{count}项，见日历"},
    "blocks": {"en": "Obstacles and the nearest way", "zh": "障碍及最近的途径"},
    "facts_needed": {"en": "Facts needed for a decision", "zh": "判定所需的事实"},
    "fixable": {"en": "This can be fixed.", "zh": "可以补正。"},
    "add_fact": {"en": "Add {path}.", "zh": "请填写 {path}。"},
    "nearest": {
        "en": "Nearest route: {route}. Not met: {conditions}.",
        "zh": "最近的途径：{route}。未满足：{conditions}。",
    },
    "find_ways": {"en": "Find the smallest changes:", "zh": "查找最小改动："},
    "and_more": {"en": "and {count} more", "zh": "另有{count}项"},
    "more": {"en": "{count} more; see the details.", "zh": "另有{count}项，见详情。"},
    "sources": {"en": "Sources", "zh": "来源"},
    "sources_none": {"en": "No article is cited.", "zh": "未引用条款。"},
    "sources_count": {
        "en": "Articles cited: {count}. Compared with the text of the law: {primary}.",
        "zh": "引用条款{count}条，已核对法律文本{primary}条。",
    },
    "sources_secondary": {"en": "Known from commentary only: {count}", "zh": "仅见于评论：{count}条"},
    "sources_unverified": {"en": "Not checked against any source: {count}", "zh": "未经任何来源核对：{count}条"},
    "overview": {"en": "All specs", "zh": "全部产品"},
    "spec": {"en": "Spec", "zh": "产品文件"},
    "product": {"en": "Product", "zh": "产品"},
    "decision": {"en": "Decision", "zh": "结论"},
    "law_day": {"en": "Law as of", "zh": "法律截至"},
    "launch": {"en": "Launch", "zh": "上线日"},
    "no_launch": {"en": "not stated", "zh": "未写明"},
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
    "primary": {"en": "compared with the text", "zh": "已核对原文"},
    "secondary": {"en": "from commentary", "zh": "二手资料"},
    "unverified": {"en": "not verified", "zh": "未核实"},
    "facts": {"en": "Facts from the spec", "zh": "所依据的产品事实"},
    "fact": {"en": "Fact", "zh": "事实"},
    "path": {"en": "Path", "zh": "路径"},
    "value": {"en": "Value", "zh": "取值"},
    "line": {"en": "Line", "zh": "行"},
    "facts_of": {"en": "Facts of {file}, as the rules read them", "zh": "规则读取的{file}中的事实"},
    "why": {"en": "How the condition came out", "zh": "条件的判断过程"},
    "rule": {"en": "Rule", "zh": "规则"},
    "because": {"en": "Why it may not launch", "zh": "不得上线的理由"},
    "services": {"en": "Services and routes", "zh": "服务与准入途径"},
    "undetermined": {"en": "Open questions that do not change the decision", "zh": "不影响结论的未决问题"},
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
        self.gap, self.stop = ("", "。") if lang == "zh" else (" ", ".")

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
        return self.semicolon.join(parts) + self.stop

    def bodies(self, authority: Iterable[Data]) -> str:
        """Return the names of authorities."""
        return ("、" if self.lang == "zh" else " / ").join(self.text(body["title"]) for body in authority)

    def truth(self, value: bool | None) -> str:
        """met, not met, not known."""
        return self.html({True: "met", False: "unmet", None: "unknown"}[value])

    def yes_no(self, value: bool | None) -> str:
        """yes, no, not known."""
        return self.html({True: "true", False: "false", None: "unknown"}[value])

    def tone(self, value: bool | None) -> str:
        """Return the color for `truth`."""
        return {True: "good", False: "bad", None: "ask"}[value]

    def place(self, *names: str) -> str:
        """Return an id on the page, of characters that an address may contain."""
        return self.prefix + "-".join(re.sub(r"[^\w.-]+", "-", name) for name in names)

    def phrase(self, key: str, **values: Any) -> str:
        """Return a phrase of all reports, with values filled in."""
        return phrase(key, self.lang, **values)

    def word(self, table: Table, key: str, **values: Any) -> str:
        """Return a phrase of a table, with values filled in."""
        return word(table, key, self.lang, **values)

    def by_policy(self, citations: Iterable[Data]) -> list[list[Data]]:
        """Return citations by regulation, each article once, in order of appearance."""
        found: dict[str, dict[str, Data]] = {}
        for cited in citations:
            found.setdefault(cited["policy"], {}).setdefault(cited["key"], cited)
        return [list(articles.values()) for articles in found.values()]

    def reference(self, cited: Data, titled: bool) -> str:
        """Return an article with its verification, and with the title of its regulation if `titled`."""
        title = f"{self.text(cited['title'])}{self.comma}" if titled else ""
        return f"{title}{self.text(cited['label'])}{aside(self.word(KNOWN, cited['verification']), self.lang)}"

    def law(self, citations: Iterable[Data]) -> str:
        """Return references in one line: each regulation by name, then its articles."""
        return self.semicolon.join(
            self.comma.join(self.reference(cited, not place) for place, cited in enumerate(articles))
            for articles in self.by_policy(citations)
        )

    def names(self, citations: Iterable[Data]) -> str:
        """Return articles in one line, without their verification."""
        return self.semicolon.join(
            self.text(articles[0]["title"])
            + self.gap
            + self.comma.join(self.text(cited["label"]) for cited in articles)
            for articles in self.by_policy(citations)
        )

    def place_of(self, cited: Data) -> str:
        """Return the id of an article on the page."""
        return self.place("law", cited["policy"], cited["key"])

    def subject(self, finding: Data) -> str:
        """Return the service and class of a finding, to stand before it; empty for the product."""
        parts = [part for part in (finding["subject"]["service"], finding["subject"]["class"]) if part]
        return "/".join(parts) + self.colon if parts else ""
