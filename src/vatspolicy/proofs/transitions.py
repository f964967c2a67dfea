"""Possible changes of the decision word when one bundle replaces another, and the days of each."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.cel.ast import Literal, Node, walk
from vatspolicy.core.cel.interpreter import Evaluator
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.engine.evaluator import BEARING, possible_outcomes
from vatspolicy.core.engine.subjects import service_activation
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Classify, Expression, Rule
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile, load_granted
from vatspolicy.errors import InvalidInput
from vatspolicy.proofs.change_search import ExcludedPairs, TransitionProof, lengths_for, search_lengths
from vatspolicy.proofs.decision_encoder import ALL_KINDS, Kinds, touched_kinds
from vatspolicy.proofs.domain import iso, ordinal
from vatspolicy.proofs.query import describe_invariants
from vatspolicy.proofs.ruleset_encoder import Exact, read_by
from vatspolicy.proofs.solver import BUDGET, Budget, Undecided, reason_of
from vatspolicy.proofs.timeline import END, Period, build_history, find_rule
from vatspolicy.proofs.two_rulesets import (
    Classes,
    TwoRuleSetSearch,
    comparison_period,
    differing_rules,
    period_of,
)
from vatspolicy.proofs.values import Unsupported
from vatspolicy.proofs.verdicts import (
    IMPOSSIBLE,
    MOST_TELLING_FIRST,
    PAIRS,
    UNKNOWN,
    UNSETTLED,
    UNSUPPORTED,
    WITNESS,
    ChangePeriod,
    Pair,
    RuleVerdict,
    Transition,
    Transitions,
)
from vatspolicy.proofs.witness import Unconfirmed, confirm_decisions, decision_of
from vatspolicy.workers import Apart

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


class ChangeCalendar:
    """Days on which the decision of a profile may change under one of two bundles."""

    def __init__(self, base: Bundle, head: Bundle) -> None:
        self.since = max(base.covers_from, head.covers_from)
        self.sides = DecidingRules(base), DecidingRules(head)

    def differing_days(self, profile: Profile, as_of: str) -> tuple[str, str | None]:
        """Return the first and last day around `as_of` on which the decisions differ; None for no known end."""
        sides = [RelevantRules(side, profile) for side in self.sides]
        found = {self.since, *days_in([profile.facts])}.union(*(side.days for side in sides))
        return days_around(as_of, (day for day in found if self.since <= day), lambda day: _differ(sides, day))


def days_around(as_of: str, turns: Iterable[str], shows: Callable[[str], bool]) -> tuple[str, str | None]:
    """Return the first and last day around `as_of`, without a gap, on which something shows; None for no known end.

    `turns` are the days on which that may change; it shows on `as_of`.
    """
    days, first = sorted({day for day in turns if day < "9999"}), as_of
    for day in reversed([day for day in days if day < as_of]):
        if not shows(day):
            break
        first = day
    return first, next((iso(ordinal(day) - 1) for day in days if day > as_of and not shows(day)), None)


class DecidingRules:
    """The deciding rules of a bundle, with the days on which the effect of each may change."""

    def __init__(self, bundle: Bundle, kinds: tuple[str, ...] = BEARING) -> None:
        """Select the rules of the given kinds, by default those that affect the outcome."""
        self.bundle, self.kinds = bundle, kinds
        self.parameters = {p.key: p for policy in bundle.policies.values() for p in policy.parameters.values()}
        self.rules = [rule for policy in bundle.policies.values() for rule in policy.rules if rule.kind in kinds]
        self._days: dict[str, frozenset[str]] = {}
        self._read: dict[str, Sequence[str]] = {}

    def days_of(self, rule: Rule) -> frozenset[str]:
        """Return the days on which the effect of a rule may change."""
        days = self._days.get(rule.name)
        if days is None:
            own = (day for one in (rule, *self.bundle.replacing(rule.name)) for day in (one.since, one.until))
            days = self._days[rule.name] = frozenset([*own, *self.days_read(rule)])
        return days

    def days_read(self, rule: Rule) -> Sequence[str]:
        """Return the days, in order, on which a value that a rule reads may change, or a comparison with the day."""
        days = self._read.get(rule.name)
        if days is None:
            found = (day for expression in rule.expressions for day in self._days_read(expression))
            days = self._read[rule.name] = sorted(set(found))
        return days

    def _days_read(self, expression: Expression) -> Iterator[str]:
        """Yield the first days of values that an expression reads, and the days in its text."""
        yield from _days_written(expression.tree)
        for key in expression.parameters:
            for value in self.parameters[key].values:
                yield value.since
                yield from days_in([value.value])

    @functools.cached_property
    def days_of_licenses(self) -> set[str]:
        """Days of possible changes in an instrument's coverage or authority."""
        read = [expression for instrument in self.bundle.instruments.values() for expression in instrument.expressions]
        return {day for expression in read for day in self._days_read(expression)}

    @functools.cached_property
    def tests(self) -> list[tuple[Rule, Evaluator | None]]:
        """The rules, each with the function of its condition; None if that reads other values on other days."""
        evaluator = self.bundle.on(self.bundle.covers_from).evaluator
        steady = {key for key, parameter in self.parameters.items() if len(parameter.values) == 1}
        return [
            (rule, evaluator.function(rule.when) if steady.issuperset(rule.when.parameters) else None)
            for rule in self.rules
        ]

    @functools.cached_property
    def classifying(self) -> list[tuple[Rule, Classify, Evaluator | None]]:
        """Tests of the rules that classify a service."""
        return [(rule, rule.effect, test) for rule, test in self.tests if isinstance(rule.effect, Classify)]


