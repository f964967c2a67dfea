"""Rulebook page of a policy or rule on a terminal: words, history of parameters, and dependents."""

from __future__ import annotations

from collections.abc import Iterator

from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.cost import rule_cost
from vatspolicy.core.policies.expression_wording import Wording
from vatspolicy.core.policies.model import NEVER, Article, Expression, Rule
from vatspolicy.core.policies.wording import describe_effect, describe_readings
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.text import wrap
from vatspolicy.i18n.words import Table, aside, joint, word
from vatspolicy.reports.policy.page import ParameterPart, PolicyPage, RulePart, find, list_cases, one_line

_WORDS: Table = {
    "number": Phrase("number"),
    "issuer": Phrase("issued by"),
    "in_force": Phrase("in force"),
    "editions": Phrase("editions"),
    "supersedes": Phrase("supersedes"),
    "superseded": Phrase("superseded by"),
    "articles": Phrase("articles"),
    "parameters": Phrase("parameters"),
    "rules": Phrase("rules"),
    "checks": Phrase("checks"),
    "then": Phrase("then"),
    "cost": Phrase("cost: at most {steps} steps for each {subject}"),
    "product": Phrase("product", "explain"),
    "service": Phrase("service", "explain"),
    "activity": Phrase("activity", "explain"),
    "conditions": Phrase("conditions"),
    "relies": Phrase("relied on by"),
    "tests": Phrase("tests"),
    "law": Phrase("law"),
    "reads": Phrase("parameters read"),
    "verification": Phrase("verification"),
    "open_end": Phrase("until further notice"),
    "layer": Phrase("layer", "explain"),
    "replaces": Phrase("replaces {rule}. Reason: {reason} Owner: {owner}."),
    "adds": Phrase("overrides {rule}, which stays in force too. Reason: {reason} Owner: {owner}."),
}


def explain(bundle: Bundle, name: str, lang: Language, room: int, day: str, folders: bool = True) -> str:
    """Render the page of a policy, or of a rule as policy/rule, with the values of parameters on a day.

    Without `folders`, a policy has the name of its file alone, and nothing of the machine.

    Raises:
        KeyError: The name is unknown; with a message.
    """
    page = find(bundle, name)
    if isinstance(page, PolicyPage):
        lines = _Page(page, lang, room, day, folders).whole()
    else:
        lines = _Page(page.page, lang, room, day, folders).rule(page)
    return "\n".join(lines) + "\n"


