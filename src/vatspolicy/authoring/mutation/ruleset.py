"""Bundles with a mutant in them, and rule sets that report every evaluation."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from vatspolicy.authoring.mutation.mutants import Mutant
from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.cel.ast import Node, Param, walk
from vatspolicy.core.cel.interpreter import Evaluator, Params, Unknown, compile_interpreter
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.expression_evaluator import ExpressionEvaluator
from vatspolicy.core.policies.model import (
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
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.frozen import frozen


@frozen()
class AlteredBundle(Bundle):
    """A bundle whose rule sets a function derives from those of another bundle."""

    base: Bundle = field(kw_only=True)
    alter: Callable[[RuleSet, str], RuleSet] = field(kw_only=True)

    def on(self, day: str) -> RuleSet:
        """Return the altered rule set of a day."""
        return self.alter(self.base.on(day), day)


def alter_bundle(bundle: Bundle, alter: Callable[[RuleSet, str], RuleSet]) -> AlteredBundle:
    """Return the bundle with altered rule sets."""
    fields = {entry.name: getattr(bundle, entry.name) for entry in dataclasses.fields(Bundle)}
    return AlteredBundle(**fields, base=bundle, alter=alter)


class MutantCode:
    """Evaluators of the mutated trees of one mutant, each compiled once per set of parameter values."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant, self.trees = mutant, mutated_trees(mutant)
        self._params: dict[tuple[int, str], Params] = {}
        self._read = {
            index: sorted({node.key for node in walk(tree) if isinstance(node, Param)})
            for index, tree in self.trees.items()
        }
        self._code: dict[tuple[int, ...], Evaluator] = {}

    def params(self, ruleset: RuleSet, day: str) -> Params:
        """Return the parameter values of a day under the mutant."""
        if not self.mutant.params:
            return ruleset.params
        param = self._params.get((id(ruleset.params), day))
        if param is None:
            param = self._params[id(ruleset.params), day] = mutated_params(self.mutant, ruleset.params, day)
        return param

    def compiled(self, index: int, params: Params) -> Evaluator:
        """Return the evaluator of the tree of an expression, which gives a value or `Unknown`."""
        # the bundle and the mutant keep their values alive, so that ids stay unique
        key = (index, *(id(params[name]) for name in self._read[index]))
        found = self._code.get(key)
        if found is None:
            found = self._code[key] = compile_interpreter(self.trees[index], params)
        return found


@dataclass(frozen=True)
class MutantEvaluator:
    """Evaluator that reads some expressions as other trees."""

    base: ExpressionEvaluator
    code: MutantCode
    params: Params

    def function(self, expression: Expression) -> Evaluator:
        """Return the function that evaluates an expression."""
        if expression.index not in self.code.trees:
            return self.base.function(expression)
        return self.code.compiled(expression.index, self.params)

    def source(self, expression: Expression) -> tuple[Node, Params]:
        """Return the tree that the function evaluates, and the parameter values."""
        tree = self.code.trees.get(expression.index)
        return self.base.source(expression) if tree is None else (tree, self.params)


@dataclass(frozen=True)
class RecordingEvaluator:
    """Evaluator that reports every evaluation and its result."""

    base: ExpressionEvaluator
    note: Callable[[Expression, Activation, object], None]

    def function(self, expression: Expression) -> Evaluator:
        """Return the function that evaluates an expression and reports the result."""
        evaluate = self.base.function(expression)

        def report(activation: Activation) -> object:
            value = evaluate(activation)
            self.note(expression, activation, None if isinstance(value, Unknown) else value)
            return value

        return report

    def source(self, expression: Expression) -> tuple[Node, Params]:
        """Return the tree that the function evaluates, and the parameter values."""
        return self.base.source(expression)


def record_evaluations(ruleset: RuleSet, note: Callable[[Expression, Activation, object], None]) -> RuleSet:
    """Return a rule set that reports every evaluation to `note`."""
    return dataclasses.replace(ruleset, evaluator=RecordingEvaluator(ruleset.evaluator, note), indexed=False)


def mutated_trees(mutant: Mutant) -> Mapping[int, Node]:
    """Return the trees to evaluate in place of generated code, which has the values of parameters built in."""
    return {**{expression.index: expression.tree for expression in mutant.reads}, **mutant.trees}


def mutated_params(mutant: Mutant, params: Params, day: str) -> Params:
    """Return the parameter values of a day under a mutant."""
    changed = {
        key: next((entry.value for entry in reversed(entries) if entry.since <= day), entries[0].value)
        for key, entries in mutant.params.items()
    }
    return {**params, **changed} if changed else params


