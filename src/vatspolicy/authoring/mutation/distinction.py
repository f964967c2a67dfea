"""Profiles, found by the solver, that distinguish a mutant from the law, and proofs that none exists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from vatspolicy.authoring.analysis.bounded_search import all_days, encode_subject
from vatspolicy.authoring.mutation.mutants import Mutant
from vatspolicy.authoring.mutation.ruleset import find_moved, mutated_trees, rewrite_bundle
from vatspolicy.core.documents.plain import Facts
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Need, Route, Rule
from vatspolicy.proofs import compare_rules
from vatspolicy.proofs.change_search import SHORT
from vatspolicy.proofs.decision_encoder import encode_need, encode_subject_pair
from vatspolicy.proofs.encoder import SymbolicActivation
from vatspolicy.proofs.query import NoSolution, Query, Solution, solve
from vatspolicy.proofs.ruleset_encoder import SymbolicRuleSet
from vatspolicy.proofs.solver import BUDGET, Undecided
from vatspolicy.proofs.timeline import find_rule, named_by
from vatspolicy.proofs.values import DualRail, Unsupported
from vatspolicy.proofs.verdicts import EQUIVALENT

FEW_RULES = 4
"""Rules that share a term or parameter and are searched for a profile; a proof looks at all of them."""

States = Mapping[str, int]
"""Formulas for each state of a rule, by the name of the state in tests."""


@dataclass(frozen=True)
class Distinction:
    """Facts and a day on which a testable result differs between the law and a mutant."""

    rule: Rule
    profile: Facts
    as_of: str
    instrument: str | None = None
    """The instrument whose authorities differ; None if the state of the rule does."""


class MutantComparison:
    """Comparison of a mutant with the law over all profiles."""

    def __init__(self, bundle: Bundle, mutant: Mutant, budget: int = BUDGET) -> None:
        self.bundle, self.mutant, self.budget = bundle, mutant, budget
        self.head = rewrite_bundle(bundle, mutant)
        changed = mutated_trees(mutant).keys()
        instruments = bundle.instruments.values()
        self.held = [
            instrument.id
            for instrument in instruments
            if instrument.covers is not None and instrument.covers.index in changed
        ]
        """Instruments whose counting licenses may differ."""
        self.directed = [
            instrument.id
            for instrument in instruments
            if any(when.index in changed for when, _ in instrument.authority)
        ]
        """Instruments whose authorities may differ."""

    def _users(self, instrument: str) -> list[Rule]:
        """Return the rules whose tests show which licenses count, or which authority is in charge of an instrument.

        Of a law in layers, those of the top layer, whose tests are run.
        """
        routes = [
            rule.effect
            for policy in self.bundle.policies.values()
            for rule in policy.rules
            if isinstance(rule.effect, Route)
        ]
        every = [rule for policy in self.bundle.own_policies for rule in policy.rules]
        reached = {route.to for route in routes if route.instrument == instrument}
        return [
            rule
            for rule in every
            if instrument in named_by(rule) or (isinstance(rule.effect, Need) and rule.effect.through in reached)
        ]

    def _simplest(self, rules: Iterable[Rule]) -> list[Rule]:
        """Return a few of the rules: of the policy of the mistake first, and the shortest first."""

        def rank(rule: Rule) -> tuple[bool, int]:
            return rule.policy != self.mutant.policy, sum(len(expression.text) for expression in rule.expressions)

        return sorted(rules, key=rank)[:FEW_RULES]

    # --- profiles

    def find(self) -> Iterator[Distinction]:
        """Yield profiles with short lists that reveal the mistake in a test, those without missing facts first."""
        for instrument in self.directed:
            for rule in self._simplest(self._users(instrument)):
                for each in ("activity", "service", "product"):
                    yield from self._find(rule, partial(self._encode_authorities, each, instrument), instrument)
        rules = [rule for instrument in self.held for rule in self._users(instrument)]
        for rule in self._simplest(dict.fromkeys((*self.mutant.rules, *rules))):
            yield from self._find(rule, partial(self._encode_states, rule))

    def _find(
        self, rule: Rule, encode: Callable[[bool, Query], Sequence[int]], instrument: str | None = None
    ) -> Iterator[Distinction]:
        for certain in (True, False):
            try:
                found = solve(
                    all_days(self.bundle), partial(encode, certain), self.budget, SHORT, schemas=self.bundle.schemas
                )
            except (Undecided, Unsupported):
                return
            if isinstance(found, Solution):
                found = found.minimized()
                yield Distinction(rule, found.profile, found.as_of, instrument)
                return

    def _encode_states(self, rule: Rule, certain: bool, query: Query) -> Sequence[int]:
        one, two = query.encode(self.bundle), query.encode(self.head)
        after = find_rule(self.head, rule.name)
        assert after is not None
        exists, activation = encode_subject(query, one, rule.each)
        before, behind = encode_states(one, rule, activation), encode_states(two, after, activation)
        return [*exists, _differ(query, before, behind, certain)]

    def _encode_authorities(self, each: str, instrument: str, certain: bool, query: Query) -> Sequence[int]:
        one, two = query.encode(self.bundle), query.encode(self.head)
        exists, activation = encode_subject(query, one, each)
        return [*exists, _other_authorities(one, two, instrument, (activation, activation), certain)]

    # --- proofs

    def is_equivalent(self) -> bool:
        """Return True if law and mutant are proved equivalent for every profile on every day."""
        compared = bool(self.mutant.rules or self.held or self.directed)
        return (
            compared
            and all(map(self._is_same_rule, find_moved(self.bundle, self.mutant) or self.mutant.rules))
            and all(self._is_same_holding(instrument) for instrument in self.held)
            and all(self._have_same_authorities(instrument) for instrument in self.directed)
        )

    def _is_same_rule(self, rule: Rule) -> bool:
        [verdict] = compare_rules(self.bundle, self.head, [rule.name], budget=self.budget)
        return verdict.verdict == EQUIVALENT

    def _is_same_holding(self, instrument: str) -> bool:
        def build(each: str, holder: str, query: Query) -> Sequence[int]:
            one, two = query.encode(self.bundle), query.encode(self.head)
            exists, _, (activation, other) = encode_subject_pair(query, each, (one, two), reachable=False)
            before, after = one.held(activation, instrument, holder), two.held(other, instrument, holder)
            pool = query.space.pool
            return [
                *exists,
                pool.disjoin((pool.differ(before.true, after.true), pool.differ(before.false, after.false))),
            ]

        subjects = [("product", "company"), *(("activity", holder) for holder in ("operator", "company", "partner"))]
        return all(self._is_impossible(partial(build, each, holder)) for each, holder in subjects)

    def _have_same_authorities(self, instrument: str) -> bool:
        def build(each: str, query: Query) -> Sequence[int]:
            one, two = query.encode(self.bundle), query.encode(self.head)
            exists, _, activations = encode_subject_pair(query, each, (one, two), reachable=False)
            return [*exists, _other_authorities(one, two, instrument, activations, certain=False)]

        return all(self._is_impossible(partial(build, each)) for each in ("activity", "service", "product"))

    def _is_impossible(self, build: Callable[[Query], Sequence[int]]) -> bool:
        """Return True if it is proved that no profile satisfies the formulas."""
        try:
            found = solve(all_days(self.bundle), build, self.budget, schemas=self.bundle.schemas)
        except (Undecided, Unsupported):
            return False
        return isinstance(found, NoSolution)


def encode_states(ruleset: SymbolicRuleSet, rule: Rule, activation: SymbolicActivation) -> States:
    """Return the formulas that a rule is in the states that tests can expect, as `testing.rule_states` has them.

    A test reads a rule without opinions on it, except a route.
    """
    pool = ruleset.space.pool
    if isinstance(rule.effect, Route):
        route = ruleset.route(activation, rule)
        closed = pool.conjoin((-route.applies.false, -route.usable))
        return _with_rest(ruleset, {"silent": route.applies.false, "closed": closed, "open": route.opened})
    there, found = ruleset.in_force(rule), ruleset.evaluate(rule.when, activation)
    when = DualRail(pool.conjoin((there, found.true)), pool.disjoin((-there, found.false)))
    silent = when.false
    if isinstance(rule.effect, Need):
        need = encode_need(ruleset, rule, activation)
        met = pool.conjoin((-when.false if rule.effect.through is None else when.true, -need.high[0]))
        unmet = pool.conjoin((when.true, need.low[0], -need.high[1]))
        closed = pool.conjoin((when.true, need.low[1]))
        return _with_rest(ruleset, {"silent": silent, "met": met, "unmet": unmet, "closed": closed})
    return _with_rest(ruleset, {"silent": silent, "fires": when.true})


def _with_rest(ruleset: SymbolicRuleSet, states: dict[str, int]) -> States:
    pool = ruleset.space.pool
    return {**states, "unknown": -pool.disjoin(states.values())}


def _differ(query: Query, before: States, after: States, certain: bool) -> int:
    """Return the formula that the states differ. `certain`: no fact is missing on either side."""
    pool = query.space.pool
    if certain:
        known = [name for name in before if name != "unknown"]
        return pool.disjoin(pool.conjoin((before[a], after[b])) for a in known for b in known if a != b)
    return pool.disjoin(pool.differ(before[name], after[name]) for name in before)


def _other_authorities(
    one: SymbolicRuleSet,
    two: SymbolicRuleSet,
    instrument: str,
    activations: tuple[SymbolicActivation, SymbolicActivation],
    certain: bool,
) -> int:
    """Return the formula that an entry of authorities applies on one side only, after the entries before it."""
    pool = one.space.pool
    earlier: list[int] = []
    found: list[int] = []
    entries = (side.history.instruments[instrument].authority for side in (one, two))
    for (when, _), (other, _) in zip(*entries, strict=True):
        before, after = one.evaluate(when, activations[0]), two.evaluate(other, activations[1])
        if certain:
            differs = [pool.conjoin((before.true, after.false)), pool.conjoin((before.false, after.true))]
        else:
            differs = [pool.differ(before.true, after.true), pool.differ(before.false, after.false)]
        found.append(pool.conjoin((*earlier, pool.disjoin(differs))))
        earlier.append(before.false if certain else -before.true)
    return pool.disjoin(found)
