"""Changes of the decision word that some rules make: searches and proofs, the cheap ones first."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from vatspolicy.core.cel.types import Bool
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Rule
from vatspolicy.proofs.decision_encoder import (
    Kinds,
    can_be_part,
    can_stay,
    class_choice,
    decision_words,
    encode_decision,
    encode_part,
    encode_subject_pair,
    need_service,
)
from vatspolicy.proofs.domain import AS_OF
from vatspolicy.proofs.encoder import Encoder
from vatspolicy.proofs.formula import FALSE, TRUE
from vatspolicy.proofs.query import Query, Solution
from vatspolicy.proofs.ruleset_encoder import (
    Exact,
    RelaxedEncoder,
    RelaxedRuleSet,
    SymbolicOutcome,
    SymbolicRuleSet,
    read_by,
)
from vatspolicy.proofs.solver import Budget, Model, Undecided, open_solver, reason_of
from vatspolicy.proofs.timeline import Period
from vatspolicy.proofs.two_rulesets import Classes, TwoRuleSetSearch
from vatspolicy.proofs.values import Unsupported
from vatspolicy.proofs.verdicts import (
    MILDER_PAIRS,
    MOST_TELLING_FIRST,
    PAIRS,
    STRICTER_PAIRS,
    UNSETTLED,
    Pair,
)
from vatspolicy.proofs.witness import drop_irrelevant

SHORT = {"services": 1, "company.licenses": 2, "partner.licenses": 2, "services.*.area": 2, "services.*.facilities": 2}
"""Lengths of lists to search for a witness if one member of each is not enough."""

LONG = 4
"""Maximum length of a list to search for a witness if a rule needs longer lists."""


def search_lengths(members: Mapping[str, int]) -> dict[str, int]:
    """Return the list lengths to search for a rule that needs the given number of members."""
    return SHORT | {path: min(max(count, SHORT.get(path, 1)), LONG) for path, count in members.items()}


def lengths_for(sides: tuple[Bundle, Bundle], rules: Iterable[Rule], period: Period) -> dict[str, int]:
    """Return the list lengths that either version of rules can distinguish, at most `LONG`.

    Raises:
        Unsupported
    """
    query = Query(period, {}, schemas=sides[0].schemas)
    one, two = (query.encode(side) for side in sides)
    for rule in rules:
        _, _, activations = encode_subject_pair(query, rule.each, (one, two), reachable=False)
        conditions = [one for one in rule.compiled if isinstance(one.tree.type, Bool)]
        for ruleset, activation in zip((one, two), activations, strict=True):
            for condition in conditions:
                if id(condition) in ruleset.history.limits:  # those of its own side
                    ruleset.evaluate(condition, activation)
    return {path: min(count, LONG) for path, count in query.space.missing_bounds().items()}


# --- proofs over all profiles that a change from one decision word to another is impossible
#
# A decision is the strictest of its parts: the product and each of its services. Suppose a profile is decided `a`
# under the first rule set and `b` under the second. Then with one of its services alone, the first decides `a` while
# the second is no stricter than `b`; and with one of its services alone, the second decides `b` while the first is no
# stricter than `a`. Each is a question about the product and one service. If either has no solution, no profile with
# any number of services changes from `a` to `b`. All other lists are as long as the question needs, or as the schema
# allows (`query`).
#
# A proof is tried with little exact, since that is fast: quantifiers over lists and licenses that are held may have
# any value then. What remains possible rests on some of these values; they are made exact, and the proof is tried
# again.


Condition = tuple[Pair, int]
"""A pair of decision words, and the number of a necessary condition for it.