def apply_mutant(bundle: Bundle, mutant: Mutant, code: MutantCode | None = None) -> AlteredBundle:
    """Return the bundle with a mutant in its rule sets, for runs of the tests. `code`: its compiled trees."""
    code = code or MutantCode(mutant)
    dated = _with_dates(bundle, mutant)

    def alter(ruleset: RuleSet, day: str) -> RuleSet:
        rules = dict(ruleset.rules)
        for rule, added in _moved_rules(bundle, dated, mutant, day) if mutant.dates else ():
            there = rules.get(rule.group, ())
            rules[rule.group] = (*there, rule) if added else tuple(one for one in there if one is not rule)
        params = code.params(ruleset, day)
        evaluator = MutantEvaluator(ruleset.evaluator, code, params)
        return dataclasses.replace(ruleset, rules=rules, params=params, evaluator=evaluator, indexed=False)

    return alter_bundle(bundle, alter)


def find_moved(bundle: Bundle, mutant: Mutant) -> list[Rule]:
    """Return the rules that a mutant may put into or out of force on any day: its own, and those that they replace."""
    found: dict[str, Rule] = {}
    waiting = list(mutant.rules if mutant.dates else ())
    for rule in waiting:
        found[rule.name] = rule
        if rule.overrides is not None and bundle.replaces(rule):
            waiting.append(bundle.rule(rule.overrides.rule))
    return list(found.values())


def _with_dates(bundle: Bundle, mutant: Mutant) -> Bundle:
    """Return a law in layers with the dates of a mutant, which determine when its rules replace others."""
    if not bundle.layers or not mutant.dates:
        return bundle
    policies = dict(bundle.policies)
    for id in {rule.policy for rule in mutant.rules}:
        rules = tuple(_moved(rule, mutant) for rule in policies[id].rules)
        policies[id] = dataclasses.replace(policies[id], rules=rules)
    return dataclasses.replace(bundle, policies=policies)


def _moved(rule: Rule, mutant: Mutant) -> Rule:
    since, until = mutant.dates.get(rule.name, (rule.since, rule.until))
    return dataclasses.replace(rule, since=since, until=until)


def _moved_rules(bundle: Bundle, dated: Bundle, mutant: Mutant, day: str) -> Iterator[tuple[Rule, bool]]:
    """Yield the rules that moved dates put into a rule set (True) or take out of it, those that are replaced too."""
    before, after = bundle.replaced(day), dated.replaced(day)
    names = dict.fromkeys((*(rule.name for rule in mutant.rules), *(before.keys() ^ after.keys())))
    for rule in map(bundle.rule, names):
        was = rule.in_force(day) and rule.name not in before
        now = _moved(rule, mutant).in_force(day) and rule.name not in after
        if was != now:
            yield rule, now


def rewrite_bundle(bundle: Bundle, mutant: Mutant) -> Bundle:
    """Return the bundle with a mutant in its policies, as the symbolic engine reads them."""
    writer = _BundleRewriter(mutant)
    policies = {id: writer.policy(policy) for id, policy in bundle.policies.items()}
    instruments = {name: found for policy in policies.values() for name, found in policy.instruments.items()}
    return dataclasses.replace(bundle, policies=policies, instruments=instruments)


class _BundleRewriter:
    def __init__(self, mutant: Mutant) -> None:
        self.mutant, self.trees = mutant, mutated_trees(mutant)

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
        return instrument._replace(
            authority=tuple((self.expression(when), bodies) for when, bodies in instrument.authority),
            covers=None if instrument.covers is None else self.expression(instrument.covers),
        )

    def rule(self, rule: Rule) -> Rule:
        if rule not in self.mutant.rules:
            return rule
        since, until = self.mutant.dates.get(rule.name, (rule.since, rule.until))
        effect = rule.effect
        if isinstance(effect, Route):
            effect = effect._replace(
                share_cap=None if effect.share_cap is None else self.condition(effect.share_cap),
                conditions=tuple(map(self.condition, effect.conditions)),
            )
        return dataclasses.replace(rule, since=since, until=until, when=self.expression(rule.when), effect=effect)

    def condition(self, condition: Condition) -> Condition:
        cap = None if condition.cap is None else self.expression(condition.cap)
        return condition._replace(check=self.expression(condition.check), cap=cap)

    def expression(self, expression: Expression) -> Expression:
        tree = self.trees.get(expression.index)
        if tree is None:
            return expression
        return dataclasses.replace(expression, index=NO_CODE, stored=store_tree(tree))
