"""A mutant as a bundle of its own, with trees, values and dates that every part of the program reads."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vatspolicy.authoring.mutation.mutants import Mutant
from vatspolicy.authoring.mutation.ruleset import trees_of
from vatspolicy.cel.serialize import to_data
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Expression, Instrument, Parameter, Policy, Route, Rule


@dataclass(frozen=True, eq=False)
class Rewritten(Bundle):
    """A bundle with some expressions of its own; the others are those of `base`, with their generated code."""

    base: Bundle = field(kw_only=True)

    @property
    def _keys(self) -> Mapping[int, str]:
        return self.base._keys


def rewritten(bundle: Bundle, mutant: Mutant) -> Bundle:
    """The bundle with the mistake written into it."""
    writer = _Writer(mutant)
    policies = {id: writer.policy(policy) for id, policy in bundle.policies.items()}
    instruments = {name: found for policy in policies.values() for name, found in policy.instruments.items()}
    fields: dict[str, Any] = {entry.name: getattr(bundle, entry.name) for entry in dataclasses.fields(Bundle)}
    return Rewritten(**{**fields, "policies": policies, "instruments": instruments}, base=bundle)


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
            cap = effect.max_foreign_percent
            effect = dataclasses.replace(
                effect,
                max_foreign_percent=None if cap is None else self.expression(cap),
                conditions=tuple(
                    dataclasses.replace(one, check=self.expression(one.check)) for one in effect.conditions
                ),
            )
        return dataclasses.replace(rule, since=since, until=until, when=self.expression(rule.when), effect=effect)

    def expression(self, expression: Expression) -> Expression:
        tree = self.trees.get(id(expression))
        return (
            expression if tree is None else dataclasses.replace(expression, stored=to_data(tree), stored_conjuncts=None)
        )
