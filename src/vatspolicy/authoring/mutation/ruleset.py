"""The law with a mistake in it, and a law that takes notes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vatspolicy.authoring.mutation.mutants import Mutant
from vatspolicy.cel.ast import Node
from vatspolicy.cel.interpreter import Env, evaluate
from vatspolicy.cel.serialize import to_data
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Expression, Instrument, Parameter, Policy, Route, Rule
from vatspolicy.policies.ruleset import RuleSet


@dataclass(frozen=True, eq=False)
class Altered(Bundle):
    """A bundle whose law of a day is made by a function from that of another bundle."""

    base: Bundle = field(kw_only=True)
    alter: Callable[[RuleSet, str], RuleSet] = field(kw_only=True)

    def on(self, day: str) -> RuleSet:
        """The altered law of a day."""
        return self.alter(self.base.on(day), day)


def altered(bundle: Bundle, alter: Callable[[RuleSet, str], RuleSet]) -> Altered:
    """The bundle under an alteration of its law."""
    fields = {entry.name: getattr(bundle, entry.name) for entry in dataclasses.fields(Bundle)}
    return Altered(**fields, base=bundle, alter=alter)


@dataclass(frozen=True)
class MutantLaw(RuleSet):
    """A law that answers some questions wrongly."""

    trees: Mapping[int, Node] = field(kw_only=True)
    """Trees by the identity of the expression in whose place they stand."""

    def ask(self, expression: Expression, env: Env) -> Any:
        """Value of an expression, or of the tree in its place."""
        tree = self.trees.get(id(expression))
        return super().ask(expression, env) if tree is None else evaluate(tree, env, self.params)


@dataclass(frozen=True)
class NotingLaw(RuleSet):
    """A law that tells what it was asked and what it answered."""

    note: Callable[[Expression, Env, Any], None] = field(kw_only=True)

    def ask(self, expression: Expression, env: Env) -> Any:
        """Value of an expression."""
        value = super().ask(expression, env)
        self.note(expression, env, value)
        return value


def noting(law: RuleSet, note: Callable[[Expression, Env, Any], None]) -> NotingLaw:
    """The law, which tells `note` about every question."""
    return NotingLaw(**_fields(law), note=note)


def trees_of(mutant: Mutant) -> Mapping[int, Node]:
    """The trees that a mutant is to be asked by: generated code has the values of parameters built in."""
    return {**{id(expression): expression.tree for expression in mutant.reads}, **mutant.trees}


def params_on(mutant: Mutant, params: Mapping[str, Any], day: str) -> Mapping[str, Any]:
    """The parameter values of a day under a mutant."""
    changed = {
        key: next((entry.value for entry in reversed(entries) if entry.since <= day), entries[0].value)
        for key, entries in mutant.params.items()
    }
    return {**params, **changed} if changed else params


def mutated(bundle: Bundle, mutant: Mutant) -> Altered:
    """The bundle with the mistake in it."""
    trees = trees_of(mutant)

    def alter(law: RuleSet, day: str) -> RuleSet:
        fields = _fields(law) | {"params": params_on(mutant, law.params, day)}
        for rule in mutant.rules if mutant.dates else ():
            since, until = mutant.dates[rule.name]
            if rule.in_force(day) != (since <= day < until):
                key = rule.group
                there = fields["rules"].get(key, ())
                changed = tuple(one for one in there if one is not rule) if rule in there else (*there, rule)
                fields["rules"] = {**fields["rules"], key: changed}
        return MutantLaw(**fields, trees=trees)

    return altered(bundle, alter)


def _fields(law: RuleSet) -> dict[str, Any]:
    return {entry.name: getattr(law, entry.name) for entry in dataclasses.fields(RuleSet)}


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