class RelevantRules:
    """The rules of a bundle that can affect a profile on some day."""

    def __init__(self, side: DecidingRules, profile: Profile) -> None:
        self.side, self.profile = side, profile
        product: Activation = dict(profile.facts)  # without a day and an activity: what is false then always is
        services = [service_activation(product, service) for service in product["services"]]
        self.subjects = {"product": [product], "service": services, "activity": services}
        if not product["opinions"] and "classify" in side.kinds:  # an opinion may name any class
            classes = dict.fromkeys(self._possible_classes())
            self.subjects["activity"] = [
                {**service, "activity": {"class": cls}} for cls in classes for service in services
            ]

    @functools.cached_property
    def rules(self) -> list[Rule]:
        """The rules, in the order of the policies."""
        return [rule for rule, test in self.side.tests if self.may_hold(rule, test)]

    @functools.cached_property
    def days(self) -> set[str]:
        """Days on which the effect of the rules may change."""
        routes = [rule for rule in self.side.rules if rule.kind == "route"]  # any may license an activity elsewhere
        return self.side.days_of_licenses.union(*map(self.side.days_of, [*routes, *self.rules]))

    def _possible_classes(self) -> Iterator[str]:
        """Yield the possible classes of a service on any day, including under other readings of rules."""
        for rule, effect, test in self.side.classifying:
            if self.may_hold(rule, test):
                yield from (*effect.classes, *rule.other_readings)

    def may_hold(self, rule: Rule, test: Evaluator | None) -> bool:
        """Return whether a rule may hold of the profile on some day; `test` as in `DecidingRules.tests`."""
        return test is None or any(test(one) is not False for one in self.subjects[rule.each])

    def range(self, day: str) -> tuple[str, str]:
        """Return the mildest and the strictest outcome on a day."""
        return possible_outcomes(self.on(day), self.profile, day, asking=False).range

    def on(self, day: str, other: Collection[str] | None = None) -> RuleSet:
        """Return the rule set of a day with only these rules, which has the same result for the profile.

        `other`: the rules to keep among those that do not affect the outcome; None for all.
        """
        whole, kept = self.side.bundle.on(day), self._in_force(day, other)
        groups: dict[str, list[Rule]] = {}
        for rule in kept:
            groups.setdefault(rule.group, []).append(rule)
        rules = {group: tuple(found) for group, found in groups.items()}
        return dataclasses.replace(whole, rules=rules, indexed=False, whole=whole)

    def state_on(self, day: str, other: Collection[str] | None = None) -> Hashable:
        """Return a key, equal for days on which the rule set of `on` has the same result for the profile."""
        read = [(rule.name, bisect_right(self.side.days_read(rule), day)) for rule in self._in_force(day, other)]
        return tuple(read), self.side.bundle.on(day).access, bisect_right(self._other_days, day)

    def _in_force(self, day: str, other: Collection[str] | None) -> list[Rule]:
        replaced = self.side.bundle.replaced(day)
        return [
            rule
            for rule in self.rules
            if rule.since <= day < rule.until
            and rule.name not in replaced
            and (other is None or rule.kind in BEARING or rule.name in other)
        ]

    @functools.cached_property
    def turns(self) -> list[str]:
        """Days, in order, on which `state_on` may change."""
        return sorted(self.days.union(self._other_days))

    @functools.cached_property
    def _other_days(self) -> list[str]:
        """Days that the profile states, and those on which an instrument may change."""
        return sorted(self.side.days_of_licenses.union(days_in([self.profile.facts])))


