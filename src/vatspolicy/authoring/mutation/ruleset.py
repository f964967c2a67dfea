"""The law with a mistake in it, and a law that takes notes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vatspolicy.authoring.mutation.mutants import Mutant
from vatspolicy.cel.ast import Node
from vatspolicy.cel.interpreter import Env, evaluate
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Expression
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
