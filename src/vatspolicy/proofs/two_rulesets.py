"""Two rule sets in comparison: differences in their texts, decisions and items."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from vatspolicy.core.engine.evaluator import BEARING, evaluate
from vatspolicy.core.engine.snapshot import DecisionItem, Key, compare_items, itemize
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Advise, Duty, Expression, Rule
from vatspolicy.core.policies.modelled import effect_constants
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile
from vatspolicy.proofs.decision_encoder import decision_words, encode_decision, exclude_other_classes
from vatspolicy.proofs.domain import AS_OF, iso, ordinal
from vatspolicy.proofs.encoder import SymbolicActivation, structure_of
from vatspolicy.proofs.formula import FALSE
from vatspolicy.proofs.query import Query, Solution, find_model
from vatspolicy.proofs.ruleset_encoder import SymbolicRuleSet
from vatspolicy.proofs.solver import Budget, Solver, open_solver
from vatspolicy.proofs.timeline import END, Days, Period, find_rule, named_by
from vatspolicy.proofs.values import Unsupported
from vatspolicy.proofs.verdicts import Pair

DECIDING_EFFECTS = ("classify", "deny", "need", "route")
"""Effects on which a decision word depends."""

RulePair = tuple[Rule | None, Rule | None]
"""Both versions of a rule; None for a version that does not exist."""

# --- where the texts differ


def comparison_period(base: Bundle, head: Bundle, as_of: str | None) -> Period | None:
    """Return the days to compare: all that both bundles cover, or `as_of` if covered, or else None."""
    since = max(base.covers_from, head.covers_from)
    if as_of is None:
        return Period(since, END)
    return Period(as_of, iso(ordinal(as_of) + 1)) if as_of >= since else None


def differing_rules(base: Bundle, head: Bundle, period: Period) -> dict[str, list[Days]] | None:
    """Return the deciding rules that can decide differently, with the first and last days on which they can.

    These are the rules that differ in text, parameter values or days. If other licenses open an activity, they include
    the rules that read whether an activity is licensed. If a law cannot be encoded, return None.
    """
    query = Query(period, {}, schemas=head.schemas)
    try:
        one, two = query.encode(base), query.encode(head)
    except Unsupported:
        return None
    return {
        name: [days]
        for name, versions in _deciding_rules(one, two).items()
        if (days := _differing_days(one, two, versions)) is not None
    }


def licenses_alike(base: Bundle, head: Bundle, period: Period) -> bool:
    """Return True if the same instruments license an activity on all days. Raises Unsupported."""
    query = Query(period, {}, schemas=head.schemas)
    return query.encode(base).licensing_key == query.encode(head).licensing_key


def period_of(rules: Mapping[str, Sequence[Days]] | None, period: Period) -> Period | None:
    """Return the days from the first to the last of the rules that differ, or None if none does."""
    if rules is None:
        return period
    spans = [days for rule in rules.values() for days in rule]
    if not spans:
        return None
    return Period(iso(min(first for first, _ in spans)), iso(max(last for _, last in spans) + 1))


def _deciding_rules(one: SymbolicRuleSet, two: SymbolicRuleSet) -> dict[str, RulePair]:
    """Return both versions of each deciding rule by its name, in order of the names."""
    sides = [
        {
            rule.name: rule
            for group, rules in ruleset.history.rules.items()
            if group.partition("/")[2] in DECIDING_EFFECTS
            for rule in rules
        }
        for ruleset in (one, two)
    ]
    names = sorted(sides[0].keys() | sides[1].keys())
    return {name: (sides[0].get(name), sides[1].get(name)) for name in names}


def _differing_days(one: SymbolicRuleSet, two: SymbolicRuleSet, versions: RulePair) -> Days | None:
    """Return the first and last day on which two versions of a rule differ, or None if they never do."""
    sides = [(ruleset, rule) for ruleset, rule in zip((one, two), versions, strict=True) if rule is not None]
    licensed = one.licensing_key != two.licensing_key and any(map(_reads_licenses, *zip(*sides, strict=True)))
    if len(sides) == 2 and not licensed and _whole_content(*sides[0]) == _whole_content(*sides[1]):
        return None
    read = [(ruleset, each) for ruleset, rule in sides for each in _expressions_behind(ruleset, rule)]
    spans = [days for ruleset, rule in sides for days in ruleset.history.days_of(rule)]
    if licensed:
        for ruleset in (one, two):
            read += [(ruleset, covers) for name in ruleset.access_instruments if (covers := _covers(ruleset, name))]
            spans += [days for own in ruleset.history.access.values() for days in own]
    spans += [days for ruleset, each in read for days, _ in ruleset.history.versions(each)]
    first, last = one.history.days
    turns = {first, *(day for start, end in spans for day in (start, end + 1) if first < day <= last)}
    found: list[Days] = []
    for start, end in pairwise((*sorted(turns), last + 1)):
        contents = [
            _content_on(ruleset, rule, start, licensed) for ruleset, rule in zip((one, two), versions, strict=True)
        ]
        if contents[0] != contents[1]:
            found.append((start, end - 1))
    return (found[0][0], found[-1][1]) if found else None


def _whole_content(ruleset: SymbolicRuleSet, rule: Rule) -> list[object]:
    """Return what a rule says on all days."""
    keys = [ruleset.expression_key(each, SymbolicActivation({})) for each in rule.expressions]
    instruments = [ruleset.instrument_key(name) for name in sorted(named_by(rule))]
    return [rule.each, ruleset.history.days_of(rule), effect_constants(rule), keys, instruments]


def _content_on(ruleset: SymbolicRuleSet, rule: Rule | None, day: int, licensed: bool) -> list[object] | None:
    """Return what a rule says on a day, or None if it is not in force. `licensed`: with what licenses an activity."""
    if rule is None or not any(first <= day <= last for first, last in ruleset.history.days_of(rule)):
        return None
    there = [name for name, spans in ruleset.history.access.items() if any(a <= day <= b for a, b in spans)]
    names = {*named_by(rule), *(there if licensed else ())}
    instruments = [
        (name, ruleset.history.instruments[name].no_term, covers and _key_on(ruleset, covers, day))
        for name in sorted(names)
        for covers in (_covers(ruleset, name),)
    ]
    keys = [_key_on(ruleset, each, day) for each in rule.expressions]
    return [rule.each, effect_constants(rule), keys, instruments, sorted(there) if licensed else []]


def _key_on(ruleset: SymbolicRuleSet, expression: Expression, day: int) -> object:
    """Return a key of the value of an expression on a day."""
    own = ruleset.history.versions(expression)
    params = next((params for (first, last), params in own if first <= day <= last), own[0][1])
    return ruleset.encoder.keys.of(expression.tree, SymbolicActivation({}), params)


def _covers(ruleset: SymbolicRuleSet, name: str) -> Expression | None:
    """Return the condition of what an instrument covers; None if it covers everything."""
    return ruleset.history.instruments[name].covers


def _expressions_behind(ruleset: SymbolicRuleSet, rule: Rule) -> list[Expression]:
    """Return the expressions of a rule, and those of the instrument that it names."""
    covers = (_covers(ruleset, name) for name in named_by(rule))
    return [*rule.expressions, *(each for each in covers if each is not None)]


def _reads_licenses(ruleset: SymbolicRuleSet, rule: Rule) -> bool:
    """Return whether a rule reads if an activity is licensed."""
    return any("licensed" in structure_of(each.tree).names for each in _expressions_behind(ruleset, rule))


# --- search for witnesses

Classes = frozenset[str] | None
"""The only possible classes of services; None for any."""


class TwoRuleSetSearch:
    """Searches for profiles with short lists that have given decision words under two rule sets."""

    def __init__(self, period: Period, base: Bundle, budget: Budget, members: Mapping[str, int]) -> None:
        """Initialize with the base. `members`: lengths of lists by path, 1 by default."""
        self.query, self.budget = Query(period, dict(members), schemas=base.schemas), budget
        self.base = self.query.encode(base)
        self.solver: Solver | None = None
        self._before: dict[Classes, dict[str, int]] = {}
        self._last: tuple[Bundle, SymbolicRuleSet, dict[Classes, dict[str, int]]] | None = None

    def _words(self, ruleset: SymbolicRuleSet, classes: Classes) -> dict[str, int]:
        pool, services = ruleset.space.pool, self.query.services
        words = decision_words(pool, encode_decision(ruleset, services, classes=classes))
        if classes is None:
            return words
        only = exclude_other_classes(ruleset, services, classes)
        return {word: pool.conjoin((only, formula)) for word, formula in words.items()}

    def words_of_base(self, classes: Classes = None) -> dict[str, int]:
        """Return the formula of each decision word that it is the base's decision."""
        if classes not in self._before:
            self._before[classes] = self._words(self.base, classes)
        return self._before[classes]

    def solve_pairs(
        self, head: Bundle, wanted: Iterable[Pair], classes: Classes = None
    ) -> Iterator[tuple[Pair, Solution]]:
        """Yield the requested pairs with a solution as soon as each is found.

        `classes`: only profiles whose services can be of no other classes; the fewer, the faster.

        Raises:
            Unsupported, Undecided
        """
        pool = self.query.space.pool
        before, after = self._before_and_after(head, classes)
        formulas = {(a, b): pool.conjoin((before[a], after[b])) for a, b in wanted}
        left = {pair: formula for pair, formula in formulas.items() if formula != FALSE}
        while left:
            solution = self._find(pool.disjoin(left.values()))
            if solution is None:
                break
            pair = next(pair for pair, formula in left.items() if solution.holds(formula))
            formula = left.pop(pair)
            yield pair, replace(solution, formulas=[formula, *solution.formulas[1:]])

    def find_day(self, head: Bundle, pairs: Iterable[Pair], low: int, high: int, classes: Classes = None) -> int | None:
        """Return a day within two days (numbers, inclusive) on which a profile shows one of the pairs, or None.

        Raises:
            Unsupported, Undecided
        """
        pool = self.query.space.pool
        before, after = self._before_and_after(head, classes)
        shown = pool.disjoin(pool.conjoin((before[a], after[b])) for a, b in pairs)
        solution = self._find(pool.conjoin((shown, pool.at_most({AS_OF: 1}, high), -pool.at_most({AS_OF: 1}, low - 1))))
        return None if solution is None else ordinal(solution.as_of)

    def _before_and_after(self, head: Bundle, classes: Classes) -> tuple[dict[str, int], dict[str, int]]:
        """Return the decision words of both sides, caching those of the last head."""
        if self._last is None or self._last[0] is not head:
            self._last = head, self.query.encode(head, base=self.base), {}
        _, ruleset, after = self._last
        if classes not in after:
            after[classes] = self._words(ruleset, classes)
        return self.words_of_base(classes), after[classes]

    def _find(self, formula: int) -> Solution | None:
        if self.solver is None:
            self.solver = open_solver(self.query.space, self.budget)
        formulas = [formula, *self.query.invariant_formulas]
        model = find_model(self.query, self.solver, formulas)
        return None if model is None else Solution(self.query, self.solver, formulas, model, self.query.invariant_ids)


