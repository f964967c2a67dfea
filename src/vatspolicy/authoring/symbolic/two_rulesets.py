"""Two laws over the same facts: which pairs of decision words go together.

A decision is the strictest of its parts: those of the product and of each of its services. That gives the proofs their
reach. Let a profile be decided `a` under one law and `b` under another. Then with some service alone the product is
decided `a` under the first while being no stricter than `b` under the second, and with some service alone it is decided
`b` under the second while being no stricter than `a` under the first. Each is a question about the product and one
service, so if either has no answer there is no such profile, however many services it has. All other lists are as long
as the question can tell apart, or as the schema allows (see `query`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vatspolicy.authoring.symbolic.decision_encoder import can_be_part, decision_words, encode_decision
from vatspolicy.authoring.symbolic.domain import iso, ordinal
from vatspolicy.authoring.symbolic.encoder import Encoder, SymbolicActivation
from vatspolicy.authoring.symbolic.formula import FALSE, TRUE, TooLarge
from vatspolicy.authoring.symbolic.isolate import expressions_of, named_by
from vatspolicy.authoring.symbolic.query import Query, Solution
from vatspolicy.authoring.symbolic.relaxation import RelaxedEncoder, RelaxedRuleSet
from vatspolicy.authoring.symbolic.rule_state import effect_constants
from vatspolicy.authoring.symbolic.ruleset_encoder import SymbolicRuleSet
from vatspolicy.authoring.symbolic.solver import Solver, Undecided, open_solver
from vatspolicy.authoring.symbolic.timeline import END, Days, Period, parameters
from vatspolicy.authoring.symbolic.verdicts import Pair
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Rule

DECIDING = ("classify", "deny", "need", "route")
"""Effects on which a decision word depends."""


def comparison_period(base: Bundle, head: Bundle, as_of: str | None) -> Period | None:
    """Return the days to compare: all that both bundles cover, or `as_of` if they cover it, else None."""
    since = max(base.covers_from, head.covers_from)
    if as_of is None:
        return Period(since, END)
    return Period(as_of, iso(ordinal(as_of) + 1)) if as_of >= since else None


def differing_period(base: Bundle, head: Bundle, period: Period) -> Period | None:
    """The days on which the decision words of two bundles may differ, as one stretch; None when they never do.

    Rules that say the same in the same words, with the same parameter values on the same days, make no difference.
    """
    query = Query(period, {}, schemas=head.schemas)
    one, two = query.encode(base), query.encode(head)
    if one.licensing_key != two.licensing_key:
        return period
    before, after = (dict(_said(ruleset)) for ruleset in (one, two))
    spans: list[Days] = []
    for name in before.keys() | after.keys():
        if before.get(name, [None])[1:] != after.get(name, [None])[1:]:
            spans += [side[name][0] for side in (before, after) if name in side]
    if not spans:
        return None
    return Period(iso(min(first for first, _ in spans)), iso(max(last for _, last in spans) + 1))


def _said(ruleset: SymbolicRuleSet) -> Iterator[tuple[str, Any]]:
    """What every deciding rule says, with its days."""
    for key, rules in ruleset.history.rules.items():
        if key.partition("/")[2] in DECIDING:
            for rule in rules:
                yield rule.name, [ruleset.history.span(rule), *_content(ruleset, rule)]


def _content(ruleset: SymbolicRuleSet, rule: Rule) -> list[Any]:
    texts = [ruleset.expression_key(expression, SymbolicActivation({})) for expression in expressions_of(rule)]
    kinds = [ruleset.instrument_key(name) for name in sorted(named_by(rule))]
    return [rule.each, ruleset.history.span(rule), effect_constants(rule), texts, kinds]


def change_days(bundle: Bundle) -> set[str]:
    """Days on which what decides may change: a rule begins or ends, or a value does that such a rule reads."""
    days: set[str] = set()
    expressions = [i.covers for i in bundle.instruments.values() if i.covers is not None]
    for policy in bundle.policies.values():
        for rule in policy.rules:
            if rule.kind in DECIDING:
                days |= {rule.since, rule.until}
                expressions += expressions_of(rule)
    keys = frozenset[str]().union(*map(parameters, expressions))
    for policy in bundle.policies.values():
        for parameter in policy.parameters.values():
            if parameter.key in keys:
                days |= {value.since for value in parameter.values}
    return days


SHORT = {"services": 1, "company.licences": 2, "partner.licences": 2, "services.*.area": 2, "services.*.facilities": 2}
"""Members of lists that are searched for a profile, where one of each is not enough."""

LONG = 4
"""Most members of a list that is searched for a profile, where a rule speaks of many."""


def lengths(members: Mapping[str, int]) -> dict[str, int]:
    """Lengths of lists to search, where a rule tells so many members apart."""
    return SHORT | {path: min(max(count, SHORT.get(path, 1)), LONG) for path, count in members.items()}


class TwoRuleSetSearch:
    """A search for profiles, with lists of few members, that laws decide by given words."""

    def __init__(self, period: Period, base: Bundle, budget: int, members: Mapping[str, int]) -> None:
        """`members`: how many members lists have at most; 1 where it says nothing."""
        self.query, self.budget = Query(period, dict(members), schemas=base.schemas), budget
        self.base = self.query.encode(base)
        self.before = self.word(self.base)
        self.solver: Solver | None = None

    def word(self, ruleset: SymbolicRuleSet) -> dict[str, int]:
        """The decision words of a law."""
        return decision_words(ruleset.space.pool, encode_decision(ruleset, self.query.services))

    def after(self, law: Bundle) -> dict[str, int]:
        """The decision words of the law after the change."""
        return self.word(self.query.encode(law, like=self.base))

    def pairs(self, law: Bundle, wanted: Iterable[Pair], found: dict[Pair, Solution]) -> None:
        """Add to `found` a profile for every wanted pair that has one. Raises Unsupported, Undecided."""
        pool = self.query.space.pool
        after = self.after(law)
        terms = {(a, b): pool.conjoin((self.before[a], after[b])) for a, b in wanted}
        left = {pair: term for pair, term in terms.items() if term != FALSE}
        while left:
            answer = self.find([pool.disjoin(left.values())])
            if answer is None:
                break
            pair = next(pair for pair, term in left.items() if answer.holds(term))
            own = [left.pop(pair), *answer.formulas[1:]]
            found[pair] = Solution(answer.query, answer.solver, own, answer.model, answer.invariants)

    def find(self, formulas: Sequence[int]) -> Solution | None:
        """Facts under which the formulas hold."""
        if self.solver is None:
            self.solver = open_solver(self.query.space, self.budget)
        whole = [*formulas, *self.query.invariant_formulas]
        found = self.solver.find(whole)
        return None if found is None else Solution(self.query, self.solver, whole, found, self.query.invariant_ids)


Condition = tuple[Pair, int]
"""A pair of words, and a condition that its profiles meet: 0 and 1, a part has its word before or after the change;
2, what tells `incomplete` from `needs-license` changes somewhere."""


@dataclass(frozen=True)
class ExcludedPairs:
    """Pairs of words that no profile has, and the invariants that this rests on."""

    pairs: tuple[Pair, ...]
    invariants: tuple[str, ...]


class TransitionProof:
    """Proofs that pairs of words never go together, over all profiles."""

    def __init__(self, period: Period, base: Bundle, budget: int) -> None:
        self.period, self.base, self.budget = period, base, budget
        self.rooms: dict[type[Encoder], ProofContext] = {}
        self.bounds: dict[type[Encoder], Mapping[str, int]] = {}

    def exclude(self, law: Bundle, wanted: Sequence[Pair], lists: bool) -> ExcludedPairs:
        """The wanted pairs that are proved impossible. Raises Unsupported and Undecided.

        Without `lists` what is said of members of lists is left free, which is quick. With it, lists grow to as many
        members as the question can tell apart.
        """
        conditions = [(pair, number) for pair in wanted for number in range(3)]
        try:
            unmet, invariants = self.unmet(law, conditions, Encoder if lists else RelaxedEncoder)
        except TooLarge as error:
            raise Undecided(str(error)) from None
        excluded = {pair for pair, _ in unmet}
        return ExcludedPairs(tuple(pair for pair in wanted if pair in excluded), invariants)

    def unmet(
        self, law: Bundle, conditions: Sequence[Condition], encoder: type[Encoder]
    ) -> tuple[list[Condition], tuple[str, ...]]:
        """Conditions that nothing meets, with lists as long as the encoder needs them."""
        left = list(conditions)
        invariants: tuple[str, ...] = ()
        while left:
            room = self.room(encoder)
            left, invariants = room.unmet(law, left)
            missing = room.query.space.missing()
            if not missing:
                break
            del self.rooms[encoder]
            self.bounds[encoder] = {**self.bounds[encoder], **missing}
        return left, invariants

    def room(self, encoder: type[Encoder]) -> ProofContext:
        """Return the query in which rule sets are compared one after the other, with lists as long as needed so far."""
        if encoder not in self.rooms:
            bounds = self.bounds.setdefault(encoder, {})
            self.rooms[encoder] = ProofContext(
                Query(self.period, dict(bounds), encoder, self.base.schemas), self.base, self.budget
            )
        return self.rooms[encoder]


class ProofContext:
    """One query in which the conditions of pairs are comparison_period about, law by law."""

    def __init__(self, query: Query, base: Bundle, budget: int) -> None:
        self.query = query
        query.space.ask("services", "the service that a word is about")
        self.base = query.encode(base, RelaxedRuleSet)
        self.before = encode_decision(self.base, query.services[:1])
        self.solver = open_solver(query.space, budget)

    def unmet(self, law: Bundle, wanted: Sequence[Condition]) -> tuple[list[Condition], tuple[str, ...]]:
        """Those of the conditions that no facts meet, and the invariants that this rests on."""
        pool = self.query.space.pool
        conditions = self.conditions(law, wanted)
        holding, invariants = self.query.invariant_formulas, self.query.invariant_ids
        self.solver.prepare([*conditions.values(), *holding])
        left = {key: formula for key, formula in conditions.items() if formula != FALSE}
        met: set[Condition] = set()
        while left:
            found = self.solver.find([pool.disjoin(left.values()), *holding])
            if found is None:
                break
            truths = pool.truths(found)
            met |= {key for key, formula in left.items() if truths[abs(formula)] is (formula > 0)}
            left = {key: formula for key, formula in left.items() if key not in met}
        return [key for key in wanted if key not in met], invariants

    def conditions(self, law: Bundle, wanted: Iterable[Condition]) -> dict[Condition, int]:
        """The conditions over product and one service, each of which a profile of the pair meets with some service."""
        pool = self.query.space.pool
        ruleset = self.query.encode(law, RelaxedRuleSet, like=self.base)
        one, two = self.before, encode_decision(ruleset, self.query.services[:1])
        before, after = decision_words(pool, one), decision_words(pool, two)
        found: dict[Condition, int] = {}
        for pair, number in wanted:
            a, b = pair
            first = pool.conjoin((before[a], can_be_part(two, b)))
            second = pool.conjoin((after[b], can_be_part(one, a)))
            third = TRUE
            if pair == ("incomplete", "needs-license"):
                # the need was not certain, and is so where it stands; or the denial that was possible no longer is
                third = pool.disjoin((pool.conjoin((second, -one.low[0])), pool.conjoin((first, one.high[1]))))
            elif pair == ("needs-license", "incomplete"):
                third = pool.disjoin((pool.conjoin((first, -two.low[0])), pool.conjoin((second, two.high[1]))))
            found[pair, number] = (first, second, third)[number]
        return found
