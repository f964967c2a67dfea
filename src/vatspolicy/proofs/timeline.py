"""Rules and values over a period, from one bundle or a mix of two."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from vatspolicy.core.cel.ast import Node
from vatspolicy.core.cel.interpreter import Evaluator, Params
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.expression_evaluator import ExpressionEvaluator
from vatspolicy.core.policies.model import Expression, Instrument, Parameter, Policy, Route, Rule
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.frozen import frozen
from vatspolicy.proofs.domain import LAST_DAY, iso, ordinal


def named_by(rule: Rule | None) -> set[str]:
    """Return the instruments of a rule."""
    return set() if rule is None or rule.instrument is None else {rule.instrument}


def find_rule(bundle: Bundle, name: str) -> Rule | None:
    """Return the rule of that name, or None."""
    policy, _, id = name.partition("/")
    rules = bundle.policies[policy].rules if policy in bundle.policies else ()
    return next((rule for rule in rules if rule.id == id), None)


@dataclass(frozen=True)
class MixedEvaluator:
    """Evaluator that delegates some expressions to another bundle's evaluator."""

    base: ExpressionEvaluator
    other: ExpressionEvaluator
    foreign: frozenset[int]
    """Identities of the other bundle's expressions, which stay alive with this object."""

    def function(self, expression: Expression) -> Evaluator:
        """Return the function that evaluates an expression."""
        evaluator = self.other if id(expression) in self.foreign else self.base
        return evaluator.function(expression)

    def source(self, expression: Expression) -> tuple[Node, Params]:
        """Return the tree that the function evaluates, and the parameter values."""
        evaluator = self.other if id(expression) in self.foreign else self.base
        return evaluator.source(expression)


@frozen()
class MixedBundle(Bundle):
    """Bundle with rules of another: changed, added, or removed (those in `names` but not in `changed`)."""

    base: Bundle = field(kw_only=True)
    head: Bundle = field(kw_only=True)
    names: frozenset[str] = field(kw_only=True)
    changed: tuple[Rule, ...] = field(kw_only=True)

    @functools.cached_property
    def replacements(self) -> Mapping[str, tuple[Rule, ...]]:
        """The rules that replace another one, from the head if either rule is from the head."""

        def taken(side: Bundle, of_head: bool) -> Iterator[tuple[str, Rule]]:
            pairs = ((name, rule) for name, found in side.replacements.items() for rule in found)
            return ((name, rule) for name, rule in pairs if of_head != self.names.isdisjoint((name, rule.name)))

        found: dict[str, tuple[Rule, ...]] = {}
        for name, rule in (*taken(self.head, True), *taken(self.base, False)):
            found[name] = (*found.get(name, ()), rule)
        return found

    def is_base(self, policy: str) -> bool:
        """Return whether a policy is part of the base and not of a layer."""
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
            MixedEvaluator(ruleset.evaluator, other.evaluator, frozenset(map(id, own))),
            indexed=False,
        )


def mix(base: Bundle, head: Bundle, names: Iterable[str]) -> MixedBundle:
    """Return `base` with the named rules (policy/rule) of `head`."""
    names = frozenset(names)
    changed = [rule for name in sorted(names) if (rule := find_rule(head, name)) is not None]
    policies = dict(base.policies)
    for policy in dict.fromkeys(rule.policy for rule in changed):
        policies[policy] = _with_articles(policies.get(policy), head.policies[policy])
    fields = {f.name: getattr(base, f.name) for f in dataclasses.fields(Bundle)}
    return MixedBundle(**{**fields, "policies": policies}, base=base, head=head, names=names, changed=tuple(changed))


def _with_articles(base: Policy | None, head: Policy) -> Policy:
    """Return the policy with the articles of both, because decisions cite the articles of its rules."""
    return head if base is None else dataclasses.replace(base, articles={**base.articles, **head.articles})


# --- rule sets over a period: rules with the days on which each is in force, and parameter values by day
#
# The day is one more variable of a query, so that one question covers all days of the period.


@dataclass(frozen=True)
class Period:
    """Period from `start` up to but not including `end` (ISO text)."""

    start: str
    end: str

    @property
    def first(self) -> int:
        """Number of the first day."""
        return ordinal(self.start)

    @property
    def last(self) -> int:
        """Number of the last day."""
        return ordinal(self.end) - 1


def hull(periods: Sequence[Period]) -> Period | None:
    """Return the period from the first to the last day of some periods."""
    return Period(min(p.start for p in periods), max(p.end for p in periods)) if periods else None


END = iso(LAST_DAY)


Days = tuple[int, int]
"""First and last day by number."""


@dataclass(frozen=True)
class ParameterValues:
    """Dated values of the parameters of a bundle."""

    dated: Mapping[str, Parameter]

    def versions(self, expression: Expression, days: Days) -> list[tuple[Days, Params]]:
        """Return the values of an expression by days. Neighboring entries differ."""
        keys = sorted(expression.parameters)
        first, last = days
        starts = {ordinal(v.since) for key in keys for v in self.dated[key].values if first < ordinal(v.since) <= last}
        found: list[tuple[Days, Params]] = []
        for start, end in _periods_between(sorted({first, *starts}), last):
            values = {key: self.on(key, iso(start)) for key in keys}
            if found and repr(found[-1][1]) == repr(values):
                found[-1] = ((found[-1][0][0], end), values)
            else:
                found.append(((start, end), values))
        return found

    def on(self, key: str, day: str) -> Tree:
        """Return the value on a day. Days before the first value have the first value, as in `Bundle.on`."""
        parameter = self.dated[key]
        return (parameter.on(day) or parameter.values[0]).value


