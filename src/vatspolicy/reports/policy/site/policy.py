"""The page of a policy on the site: its words, its numbers, and every rule under its first article."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from vatspolicy.cel.ast import Literal, Node
from vatspolicy.policies.model import Article, Expression, Instrument, Policy, Route, Rule
from vatspolicy.policies.wording import describe_effect
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.formats.html import Content, Html, join, link, tag
from vatspolicy.reports.formats.html_page import badge, contents, foreign, table
from vatspolicy.reports.policy.page import EACH, chain_of, rules_of_instrument
from vatspolicy.reports.policy.site.site import Site, clause
from vatspolicy.reports.policy.topics import TOPICS

Terms = Mapping[tuple[str, str], Node]
"""Typed bodies of terms by policy and name."""

KNOWN = {"primary": "good", "secondary": "warn", "unverified": "bad"}
_TONES = {"deny": "bad", "need": "warn", "route": "good", "duty": "ask"}


def policy_page(site: Site, policy: Policy, terms: Terms) -> str:
    """The page of one policy."""
    return _Page(site, policy, terms).page()


class _Page:
    def __init__(self, site: Site, policy: Policy, terms: Terms) -> None:
        self.site, self.policy, self.terms = site, policy, terms
        self.lang, self.wording = site.lang, site.wording(policy)
        self.away: Language = "zh" if self.lang == "en" else "en"

    def page(self) -> str:
        say, policy = self.site.say, self.policy
        parts = [
            ("articles", self.articles() if policy.articles else None),
            ("instruments", self.instruments() if policy.instruments else None),
            ("parameters", self.parameters() if policy.parameters else None),
            ("terms", self.defined_terms() if policy.terms else None),
        ]
        made = [(key, part) for key, part in parts if part is not None]
        labels = [(self.site.text(article.label), f"article-{key}") for key, article in policy.articles.items()]
        toc = contents((say(key), f"_{key}", labels if key == "articles" else ()) for key, _ in made)
        body: Content = [
            tag("h1", self.site.text(policy.title)),
            foreign(policy.title[self.away], self.away, "p"),
            self.head(),
            [tag("section", tag("h2", say(key), id=f"_{key}"), part) for key, part in made],
        ]
        return self.site.page(policy.id, self.site.text(policy.title), body, toc)

    # --- who says so, since when

    def head(self) -> Html:
        source = self.policy.source
        entries = [tag("div", tag("dt", name), tag("dd", value)) for name, value in self.entries()]
        note = (
            tag("p", f"{self.site.say('note')}{self.site.colon}", self.site.remark(source["note"]))
            if "note" in source
            else None
        )
        return join(tag("dl", entries, class_="head"), note)

    def entries(self) -> Iterator[tuple[str, Content]]:
        site, policy, source = self.site, self.policy, self.policy.source
        yield site.say("file"), [tag("code", f"{policy.id}.yaml"), f" {policy.version}"]
        yield site.say("issuer"), site.text(source["issuer"])
        if "number" in source:
            yield site.say("number"), foreign(source["number"], "zh")
        if "promulgated" in source:
            yield site.say("promulgated"), source["promulgated"]
        yield site.say("in_force"), site.period(policy.since, policy.until)
        if policy.editions:
            yield (
                site.say("editions"),
                tag("ul", [tag("li", f"{one.since} ", foreign(one.number, "zh")) for one in policy.editions]),
            )
        chain = chain_of(site.bundle, policy)
        if len(chain) > 1:
            links = [
                join(tag("strong", site.text(one.title)) if one is policy else site.policy_link(one), f" {one.since}")
                for one in chain
            ]
            yield site.say("chain"), tag("ol", [tag("li", one) for one in links])
        topics = [link(site.text(TOPICS[topic]), f"index.html#topic-{topic}") for topic in policy.topics]
        yield site.say("topics"), join(*topics, between=site.comma)
        if policy.uses:
            used = [site.policy_link(site.bundle.policies[id]) for id in policy.uses]
            yield site.say("uses"), join(*used, between=site.comma)
        count = Counter(article.verification for article in policy.articles.values())
        known = [badge(f"{count[word]} {site.say(word)}", KNOWN[word]) for word in KNOWN if count[word]]
        yield site.say("verification"), join(*known, between=" ") if known else site.say("no_articles")
        if "url" in source:
            yield site.say("official"), link(urlsplit(source["url"]).hostname or source["url"], source["url"])

    # --- the words, and the rules that rest on them

    def articles(self) -> list[Html]:
        return [
            tag(
                "section",
                self.article(article),
                [self.rule(rule) for rule in self.policy.rules if rule.cite[0] == key],
                class_="article",
            )
            for key, article in self.policy.articles.items()
        ]

    def article(self, article: Article) -> Html:
        words: dict[Language, str | None] = {"en": article.en, "zh": article.zh}
        order: tuple[Language, Language] = (self.lang, self.away)
        quoted = [
            tag("p", words[lang]) if lang == self.lang else foreign(words[lang], lang, "p")
            for lang in order
            if words[lang]
        ]
        known = badge(self.site.say(article.verification), KNOWN[article.verification])
        page: Content = [" ", link(self.site.say("official"), article.url)] if article.url else None
        return join(
            tag("h3", self.site.text(article.label), id=f"article-{article.key}"),
            tag("blockquote", quoted),
            tag("p", known, page, [" ", self.site.remark(article.note)] if article.note else None, class_="known"),
        )

    def rule(self, rule: Rule) -> Html:
        marks = [badge(self.site.say(rule.kind), _TONES.get(rule.kind, ""))]
        marks += [badge(self.site.say("contested"), "warn")] if rule.contested else []
        marks += [badge(self.site.say("unwaivable"))] if rule.unwaivable else []
        return tag(
            "section",
            tag("h4", link(tag("code", rule.id), f"#{rule.id}"), " ", join(*marks, between=" ")),
            tag("p", self.site.text(rule.message), class_="message"),
            tag("p", self.sentence(rule)),
            self.conditions(rule),
            self.aside(rule),
            tag("details", tag("summary", self.site.say("cel")), tag("pre", tag("code", "\n".join(self.cel(rule))))),
            id=rule.id,
            class_="rule",
        )

    def sentence(self, rule: Rule) -> Html:
        """When the rule applies, and what follows."""
        zh = self.lang == "zh"
        subject, always = EACH[rule.each][zh], isinstance(rule.when.tree, Literal)
        joint = ("，" if zh else ", ") if always else ("，如" if zh else ", if ")
        effect: Content = tag("strong", describe_effect(self.site.bundle, rule, self.lang))
        name = getattr(rule.effect, "instrument", None) or getattr(rule.effect, "through", None)
        if name:
            effect = link(effect, self.site.instrument_address(self.site.bundle.instruments[name], self.policy))
        bears = self.site.say("company_bears") if getattr(rule.effect, "bearer", "operator") == "company" else ""
        share = None
        if isinstance(rule.effect, Route) and rule.effect.max_foreign_percent is not None:
            share = join(self.site.say("share"), clause(self.wording, rule.effect.max_foreign_percent.tree))
        return join(
            subject, joint, clause(self.wording, rule.when.tree), " → ", effect, bears, share, "。" if zh else "."
        )

    def conditions(self, rule: Rule) -> Content:
        if not isinstance(rule.effect, Route) or not rule.effect.conditions:
            return None
        items = [
            tag(
                "li",
                self.site.text(condition.message),
                " ",
                tag("code", condition.id),
                [" ", badge(self.site.say("place"))] if condition.where else None,
            )
            for condition in rule.effect.conditions
        ]
        return [tag("p", f"{self.site.say('conditions')}{self.site.colon}"), tag("ol", items)]

    def aside(self, rule: Rule) -> Content:
        parts: list[Html] = []
        if (rule.since, rule.until) != (self.policy.since, self.policy.until):
            parts.append(
                join(f"{self.site.say('in_force')}{self.site.colon}{self.site.period(rule.since, rule.until)}")
            )
        if rule.cite[1:]:
            parts.append(
                join(f"{self.site.say('also')}{self.site.colon}", self.site.article_links(self.policy, rule.cite[1:]))
            )
        return tag("p", join(*parts, between=" · "), class_="soft") if parts else None

    def cel(self, rule: Rule) -> Iterator[str]:
        parts: list[tuple[str, Expression]] = [("when", rule.when)]
        if isinstance(rule.effect, Route):
            if rule.effect.max_foreign_percent is not None:
                parts.append(("max_foreign_percent", rule.effect.max_foreign_percent))
            parts += [(condition.id, condition.check) for condition in rule.effect.conditions]
        for name, expression in parts:
            if len(parts) > 1:
                yield f"// {name}"
            yield " ".join(expression.text.split())

    # --- instruments, numbers, definitions

    def instruments(self) -> Html:
        site = self.site
        rows: list[list[Content]] = []
        for instrument in self.policy.instruments.values():
            rules = [site.rule_link(rule, self.policy) for rule in rules_of_instrument(site.bundle, instrument)]
            name = tag("span", site.text(instrument.title), id=f"instrument-{instrument.id}")
            rows.append(
                [[name, tag("br"), tag("code", instrument.id)], self.authority(instrument), join(*rules, between=", ")]
            )
        head = [site.say("instrument"), site.say("authority"), site.say("asked_by")]
        return table(site.say("instruments"), head, rows, titled=True)

    def authority(self, instrument: Instrument) -> Html:
        entries = []
        for expression, names in instrument.authority:
            when = None
            if not isinstance(expression.tree, Literal):
                close = "）" if self.lang == "zh" else ")"
                when = join(self.site.say("if"), clause(self.wording, expression.tree), close)
            entries.append(join(self.site.bodies(names), when))
        return join(*entries, between=self.site.say("else"))

    def parameters(self) -> Html:
        rows: list[list[Content]] = []
        for name, parameter in self.policy.parameters.items():
            title: Content = [
                tag("span", self.site.text(parameter.title) if parameter.title else None, id=f"parameter-{name}"),
                " ",
                tag("code", name),
            ]
            for value in parameter.values:
                text = tag("code", json.dumps(value.value, ensure_ascii=False))
                rows.append([title, value.since, text, self.site.article_links(self.policy, value.cite)])
                title = tag("span", f"{name}", class_="hidden")
        head = [self.site.say(key) for key in ("parameter", "from", "value", "law")]
        return table(self.site.say("parameters"), head, rows, titled=True)

    def defined_terms(self) -> Html:
        rows: list[list[Content]] = []
        for name, text in self.policy.terms.items():
            body = self.terms.get((self.policy.id, name))
            meaning = clause(self.wording, body) if body else None
            rows.append([tag("code", name, id=f"term-{name}"), meaning, tag("code", " ".join(text.split()))])
        return table(
            self.site.say("terms"), [self.site.say("term"), self.site.say("meaning"), "CEL"], rows, titled=True
        )