0: some part has the first word before the change; 1: some part has the second word after it; 2: the difference between
`incomplete` and `needs-license` changes somewhere.
"""


REFINEMENTS = 8
"""Attempts at a proof with increasing precision."""


@dataclass(frozen=True)
class ExcludedPairs:
    """Impossible pairs of decision words, according to proofs."""

    pairs: tuple[Pair, ...]
    invariants: tuple[str, ...]
    """Ids of the invariants that the proofs assume."""


class TransitionProof:
    """Proves over all profiles that changes from one decision word to another are impossible."""

    def __init__(self, period: Period, base: Bundle, budget: Budget) -> None:
        self.period, self.base, self.budget = period, base, budget
        self.contexts: dict[Exact, ProofContext] = {}
        self.bounds: dict[Exact, Mapping[str, int]] = {}
        self.last: ProofContext | None = None
        """Context of the last question."""

    def exclude(
        self,
        head: Bundle,
        wanted: Sequence[Pair],
        exact: Exact,
        outside: tuple[int, int] | None = None,
        parts: Kinds | None = None,
        all_or_none: bool = False,
    ) -> ExcludedPairs:
        """Return the requested pairs that are provably impossible. Raises Unsupported and Undecided.

        With `all_or_none`, none is returned as soon as one is seen to remain, which saves questions about the others.

        `outside`: only on days before the first and after the last of these (numbers).

        The less is `exact`, the faster; for what is, lists grow to as many members as the question needs. With
        `parts`, the kinds of parts that the change can touch, each part is examined alone, which is faster still.
        """
        conditions = [(pair, number) for pair in wanted for number in range(3)]
        unsatisfiable, invariants = self._unsatisfiable(head, conditions, exact, outside, parts, all_or_none)
        excluded = {pair for pair, _ in unsatisfiable}
        return ExcludedPairs(tuple(pair for pair in wanted if pair in excluded), invariants)

    def exclude_by_need(self, head: Bundle, wanted: Sequence[Pair], exact: Exact, parts: Kinds | None) -> ExcludedPairs:
        """Return the requested pairs that are provably impossible. Raises Unsupported and Undecided.

        A few times, the truths behind a spurious solution are made exact.
        """
        left, found, invariants = list(wanted), list[Pair](), set[str]()
        for _ in range(REFINEMENTS):
            excluded = self.exclude(head, left, exact, parts=parts)
            found += excluded.pairs
            invariants |= set(excluded.invariants)
            left = [pair for pair in left if pair not in excluded.pairs]
            more = self.last.assumed() if left and self.last is not None else Exact()
            if not more:
                break
            if exact:  # what is read by no other question
                self.contexts.pop(exact, None)
            exact = exact | more
        return ExcludedPairs(tuple(found), tuple(sorted(invariants)))

    def find_classes(self, head: Bundle, pairs: Iterable[Pair], each: int = 1) -> Iterator[str]:
        """Yield activity classes that may cause the pairs, up to `each` for one. Raises Unsupported and Undecided."""
        return self._context(Exact()).find_classes(head, pairs, each)

    def _unsatisfiable(
        self,
        head: Bundle,
        conditions: Sequence[Condition],
        exact: Exact,
        outside: tuple[int, int] | None,
        parts: Kinds | None,
        all_or_none: bool,
    ) -> tuple[list[Condition], tuple[str, ...]]:
        """Return the conditions that no profile satisfies, with list lengths for the exact parts."""
        left = list(conditions)
        invariants: tuple[str, ...] = ()
        while left:
            context = self._context(exact)
            left, invariants = context.unsatisfiable(head, left, outside, parts, all_or_none)
            self.last = context
            missing = context.query.space.missing_bounds()
            if not missing:
                break
            del self.contexts[exact]
            self.bounds[exact] = {**self.bounds[exact], **missing}
        return left, invariants

    def _context(self, exact: Exact) -> ProofContext:
        """Return the shared context of all rule sets, with the list lengths needed so far."""
        if exact not in self.contexts:
            bounds = self.bounds.setdefault(exact, {})
            relaxed = functools.partial(RelaxedEncoder, exact=exact.quantifiers)
            encoder = Encoder if exact.all_quantifiers else relaxed
            query = Query(self.period, dict(bounds), encoder, self.base.schemas)
            self.contexts[exact] = ProofContext(query, self.base, self.budget, exact.instruments)
        return self.contexts[exact]


class ProofContext:
    """A query with the base encoded once, to check conditions of several heads."""

    def __init__(self, query: Query, base: Bundle, budget: Budget, held: frozenset[str] = frozenset()) -> None:
        """Initialize with the query and the base. `held`: instruments whose possession depends on listed licenses."""
        self.query = query
        self.kind = functools.partial(RelaxedRuleSet, exact=held)
        self.base = query.encode(base, self.kind)
        self.solver = open_solver(query.space, budget)
        self._parts: dict[str, SymbolicOutcome] = {}
        self._last: tuple[Bundle, SymbolicRuleSet] | None = None
        self.solutions: list[tuple[list[int], Model, SymbolicRuleSet]] = []
        """Formulas that hold in the last solutions, the solutions, and the head's rule set."""

    def _ruleset(self, head: Bundle) -> SymbolicRuleSet:
        """Return the rule set of a head, caching that of the last one."""
        if self._last is None or self._last[0] is not head:
            kind = functools.partial(self.kind, beside=self.base)
            self._last = head, self.query.encode(head, kind, self.base)
        return self._last[1]

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
        all_or_none: bool = False,
    ) -> tuple[list[Condition], tuple[str, ...]]:
        """Return the conditions that no facts satisfy, and the ids of the assumed invariants. Raises Undecided.

        With `all_or_none`, none is returned if one model satisfies all conditions for a pair.
        """
        pool = self.query.space.pool
        ruleset = self._ruleset(head)
        conditions = self._encode(ruleset, wanted, parts)
        if outside is not None:
            days = pool.disjoin((pool.at_most({AS_OF: 1}, outside[0] - 1), -pool.at_most({AS_OF: 1}, outside[1])))
            conditions = {key: pool.conjoin((formula, days)) for key, formula in conditions.items()}
        invariants, ids = self.query.invariant_formulas, self.query.invariant_ids
        left = {key: formula for key, formula in conditions.items() if formula not in (TRUE, FALSE)}
        satisfied = {key for key, formula in conditions.items() if formula == TRUE}
        self.solver.prepare([*left.values(), *(invariants if left else ())])
        self.solutions = []
        if all_or_none:
            whole = [pool.conjoin(conditions[key] for key in wanted if key[0] == pair) for pair, _ in wanted]
            if TRUE in whole or (left and self.solver.find([pool.disjoin(whole), *invariants]) is not None):
                return [], ids
        while left:
            model = self.solver.find([pool.disjoin(left.values()), *invariants])
            if model is None:
                break
            truths = pool.truths(model)
            held = [formula for formula in left.values() if truths[abs(formula)] is (formula > 0)]
            self.solutions.append(([*held, *invariants], model, ruleset))
            satisfied |= {key for key, formula in left.items() if truths[abs(formula)] is (formula > 0)}
            left = {key: formula for key, formula in left.items() if key not in satisfied}
        return [key for key in wanted if key not in satisfied], ids

    def assumed(self) -> Exact:
        """Return the free parts that needed a certain value in the last solutions."""
        found = Exact()
        for formulas, model, head in self.solutions:
            found |= self._free(drop_irrelevant(self.query.space, formulas, model), head)
        return found

    def _free(self, model: Model, head: SymbolicRuleSet) -> Exact:
        """Return the parts represented by free variables of a model."""
        sides = [side.free for side in (self.base, head) if isinstance(side, RelaxedRuleSet)]
        held = frozenset(side[name] for side in sides for name in model if name in side)
        free = self.query.encoder.free if isinstance(self.query.encoder, RelaxedEncoder) else {}
        return Exact(frozenset(free[name] for name in model if name in free), held)

    def find_classes(self, head: Bundle, pairs: Iterable[Pair], each: int) -> Iterator[str]:
        """Yield activity classes that may cause the pairs, up to `each` for a pair; nothing for an impossible pair."""
        pool, space = self.query.space.pool, self.query.space
        wanted = list(pairs)
        numbered = [(pair, number) for pair in wanted for number in range(3)]
        ruleset = self._ruleset(head)
        conditions = self._encode(ruleset, numbered, frozenset({"activity"}))
        whole = [pool.conjoin(conditions[pair, number] for number in range(3)) for pair in wanted]
        choice, others = class_choice(self.query), TRUE
        for _ in range(each):
            left, found = [formula for formula in whole if formula not in (TRUE, FALSE)], set[int]()
            while left:
                model = self.solver.find([pool.disjoin(left), others, *self.query.invariant_formulas])
                if model is None:
                    break
                truths, place = pool.truths(model), int(space.pool.number_of(choice.name, model))
                left = [formula for formula in left if truths[abs(formula)] is not (formula > 0)]
                found.add(place)
                yield str(choice.values[place])
            others = pool.conjoin((others, -pool.among(choice.name, found)))

    def _encode(
        self, ruleset: SymbolicRuleSet, wanted: Iterable[Condition], parts: Kinds | None
    ) -> dict[Condition, int]:
        """Return the conditions as formulas over the product and one service, or over the parts of some kinds."""
        pool, query = self.query.space.pool, self.query
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