@dataclass
class RuleSetHistory:
    """Rules with the days on which each is in force, and the parameter values that their expressions read."""

    days: Days
    rules: dict[str, tuple[Rule, ...]]
    """Rules in force on any of the days, by `each/effect`."""
    instruments: Mapping[str, Instrument]
    values: ParameterValues
    foreign: dict[int, ParameterValues] = field(default_factory=dict)
    """Expressions, by identity, that use another bundle's values."""
    limits: dict[int, Days] = field(default_factory=dict)
    """Expressions, by identity, that matter only on the days of their rule."""
    replacements: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    """Rules of layers that replace another rule, by the name of the replaced rule."""
    licensing: Mapping[str, tuple[str, Days]] = field(default_factory=dict)
    """Instrument that each route makes a license for the rest of the law, with its days, by route name."""

    def rules_for(self, each: str, effect: str) -> tuple[Rule, ...]:
        """Return the rules on one kind of subject with one effect, in force on any of the days."""
        return self.rules.get(f"{each}/{effect}", ())

    def span(self, rule: Rule) -> Days | None:
        """Return the days on which a rule is in force or replaced, or None if there are none."""
        first, last = max(self.days[0], ordinal(rule.since)), self.days[1]
        if rule.until < "9999":
            last = min(last, ordinal(rule.until) - 1)
        return (first, last) if first <= last else None

    def days_of(self, rule: Rule) -> tuple[Days, ...]:
        """Return the days on which a rule is in force and not replaced."""
        span = self.span(rule)
        days: tuple[Days, ...] = () if span is None else (span,)
        for other in self.replacements.get(rule.name, ()):
            for taken in self.days_of(other):
                days = tuple(left for own in days for left in _without(own, taken))
        return days

    def versions(self, expression: Expression) -> list[tuple[Days, Params]]:
        """Return the values of an expression by days."""
        values = self.foreign.get(id(expression), self.values)
        return values.versions(expression, self.limits.get(id(expression), self.days))

    @property
    def access(self) -> dict[str, list[Days]]:
        """Instruments that license an activity for the rest of the law, with the days on which they do."""
        found: dict[str, list[Days]] = {}
        for instrument, span in self.licensing.values():
            found.setdefault(instrument, []).append(span)
        return {name: _join(spans) for name, spans in found.items()}


@functools.lru_cache(maxsize=32)
def build_history(bundle: Bundle, period: Period) -> RuleSetHistory:
    """Return the rule sets of the days of a period."""
    if isinstance(bundle, MixedBundle):
        return _mixed_history(bundle, period)
    days, replacements = (period.first, period.last), bundle.replacements
    found = RuleSetHistory(days, {}, bundle.instruments, values_of(bundle), replacements=replacements)
    return _with_rules(found, [rule for policy in bundle.policies.values() for rule in policy.rules], bundle)


@functools.lru_cache(maxsize=16)
def values_of(bundle: Bundle) -> ParameterValues:
    """Return the parameters of a bundle."""
    return ParameterValues({p.key: p for policy in bundle.policies.values() for p in policy.parameters.values()})


def _mixed_history(bundle: MixedBundle, period: Period) -> RuleSetHistory:
    """Return the history of the base with rules of the head, as in `MixedBundle.on`."""
    base, head = build_history(bundle.base, period), build_history(bundle.head, period)
    rules = {key: tuple(rule for rule in found if rule.name not in bundle.names) for key, found in base.rules.items()}
    licensing = {name: one for name, one in base.licensing.items() if name not in bundle.names}
    added = set(head.instruments.keys() - base.instruments.keys()).union(*map(named_by, bundle.changed))
    instruments = {**base.instruments, **{name: head.instruments[name] for name in added}}
    own = [instruments[name].covers for name in sorted(added)]
    own += [expression for rule in bundle.changed for expression in rule.compiled]
    foreign = dict(base.foreign)
    for expression in own:
        if expression is not None:
            foreign[id(expression)] = head.foreign.get(id(expression), head.values)
    found = RuleSetHistory(base.days, rules, instruments, base.values, foreign, base.limits)
    found = replace(found, replacements=bundle.replacements, licensing=licensing)
    return _with_rules(found, bundle.changed, bundle)


def _with_rules(history: RuleSetHistory, rules: Iterable[Rule], bundle: Bundle) -> RuleSetHistory:
    """Return the history with further rules of a bundle."""
    grouped = {key: list(found) for key, found in history.rules.items()}
    limits, licensing = dict(history.limits), dict(history.licensing)
    for rule in rules:
        span = history.span(rule)
        if span is not None:
            grouped.setdefault(rule.group, []).append(rule)
            limits |= dict.fromkeys(map(id, rule.compiled), span)
            if isinstance(rule.effect, Route) and bundle.is_base(rule.policy):
                licensing[rule.name] = rule.effect.instrument, span
    found = {key: tuple(found) for key, found in grouped.items()}
    return replace(history, rules=found, limits=limits, licensing=licensing)


def _periods_between(starts: Sequence[int], last: int) -> list[Days]:
    return list(zip(starts, [start - 1 for start in starts[1:]] + [last], strict=True))


def _without(own: Days, taken: Days) -> Iterator[Days]:
    """Yield the days of a period that are not among others."""
    if taken[1] < own[0] or own[1] < taken[0]:
        yield own
        return
    if own[0] < taken[0]:
        yield own[0], taken[0] - 1
    if taken[1] < own[1]:
        yield taken[1] + 1, own[1]


def _join(spans: Sequence[Days]) -> list[Days]:
    """Return the days, joining adjacent and overlapping periods."""
    found: list[Days] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found