def _differ(sides: Iterable[RelevantRules], day: str) -> bool:
    words = {low if low == high else "incomplete" for low, high in (side.range(day) for side in sides)}
    return len(words) > 1


def _days_written(tree: Node) -> list[str]:
    """Return every day in the text of an expression, and the day after it."""
    return list(days_in(node.value for node in walk(tree) if isinstance(node, Literal)))


def days_in(things: Iterable[object]) -> Iterator[str]:
    """Yield every day among some values, at any depth, and the day after it."""
    for thing in things:
        if isinstance(thing, str) and _DAY.fullmatch(thing):
            yield thing
            if thing < "9999":
                yield (datetime.date.fromisoformat(thing) + datetime.timedelta(days=1)).isoformat()
        elif isinstance(thing, dict):
            yield from days_in(thing.values())
        elif isinstance(thing, list | tuple):
            yield from days_in(thing)


# --- first and last day on which a change of the law changes a decision, over all profiles


BRIEF = 10
"""Part of the budget for a proof that precedes a search: a tenth. Most proofs that succeed need less."""

FEW_PAIRS, FEW_CLASSES = 4, 3
"""Of so few pairs, a search takes so many classes for each: one alone may be of a kind that the change cannot reach."""

STEPS = 12
"""Questions within one period of law, where a day in the profile starts or ends the change."""

Show = Callable[[int, int], int | None]
"""Returns a day that shows the change within two days (numbers, inclusive), or None."""


def find_period(
    search: TwoRuleSetSearch,
    proof: TransitionProof,
    bases: tuple[Bundle, Bundle],
    pairs: Sequence[Pair],
    days: tuple[str, str],
    parts: Kinds,
    exact: Exact,
    classes: Classes = None,
) -> ChangePeriod:
    """Return the days from the first to the last that shows one of the pairs. Raises Unsupported, Undecided.

    `search` has lists in which a profile shows each of the pairs, and some are shown on `days`, the first and the last
    that are known. The period is proved if no profile of any kind shows one of them on a day outside. `parts` are those
    that the change can touch, and `exact` what its rules read. `classes`: those of which services are examined first.
    """
    period = search.query.period
    starts = _starts(period, (day for bundle in bases for day in bundle.boundaries))
    head, whole = bases[1], (period.first, period.last)
    found = ordinal(days[0]), ordinal(days[1])

    def widen(among: Classes) -> tuple[int, int]:
        show = functools.partial(search.find_day, head, pairs, classes=among)
        return _first(show, starts, found[0]), _last(show, starts, period.last, found[1])

    left = list(pairs)

    def is_proved(exact: Exact, parts: Kinds | None = None) -> bool:
        if found != whole and left:
            excluded = proof.exclude(head, left, exact, found, parts).pairs
            left[:] = [pair for pair in left if pair not in excluded]
        return found == whole or not left

    found = widen(classes)
    try:
        proved = is_proved(Exact(), parts)
        if not proved:  # on fewer days outside, what is excluded stays so
            found = found if classes is None else widen(None)
            attempts = ((Exact(), parts), (Exact(), None), (exact, parts), (exact, None))
            proved = any(is_proved(*attempt) for attempt in attempts) or is_proved(exact.with_all_quantifiers())
    except (Undecided, Unsupported):
        proved = False
    first, last = found
    open_end = last == period.last and period.end == END
    return ChangePeriod(iso(first), None if open_end else iso(last), proved)