# --- items of some rules that the decisions of two bundles list differently


Items = dict[Key, tuple[DecisionItem | None, DecisionItem | None]]
"""Differing items by key: before and after."""


class Shown(NamedTuple):
    """The kind of items to examine."""

    settled: bool = False
    """True to ignore decisions in which a missing fact leaves one of the rules undetermined."""
    readings: bool = True
    """True to include other readings of contested rules, which takes much longer."""


EVERYTHING = Shown()
TELLING_FIRST = (Shown(True, False), Shown(True, True), Shown(False, False), Shown(False, True))


class ListedItems:
    """The items of rules (policy/rule) that differ between two bundles' decisions on a day."""

    def __init__(self, base: Bundle, head: Bundle, names: Collection[str], as_of: str) -> None:
        self.sides, self.names, self.as_of = (base, head), frozenset(names), as_of

    def differing(self, profile: Profile, shown: Shown = EVERYTHING) -> Items:
        """Return the differing items of the rules for a profile."""
        whole = shown.readings or bool(profile.facts["opinions"])  # an opinion may name any rule
        rulesets = [None, None] if whole else self._rulesets
        decisions = [
            evaluate(bundle, profile, self.as_of, shown.readings, explain=False, ruleset=ruleset)
            for bundle, ruleset in zip(self.sides, rulesets, strict=True)
        ]
        if shown.settled and any(
            found.rule.name in self.names for decision in decisions for found in decision.undetermined
        ):
            return {}
        before, after = (itemize(one, bundle, self.names) for one, bundle in zip(decisions, self.sides, strict=True))
        return {
            key: pair
            for key, pair in compare_items(before, after).items()
            if any(item is not None and item.rule in self.names for item in pair)
        }

    def find_shown(self, profile: Profile) -> Shown | None:
        """Return the most informative kind of differing items for a profile, or None."""
        return next((shown for shown in TELLING_FIRST if self.differing(profile, shown)), None)

    @functools.cached_property
    def _rulesets(self) -> Sequence[RuleSet]:
        """The rule sets of both sides, without rules irrelevant to the items.

        Duties and notes bear on nothing else, and depend on no rule but those that classify a service.
        """
        rules = [find_rule(bundle, name) for name in self.names for bundle in self.sides]
        decides = not all(rule is None or isinstance(rule.effect, Duty | Advise) for rule in rules)
        kinds = BEARING if decides else ("classify",)
        rulesets = []
        for whole in (bundle.on(self.as_of) for bundle in self.sides):
            kept = {
                group: tuple([rule for rule in own if rule.kind in kinds or rule.name in self.names])
                for group, own in whole.rules.items()
            }
            rulesets.append(dataclasses.replace(whole, rules=kept, indexed=False))
        return rulesets
