"""The page of a policy on the site: its words, its numbers, and every rule under its first article."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from vatspolicy.cel.ast import Literal
from vatspolicy.policies.model import Article, Instrument
from vatspolicy.policies.wording import describe_effect, describe_readings
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.formats.html import Content, Html, join, link, tag
from vatspolicy.reports.formats.html_page import badge, contents, foreign, table
from vatspolicy.reports.policy.index import TOPICS
from vatspolicy.reports.policy.page import PolicyPage, RulePart, one_line
from vatspolicy.reports.policy.site.site import KNOWN, Site, clause

_TONES = {"deny": "bad", "need": "warn", "route": "good", "duty": "ask"}


def policy_page(site: Site, contents: PolicyPage) -> str:
    """Return the page of one policy."""
    return _Page(site, contents).html()


class _Page:
    def __init__(self, site: Site, page: PolicyPage) -> None:
        self.site, self.page, self.policy = site, page, page.policy
        self.lang, self.wording = site.lang, site.wording
        self.away: Language = "zh" if self.lang == "en" else "en"

    def html(self) -> str:
        say, policy = self.site.say, self.policy
        parts = [
            ("articles", self.articles() if policy.articles else None),
            ("instruments", self.instruments() if self.page.instruments else None),
            ("parameters", self.parameters() if self.page.parameters else None),
            ("terms", self.defined_terms() if self.page.defined_terms else None),
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

    # --- source and dates

    def head(self) -> Html:
        entries = [tag("div", tag("dt", name), tag("dd", value)) for name, value in self.entries()]
        note = (
            tag("p", f"{self.site.say('note')}{self.site.colon}", self.site.remark(self.page.note))
            if self.page.note
            else None
        )
        return join(tag("dl", entries, class_="head"), note)

    def entries(self) -> Iterator[tuple[str, Content]]:
        site, page, policy = self.site, self.page, self.policy
        yield site.say("file"), [tag("code", f"{policy.id}.yaml"), f" {policy.version}"]
        yield site.say("issuer"), site.text(policy.source["issuer"])
        if page.number:
            yield site.say("number"), foreign(page.number, "zh")
        if page.promulgated:
            yield site.say("promulgated"), page.promulgated
        yield site.say("in_force"), site.period(policy.since, policy.until)
        if policy.editions:
            yield (
                site.say("editions"),
                tag("ul", [tag("li", f"{one.since} ", foreign(one.number, "zh")) for one in policy.editions]),
            )
        if page.chain:
            links = [
                join(tag("strong", site.text(one.title)) if one is policy else site.policy_link(one), f" {one.since}")
                for one in page.chain
            ]
            yield site.say("chain"), tag("ol", [tag("li", one) for one in links])
        topics = [link(site.text(TOPICS[topic]), f"index.html#topic-{topic}") for topic in policy.topics]
        yield site.say("topics"), join(*topics, between=site.comma)
        if page.uses:
            used = [site.policy_link(one) for one in page.uses]
            yield site.say("uses"), join(*used, between=site.comma)
        known = [badge(f"{count} {site.say(word)}", KNOWN[word]) for word, count in page.verification.items()]
        yield site.say("verification"), join(*known, between=" ") if known else site.say("no_articles")
        if page.url:
            yield site.say("official"), link(urlsplit(page.url).hostname or page.url, page.url)

    # --- articles and the rules that rest on them

    def articles(self) -> list[Html]:
        return [
            tag(
                "section",
                self.article(article),
                [self.rule(part) for part in rules],
                class_="article",
            )
            for article, rules in self.page.articles
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
        official: Content = [" ", link(self.site.say("official"), article.url)] if article.url else None
        return join(
            tag("h3", self.site.text(article.label), id=f"article-{article.key}"),
            tag("blockquote", quoted),
            tag(
                "p",
                known,
                self.verified(article),
                official,
                [" ", self.site.remark(article.note)] if article.note else None,
                class_="known",
            ),
        )

    def verified(self, article: Article) -> Content:
        """Return which text the quote was compared with, and when."""
        if article.verified is None:
            return None
        day, against, _ = article.verified
        return [" ", self.site.say("verified", day=day), self.site.remark(against)]

    def rule(self, part: RulePart) -> Html:
        rule = part.rule
        marks = [badge(self.site.say(rule.kind), _TONES.get(rule.kind, ""))]
        marks += [badge(self.site.say("contested"), "warn")] if rule.contested else []
        marks += [badge(self.site.say("unwaivable"))] if rule.unwaivable else []
        return tag(
            "section",
            tag("h4", link(tag("code", rule.id), f"#{rule.id}"), " ", join(*marks, between=" ")),
            tag("p", self.site.text(rule.message), class_="message"),
            tag("p", self.sentence(part)),
            self.readings(part),
            self.conditions(part),
            self.aside(part),
            tag("details", tag("summary", self.site.say("cel")), tag("pre", tag("code", "\n".join(part.cel)))),
            id=rule.id,
            class_="rule",
        )

    def sentence(self, part: RulePart) -> Html:
        """Return the condition of the rule and its effect as a sentence."""
        zh, rule = self.lang == "zh", part.rule
        subject = part.subject[self.lang]
        joint = ("，" if zh else ", ") if part.is_unconditional else ("，如" if zh else ", if ")
        effect: Content = tag("strong", describe_effect(self.site.bundle, rule, self.lang))
        if part.instrument is not None:
            effect = link(effect, self.site.instrument_address(part.instrument, self.policy))
        bears = self.site.say("company_bears") if part.borne_by_company else ""
        share = None
        if part.share_cap is not None:
            share = join(self.site.say("share"), clause(self.wording, part.share_cap.tree))
        return join(
            subject, joint, clause(self.wording, rule.when.tree), " → ", effect, bears, share, "。" if zh else "."
        )

    def readings(self, part: RulePart) -> Content:
        found = describe_readings(part.rule, self.lang)
        return tag("ul", [tag("li", sentence) for sentence in found]) if found else None

    def conditions(self, part: RulePart) -> Content:
        if not part.conditions:
            return None
        items = [
            tag(
                "li",
                self.site.text(condition.message),
                " ",
                tag("code", condition.id),
                [" ", badge(self.site.say("place"))] if condition.where else None,
                tag(
                    "p",
                    f"{self.site.say('checks')}{self.site.colon}",
                    clause(self.wording, condition.check.tree),
                    " ",
                    self.site.law(part.articles_of(condition)),
                    class_="soft",
                ),
            )
            for condition in part.conditions
        ]
        return [tag("p", f"{self.site.say('conditions')}{self.site.colon}"), tag("ol", items)]

    def aside(self, part: RulePart) -> Content:
        parts: list[Html] = []
        rule = part.rule
        if part.has_own_period:
            parts.append(
                join(f"{self.site.say('in_force')}{self.site.colon}{self.site.period(rule.since, rule.until)}")
            )
        if part.further_articles:
            parts.append(join(f"{self.site.say('also')}{self.site.colon}", self.site.law(part.further_articles)))
        return tag("p", join(*parts, between=" · "), class_="soft") if parts else None

    # --- instruments, numbers, definitions

    def instruments(self) -> Html:
        site = self.site
        rows: list[list[Content]] = []
        for instrument, leading in self.page.instruments:
            rules = [site.rule_link(rule, self.policy) for rule in leading]
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
        for part in self.page.parameters:
            name, parameter = part.name, part.parameter
            title: Content = [
                tag("span", self.site.text(parameter.title) if parameter.title else None, id=f"parameter-{name}"),
                " ",
                tag("code", name),
            ]
            for since, value, articles in part.values:
                rows.append([title, since, tag("code", value), self.site.article_links(articles)])
                title = tag("span", f"{name}", class_="hidden")
        head = [self.site.say(key) for key in ("parameter", "from", "value", "law")]
        return table(self.site.say("parameters"), head, rows, titled=True)

    def defined_terms(self) -> Html:
        rows: list[list[Content]] = []
        for name, text, body in self.page.defined_terms:
            meaning = clause(self.wording, body) if body else None
            rows.append([tag("code", name, id=f"term-{name}"), meaning, tag("code", one_line(text))])
        return table(
            self.site.say("terms"), [self.site.say("term"), self.site.say("meaning"), "CEL"], rows, titled=True
        )