def _starts(period: Period, boundaries: Iterable[str]) -> list[int]:
    """Return the first days of the periods of law within a period."""
    days = {ordinal(day) for day in boundaries if period.start <= day < period.end}
    return sorted({period.first, *days})


def _first(show: Show, starts: Sequence[int], known: int) -> int:
    """Return the first day that shows the change, starting from one such day."""
    low, high = 0, bisect_right(starts, known) - 1
    while low < high:
        middle = (low + high) // 2
        found = show(starts[0], starts[middle + 1] - 1)
        if found is None:
            low = middle + 1
        else:
            known, high = found, bisect_right(starts, found) - 1
    for _ in range(STEPS):
        earlier = show(starts[low], starts[low]) or show(starts[low], known - 1) if known > starts[low] else None
        if earlier is None:
            break
        known = earlier
    return known


def _last(show: Show, starts: Sequence[int], end: int, known: int) -> int:
    """Return the last day that shows the change, starting from one such day."""
    ends = [*(start - 1 for start in starts[1:]), end]
    low, high = bisect_right(starts, known) - 1, len(starts) - 1
    while low < high:
        middle = (low + high + 1) // 2
        found = show(starts[middle], end)
        if found is None:
            high = middle - 1
        else:
            known, low = found, bisect_right(starts, found) - 1
    for _ in range(STEPS):
        later = show(ends[high], ends[high]) or show(known + 1, ends[high]) if known < ends[high] else None
        if later is None:
            break
        known = later
    return known


# --- possible changes of the decision word when one bundle replaces another (`compare_decisions`)


def compare_decisions(
    base: Bundle, head: Bundle, as_of: str | None = None, budget: int = BUDGET, apart: bool = False
) -> Transitions:
    """Return all twelve changes of the decision word: possible with a witness, proved impossible, or unknown.

    `apart`: another process confirms each witness while this one looks for the next; the answers are the same.
    """
    period = comparison_period(base, head, as_of)
    if period is None:
        return all_transitions(UNKNOWN, "One of the bundles does not cover that day.")
    rules = differing_rules(base, head, period)
    period = period_of(rules, period)
    if period is None:
        return all_transitions(IMPOSSIBLE, "No rule that decides differs.")
    with Apart(_Confirmation(base, head).confirm, fork=apart) as confirmation:
        return _DecisionComparison(base, head, period, Budget(budget), rules, confirmation).run()


def all_transitions(verdict: str, reason: str) -> Transitions:
    """Return the same verdict on every transition."""
    return Transitions(tuple(Transition(*pair, verdict, reason=reason) for pair in PAIRS))


def add_shown(
    base: Bundle, head: Bundle, transitions: Transitions, shown_by: Iterable[RuleVerdict | Transition]
) -> Transitions:
    """Return the transitions, adding open ones that a witness shows."""
    for one in shown_by:
        if not transitions.undecided:
            break
        if one.witness is None or one.as_of is None:
            continue
        profile, day = load_granted(dict(one.witness), schemas=base.schemas), one.as_of
        pair = (decision_of(base, profile, day), decision_of(head, profile, day))
        if pair in {(left.before, left.after) for left in transitions.undecided}:
            first, last = ChangeCalendar(base, head).differing_days(profile, day)
            shown = Transition(*pair, WITNESS, one.witness, day, first, last, "A profile is decided so.")
            transitions = _replace(transitions, shown)
    return transitions


