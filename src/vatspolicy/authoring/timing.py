"""Time of decisions on specs, in total and per rule.

All times are processor time, the best of several runs, after a run that builds the index of rules: neither other
programs nor a first run count. Every rule is measured on the subjects on which the decision evaluated it.
"""

from __future__ import annotations

import dataclasses
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.cel.ast import Node
from vatspolicy.core.cel.interpreter import Evaluator, Params
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.cost import expression_cost
from vatspolicy.core.policies.model import KINDS, Expression
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile

ROUNDS = 5
_DECISIONS, _CALLS = 2e-3, 5e-5
"""Minimum seconds for a round of decisions, and for calls of one rule."""


class TimedSpec(NamedTuple):
    """A spec and the time of its decision."""

    name: str
    day: str
    seconds: float


class TimedRule(NamedTuple):
    """A rule or an instrument, with the time that the decisions on all specs spend on its expressions."""

    name: str
    """policy/rule, or policy/instrument."""
    seconds: float
    evaluations: int
    steps: int
    """The most steps that its expressions take for one subject."""


class Timing(NamedTuple):
    """Times of decisions."""

    specs: tuple[TimedSpec, ...]
    rules: tuple[TimedRule, ...]
    """The evaluated rules, the slowest first."""

    @property
    def seconds(self) -> float:
        """Time of one decision on each spec."""
        return sum(spec.seconds for spec in self.specs)


def measure_decisions(bundle: Bundle, specs: Iterable[tuple[str, Profile, str]]) -> Timing:
    """Measure the decisions on specs, each with its name and its day."""
    times: dict[str, float] = defaultdict(float)
    counts: dict[str, int] = defaultdict(int)
    owners = _owners(bundle)
    timed = []
    recorders: dict[RuleSet, _Recorder] = {}
    for name, profile, day in specs:
        ruleset = bundle.on(day)
        recorder = recorders.get(ruleset) or recorders.setdefault(ruleset, _Recorder(ruleset))
        for expression, calls in recorder.record(bundle, profile, day).items():
            owner, run = owners[expression], ruleset.evaluator.function(expression)
            times[owner] += _time(partial(_call, run, calls), _CALLS)
            counts[owner] += len(calls)
        timed.append(TimedSpec(name, day, _time(partial(evaluate, bundle, profile, day), _DECISIONS)))
    steps: dict[str, int] = defaultdict(int)
    for expression, owner in owners.items():
        if owner in times:
            steps[owner] += expression_cost(bundle, expression)
    rules = [TimedRule(name, seconds, counts[name], steps[name]) for name, seconds in times.items()]
    return Timing(tuple(timed), tuple(sorted(rules, key=lambda one: (-one.seconds, one.name))))


def _owners(bundle: Bundle) -> Mapping[Expression, str]:
    """Return the name of the rule or instrument of every expression that is evaluated."""
    owners: dict[Expression, str] = {}
    for policy in bundle.policies.values():
        owners |= {expression: rule.name for rule in policy.rules for expression in rule.compiled}
        for id, instrument in policy.instruments.items():
            owners |= dict.fromkeys(instrument.expressions, f"{policy.id}/{id}")
    return owners


class _Recorder:
    """Evaluator that keeps the activations of every call, in place of that of a rule set."""

    def __init__(self, ruleset: RuleSet) -> None:
        ruleset.build_indexes([KINDS])
        self._base = ruleset.evaluator
        self._ruleset = dataclasses.replace(ruleset, evaluator=self)
        self._ruleset.build_indexes([KINDS])
        self._calls: dict[Expression, list[Activation]] = {}

    def record(self, bundle: Bundle, profile: Profile, day: str) -> Mapping[Expression, Sequence[Activation]]:
        """Return the activations on which a decision evaluates each expression."""
        self._calls = {}
        evaluate(bundle, profile, day, ruleset=self._ruleset)
        return self._calls

    def function(self, expression: Expression) -> Evaluator:
        """Return the function that evaluates an expression and keeps the activation."""
        run = self._base.function(expression)

        def keep(activation: Activation) -> object:
            self._calls.setdefault(expression, []).append(activation)
            return run(activation)

        return keep

    def source(self, expression: Expression) -> tuple[Node, Params]:
        """Return the tree that the function evaluates, and the parameter values."""
        return self._base.source(expression)


def _call(run: Evaluator, calls: Iterable[Activation]) -> None:
    for activation in calls:
        run(activation)


def _time(work: Callable[[], object], least: float) -> float:
    """Return the processor time of some work in seconds: the best of rounds that last `least` seconds or more."""
    count, best = 1, _round(work, 1)
    while best * count < least and count < 1_000_000:
        count *= 2
        best = _round(work, count)
    return min(best, *(_round(work, count) for _ in range(ROUNDS - 1)))


def _round(work: Callable[[], object], count: int) -> float:
    begun = time.process_time()
    for _ in range(count):
        work()
    return (time.process_time() - begun) / count
