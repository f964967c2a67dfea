"""Two laws over the same facts: which pairs of decision words go together.

A decision is the strictest of its parts: those of the product and of each of its services. That gives the proofs their
reach. Let a profile be decided `a` under one law and `b` under another. Then with some service alone the product is
decided `a` under the first while being no stricter than `b` under the second, and with some service alone it is decided
`b` under the second while being no stricter than `a` under the first. Each is a question about the product and one
service, so if either has no answer there is no such profile, however many services it has. All other lists are as long
as the question can tell apart, or as the schema allows (see `setting`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from vatspolicy.authoring.symbolic.decision_encoder import SymbolicRuleSet
from vatspolicy.authoring.symbolic.encoder import Encoder
from vatspolicy.authoring.symbolic.formula import FALSE, TRUE, TooLarge
from vatspolicy.authoring.symbolic.query import Answer, Query
from vatspolicy.authoring.symbolic.relaxation import Pair, RelaxedEncoder, RelaxedRuleSet, within, word
from vatspolicy.authoring.symbolic.search import Search, Undecided, open_search
from vatspolicy.authoring.symbolic.times import Period
from vatspolicy.policies.bundle import Bundle

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
        self.setting, self.budget = Query(period, dict(members), schemas=base.schemas), budget
        self.base = self.setting.reading(base)
        self.before = self.word(self.base)
        self.search: Search | None = None

    def word(self, reading: SymbolicRuleSet) -> dict[str, int]:
        """The decision words of a law."""
        return word(reading, reading.decision(self.setting.services))

    def after(self, law: Bundle) -> dict[str, int]:
        """The decision words of the law after the change."""
        return self.word(self.setting.reading(law, like=self.base))

    def pairs(self, law: Bundle, wanted: Iterable[Pair], found: dict[Pair, Answer]) -> None:
        """Add to `found` a profile for every wanted pair that has one. Raises Unsupported, Undecided."""
        pool = self.setting.space.pool
        after = self.after(law)
        terms = {(a, b): pool.conjoin((self.before[a], after[b])) for a, b in wanted}
        left = {pair: term for pair, term in terms.items() if term != FALSE}
        while left:
            answer = self.find([pool.disjoin(left.values())])
            if answer is None:
                break
            pair = next(pair for pair, term in left.items() if answer.holds(term))
            own = [left.pop(pair), *answer.formulas[1:]]
            found[pair] = Answer(answer.setting, answer.search, own, answer.found, answer.invariants)

    def find(self, formulas: Sequence[int]) -> Answer | None:
        """Facts under which the formulas hold."""
        if self.search is None:
            self.search = open_search(self.setting.space, self.budget)
        whole = [*formulas, *self.setting.holding]
        found = self.search.find(whole)
        return None if found is None else Answer(self.setting, self.search, whole, found, self.setting.invariants)


Condition = tuple[Pair, int]
"""A pair of words, and a condition that its profiles meet: 0 and 1, a part has its word before or after the change;
2, what tells `incomplete` from `needs-license` changes somewhere."""


@dataclass(frozen=True)
class Excluded:
    """Pairs of words that no profile has, and the invariants that this rests on."""

    pairs: tuple[Pair, ...]
    invariants: tuple[str, ...]


class TransitionProof:
    """Proofs that pairs of words never go together, over all profiles."""

    def __init__(self, period: Period, base: Bundle, budget: int) -> None:
        self.period, self.base, self.budget = period, base, budget
        self.rooms: dict[type[Encoder], ProofContext] = {}
        self.bounds: dict[type[Encoder], Mapping[str, int]] = {}

    def exclude(self, law: Bundle, wanted: Sequence[Pair], lists: bool) -> Excluded:
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
        return Excluded(tuple(pair for pair in wanted if pair in excluded), invariants)

    def unmet(
        self, law: Bundle, conditions: Sequence[Condition], encoder: type[Encoder]
    ) -> tuple[list[Condition], tuple[str, ...]]:
        """Conditions that nothing meets, with lists as long as the encoder needs them."""
        left = list(conditions)
        invariants: tuple[str, ...] = ()
        while left:
            room = self.room(encoder)
            left, invariants = room.unmet(law, left)
            missing = room.setting.space.missing()
            if not missing:
                break
            del self.rooms[encoder]
            self.bounds[encoder] = {**self.bounds[encoder], **missing}
        return left, invariants

    def room(self, encoder: type[Encoder]) -> ProofContext:
        """The setting that laws are asked in one after the other, with lists as long as they have been needed."""
        if encoder not in self.rooms:
            bounds = self.bounds.setdefault(encoder, {})
            self.rooms[encoder] = ProofContext(
                Query(self.period, dict(bounds), encoder, self.base.schemas), self.base, self.budget
            )
        return self.rooms[encoder]


class ProofContext:
    """One setting in which the conditions of pairs are asked about, law by law."""

    def __init__(self, setting: Query, base: Bundle, budget: int) -> None:
        self.setting = setting
        setting.space.ask("services", "the service that a word is about")
        self.base = setting.reading(base, RelaxedRuleSet)
        self.before = self.base.decision(setting.services[:1])
        self.search = open_search(setting.space, budget)

    def unmet(self, law: Bundle, wanted: Sequence[Condition]) -> tuple[list[Condition], tuple[str, ...]]:
        """Those of the conditions that no facts meet, and the invariants that this rests on."""
        pool = self.setting.space.pool
        conditions = self.conditions(law, wanted)
        holding, invariants = self.setting.holding, self.setting.invariants
        self.search.prepare([*conditions.values(), *holding])
        left = {key: formula for key, formula in conditions.items() if formula != FALSE}
        met: set[Condition] = set()
        while left:
            found = self.search.find([pool.disjoin(left.values()), *holding])
            if found is None:
                break
            truths = pool.truths(found)
            met |= {key for key, formula in left.items() if truths[abs(formula)] is (formula > 0)}
            left = {key: formula for key, formula in left.items() if key not in met}
        return [key for key in wanted if key not in met], invariants

    def conditions(self, law: Bundle, wanted: Iterable[Condition]) -> dict[Condition, int]:
        """The conditions over product and one service, each of which a profile of the pair meets with some service."""
        pool = self.setting.space.pool
        reading = self.setting.reading(law, RelaxedRuleSet, like=self.base)
        one, two = self.before, reading.decision(self.setting.services[:1])
        before, after = word(self.base, one), word(reading, two)
        found: dict[Condition, int] = {}
        for pair, number in wanted:
            a, b = pair
            first = pool.conjoin((before[a], within(two, b, pool)))
            second = pool.conjoin((after[b], within(one, a, pool)))
            third = TRUE
            if pair == ("incomplete", "needs-license"):
                # the need was not certain, and is so where it stands; or the denial that was possible no longer is
                third = pool.disjoin((pool.conjoin((second, -one.low[0])), pool.conjoin((first, one.high[1]))))
            elif pair == ("needs-license", "incomplete"):
                third = pool.disjoin((pool.conjoin((first, -two.low[0])), pool.conjoin((second, two.high[1]))))
            found[pair, number] = (first, second, third)[number]
        return found