# --- searches and proofs that several comparisons of rules share


class SharedSearch:
    """Searches and proofs over the decisions of the base, encoded once for all rules of a chunk."""

    def __init__(self, base: Bundle, period: Period, budget: Budget) -> None:
        self.base, self.period, self.budget = base, period, budget
        self.proof = TransitionProof(period, base, budget)

    @functools.cached_property
    def shortest(self) -> TwoRuleSetSearch:
        """Search with one member of each list."""
        return self.with_lengths({})

    def with_lengths(self, members: Mapping[str, int]) -> TwoRuleSetSearch:
        """Return a search with lists of these lengths."""
        return TwoRuleSetSearch(self.period, self.base, self.budget, members)


# --- changes of the decision word that some rules make alone: searches and proofs, the cheap ones first


BOTH_DIRECTIONS = (STRICTER_PAIRS, MILDER_PAIRS)


@dataclass
class DecisionChanges:
    """Changes of the decision word that the given rules alone cause."""

    solutions: dict[Pair, Solution] = field(default_factory=dict)
    """Profiles that show a change, by pair of words."""
    proved_none: bool = False
    reason: str = UNSETTLED
    """Reason for no profile and no proof."""
    invariants: set[str] = field(default_factory=set)
    """Ids of the invariants that proofs assumed."""


