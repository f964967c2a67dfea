"""Pages of policies as Markdown: a page of each, the index and the calendar, in both languages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from vatspolicy.cel.ast import Literal
from vatspolicy.i18n import LANGUAGES, Language, LocalizedText
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.expression_wording import Marks, Wording
from vatspolicy.policies.model import NEVER, Article, Condition, Instrument, Policy, Rule
from vatspolicy.policies.wording import describe_effect, describe_readings
from vatspolicy.profile.vocabulary import label
from vatspolicy.reports.formats.markdown import code, escape, fold, table
from vatspolicy.reports.policy.index import (
    MARK,
    TOPICS,
    Changes,
    days_of_change,
    instruments_by_authority,
    members_changed,
    policies_by_topic,
)
from vatspolicy.reports.policy.page import PolicyPage, RulePart

MARKS = Marks(escape, lambda text: f"*{escape(text)}*", r"\({}\)")
_VERIFICATION = {"primary": "一手核实", "secondary": "二手资料", "unverified": "未核实"}


# --- parts of all pages


def page(lines: Iterable[str]) -> str:
    """Return a page: its mark, then its lines, with no blank line twice."""
    text = "\n".join([MARK, "", *lines])
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


def both(text: LocalizedText) -> str:
    """Return a text in English and Chinese, one after the other."""
    return f"{escape(text['en'])} · {escape(text['zh'])}"


def dates(since: str, until: str) -> str:
    """Return a period in words."""
    return f"{since} – {'until further notice · 至今' if until == NEVER else until}"


def page_link(policy: Policy) -> str:
    """Return a link to the page of a policy, by its English title."""
    return f"[{escape(policy.title['en'])}]({policy.id}.md)"


def rule_link(policy: str, rule: str) -> str:
    """Return a link to a rule on the page of its policy."""
    return f"[`{rule}`]({policy}.md#{rule})"


def web_link(text: str, url: str) -> str:
    """Return a link to an official page; the address cannot end the link or begin markup."""
    return f"[{escape(text)}]({quote(url, safe=':/?#@!$&+,;=%~-._')})"


def bodies(names: Iterable[str]) -> str:
    """Return the names of authorities."""
    return "; ".join(both(label("authority", name)) for name in names)


# --- the page of a policy


def policy_page(contents: PolicyPage) -> str:
    """Return the page of one policy."""
    return page(_Page(contents).lines())


class _Page:
    def __init__(self, page: PolicyPage) -> None:
        self.page, self.policy = page, page.policy
        self.wording = {lang: Wording(page.bundle, lang, MARKS) for lang in LANGUAGES}

    def lines(self) -> Iterator[str]:
        yield f"# {both(self.policy.title)}"
        yield ""
        yield from self.head()
        yield from self.rules()
        yield from self.instruments()
        yield from self.parameters()
        yield from self.defined_terms()

    # --- source and dates

    def head(self) -> Iterator[str]:
        page, policy = self.page, self.policy
        yield f"- File · 文件: `{policy.id}.yaml`, {policy.version}"
        yield f"- Issued by · 制定机关: {both(policy.source['issuer'])}"
        if page.number:
            yield f"- Number · 文号: {escape(page.number)}"
        if page.promulgated:
            yield f"- Promulgated · 公布: {page.promulgated}"
        yield f"- In force · 有效期: {dates(policy.since, policy.until)}"
        if policy.editions:
            yield "- Editions · 历次版本: " + "; ".join(
                f"{edition.since} {escape(edition.number)} ({edition.verification})" for edition in policy.editions
            )
        if page.chain:
            yield "- Chain · 沿革: " + " → ".join(
                (f"**{escape(link.title['en'])}**" if link is policy else page_link(link)) + f" ({link.since})"
                for link in page.chain
            )
        yield "- Topics · 主题: " + ", ".join(f"[{both(TOPICS[t])}](index.md#topic-{t})" for t in policy.topics)
        if page.uses:
            yield "- Definitions from · 所用定义: " + ", ".join(page_link(one) for one in page.uses)
        known = ", ".join(f"{count} {word} {_VERIFICATION[word]}" for word, count in page.verification.items())
        yield f"- Verification of articles · 条款核实: {known or 'no articles 无条款'}"
        if page.url:
            yield f"- {web_link('Official page · 官方页面', page.url)}"
        if page.note:
            yield ""
            yield f"Note: {escape(page.note)}"

    # --- articles and the rules that rest on them

    def rules(self) -> Iterator[str]:
        if not self.policy.articles:
            return
        yield "\n## Articles and rules · 条款与规则"
        for article, rules in self.page.articles:
            yield from self.article(article)
            for part in rules:
                yield from self.rule(part)

    def article(self, article: Article) -> Iterator[str]:
        yield f"\n### {both(article.label)}"
        yield ""
        yield f"> {escape(article.en)}"
        if article.zh:
            yield ">"
            yield f"> {escape(article.zh)}"
        yield ""
        address = f", {web_link('official page', article.url)}" if article.url else ""
        note = f" {escape(article.note)}" if article.note else ""
        known = f"{article.verification} {_VERIFICATION[article.verification]}"
        if article.verified is not None:
            known += f", {article.verified[0]}: {escape(article.verified[1])}"
        yield f"Verification · 核实: {known}{address}.{note}"

    def rule(self, part: RulePart) -> Iterator[str]:
        yield f"\n#### `{part.rule.id}`"
        for lang in LANGUAGES:
            yield ""
            yield self.sentence(part, lang)
        if part.conditions:
            yield ""
        for condition in part.conditions:
            place = " (place · 地域)" if condition.where else ""
            yield f"- `{condition.id}`{place}: {both(condition.message)}"
            yield from self.check(part, condition)
        aside = list(self.aside(part))
        if aside:
            yield ""
            yield f"{'. '.join(aside)}."
        yield from fold("CEL", ["```cel", *part.cel, "```"])

    def sentence(self, part: RulePart, lang: Language) -> str:
        """Return the condition of the rule, its effect and its message as a sentence."""
        zh, rule = lang == "zh", part.rule
        when = self.wording[lang].say(rule.when.tree)
        join = ("，" if zh else ", ") if part.is_unconditional else ("，如" if zh else ", if ")
        effect = f"**{escape(describe_effect(self.page.bundle, rule, lang))}**"
        bearer = ("（由本公司承担）" if zh else " (borne by the company)") if part.borne_by_company else ""
        share = ""
        if part.share_cap is not None:
            share = ("，外资股比不超过" if zh else ", foreign share at most ") + self.wording[lang].say(
                part.share_cap.tree
            )
        stop = "。" if zh else ". "
        return f"{part.subject[lang]}{join}{when} → {effect}{bearer}{share}{stop}{escape(rule.message[lang])}"

    def check(self, part: RulePart, condition: Condition) -> Iterator[str]:
        """Return the check of a condition in both languages, with the articles that it rests on."""
        articles = part.articles_of(condition)
        yield f"  - checks: {self.wording['en'].say(condition.check.tree)}{self.law(articles, 'en')}"
        yield f"  - 检查：{self.wording['zh'].say(condition.check.tree)}{self.law(articles, 'zh')}"

    def law(self, articles: Iterable[Article], lang: Language) -> str:
        """Return articles with their verification, in square brackets."""
        known = [
            f"{escape(one.label[lang])}, {one.verification}"
            if lang == "en"
            else f"{escape(one.label[lang])}，{_VERIFICATION[one.verification]}"
            for one in articles
        ]
        return f" \\[{('；' if lang == 'zh' else '; ').join(known)}\\]" if known else ""

    def aside(self, part: RulePart) -> Iterator[str]:
        rule = part.rule
        if part.has_own_period:
            yield f"In force · 有效期: {dates(rule.since, rule.until)}"
        if part.further_articles:
            known = (f"{both(one.label)}, {one.verification}" for one in part.further_articles)
            yield f"Also rests on · 另据: {'; '.join(known)}"
        if rule.contested:
            yield "Contested · 存在不同理解"
            for en, zh in zip(describe_readings(rule, "en"), describe_readings(rule, "zh"), strict=True):
                yield f"{en} · {zh}"
        if rule.unwaivable:
            yield "Cannot be waived · 不得豁免"

    # --- instruments, numbers, definitions

    def instruments(self) -> Iterator[str]:
        if not self.page.instruments:
            return
        yield "\n## Instruments · 许可、备案与义务"
        yield ""
        rows = [
            [f"{both(one.title)} `{one.id}`", self.authority(one), ", ".join(map(self.rule_link, rules))]
            for one, rules in self.page.instruments
        ]
        yield from table(["instrument · 文书", "authority · 机关", "rules · 规则"], rows)

    def rule_link(self, rule: Rule) -> str:
        """Return a link to a rule that requires an instrument or leads to it."""
        here = rule.policy == self.policy.id
        return f"[`{rule.id if here else rule.name}`]({'' if here else rule.policy + '.md'}#{rule.id})"

    def authority(self, instrument: Instrument) -> str:
        entries = []
        for expression, names in instrument.authority:
            always = isinstance(expression.tree, Literal)
            en, zh = (self.wording[lang].say(expression.tree) for lang in LANGUAGES)
            when = "" if always else f" (if {en})" if en == zh else f" (if {en} · 如{zh})"
            entries.append(bodies(names) + when)
        return "; else · 否则 ".join(entries)

    def parameters(self) -> Iterator[str]:
        if not self.page.parameters:
            return
        yield "\n## Parameters · 参数"
        yield ""
        rows = []
        for part in self.page.parameters:
            name = part.parameter.title
            title = f"{both(name)} `{part.name}`" if name else f"`{part.name}`"
            for since, value, articles in part.values:
                rows.append([title, since, code(value), "; ".join(escape(one.label["en"]) for one in articles)])
                title = ""
        yield from table(["parameter · 参数", "from · 自", "value · 取值", "law · 依据"], rows)

    def defined_terms(self) -> Iterator[str]:
        if not self.page.defined_terms:
            return
        yield "\n## Terms · 定义"
        yield ""
        rows = []
        for name, text, body in self.page.defined_terms:
            en, zh = (self.wording[lang].say(body).replace("|", "\\|") if body else "" for lang in LANGUAGES)
            rows.append([f'<a id="term-{name}"></a>`{name}`', en, zh, code(text)])
        yield from table(["term · 术语", "meaning", "含义", "CEL"], rows)


# --- index and calendar


def index_page(bundle: Bundle) -> str:
    """Render the index of policies by topic, and of instruments by authority."""
    return page(_index(bundle))


def _index(bundle: Bundle) -> Iterator[str]:
    policies = bundle.policies.values()
    rules = sum(len(policy.rules) for policy in policies)
    yield "# Policies · 政策文件"
    yield ""
    yield (
        f"{len(policies)} policies with {rules} rules; the bundle {bundle.version} speaks of days from "
        f"{bundle.covers_from} on. Days on which decisions change: [calendar](calendar.md)."
    )
    yield "\n## By topic · 按主题"
    for topic, members in policies_by_topic(bundle).items():
        yield f'\n### <a id="topic-{topic}"></a>{both(TOPICS[topic])}'
        yield ""
        for policy in members:
            yield f"- {page_link(policy)} · {escape(policy.title['zh'])}, {_period(policy)}"
    yield "\n## By authority · 按机关"
    for body, handled in instruments_by_authority(bundle).items():
        yield f"\n### {both(label('authority', body))}"
        yield ""
        for one, always in handled:
            policy = bundle.policies[one.policy]
            yield f"- {both(one.title)}: {page_link(policy)}{'' if always else ' (in some cases · 部分情形)'}"


def _period(policy: Policy) -> str:
    return f"since · 自 {policy.since}" if policy.until == NEVER else f"{policy.since} – {policy.until}"


def calendar_page(bundle: Bundle) -> str:
    """Render the days on which decisions change, newest first, with the changes."""
    return page(_calendar(bundle))


def _calendar(bundle: Bundle) -> Iterator[str]:
    yield "# Calendar · 变更日历"
    yield ""
    yield (
        "Days on which a rule, a parameter or an edition begins or ends, newest first. A decision of the day itself is "
        "made under the new law; `as_of` the day before, under the old. "
        f"The bundle does not speak of days before {bundle.covers_from}."
    )
    for day, changes in days_of_change(bundle):
        yield f"\n## {day}"
        yield ""
        for found in changes:
            yield f"- {page_link(found.policy)} · {escape(found.policy.title['zh'])}"
            yield from (f"  - {detail}" for detail in _details(bundle, found))


def _details(bundle: Bundle, found: Changes) -> Iterator[str]:
    """Render the changes of a day in one policy."""
    if found.begins is not None:
        earlier = ", ".join(page_link(bundle.policies[id]) for id in found.policy.supersedes)
        yield f"**begins** · 施行: {_rules(found.begins)}" + (f", in place of · 取代 {earlier}" if earlier else "")
    if found.ends is not None:
        yield f"**ends** · 失效: {_rules(found.ends)}"
    yield from (f"edition · 新版 {escape(edition.number)}" for edition in found.editions)
    for rule, begins in found.rules:
        word = "begins · 施行" if begins else "ends · 失效"
        yield f"{rule_link(rule.policy, rule.id)} {word}: {both(rule.message)}"
    yield from (f"`{name}`: {_difference(before, after)}" for name, before, after in found.values)


def _rules(count: int) -> str:
    return f"{count} rule{'' if count == 1 else 's'}"


def _difference(before: Any, after: Any) -> str:
    """Render the effect of a new value: members added and removed, or the old and the new value."""
    members = members_changed(before, after)
    if members is None:
        return f"{code(json.dumps(before, ensure_ascii=False))} → {code(json.dumps(after, ensure_ascii=False))}"
    parts = [
        f"{sign} {', '.join(code(member) for member in found)}"
        for sign, found in zip(("with", "without"), members, strict=True)
        if found
    ]
    return "; ".join(parts) or "new order · 顺序变化"
