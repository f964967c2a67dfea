"""Contents of the page of a policy as data, in the order in which every format shows them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from vatspolicy.core.cel.ast import Literal, Node, Param, Term, walk
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import (
    Article,
    Condition,
    Expression,
    Instrument,
    Need,
    Parameter,
    Policy,
    Route,
    Rule,
)
from vatspolicy.i18n import LocalizedText, Phrase

Terms = Mapping[tuple[str, str], Node]
"""Typed bodies of terms by policy and name."""
VERIFICATIONS = ("primary", "secondary", "unverified")
"""Words for the verification of an article, the best first."""
SUBJECTS: Mapping[str, LocalizedText] = {
    "product": Phrase("The product"),
    "service": Phrase("Each service"),
    "activity": Phrase("Each class of the service"),
}
"""Subjects of rules in words."""


def collect_terms(bundle: Bundle) -> Terms:
    """Return the typed bodies of the terms that expressions of a bundle use."""
    terms: dict[tuple[str, str], Node] = {}
    for policy, expression in bundle.owned_expressions():
        for node in walk(expression.tree):
            if isinstance(node, Term):
                owner, _ = bundle.term(policy, node.name)
                terms.setdefault((owner.id, node.name), node.body)
    return terms


@dataclass(frozen=True)
class PolicyPage:
    """A policy with the content of its page."""

    bundle: Bundle
    policy: Policy
    terms: Terms = field(default_factory=dict)

    @property
    def file(self) -> str:
        """Name of the file of the policy, which readers look for."""
        return f"{self.policy.id}.yaml"

    @property
    def number(self) -> str | None:
        """Number of the regulation."""
        return self.policy.source.get("number")

    @property
    def promulgated(self) -> str | None:
        """Day of promulgation."""
        return self.policy.source.get("promulgated")

    @property
    def url(self) -> str | None:
        """Address of the official page."""
        return self.policy.source.get("url")

    @property
    def note(self) -> str | None:
        """Remark on the source."""
        return self.policy.source.get("note")

    @cached_property
    def chain(self) -> list[Policy]:
        """Policies before and after this one, itself included, in the order of their days; empty if there are none."""
        policies = self.bundle.policies
        found = {self.policy.id}
        fresh = set(found)
        while fresh:
            around = {earlier for id in fresh for earlier in policies[id].supersedes}
            around |= {later.id for later in policies.values() if fresh & set(later.supersedes)}
            fresh = around - found
            found |= fresh
        chain = sorted((policies[id] for id in found), key=lambda one: (one.since, one.id))
        return chain if len(chain) > 1 else []

    @property
    def superseded_by(self) -> list[str]:
        """Ids of the policies that supersede this one."""
        return [other.id for other in self.bundle.policies.values() if self.policy.id in other.supersedes]

    @property
    def uses(self) -> list[Policy]:
        """Policies whose definitions this one uses."""
        return [self.bundle.policies[id] for id in self.policy.uses]

    @property
    def used_by(self) -> list[str]:
        """Ids of the policies that use definitions of this one."""
        return [other.id for other in self.bundle.policies.values() if self.policy.id in other.uses]

    @property
    def verification(self) -> dict[str, int]:
        """Number of articles by verification, the best first; verifications of no article are left out."""
        count = Counter(article.verification for article in self.policy.articles.values())
        return {word: count[word] for word in VERIFICATIONS if count[word]}

    @property
    def articles(self) -> list[tuple[Article, list[RulePart]]]:
        """Articles, each with the rules that rest on it first of all."""
        return [
            (article, [self.rule(rule) for rule in self.policy.rules if rule.cite[0] == key])
            for key, article in self.policy.articles.items()
        ]

    def rule(self, rule: Rule) -> RulePart:
        """Return the part of the page about a rule of the policy."""
        return RulePart(self, rule)

    @property
    def instruments(self) -> list[tuple[Instrument, list[Rule]]]:
        """Instruments, each with the rules of any policy that require it or lead to it."""
        return [(one, self._rules_of(one)) for one in self.policy.instruments.values()]

    def _rules_of(self, instrument: Instrument) -> list[Rule]:
        found = []
        for policy in self.bundle.policies.values():
            for rule in policy.rules:
                through = rule.effect.through if isinstance(rule.effect, Need) else None
                if instrument.id in (getattr(rule.effect, "instrument", None), through):
                    found.append(rule)
        return found

    @property
    def parameters(self) -> list[ParameterPart]:
        """Parameters with the history of their values."""
        return [ParameterPart(self.policy, name, one) for name, one in self.policy.parameters.items()]

    @property
    def defined_terms(self) -> list[tuple[str, str, Node | None]]:
        """Terms: name, CEL text and typed body."""
        return [(name, text, self.terms.get((self.policy.id, name))) for name, text in self.policy.terms.items()]


@dataclass(frozen=True)
class RulePart:
    """A rule with its content on a page."""

    page: PolicyPage
    rule: Rule

    @property
    def subject(self) -> LocalizedText:
        """Subject of the rule in words."""
        return SUBJECTS[self.rule.each]

    @property
    def is_unconditional(self) -> bool:
        """True if the condition of the rule is a constant."""
        return isinstance(self.rule.when.tree, Literal)

    @property
    def instrument(self) -> Instrument | None:
        """Instrument that the effect names."""
        name = getattr(self.rule.effect, "instrument", None) or getattr(self.rule.effect, "through", None)
        return self.page.bundle.instruments[name] if name else None

    @property
    def borne_by_company(self) -> bool:
        """True if the duty or need is of the company and not of the operator of the service."""
        return bool(getattr(self.rule.effect, "bearer", "operator") == "company")

    @property
    def share_cap(self) -> Expression | None:
        """Highest foreign share of a route, in percent."""
        return self.rule.effect.max_foreign_percent if isinstance(self.rule.effect, Route) else None

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Conditions of a route."""
        return self.rule.effect.conditions if isinstance(self.rule.effect, Route) else ()

    def articles_of(self, condition: Condition) -> list[Article]:
        """Return the articles that a condition rests on; those of the rule if it names none."""
        return [self.page.policy.articles[key] for key in condition.cite or self.rule.cite]

    @property
    def has_own_period(self) -> bool:
        """True if the rule is in force for other days than its policy."""
        policy = self.page.policy
        return (self.rule.since, self.rule.until) != (policy.since, policy.until)

    @property
    def further_articles(self) -> list[Article]:
        """Articles that the rule rests on beside the first."""
        return [self.page.policy.articles[key] for key in self.rule.cite[1:]]

    @property
    def expressions(self) -> list[tuple[str, Expression]]:
        """Expressions of the rule with their names: `when`, the share cap, conditions by id."""
        cap = [("max_foreign_percent", self.share_cap)] if self.share_cap is not None else []
        return [("when", self.rule.when), *cap, *((one.id, one.check) for one in self.conditions)]

    @property
    def cel(self) -> list[str]:
        """Lines of CEL; a comment names the expression where there are several.

        Line breaks inside a CEL text are escapes, so that no line can end a block of code.
        """
        several = len(self.expressions) > 1
        lines = ((f"// {name}" if several else "", one_line(one.text)) for name, one in self.expressions)
        return [line for pair in lines for line in pair if line]

    @property
    def cel_text(self) -> str:
        """The lines of CEL as one text."""
        return "\n".join(self.cel)

    @property
    def parameters_read(self) -> list[ParameterPart]:
        """Parameters that the expressions read, those of their terms included."""
        found = []
        cap = [self.share_cap] if self.share_cap is not None else []
        read = [self.rule.when, *(one.check for one in self.conditions), *cap]
        keys = dict.fromkeys(node.key for one in read for node in walk(one.tree) if isinstance(node, Param))
        for key in keys:
            owner, _, name = key.partition("/")
            policy = self.page.bundle.policies[owner]
            found.append(ParameterPart(policy, name, policy.parameters[name]))
        return found

    @property
    def counterparts(self) -> list[str]:
        """Names of the routes that answer a need, or of the needs that a route answers."""
        effect = self.rule.effect
        return [other.name for other in _all_rules(self.page.bundle) if _answers(other, effect)]


def _all_rules(bundle: Bundle) -> Iterable[Rule]:
    return (rule for policy in bundle.policies.values() for rule in policy.rules)


def _answers(other: Rule, effect: object) -> bool:
    if isinstance(other.effect, Route) and isinstance(effect, Need):
        return other.effect.to == effect.through
    return isinstance(other.effect, Need) and isinstance(effect, Route) and other.effect.through == effect.to


@dataclass(frozen=True)
class ParameterPart:
    """A parameter with the history of its values."""

    policy: Policy
    name: str
    parameter: Parameter

    @property
    def values(self) -> list[tuple[str, str, list[Article]]]:
        """First day, value as JSON, and articles of every value, the oldest first."""
        return [
            (one.since, json.dumps(one.value, ensure_ascii=False), [self.policy.articles[key] for key in one.cite])
            for one in self.parameter.values
        ]


def one_line(text: str) -> str:
    """Return a CEL text on one line."""
    return " ".join(text.split())
