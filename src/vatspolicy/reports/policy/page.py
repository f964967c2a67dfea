"""Contents of the pages of policies as data: of a policy, of a rule, of the index, and of the calendar of changes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from vatspolicy.authoring.testing.cases import load_tests, test_entries
from vatspolicy.core.cel.ast import Literal, Node, Term, walk
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import (
    NEVER,
    VERIFICATIONS,
    Article,
    Condition,
    Edition,
    Expression,
    Instrument,
    Need,
    Parameter,
    Policy,
    Route,
    Rule,
)
from vatspolicy.errors import suggest
from vatspolicy.i18n import LocalizedText, Phrase, Sentences, _

Terms = Mapping[tuple[str, str], Node]
"""Typed bodies of terms by policy and name."""
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
        """File name of the policy, for search."""
        return f"{self.policy.id}.yaml"

    @cached_property
    def chain(self) -> list[Policy]:
        """Earlier and later policies with this one among them, by day; empty if there are none."""
        policies = self.bundle.policies
        ids = {self.policy.id}
        fresh = set(ids)
        while fresh:
            around = {earlier for id in fresh for earlier in policies[id].supersedes}
            around |= {later.id for later in policies.values() if fresh & set(later.supersedes)}
            fresh = around - ids
            ids |= fresh
        chain = sorted((policies[id] for id in ids), key=lambda policy: (policy.since, policy.id))
        return chain if len(chain) > 1 else []

    @property
    def superseded_by(self) -> list[str]:
        """Ids of the policies that supersede this one."""
        return [policy.id for policy in self.bundle.policies.values() if self.policy.id in policy.supersedes]

    @property
    def uses(self) -> list[Policy]:
        """Policies whose definitions this one uses."""
        return [self.bundle.policies[id] for id in self.policy.uses]

    @property
    def used_by(self) -> list[str]:
        """Ids of the policies that use definitions of this one."""
        return [policy.id for policy in self.bundle.policies.values() if self.policy.id in policy.uses]

    @property
    def verification(self) -> dict[str, int]:
        """Number of articles by verification, the best first, without empty grades."""
        count = Counter(article.verification for article in self.policy.articles.values())
        return {word: count[word] for word in VERIFICATIONS if count[word]}

    @property
    def articles(self) -> list[tuple[Article, list[RulePart]]]:
        """Articles, each with the rules that cite it first."""
        return [
            (article, [RulePart(self, rule) for rule in self.policy.rules if rule.cite[0] == key])
            for key, article in self.policy.articles.items()
        ]

    @property
    def instruments(self) -> list[tuple[Instrument, list[Rule]]]:
        """Instruments, each with the rules of any policy that require it or lead to it."""
        return [(instrument, self._rules_of(instrument)) for instrument in self.policy.instruments.values()]

    def _rules_of(self, instrument: Instrument) -> list[Rule]:
        every = (rule for policy in self.bundle.policies.values() for rule in policy.rules)
        return [rule for rule in every if instrument.id in rule.instruments]

    @property
    def parameters(self) -> list[ParameterPart]:
        """Parameters with the history of their values."""
        return [ParameterPart(self.policy, name, parameter) for name, parameter in self.policy.parameters.items()]

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
        return next((self.page.bundle.instruments[name] for name in self.rule.instruments), None)

    @property
    def borne_by_company(self) -> bool:
        """True if the duty or need applies to the company rather than the operator of the service."""
        return bool(getattr(self.rule.effect, "bearer", "operator") == "company")

    @property
    def share_cap(self) -> Expression | None:
        """Highest foreign share of a route, in percent."""
        return self.rule.effect.max_foreign_percent if isinstance(self.rule.effect, Route) else None

    def articles_of(self, condition: Condition) -> list[Article]:
        """Return the articles of a condition, or of the rule if it cites none."""
        return [self.page.policy.articles[key] for key in condition.cite or self.rule.cite]

    @property
    def has_own_period(self) -> bool:
        """True if the days in force differ from those of the policy."""
        policy = self.page.policy
        return (self.rule.since, self.rule.until) != (policy.since, policy.until)

    @property
    def further_articles(self) -> list[Article]:
        """Articles of the rule, except the first."""
        return [self.page.policy.articles[key] for key in self.rule.cite[1:]]

    @property
    def cel(self) -> str:
        """CEL of the rule: `when`, the share cap and the conditions, under comments with their names if it has several.

        Line breaks inside a CEL text are escapes, so that no line can end a block of code.
        """
        cap = [("max_foreign_percent", self.share_cap)] if self.share_cap is not None else []
        checks = [(condition.id, condition.check) for condition in self.rule.conditions]
        expressions = [("when", self.rule.when), *cap, *checks]
        names = [f"// {name}\n" if len(expressions) > 1 else "" for name, _ in expressions]
        return "\n".join(name + one_line(text.text) for name, (_, text) in zip(names, expressions, strict=True))

    @property
    def parameters_read(self) -> list[ParameterPart]:
        """Parameters that the expressions read, those of their terms included."""
        cap = [self.share_cap] if self.share_cap is not None else []
        read = [self.rule.when, *(condition.check for condition in self.rule.conditions), *cap]
        parts = []
        for key in dict.fromkeys(key for expression in read for key in expression.parameters):
            owner, _, name = key.partition("/")
            policy = self.page.bundle.policies[owner]
            parts.append(ParameterPart(policy, name, policy.parameters[name]))
        return parts

    @property
    def counterparts(self) -> list[str]:
        """Names of the routes that satisfy a need, or of the needs that a route satisfies."""
        effect = self.rule.effect
        rules = (rule for policy in self.page.bundle.policies.values() for rule in policy.rules)
        return [rule.name for rule in rules if _answers(rule, effect)]


def _answers(rule: Rule, effect: object) -> bool:
    if isinstance(rule.effect, Route) and isinstance(effect, Need):
        return rule.effect.to == effect.through
    return isinstance(rule.effect, Need) and isinstance(effect, Route) and rule.effect.through == effect.to


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
            (
                value.since,
                json.dumps(value.value, ensure_ascii=False),
                [self.policy.articles[key] for key in value.cite],
            )
            for value in self.parameter.values
        ]


def one_line(text: str) -> str:
    """Return a CEL text on one line."""
    return " ".join(text.split())


# --- over all policies: the index by topic and by authority, and the calendar of changes


Pages = dict[str, str]
"""Text of pages by file name."""
MARK = "<!-- Made by `vatspolicy docs build`; change the policies and build again. -->"
"""First line of every page that the command may overwrite or remove."""

TOPICS: Mapping[str, LocalizedText] = {
    "telecom": Phrase("Telecommunications"),
    "foreign-investment": Phrase("Foreign investment"),
    "zones": Phrase("Zones and pilots"),
    "cross-border": Phrase("Cross-border supply and data"),
    "partner": Phrase("Partners"),
    "internet-filing": Phrase("Internet filings"),
    "content": Phrase("Content"),
    "platforms": Phrase("Platforms"),
    "cybersecurity": Phrase("Cybersecurity"),
    "data": Phrase("Data and personal information"),
    "ai": Phrase("Algorithms and AI"),
    "vehicles": Phrase("Vehicles"),
    "devices": Phrase("Devices"),
    "health": Phrase("Health"),
    "finance": Phrase("Finance"),
    "sectors": Phrase("Other sectors"),
    "deals": Phrase("Deals"),
    "definitions": Phrase("Shared definitions"),
}
"""Names of topics, in the order of the index: access first."""


def policies_by_topic(bundle: Bundle) -> dict[str, list[Policy]]:
    """Return the policies of every nonempty topic; those no longer in force come last."""
    by_topic = {topic: [policy for policy in bundle.policies.values() if topic in policy.topics] for topic in TOPICS}
    return {
        topic: sorted(members, key=lambda member: (member.until != NEVER, member.id))
        for topic, members in by_topic.items()
        if members
    }


def instruments_by_authority(bundle: Bundle) -> dict[str, list[tuple[Instrument, bool]]]:
    """Return the instruments of every authority, each with whether the authority handles all cases."""
    instruments = {}
    for body in SchemaSet.shipped().load("vocabulary")["$defs"]["authority"]["enum"]:
        handled = [
            instrument
            for instrument in bundle.instruments.values()
            if any(body in names for _, names in instrument.authority)
        ]
        if handled:
            instruments[body] = [
                (instrument, all(body in names for _, names in instrument.authority))
                for instrument in sorted(handled, key=lambda instrument: instrument.id)
            ]
    return instruments


@dataclass(frozen=True)
class ValueChange:
    """A new value of a parameter, as JSON."""

    name: str
    before: str
    after: str
    members: tuple[list[str], list[str]] | None
    """Members added and removed between two lists; None for values that are not lists."""


@dataclass(frozen=True)
class Changes:
    """Changes of one day in one policy."""

    policy: Policy
    begins: int | None
    """Number of rules that begin with the policy; None on any other day."""
    ends: int | None
    """Number of rules that end with the policy; None on any other day."""
    editions: tuple[Edition, ...]
    rules: tuple[tuple[Rule, bool], ...]
    """Rules that begin (True) or end (False) in a policy that stays."""
    changed_values: tuple[ValueChange, ...]

    def __bool__(self) -> bool:
        return (
            self.begins is not None or self.ends is not None or bool(self.editions or self.rules or self.changed_values)
        )


def days_of_change(bundle: Bundle) -> Iterator[tuple[str, list[Changes]]]:
    """Yield the days on which decisions change, newest first, with the changes in each policy."""
    for day in reversed(bundle.boundaries):
        changes = [change for policy in bundle.policies.values() if (change := changes_of(policy, day))]
        if changes:
            yield day, changes


def changes_of(policy: Policy, day: str) -> Changes:
    """Return the changes of a day in one policy; the result is false for most days."""
    begins, ends = policy.since == day, policy.until == day
    rules: list[tuple[Rule, bool]] = []
    for rule in policy.rules:
        if rule.since == day and not begins:
            rules.append((rule, True))
        if rule.until == day and not ends:
            rules.append((rule, False))
    return Changes(
        policy,
        sum(rule.since == day for rule in policy.rules) if begins and policy.rules else None,
        sum(rule.until == day for rule in policy.rules) if ends and policy.rules else None,
        tuple(edition for edition in policy.editions if edition.since == day),
        tuple(rules),
        tuple(
            _compare(name, before.value, after.value)
            for name, parameter in policy.parameters.items()
            for before, after in zip(parameter.values, parameter.values[1:], strict=False)
            if after.since == day
        ),
    )


def _compare(name: str, before: object, after: object) -> ValueChange:
    old, new = (json.dumps(value, ensure_ascii=False) for value in (before, after))
    if not isinstance(before, list) or not isinstance(after, list):
        return ValueChange(name, old, new, None)
    gone, come = ([json.dumps(member, ensure_ascii=False) for member in value] for value in (before, after))
    members = ([member for member in come if member not in gone], [member for member in gone if member not in come])
    return ValueChange(name, old, new, members)


# --- a policy or a rule by its name


def find(bundle: Bundle, name: str) -> PolicyPage | RulePart:
    """Return the page of a policy, or the part about a rule for a name as policy/rule.

    Raises:
        KeyError: The name is unknown; with a message.
    """
    policy_id, slash, rule_id = name.partition("/")
    policy = bundle.policies.get(policy_id)
    if policy is None:
        raise KeyError(
            Sentences(_("there is no policy {policy_id!r}.", policy_id=policy_id), suggest(policy_id, bundle.policies))
        )
    page = PolicyPage(bundle, policy, collect_terms(bundle))
    if not slash:
        return page
    for rule in policy.rules:
        if rule.id == rule_id:
            return RulePart(page, rule)
    ids = [rule.id for rule in policy.rules]
    raise KeyError(
        Sentences(
            _("there is no rule {rule_id!r} in {policy_id}.", rule_id=rule_id, policy_id=policy_id),
            suggest(rule_id, ids),
        )
    )


def list_cases(part: RulePart) -> list[str]:
    """Return the titles of the tests of a rule in its policy."""
    tests = load_tests(part.page.bundle, part.page.policy)
    entries = test_entries(tests) if tests is not None else ()
    return [case["it"] for _, case in entries if part.rule.id in case["expect"]]
