"""Bundles with some rules of another bundle: they show what these rules alone change in a decision."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from vatspolicy.core.cel.interpreter import Evaluator, Params
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.expression_evaluator import ExpressionEvaluator
from vatspolicy.core.policies.model import Expression, Policy, Route, Rule
from vatspolicy.core.policies.ruleset import RuleSet


def named_by(rule: Rule | None) -> set[str]:
    """Return the instruments that a rule names."""
    name = getattr(rule.effect, "instrument", None) if rule is not None else None
    return set() if name is None else {name}


def find_rule(bundle: Bundle, name: str) -> Rule | None:
    """Return the rule of that name, or None if the bundle does not have it."""
    policy, _, id = name.partition("/")
    rules = bundle.policies[policy].rules if policy in bundle.policies else ()
    return next((rule for rule in rules if rule.id == id), None)


@dataclass(frozen=True)
class MixedEvaluator:
    """Evaluator that leaves some expressions to the evaluator of another bundle."""

    base: ExpressionEvaluator
    other: ExpressionEvaluator
    other_params: Params
    foreign: frozenset[int]
    """Identities of expressions of the other bundle, which lives as long as this: indexes are those of one bundle."""

    def function(self, expression: Expression) -> Evaluator:
        """Return the function that evaluates an expression."""
        evaluator = self.other if id(expression) in self.foreign else self.base
        return evaluator.function(expression)


@dataclass(frozen=True, eq=False)
class MixedBundle(Bundle):
    """Bundle with some rules of another: changed, added or (those of `names` that are not in `changed`) removed."""

    base: Bundle = field(kw_only=True)
    head: Bundle = field(kw_only=True)
    names: frozenset[str] = field(kw_only=True)
    changed: tuple[Rule, ...] = field(kw_only=True)

    @functools.cached_property
    def replacements(self) -> Mapping[str, tuple[Rule, ...]]:
        """The rules that replace another one: as the head has them if it has one of both from there."""

        def taken(side: Bundle, of_head: bool) -> Iterator[tuple[str, Rule]]:
            pairs = ((name, rule) for name, found in side.replacements.items() for rule in found)
            return ((name, rule) for name, rule in pairs if of_head != self.names.isdisjoint((name, rule.name)))

        found: dict[str, tuple[Rule, ...]] = {}
        for name, rule in (*taken(self.head, True), *taken(self.base, False)):
            found[name] = (*found.get(name, ()), rule)
        return found

    def is_base(self, policy: str) -> bool:
        """Return whether a policy is one of the base, not of a layer above it."""
        return (self.base if policy in self.base.policies else self.head).is_base(policy)

    @functools.cached_property
    def _by_day(self) -> dict[str, RuleSet]:
        """Rule sets made so far."""
        return {}

    def on(self, day: str) -> RuleSet:
        """Return the rule set of a day, with the other rules in it."""
        found = self._by_day.get(day)
        if found is None:
            found = self._by_day[day] = self._mixed_on(day)
        return found

    def _mixed_on(self, day: str) -> RuleSet:
        ruleset, other = self.base.on(day), self.head.on(day)
        replaced = self.replaced(day)
        apart = self.names.union(replaced)
        back = [self.base.rule(name) for name in self.base.replaced(day) if name not in apart]
        rules = {
            key: tuple(
                rule for rule in (*ruleset.rules.get(key, ()), *back) if rule.group == key and rule.name not in apart
            )
            for key in dict.fromkeys((*ruleset.rules, *(rule.group for rule in back)))
        }
        in_force = [rule for rule in self.changed if rule.in_force(day)]
        changed = [rule for rule in in_force if rule.name not in replaced]
        for key in dict.fromkeys(rule.group for rule in changed):
            order = [rule.name for rule in other.rules.get(key, ())]
            rank = {name: index for index, name in enumerate(order)}
            found = [*rules.get(key, ()), *(rule for rule in changed if rule.group == key)]
            rules[key] = tuple(sorted(found, key=lambda rule: rank.get(rule.name, -1)))
        hidden = [find_rule(self.head if name in self.names else self.base, name) for name in replaced]
        licensing = (*rules.get("activity/route", ()), *(rule for rule in hidden if rule is not None))
        routes = [
            rule.effect
            for rule in licensing
            if isinstance(rule.effect, Route) and rule.in_force(day) and self.is_base(rule.policy)
        ]
        added = set(other.instruments.keys() - ruleset.instruments.keys()).union(*map(named_by, self.changed))
        instruments = {**ruleset.instruments, **{name: other.instruments[name] for name in added}}
        own = [expression for rule in self.changed for expression in rule.compiled]
        own += [expression for name in added for expression in instruments[name].expressions]
        return RuleSet(
            rules,
            ruleset.params,
            instruments,
            tuple(dict.fromkeys(route.instrument for route in routes)),
            MixedEvaluator(ruleset.evaluator, other.evaluator, other.params, frozenset(map(id, own))),
            indexed=False,
        )


def mix(base: Bundle, head: Bundle, names: Iterable[str]) -> MixedBundle:
    """Return `base` with the rules of these names (policy/rule) of `head`."""
    names = frozenset(names)
    changed = [rule for name in sorted(names) if (rule := find_rule(head, name)) is not None]
    policies = dict(base.policies)
    for policy in dict.fromkeys(rule.policy for rule in changed):
        policies[policy] = _with_articles(policies.get(policy), head.policies[policy])
    fields = {f.name: getattr(base, f.name) for f in dataclasses.fields(Bundle)}
    return MixedBundle(**{**fields, "policies": policies}, base=base, head=head, names=names, changed=tuple(changed))


def _with_articles(base: Policy | None, head: Policy) -> Policy:
    """Return the policy with the articles of both, since a decision cites those of its rules."""
    return head if base is None else dataclasses.replace(base, articles={**base.articles, **head.articles})
