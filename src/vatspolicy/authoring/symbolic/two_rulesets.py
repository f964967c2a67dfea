"""Possible changes of the outcome when one rule set replaces another.

A decision is the strictest of its parts: the product and each of its services. Suppose a profile is decided `a` under
the first rule set and `b` under the second. Then with one of its services alone, the first decides `a` while the second
is no stricter than `b`; and with one of its services alone, the second decides `b` while the first is no stricter than
`a`. Each is a question about the product and one service. If either has no solution, no profile with any number of
services changes from `a` to `b`. All other lists are as long as the question needs, or as the schema allows (`query`).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vatspolicy.authoring.symbolic.changed_parts import Kinds, can_stay, class_choice, encode_part, need_service
from vatspolicy.authoring.symbolic.decision_encoder import (
    SymbolicOutcome,
    can_be_part,
    decision_words,
    encode_decision,
    exclude_other_classes,
)
from vatspolicy.authoring.symbolic.domain import AS_OF, iso, ordinal
from vatspolicy.authoring.symbolic.encoder import Encoder, SymbolicActivation
from vatspolicy.authoring.symbolic.formula import FALSE, TRUE, TooLarge
from vatspolicy.authoring.symbolic.mixed_bundle import named_by
from vatspolicy.authoring.symbolic.query import Query, Solution
from vatspolicy.authoring.symbolic.relaxation import RelaxedEncoder, RelaxedRuleSet
from vatspolicy.authoring.symbolic.rule_state import effect_constants
from vatspolicy.authoring.symbolic.ruleset_encoder import SymbolicRuleSet
from vatspolicy.authoring.symbolic.solver import Solver, Undecided, open_solver
from vatspolicy.authoring.symbolic.timeline import END, Days, Period
from vatspolicy.authoring.symbolic.verdicts import PAIRS, Pair
from vatspolicy.policies.bundle import Bundle

DECIDING_EFFECTS = ("classify", "deny", "need", "route")
"""Effects on which a decision word depends."""

# --- where the texts differ


def comparison_period(base: Bundle, head: Bundle, as_of: str | None) -> Period | None:
    """Return the days to compare: all that both bundles cover, or `as_of` if they cover it, else None."""
    since = max(base.covers_from, head.covers_from)
    if as_of is None:
        return Period(since, END)
    return Period(as_of, iso(ordinal(as_of) + 1)) if as_of >= since else None


def differing_rules(base: Bundle, head: Bundle, period: Period) -> dict[str, list[Days]] | None:
    """Return the deciding rules that differ in text, parameter values or days, with the days of both versions.

    If decisions may differ for another reason, because other licenses open an activity, return None.
    """
    query = Query(period, {}, schemas=head.schemas)
    one, two = query.encode(base), query.encode(head)
    if one.licensing_key != two.licensing_key:
        return None
    before, after = (dict(_rule_contents(ruleset)) for ruleset in (one, two))
    return {
        name: [side[name][0] for side in (before, after) if name in side]
        for name in sorted(before.keys() | after.keys())
        if before.get(name, [None])[1:] != after.get(name, [None])[1:]
    }


def period_of(rules: Mapping[str, Sequence[Days]] | None, period: Period) -> Period | None:
    """Return the days from the first to the last of the rules that differ, or None if none does."""
    if rules is None:
        return period
    spans = [days for found in rules.values() for days in found]
    if not spans:
        return None
    return Period(iso(min(first for first, _ in spans)), iso(max(last for _, last in spans) + 1))


def _rule_contents(ruleset: SymbolicRuleSet) -> Iterator[tuple[str, Any]]:
    """Yield name and content of every deciding rule; the content begins with its days."""
    for group, rules in ruleset.history.rules.items():
        if group.partition("/")[2] in DECIDING_EFFECTS:
            for rule in rules:
                keys = [ruleset.expression_key(e, SymbolicActivation({})) for e in rule.expressions]
                instruments = [ruleset.instrument_key(name) for name in sorted(named_by(rule))]
                days = ruleset.history.days_of(rule)
                if days:
                    content = [rule.each, days, effect_constants(rule), keys, instruments]
                    yield rule.name, [(days[0][0], days[-1][1]), *content]


# --- search for witnesses

SHORT = {"services": 1, "company.licenses": 2, "partner.licenses": 2, "services.*.area": 2, "services.*.facilities": 2}
"""Lengths of lists to search for a witness, where one member of each is not enough."""

Classes = frozenset[str] | None
"""The only classes that services can be of; None for any."""

LONG = 4
"""Largest length of a list to search for a witness, where a rule needs longer lists."""


def search_lengths(members: Mapping[str, int]) -> dict[str, int]:
    """Return the lengths of lists to search for a rule that needs this many members."""
    return SHORT | {path: min(max(count, SHORT.get(path, 1)), LONG) for path, count in members.items()}


class TwoRuleSetSearch:
    """Search for profiles with short lists that two rule sets decide by given words."""

    def __init__(self, period: Period, base: Bundle, budget: int, members: Mapping[str, int]) -> None:
        """Take the base. `members`: lengths of lists by path; 1 for a list not named."""
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
        """Return for every decision word the formula that the base decides so."""
        if classes not in self._before:
            self._before[classes] = self._words(self.base, classes)
        return self._before[classes]

    def find_pairs(
        self,
        head: Bundle,
        wanted: Iterable[Pair],
        found: dict[Pair, Solution],
        most: int = len(PAIRS),
        classes: Classes = None,
    ) -> None:
        """Add to `found` solutions of the wanted pairs that have one, `most` at most. Raises Unsupported, Undecided.

        `classes`: only profiles whose services can be of no other classes; the fewer, the faster.
        """
        pool = self.query.space.pool
        before, after = self._before_and_after(head, classes)
        formulas = {(a, b): pool.conjoin((before[a], after[b])) for a, b in wanted}
        left = {pair: formula for pair, formula in formulas.items() if formula != FALSE}
        for _ in range(min(most, len(left))):
            solution = self._find(pool.disjoin(left.values()))
            if solution is None:
                break
            pair = next(pair for pair, formula in left.items() if solution.holds(formula))
            found[pair] = replace(solution, formulas=[left.pop(pair), *solution.formulas[1:]])

    def find_day(self, head: Bundle, pairs: Iterable[Pair], low: int, high: int, classes: Classes = None) -> int | None:
        """Return a day between two (numbers, both included) on which a profile shows one of the pairs; None for none.

        Raises:
            Unsupported, Undecided
        """
        pool = self.query.space.pool
        before, after = self._before_and_after(head, classes)
        shown = pool.disjoin(pool.conjoin((before[a], after[b])) for a, b in pairs)
        solution = self._find(pool.conjoin((shown, pool.at_most({AS_OF: 1}, high), -pool.at_most({AS_OF: 1}, low - 1))))
        return None if solution is None else ordinal(solution.as_of)

    def _before_and_after(self, head: Bundle, classes: Classes) -> tuple[dict[str, int], dict[str, int]]:
        """Return the decision words of both sides; those of the last head are kept for further questions about it."""
        if self._last is None or self._last[0] is not head:
            self._last = head, self.query.encode(head, like=self.base), {}
        _, ruleset, after = self._last
        if classes not in after:
            after[classes] = self._words(ruleset, classes)
        return self.words_of_base(classes), after[classes]

    def _find(self, formula: int) -> Solution | None:
        if self.solver is None:
            self.solver = open_solver(self.query.space, self.budget)
        formulas = [formula, *self.query.invariant_formulas]
        model = self.solver.find(formulas)
        return None if model is None else Solution(self.query, self.solver, formulas, model, self.query.invariant_ids)


# --- proofs that there are none

Condition = tuple[Pair, int]
"""A pair of decision words, and the number of a necessary condition for it.

