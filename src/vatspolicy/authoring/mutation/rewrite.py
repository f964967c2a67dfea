"""A mutant as a bundle of its own, with trees, values and dates that every part of the program reads."""

from __future__ import annotations

import dataclasses

from vatspolicy.authoring.mutation.mutants import Mutant
from vatspolicy.authoring.mutation.ruleset import trees_of
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import (
    NO_CODE,
    Condition,
    Expression,
    Instrument,
    Parameter,
    Policy,
    Route,
    Rule,
    store_tree,
)


def rewritten(bundle: Bundle, mutant: Mutant) -> Bundle:
    """The bundle with the mistake written into it."""
    writer = _Writer(mutant)
    policies = {id: writer.policy(policy) for id, policy in bundle.policies.items()}
    instruments = {name: found for policy in policies.values() for name, found in policy.instruments.items()}
    return dataclasses.replace(bundle, policies=policies, instruments=instruments)


class _Writer:
    def __init__(self, mutant: Mutant) -> None:
        self.mutant, self.trees = mutant, trees_of(mutant)

    def policy(self, policy: Policy) -> Policy:
        parameters = {
            name: Parameter(found.key, found.title, self.mutant.params[found.key])
            if found.key in self.mutant.params
            else found
            for name, found in policy.parameters.items()
        }
        return dataclasses.replace(
            policy,
            parameters=parameters,
            instruments={name: self.instrument(found) for name, found in policy.instruments.items()},
            rules=tuple(self.rule(rule) for rule in policy.rules),
        )

    def instrument(self, instrument: Instrument) -> Instrument:
        return dataclasses.replace(
            instrument,
            authority=tuple((self.expression(when), bodies) for when, bodies in instrument.authority),
            covers=None if instrument.covers is None else self.expression(instrument.covers),
        )

    def rule(self, rule: Rule) -> Rule:
        if rule not in self.mutant.rules:
            return rule
        since, until = self.mutant.dates.get(rule.name, (rule.since, rule.until))
        effect = rule.effect
        if isinstance(effect, Route):
            effect = dataclasses.replace(
                effect,
                share_cap=None if effect.share_cap is None else self.condition(effect.share_cap),
                conditions=tuple(map(self.condition, effect.conditions)),
            )
        return dataclasses.replace(rule, since=since, until=until, when=self.expression(rule.when), effect=effect)

    def condition(self, condition: Condition) -> Condition:
        cap = None if condition.cap is None else self.expression(condition.cap)
        return dataclasses.replace(condition, check=self.expression(condition.check), cap=cap)

    def expression(self, expression: Expression) -> Expression:
        tree = self.trees.get(expression.index)
        if tree is None:
            return expression
        return dataclasses.replace(expression, index=NO_CODE, stored=store_tree(tree))
