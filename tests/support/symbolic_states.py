"""Formulas that a rule is in each state that tests can expect, to compare with the states of the evaluator."""

from __future__ import annotations

from collections.abc import Mapping

from vatspolicy.core.policies.model import Need, Route, Rule
from vatspolicy.proofs.decision_encoder import encode_need
from vatspolicy.proofs.encoder import SymbolicActivation
from vatspolicy.proofs.ruleset_encoder import SymbolicRuleSet
from vatspolicy.proofs.values import DualRail

States = Mapping[str, int]
"""Formulas for each state of a rule, by the name of the state in tests."""


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