class _Page:
    def __init__(self, page: PolicyPage, lang: Language, room: int, day: str, folders: bool) -> None:
        self.wording = Wording(page.bundle, lang, day=day)
        self.page, self.bundle, self.policy, self.lang, self.room = page, page.bundle, page.policy, lang, room
        self.colon = joint("colon", lang)
        self.file = page.policy.file if folders else page.policy.file.rpartition("/")[2]

    def word(self, key: str) -> str:
        return word(_WORDS, key, self.lang)

    def label(self, key: str) -> str:
        return self.word(key) + self.colon

    def flow(self, text: str, indent: int, first: str = "") -> Iterator[str]:
        pad = " " * indent
        yield from wrap(text, self.room, pad + " " * len(first), pad + first)

    def dates(self, since: str, until: str) -> str:
        return f"{since} – {self.word('open_end') if until == NEVER else until}"

    def head(self) -> Iterator[str]:
        policy = self.policy
        yield from self.flow(
            policy.title[self.lang] + aside(f"{policy.id} {policy.version}, {self.file}", self.lang), 0
        )
        if policy.source.get("number"):
            yield from self.flow(f"{self.label('number')}{policy.source['number']}", 2)
        yield from self.flow(f"{self.label('issuer')}{policy.source['issuer'][self.lang]}", 2)
        yield f"  {self.label('in_force')}{self.dates(policy.since, policy.until)}"

    def whole(self) -> Iterator[str]:
        policy = self.policy
        yield from self.head()
        if policy.supersedes:
            yield from self.flow(f"{self.label('supersedes')}{', '.join(policy.supersedes)}", 2)
        if self.page.superseded_by:
            yield from self.flow(f"{self.label('superseded')}{', '.join(self.page.superseded_by)}", 2)
        if policy.source.get("note"):
            yield from self.flow(policy.source["note"], 2)
        if policy.editions:
            yield f"\n{self.word('editions')}"
            for edition in policy.editions:
                yield from self.flow(f"{edition.since} {edition.number}", 2)
        yield f"\n{self.word('articles')}"
        for article in policy.articles.values():
            yield from self.article(article)
        if self.page.parameters:
            yield f"\n{self.word('parameters')}"
        for part in self.page.parameters:
            yield from self.parameter(part)
        yield f"\n{self.word('rules')}"
        for rule in policy.rules:
            yield from self.flow(
                f"{rule.id}: {rule.message[self.lang]} → {describe_effect(self.bundle, rule, self.lang)}", 2
            )
        if self.page.used_by:
            yield f"\n{self.word('relies')}"
            yield from self.flow(", ".join(self.page.used_by), 2)

    def article(self, article: Article) -> Iterator[str]:
        words = article.zh if self.lang == "zh" and article.zh else article.en
        yield from self.flow(f"{article.label[self.lang]}{self.colon}{words} [{article.verification}]", 2, "§ ")
        if article.verified is not None:
            day, against, _ = article.verified
            yield from self.flow(f"{self.label('verification')}{against}, {day}", 4)
        if article.note:
            yield from self.flow(article.note, 4)

    def parameter(self, part: ParameterPart) -> Iterator[str]:
        title = aside(part.parameter.title[self.lang], self.lang) if part.parameter.title else ""
        yield from self.flow(f"{part.parameter.key}{title}", 2)
        for since, value, articles in part.values:
            cites = joint("list", self.lang).join(article.label[self.lang] for article in articles)
            yield from self.flow(f"{since} {value} [{cites}]", 4)

    def rule(self, part: RulePart) -> Iterator[str]:
        rule = part.rule
        yield from self.head()
        yield ""
        yield from self.flow(f"{rule.name} ({self.file}:{rule.line})", 0)
        yield from self.flow(rule.message["en"], 2)
        yield from self.flow(rule.message["zh"], 2)
        yield f"  {self.label('in_force')}{self.dates(rule.since, rule.until)}"
        if (layer := self.bundle.layer_of(rule.policy)) is not None:
            yield from self.flow(f"{self.label('layer')}{layer.name}", 2)
        if rule.overrides is not None:
            key = "replaces" if self.bundle.replaces(rule) else "adds"
            yield from self.flow(word(_WORDS, key, self.lang, **rule.overrides._asdict()), 2)
        yield from self.flow(f"{self.label('checks')}{self.check(rule.when)}", 2)
        yield from self.flow(f"CEL{self.colon}{one_line(rule.when.text)}", 2)
        yield from self.flow(f"{self.label('then')}{describe_effect(self.bundle, rule, self.lang)}", 2)
        yield from self.flow(self.cost(rule), 2)
        for sentence in describe_readings(self.bundle, rule, self.lang):
            yield from self.flow(sentence, 4)
        if rule.conditions:
            yield f"  {self.word('conditions')}"
        for condition in rule.conditions:
            yield from self.flow(f"{condition.id}: {condition.message[self.lang]}", 4)
            yield from self.flow(f"{self.label('checks')}{self.check(condition.check)}", 6)
            yield from self.flow(f"CEL{self.colon}{one_line(condition.check.text)}", 6)
            for article in part.articles_of(condition):
                yield from self.flow(f"{article.label[self.lang]} [{article.verification}]", 6, "§ ")
        yield f"\n{self.word('law')}"
        for key in rule.cite:
            yield from self.article(self.policy.articles[key])
        if part.parameters_read:
            yield f"\n{self.word('reads')}"
        for read in part.parameters_read:
            yield from self.parameter(read)
        yield from self.relied_on(part)

    def cost(self, rule: Rule) -> str:
        """Return the maximum number of steps of the expressions of a rule."""
        steps = f"{rule_cost(self.bundle, rule):,}"
        return word(_WORDS, "cost", self.lang, steps=steps, subject=self.word(rule.each))

    def check(self, expression: Expression) -> str:
        """Return the check of an expression; long lists are cut."""
        return self.wording.say(expression.tree)

    def relied_on(self, part: RulePart) -> Iterator[str]:
        """Yield the dependents of the rule: routes of a need, needs of a route, and the policy's tests."""
        if part.counterparts:
            yield f"\n{self.word('relies')}"
            yield from self.flow(", ".join(part.counterparts), 2)
        cases = list_cases(part)
        if cases:
            yield f"\n{self.word('tests')}"
            for case in cases:
                yield from self.flow(f"it {case}", 2)