def _replace(transitions: Transitions, shown: Transition) -> Transitions:
    """Return the transitions with a replacement for the same words, extending their days by its days."""
    found = tuple(shown if one.name == shown.name else one for one in transitions.found)
    days, first = transitions.period, str(shown.first_day or shown.as_of)
    if days is None:
        return replace(transitions, found=found, period=ChangePeriod(first, shown.last_day, proved=False))
    last = None if None in (days.last, shown.last_day) else max(str(days.last), str(shown.last_day))
    return replace(transitions, found=found, period=ChangePeriod(min(days.first, first), last, days.proved))


Found = tuple[Pair, dict[str, Tree], str]
"""A change of the decision word, with a profile and day from the solver."""


class _Confirmation:
    """Confirms the solver's results with the evaluator."""

    def __init__(self, base: Bundle, head: Bundle) -> None:
        self.base, self.head = base, head

    @functools.cached_property
    def calendar(self) -> ChangeCalendar:
        """Calendar of the changes of both bundles."""
        return ChangeCalendar(self.base, self.head)

    def confirm(self, found: Found) -> Transition:
        """Return the transition with a minimal witness, or an unknown one if the evaluator contradicts it."""
        pair, profile, day = found
        try:
            data = confirm_decisions(profile, [(self.base, pair[0]), (self.head, pair[1])], day)
            first, last = self.calendar.differing_days(load_granted(data, schemas=self.base.schemas), day)
        except (Unconfirmed, InvalidInput) as error:  # never shown as a finding
            return Transition(*pair, UNKNOWN, reason=f"Internal error: a witness was not confirmed ({error}).")
        return Transition(*pair, WITNESS, data, day, first, last, "A profile is decided so.")