0: some part has the first word before the change; 1: some part has the second word after it; 2: the difference between
`incomplete` and `needs-license` changes somewhere.
"""


@dataclass(frozen=True)
class ExcludedPairs:
    """Pairs of decision words that are proved impossible."""

    pairs: tuple[Pair, ...]
    invariants: tuple[str, ...]
    """Ids of the invariants that the proofs assume."""


class TransitionProof:
    """Proofs over all profiles that changes from one decision word to another are impossible."""

    def __init__(self, period: Period, base: Bundle, budget: int) -> None:
        self.period, self.base, self.budget = period, base, budget
        self.contexts: dict[type[Encoder], ProofContext] = {}
        self.bounds: dict[type[Encoder], Mapping[str, int]] = {}

    def exclude(
        self,
        head: Bundle,
        wanted: Sequence[Pair],
        lists: bool,
        outside: tuple[int, int] | None = None,
        parts: Kinds | None = None,
    ) -> ExcludedPairs:
        """Return the wanted pairs that are proved impossible. Raises Unsupported and Undecided.

        `outside`: only on days before the first and after the last of these (numbers).

        Without `lists`, quantifiers over lists are relaxed, which is fast. With it, lists grow to as many members as
        the question needs. With `parts`, the kinds of parts that the change can touch, each part is looked at alone,
        which is faster still.
        """
        conditions = [(pair, number) for pair in wanted for number in range(3)]
        try:
            encoder = Encoder if lists else RelaxedEncoder
            unsatisfiable, invariants = self._unsatisfiable(head, conditions, encoder, outside, parts)
        except TooLarge as error:
            raise Undecided(str(error)) from None
        excluded = {pair for pair, _ in unsatisfiable}
        return ExcludedPairs(tuple(pair for pair in wanted if pair in excluded), invariants)

    def find_classes(self, head: Bundle, pairs: Iterable[Pair]) -> frozenset[str]:
        """Return classes of activities of which one alone may make the pairs. Raises Unsupported and Undecided."""
        return self._context(RelaxedEncoder).find_classes(head, pairs)

    def _unsatisfiable(
        self,
        head: Bundle,
        conditions: Sequence[Condition],
        encoder: type[Encoder],
        outside: tuple[int, int] | None,
        parts: Kinds | None,
    ) -> tuple[list[Condition], tuple[str, ...]]:
        """Return the conditions that no profile satisfies, with lists as long as the encoder needs them."""
        left = list(conditions)
        invariants: tuple[str, ...] = ()
        while left:
            context = self._context(encoder)
            left, invariants = context.unsatisfiable(head, left, outside, parts)
            missing = context.query.space.missing_bounds()
            if not missing:
                break
            del self.contexts[encoder]
            self.bounds[encoder] = {**self.bounds[encoder], **missing}
        return left, invariants

    def _context(self, encoder: type[Encoder]) -> ProofContext:
        """Return the context shared by all rule sets, with lists as long as they have been needed so far."""
        if encoder not in self.contexts:
            bounds = self.bounds.setdefault(encoder, {})
            query = Query(self.period, dict(bounds), encoder, self.base.schemas)
            self.contexts[encoder] = ProofContext(query, self.base, self.budget)
        return self.contexts[encoder]


class ProofContext:
    """Query with the base encoded once, in which conditions of several heads are checked."""

    def __init__(self, query: Query, base: Bundle, budget: int) -> None:
        self.query = query
        self.base = query.encode(base, RelaxedRuleSet)
        self.solver = open_solver(query.space, budget)
        self._parts: dict[str, SymbolicOutcome] = {}

    @functools.cached_property
    def before(self) -> SymbolicOutcome:
        """Outcome of the base for the product and one service."""
        need_service(self.query)
        return encode_decision(self.base, self.query.services[:1])

    def unsatisfiable(
        self,
        head: Bundle,
        wanted: Sequence[Condition],
        outside: tuple[int, int] | None = None,
        parts: Kinds | None = None,
    ) -> tuple[list[Condition], tuple[str, ...]]:
        """Return the conditions that no facts satisfy, and the ids of the assumed invariants. Raises Undecided."""
        pool = self.query.space.pool
        conditions = self._encode(head, wanted, parts)
        if outside is not None:
            days = pool.disjoin((pool.at_most({AS_OF: 1}, outside[0] - 1), -pool.at_most({AS_OF: 1}, outside[1])))
            conditions = {key: pool.conjoin((formula, days)) for key, formula in conditions.items()}
        invariants, ids = self.query.invariant_formulas, self.query.invariant_ids
        left = {key: formula for key, formula in conditions.items() if formula not in (TRUE, FALSE)}
        satisfied = {key for key, formula in conditions.items() if formula == TRUE}
        self.solver.prepare([*left.values(), *(invariants if left else ())])
        while left:
            model = self.solver.find([pool.disjoin(left.values()), *invariants])
            if model is None:
                break
            truths = pool.truths(model)
            satisfied |= {key for key, formula in left.items() if truths[abs(formula)] is (formula > 0)}
            left = {key: formula for key, formula in left.items() if key not in satisfied}
        return [key for key in wanted if key not in satisfied], ids

    def find_classes(self, head: Bundle, pairs: Iterable[Pair]) -> frozenset[str]:
        """Return classes of activities of which one alone may make the pairs; none for a pair that none may make."""
        pool, space = self.query.space.pool, self.query.space
        wanted = list(pairs)
        numbered = [(pair, number) for pair in wanted for number in range(3)]
        conditions = self._encode(head, numbered, frozenset({"activity"}))
        left = {pair: pool.conjoin(conditions[pair, number] for number in range(3)) for pair in wanted}
        found: set[str] = set()
        while left := {pair: formula for pair, formula in left.items() if formula not in (TRUE, FALSE)}:
            model = self.solver.find([pool.disjoin(left.values()), *self.query.invariant_formulas])
            if model is None:
                break
            truths = pool.truths(model)
            left = {pair: formula for pair, formula in left.items() if truths[abs(formula)] is not (formula > 0)}
            choice = class_choice(self.query)
            found.add(choice.values[int(space.pool.number_of(choice.name, model))])
        return frozenset(found)

    def _encode(self, head: Bundle, wanted: Iterable[Condition], parts: Kinds | None) -> dict[Condition, int]:
        """Return the conditions as formulas over the product and one service, or over the parts of some kinds."""
        pool, query = self.query.space.pool, self.query
        ruleset = query.encode(head, RelaxedRuleSet, like=self.base)
        if parts is None:
            sides = [(self.before, encode_decision(ruleset, query.services[:1]))]
        else:
            sides = [(self._part(kind), encode_part(ruleset, kind, query)) for kind in sorted(parts)]
        words = [tuple(decision_words(pool, side) for side in pair) for pair in sides]
        found: dict[Condition, int] = {}
        for pair, number in wanted:
            a, b = pair
            options = [FALSE]
            if parts is not None and number < 2 and can_stay(*(pair if number == 0 else reversed(pair))):
                options = [TRUE]  # a part that the change does not touch may have this word
            for (one, two), (before, after) in zip(sides, words, strict=True):
                first = pool.conjoin((before[a], can_be_part(two, b)))
                second = pool.conjoin((after[b], can_be_part(one, a)))
                third = TRUE
                if pair == ("incomplete", "needs-license"):
                    # the need was not certain, and now is; or the denial that was possible no longer is
                    third = pool.disjoin((pool.conjoin((second, -one.low[0])), pool.conjoin((first, one.high[1]))))
                elif pair == ("needs-license", "incomplete"):
                    third = pool.disjoin((pool.conjoin((first, -two.low[0])), pool.conjoin((second, two.high[1]))))
                options.append((first, second, third)[number])
            found[pair, number] = pool.disjoin(options)
        return found

    def _part(self, kind: str) -> SymbolicOutcome:
        """Return the outcome of the base for one part of a kind."""
        if kind not in self._parts:
            self._parts[kind] = encode_part(self.base, kind, self.query)
        return self._parts[kind]