@dataclass
class ChangeSearch:
    """Searches for the changes of the decision word that the given rules alone cause."""

    mixed: Bundle
    """The base with the rules of the head."""
    shared: SharedSearch
    rules: Sequence[Rule]
    """Both versions of the rules."""
    parts: Kinds
    """Kinds of product parts that the rules can affect."""
    directions: Sequence[frozenset[Pair]]
    """Changes of the decision word that the rules alone can cause, by direction, for use in searches."""
    classes: frozenset[str]
    """Classes of the activities with differences between versions of a rule."""
    members: Mapping[str, int]
    """Lengths of lists that the rules can distinguish."""
    found: DecisionChanges = field(default_factory=DecisionChanges)

    def run(self) -> DecisionChanges:
        """Return one change in each direction, if any, or the result that there is none."""
        exact = read_by(self.rules)
        steps: tuple[Callable[[], None], ...] = (
            self._search_found_classes,
            lambda: self._prove(Exact(), self.parts),
            self._search_other_classes,
            lambda: self._search(self.shared.shortest, self.directions),
            lambda: self._prove_by_need(exact, self.parts),
            lambda: self._prove(Exact()),
            self._search_longer_lists,
            lambda: self._prove_by_need(exact),
            lambda: self._prove(exact.with_all_quantifiers()),
        )
        for step in steps:
            try:
                step()
            except Unsupported as error:
                self.found.reason = reason_of(error)
                break
            except Undecided as error:
                self.found.reason = reason_of(error)
            if self.found.solutions or self.found.proved_none:
                break
        return self.found

    def _prove(self, exact: Exact, parts: Kinds | None = None) -> None:
        self._note(self.shared.proof.exclude(self.mixed, PAIRS, exact, parts=parts, all_or_none=True))

    def _prove_by_need(self, exact: Exact, parts: Kinds | None = None) -> None:
        self._note(self.shared.proof.exclude_by_need(self.mixed, PAIRS, exact, parts))

    def _note(self, excluded: ExcludedPairs) -> None:
        self.found.invariants |= set(excluded.invariants)
        self.found.proved_none = len(excluded.pairs) == len(PAIRS)

    def _search(
        self,
        profiles: TwoRuleSetSearch,
        directions: Sequence[frozenset[Pair]],
        classes: Classes = None,
        reached: bool = False,
    ) -> None:
        """Find one change in each direction, preferably between complete decisions.

        `reached`: no other is wanted.
        """
        solutions = self.found.solutions
        for pairs in directions:
            for incomplete in (False,) if reached else (False, True):
                if not solutions.keys() & pairs:
                    wanted = [p for p in MOST_TELLING_FIRST if p in pairs and ("incomplete" in p) is incomplete]
                    solutions.update(itertools.islice(profiles.solve_pairs(self.mixed, wanted, classes), 1))

    def _search_found_classes(self) -> None:
        """Search products with few classes. A product without a class would have no informative decision."""
        if self.classes:
            self._search(self.shared.shortest, self.directions, self.classes)

    def _search_other_classes(self) -> None:
        """Search products of each class that may show a change according to a relaxed question.

        A change that touches no activity may show between decisions of a product without any, the smallest question.
        """
        if "activity" not in self.parts:
            self._search(self.shared.shortest, self.directions, frozenset(), reached=True)
            return
        pairs = frozenset[Pair]().union(*self.directions)
        for cls in self.shared.proof.find_classes(self.mixed, pairs):
            self._search(self.shared.shortest, self.directions, frozenset({cls}))
            if all(self.found.solutions.keys() & direction for direction in self.directions):
                break

    def _search_longer_lists(self) -> None:
        """Search products with the list lengths that the rules need, starting with few classes."""
        longer = self.shared.with_lengths(search_lengths(self.members))
        if self.classes:
            self._search(longer, self.directions, self.classes)
        self._search(longer, BOTH_DIRECTIONS)