class _DecisionComparison:
    """Comparison of two bundles' decisions on the days of possible differences."""

    def __init__(
        self,
        base: Bundle,
        head: Bundle,
        period: Period,
        budget: Budget,
        names: Iterable[str] | None,
        confirmation: Apart[Found, Transition],
    ) -> None:
        """Initialize with the bundles and the names of the differing rules; None if others may differ too."""
        self.confirmation = confirmation
        self.base, self.head, self.period, self.budget = base, head, period, budget
        found = [find_rule(bundle, name) for name in names or () for bundle in (base, head)]
        self.rules = [rule for rule in found if rule is not None]
        self.exact = read_by(self.rules)
        """The quantifiers and the instruments of these rules."""
        histories = [build_history(bundle, period) for bundle in (base, head)]
        self.parts: Kinds = ALL_KINDS if names is None else touched_kinds(histories, self.rules)
        """Kinds of product parts that the rules can affect."""
        self.found: dict[Pair, Transition] = {}
        self.searches: dict[tuple[tuple[str, int], ...], TwoRuleSetSearch] = {}
        """Searches by the lengths of their lists."""
        self.search: TwoRuleSetSearch | None = None
        """The last search with a witness. Earlier searches have no longer lists."""
        self.classes: Classes = None
        """Classes of services among which every witness was found; None for any."""
        self.reason = UNSETTLED
        self.invariants: set[str] = set()

    @functools.cached_property
    def lengths(self) -> dict[str, int]:
        """Lengths of the lists that the differing rules can distinguish. Raises Unsupported."""
        return lengths_for((self.base, self.head), self.rules, self.period)

    def run(self) -> Transitions:
        """Alternate proofs and searches, the cheap ones first, until every transition is settled."""
        proof = TransitionProof(self.period, self.base, self.budget)
        try:
            self._prove(proof, Exact(), self.parts)
            self._search_few_classes(proof, {})
            if self.exact:
                self._prove(proof, self.exact, self.parts)
            self._prove_by_need(proof, self.parts, BRIEF)
            self._search({})
            if self._open() and self.lengths:
                self._search_few_classes(proof, self.lengths)
            self._prove_by_need(proof, self.parts)
            self._prove(proof, Exact())
            if self._open():
                self._search(search_lengths(self.lengths))
            self._prove_by_need(proof)
            self._prove(proof, self.exact.with_all_quantifiers())
        except Unsupported as error:
            self._settle_rest(UNSUPPORTED, reason_of(error))
        except Undecided as error:
            self.reason = reason_of(error)
        self._settle_rest(UNKNOWN, self.reason)
        found = tuple(self.found[pair] for pair in PAIRS)
        return Transitions(found, describe_invariants(self.invariants), self._period(found, proof))

    def _period(self, found: Sequence[Transition], proof: TransitionProof) -> ChangePeriod | None:
        """Return the days of changed decisions: at least those of the witnesses."""
        shown = [one for one in found if one.as_of is not None]
        if self.search is None or not shown:
            return None
        pairs = [(one.before, one.after) for one in shown]
        start, end = self.period.start, iso(self.period.last)
        first = max(start, min(str(one.first_day or one.as_of) for one in shown))
        last = min(end, max(one.last_day or end for one in shown))
        try:
            sides = self.base, self.head
            rules = self.parts, self.exact
            self.budget.renew()
            period = find_period(self.search, proof, sides, pairs, (first, last), *rules, self.classes)
            settled = all(one.verdict in (WITNESS, IMPOSSIBLE) for one in found)
            return period if settled else replace(period, proved=False)  # an open transition may happen on any day
        except (Undecided, Unsupported):
            return None

    def _open(self) -> list[Pair]:
        """Return the open transitions, the most informative first."""
        return [pair for pair in MOST_TELLING_FIRST if pair not in self.found]

    def _settle_rest(self, verdict: str, reason: str) -> None:
        self.found |= {pair: Transition(*pair, verdict, reason=reason) for pair in self._open()}

    def _prove(self, proof: TransitionProof, exact: Exact, parts: Kinds | None = None) -> None:
        """Prove transitions impossible. Higher precision costs more; `parts`: prove each part separately."""
        if not self._open():
            return
        self._exclude(lambda: proof.exclude(self.head, self._open(), exact, parts=parts))

    def _prove_by_need(self, proof: TransitionProof, parts: Kinds | None = None, part: int = 1) -> None:
        """Prove transitions impossible with the necessary precision. `parts`: prove each part separately.

        `part`: the proof ends at this part of the budget.
        """
        if self._open():
            self._exclude(lambda: proof.exclude_by_need(self.head, self._open(), self.exact, parts), part)

    def _exclude(self, prove: Callable[[], ExcludedPairs], part: int = 1) -> None:
        self.budget.renew(part)
        try:
            excluded = prove()
        except Undecided as error:
            if part == 1:
                self.reason = reason_of(error)
            return
        self.invariants |= set(excluded.invariants)
        reason = "No profile can be decided so on any day."
        self.found |= {pair: Transition(*pair, IMPOSSIBLE, reason=reason) for pair in excluded.pairs}

    def _search_few_classes(self, proof: TransitionProof, members: Mapping[str, int]) -> None:
        """Search quickly for witnesses of the open transitions among services of few classes."""
        if not self._open():
            return
        try:
            each = FEW_CLASSES if len(self._open()) <= FEW_PAIRS else 1
            classes = frozenset(proof.find_classes(self.head, self._open(), each) if "activity" in self.parts else ())
        except Undecided:
            return
        self._search(members, classes)

    def _search(self, members: Mapping[str, int], classes: Classes = None) -> None:
        """Search for witnesses of the open transitions, with lists of these lengths."""
        if not self._open():
            return
        self.budget.renew()
        waiting: dict[Pair, Callable[[], Transition]] = {}
        lengths = tuple(sorted(members.items()))
        if lengths not in self.searches:
            self.searches[lengths] = TwoRuleSetSearch(self.period, self.base, self.budget, members)
        search = self.searches[lengths]
        try:
            for pair, solution in search.solve_pairs(self.head, self._open(), classes):
                small = solution.reduced()
                waiting[pair] = self.confirmation.submit((pair, small.profile, small.as_of))
        except Undecided as error:
            self.reason = reason_of(error)
        if waiting:
            earlier = classes if self.search is None else self.classes
            self.search = search
            self.classes = None if classes is None or earlier is None else classes | earlier
        self.found |= {pair: wait() for pair, wait in waiting.items()}
