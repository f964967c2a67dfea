"""The rulebook: what a policy or a rule says, in words, with the history of its parameters and who relies on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from vatspolicy.authoring.testing.cases import load_tests
from vatspolicy.errors import suggest
from vatspolicy.i18n.text import wrap
from vatspolicy.i18n.words import aside, joint
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import NEVER, Need, Policy, Route, Rule
from vatspolicy.policies.wording import describe_effect
from vatspolicy.profile.vocabulary import Language

_WORDS = {
    "number": ("number", "文号"),
    "issuer": ("issued by", "制定机关"),
    "in_force": ("in force", "有效期"),
    "editions": ("editions", "历次版本"),
    "supersedes": ("supersedes", "取代"),
    "superseded": ("superseded by", "被取代"),
    "articles": ("articles", "条款"),
    "parameters": ("parameters", "参数"),
    "rules": ("rules", "规则"),
    "when": ("when", "条件"),
    "then": ("then", "效果"),
    "conditions": ("conditions", "前提"),
    "relies": ("relied on by", "被引用"),
    "tests": ("tests", "测试"),
    "law": ("law", "依据"),
    "reads": ("parameters read", "所用参数"),
    "verification": ("verification", "核实程度"),
    "open_end": ("until further notice", "至今"),
}


def explain(bundle: Bundle, name: str, lang: Language, room: int) -> str:
    """The page of a policy, or of a rule as policy/rule. Raises KeyError, with a sentence, for an unknown name."""
    policy_id, slash, rule_id = name.partition("/")
    policy = bundle.policies.get(policy_id)
    if policy is None:
        raise KeyError(f"there is no policy {policy_id!r}. {suggest(policy_id, bundle.policies)}".rstrip())
    page = _Page(bundle, policy, lang, room)
    if not slash:
        return "\n".join(page.whole()) + "\n"
    for rule in policy.rules:
        if rule.id == rule_id:
            return "\n".join(page.rule(rule)) + "\n"
    known = [rule.id for rule in policy.rules]
    raise KeyError(f"there is no rule {rule_id!r} in {policy_id}. {suggest(rule_id, known)}".rstrip())


class _Page:
    def __init__(self, bundle: Bundle, policy: Policy, lang: Language, room: int) -> None:
        self.bundle, self.policy, self.lang, self.room = bundle, policy, lang, room
        self.colon = joint("colon", lang)

    def word(self, key: str) -> str:
        return _WORDS[key][self.lang == "zh"]

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
            policy.title[self.lang] + aside(f"{policy.id} {policy.version}, {policy.file}", self.lang), 0
        )
        if "number" in policy.source:
            yield from self.flow(f"{self.label('number')}{policy.source['number']}", 2)
        yield from self.flow(f"{self.label('issuer')}{policy.source['issuer'][self.lang]}", 2)
        yield f"  {self.label('in_force')}{self.dates(policy.since, policy.until)}"

    def whole(self) -> Iterator[str]:
        policy = self.policy
        yield from self.head()
        if policy.supersedes:
            yield from self.flow(f"{self.label('supersedes')}{', '.join(policy.supersedes)}", 2)
        later = [other.id for other in self.bundle.policies.values() if policy.id in other.supersedes]
        if later:
            yield from self.flow(f"{self.label('superseded')}{', '.join(later)}", 2)
        if "note" in policy.source:
            yield from self.flow(policy.source["note"], 2)
        if policy.editions:
            yield f"\n{self.word('editions')}"
            for edition in policy.editions:
                yield from self.flow(f"{edition.since} {edition.number}", 2)
        yield f"\n{self.word('articles')}"
        for key in policy.articles:
            yield from self.article(key)
        if policy.parameters:
            yield f"\n{self.word('parameters')}"
            for name in policy.parameters:
                yield from self.parameter(policy, name)
        yield f"\n{self.word('rules')}"
        for rule in policy.rules:
            yield from self.flow(
                f"{rule.id}: {rule.message[self.lang]} → {describe_effect(self.bundle, rule, self.lang)}", 2
            )
        users = [other.id for other in self.bundle.policies.values() if policy.id in other.uses]
        if users:
            yield f"\n{self.word('relies')}"
            yield from self.flow(", ".join(users), 2)

    def article(self, key: str) -> Iterator[str]:
        article = self.policy.articles[key]
        words = article.zh if self.lang == "zh" and article.zh else article.en
        yield from self.flow(f"{article.label[self.lang]}{self.colon}{words} [{article.verification}]", 2, "§ ")
        if article.note:
            yield from self.flow(article.note, 4)

    def parameter(self, owner: Policy, name: str) -> Iterator[str]:
        parameter = owner.parameters[name]
        title = aside(parameter.title[self.lang], self.lang) if parameter.title else ""
        yield from self.flow(f"{parameter.key}{title}", 2)
        for value in parameter.values:
            cites = joint("list", self.lang).join(owner.articles[key].label[self.lang] for key in value.cite)
            yield from self.flow(f"{value.since} {_plain(value.value)} [{cites}]", 4)

    def rule(self, rule: Rule) -> Iterator[str]:
        yield from self.head()
        yield ""
        yield from self.flow(f"{rule.name} ({self.policy.file}:{rule.line})", 0)
        yield from self.flow(rule.message["en"], 2)
        yield from self.flow(rule.message["zh"], 2)
        yield f"  {self.label('in_force')}{self.dates(rule.since, rule.until)}"
        yield from self.flow(f"{self.label('when')}{' '.join(rule.when.text.split())}", 2)
        yield from self.flow(f"{self.label('then')}{describe_effect(self.bundle, rule, self.lang)}", 2)
        expressions = [rule.when]
        if isinstance(rule.effect, Route):
            if rule.effect.conditions:
                yield f"  {self.word('conditions')}"
            for condition in rule.effect.conditions:
                yield from self.flow(
                    f"{condition.id}: {condition.message[self.lang]} [{' '.join(condition.check.text.split())}]", 4
                )
            expressions += [c.check for c in rule.effect.conditions]
            expressions += [rule.effect.max_foreign_percent] if rule.effect.max_foreign_percent else []
        yield f"\n{self.word('law')}"
        for key in rule.cite:
            yield from self.article(key)
        keys = dict.fromkeys(key for expression in expressions for key in params_of(expression.tree))
        if keys:
            yield f"\n{self.word('reads')}"
            for key in keys:
                owner, _, name = key.partition("/")
                yield from self.parameter(self.bundle.policies[owner], name)
        yield from self.relied_on(rule)

    def relied_on(self, rule: Rule) -> Iterator[str]:
        """Who relies on the rule: routes that answer a need, the need a route answers, and the file's own tests."""
        found: list[str] = []
        for policy in self.bundle.policies.values():
            for other in policy.rules:
                answers = (
                    isinstance(other.effect, Route)
                    and isinstance(rule.effect, Need)
                    and other.effect.to == rule.effect.through
                )
                asks = (
                    isinstance(other.effect, Need)
                    and isinstance(rule.effect, Route)
                    and other.effect.through == rule.effect.to
                )
                if answers or asks:
                    found.append(other.name)
        if found:
            yield f"\n{self.word('relies')}"
            yield from self.flow(", ".join(found), 2)
        tests = load_tests(self.bundle, self.policy)
        cases = [case["it"] for case in tests.data["cases"] if rule.id in case["expect"]] if tests is not None else []
        if cases:
            yield f"\n{self.word('tests')}"
            for case in cases:
                yield from self.flow(f"it {case}", 2)


def params_of(tree: Any) -> Iterator[str]:
    """Keys of the parameters that an expression reads, those of its terms included."""
    from vatspolicy.cel.ast import Param, walk

    yield from (node.key for node in walk(tree) if isinstance(node, Param))


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
