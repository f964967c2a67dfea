"""The page of a policy: its words, its numbers, and every rule as a sentence under its first article."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping

from vatspolicy.cel.ast import Literal, Node
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Article, Expression, Instrument, Need, Policy, Route, Rule
from vatspolicy.policies.wording import describe_effect
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.formats.markdown import code, escape
from vatspolicy.reports.policy.expression_wording import Wording
from vatspolicy.reports.policy.parts import VERIFICATION, bodies, both, dates, page, page_link, web_link
from vatspolicy.reports.policy.topics import TOPICS

Terms = Mapping[tuple[str, str], Node]
"""Typed bodies of terms by policy and name."""

LANGUAGES: tuple[Language, Language] = ("en", "zh")
EACH = {
    "product": ("The product", "产品"),
    "service": ("Each service", "每项服务"),
    "activity": ("Each activity", "每项业务"),
}


def policy_page(bundle: Bundle, policy: Policy, terms: Terms) -> str:
    """The Markdown page of one policy."""
    return page(_Page(bundle, policy, terms).lines())


def chain_of(bundle: Bundle, policy: Policy) -> list[Policy]:
    """The policies before and after one, itself included, in the order of their days."""
    policies = bundle.policies
    found = {policy.id}
    fresh = set(found)
    while fresh:
        around = {earlier for id in fresh for earlier in policies[id].supersedes}
        around |= {later.id for later in policies.values() if fresh & set(later.supersedes)}
        fresh = around - found
        found |= fresh
    return sorted((policies[id] for id in found), key=lambda one: (one.since, one.id))


def rules_of_instrument(bundle: Bundle, instrument: Instrument) -> Iterator[Rule]:
    """The rules, of any policy, that ask for an instrument or lead to it."""
    for policy in bundle.policies.values():
        for rule in policy.rules:
            effect = rule.effect
            through = {effect.through} if isinstance(effect, Need) else set()
            if instrument.id in {getattr(effect, "instrument", None)} | through:
                yield rule


class _Page:
    def __init__(self, bundle: Bundle, policy: Policy, terms: Terms) -> None:
        self.bundle, self.policy, self.terms = bundle, policy, terms
        self.wording = {lang: Wording(bundle, policy, lang, self.term_address) for lang in LANGUAGES}

    def term_address(self, owner: str, name: str) -> str:
        return f"{'' if owner == self.policy.id else owner + '.md'}#term-{name}"

    def lines(self) -> Iterator[str]:
        yield f"# {both(self.policy.title)}"
        yield ""
        yield from self.head()
        yield from self.rules()
        yield from self.instruments()
        yield from self.parameters()
        yield from self.defined_terms()

    # --- who says so, since when

    def head(self) -> Iterator[str]:
        policy, source = self.policy, self.policy.source
        yield f"- File · 文件: `{policy.id}.yaml`, {policy.version}"
        yield f"- Issued by · 制定机关: {both(source['issuer'])}"
        if "number" in source:
            yield f"- Number · 文号: {escape(source['number'])}"
        if "promulgated" in source:
            yield f"- Promulgated · 公布: {source['promulgated']}"
        yield f"- In force · 有效期: {dates(policy.since, policy.until)}"
        if policy.editions:
            yield "- Editions · 历次版本: " + "; ".join(
                f"{edition.since} {escape(edition.number)} ({edition.verification})" for edition in policy.editions
            )
        chain = chain_of(self.bundle, policy)
        if len(chain) > 1:
            yield "- Chain · 沿革: " + " → ".join(
                (f"**{escape(link.title['en'])}**" if link is policy else page_link(link)) + f" ({link.since})"
                for link in chain
            )
        yield "- Topics · 主题: " + ", ".join(f"[{both(TOPICS[t])}](index.md#topic-{t})" for t in policy.topics)
        if policy.uses:
            yield "- Definitions from · 所用定义: " + ", ".join(page_link(self.bundle.policies[u]) for u in policy.uses)
        count = Counter(article.verification for article in policy.articles.values())
        known = ", ".join(f"{count[word]} {word} {zh}" for word, zh in VERIFICATION.items() if count[word])
        yield f"- Verification of articles · 条款核实: {known or 'no articles 无条款'}"
        if "url" in source:
            yield f"- {web_link('Official page · 官方页面', source['url'])}"
        if "note" in source:
            yield ""
            yield f"Note: {escape(source['note'])}"

    # --- the words, and the rules that rest on them

    def rules(self) -> Iterator[str]:
        if not self.policy.articles:
            return
        yield "\n## Articles and rules · 条款与规则"
        for key, article in self.policy.articles.items():
            yield from self.article(article)
            for rule in self.policy.rules:
                if rule.cite[0] == key:
                    yield from self.rule(rule)

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
        yield f"Verification · 核实: {article.verification} {VERIFICATION[article.verification]}{address}.{note}"

    def rule(self, rule: Rule) -> Iterator[str]:
        yield f"\n#### `{rule.id}`"
        for lang in LANGUAGES:
            yield ""
            yield self.sentence(rule, lang)
        if isinstance(rule.effect, Route) and rule.effect.conditions:
            yield ""
            for condition in rule.effect.conditions:
                place = " (place · 地域)" if condition.where else ""
                yield f"- `{condition.id}`{place}: {both(condition.message)}"
        aside = list(self.aside(rule))
        if aside:
            yield ""
            yield f"{'. '.join(aside)}."
        yield ""
        yield "<details><summary>CEL</summary>"
        yield ""
        yield from self.cel(rule)
        yield ""
        yield "</details>"

    def sentence(self, rule: Rule, lang: Language) -> str:
        """When the rule applies, what follows, and its message."""
        zh = lang == "zh"
        subject, always = EACH[rule.each][zh], isinstance(rule.when.tree, Literal)
        when = self.wording[lang].say(rule.when.tree)
        join = ("，" if zh else ", ") if always else ("，如" if zh else ", if ")
        effect = f"**{escape(describe_effect(self.bundle, rule, lang))}**"
        company = getattr(rule.effect, "bearer", "operator") == "company"
        bearer = ("（由本公司承担）" if zh else " (borne by the company)") if company else ""
        stop = "。" if zh else ". "
        return f"{subject}{join}{when} → {effect}{bearer}{self.share(rule, lang)}{stop}{escape(rule.message[lang])}"

    def share(self, rule: Rule, lang: Language) -> str:
        if not isinstance(rule.effect, Route) or rule.effect.max_foreign_percent is None:
            return ""
        most = self.wording[lang].say(rule.effect.max_foreign_percent.tree)
        return f"，外资股比不超过{most}" if lang == "zh" else f", foreign share at most {most}"

    def aside(self, rule: Rule) -> Iterator[str]:
        if (rule.since, rule.until) != (self.policy.since, self.policy.until):
            yield f"In force · 有效期: {dates(rule.since, rule.until)}"
        if rule.cite[1:]:
            labels = [both(self.policy.articles[key].label) for key in rule.cite[1:]]
            yield f"Also rests on · 另据: {'; '.join(labels)}"
        if rule.contested:
            yield "Contested · 存在不同理解"
        if rule.unwaivable:
            yield "Cannot be waived · 不得豁免"

    def cel(self, rule: Rule) -> Iterator[str]:
        parts: list[tuple[str, Expression]] = [("when", rule.when)]
        if isinstance(rule.effect, Route):
            if rule.effect.max_foreign_percent is not None:
                parts.append(("max_foreign_percent", rule.effect.max_foreign_percent))
            parts += [(condition.id, condition.check) for condition in rule.effect.conditions]
        yield "```cel"
        for name, expression in parts:
            # line breaks inside a CEL text are escapes, so that no line of it can close the fence
            yield (f"// {name}\n" if len(parts) > 1 else "") + " ".join(expression.text.split())
        yield "```"

    # --- instruments, numbers, definitions

    def instruments(self) -> Iterator[str]:
        if not self.policy.instruments:
            return
        yield "\n## Instruments · 许可、备案与义务"
        yield ""
        yield "| instrument · 文书 | authority · 机关 | rules · 规则 |"
        yield "|---|---|---|"
        for instrument in self.policy.instruments.values():
            cells = [
                f"{both(instrument.title)} `{instrument.id}`",
                self.authority(instrument),
                self.asked_by(instrument),
            ]
            yield f"| {' | '.join(cells)} |"

    def authority(self, instrument: Instrument) -> str:
        entries = []
        for expression, names in instrument.authority:
            always = isinstance(expression.tree, Literal)
            en, zh = (self.wording[lang].say(expression.tree) for lang in LANGUAGES)
            when = "" if always else f" (if {en})" if en == zh else f" (if {en} · 如{zh})"
            entries.append(bodies(names) + when)
        return "; else · 否则 ".join(entries)

    def asked_by(self, instrument: Instrument) -> str:
        """The rules, of any policy, that ask for the instrument or lead to it."""
        found = []
        for rule in rules_of_instrument(self.bundle, instrument):
            here = rule.policy == self.policy.id
            found.append(f"[`{rule.id if here else rule.name}`]({'' if here else rule.policy + '.md'}#{rule.id})")
        return ", ".join(found)

    def parameters(self) -> Iterator[str]:
        if not self.policy.parameters:
            return
        yield "\n## Parameters · 参数"
        yield ""
        yield "| parameter · 参数 | from · 自 | value · 取值 | law · 依据 |"
        yield "|---|---|---|---|"
        for name, parameter in self.policy.parameters.items():
            title = f"{both(parameter.title)} `{name}`" if parameter.title else f"`{name}`"
            for value in parameter.values:
                cites = "; ".join(escape(self.policy.articles[key].label["en"]) for key in value.cite)
                text = code(json.dumps(value.value, ensure_ascii=False))
                yield f"| {title} | {value.since} | {text} | {cites} |"
                title = ""

    def defined_terms(self) -> Iterator[str]:
        if not self.policy.terms:
            return
        yield "\n## Terms · 定义"
        yield ""
        yield "| term · 术语 | meaning | 含义 | CEL |"
        yield "|---|---|---|---|"
        for name, text in self.policy.terms.items():
            body = self.terms.get((self.policy.id, name))
            en, zh = (self.wording[lang].say(body).replace("|", "\\|") if body else "" for lang in LANGUAGES)
            yield f'| <a id="term-{name}"></a>`{name}` | {en} | {zh} | {code(text)} |'
