"""Rules that take most of the time of decisions.

    python benchmarks/bench_rules.py [SPEC ...] [--law policies] [--limit 10] [--json FILE]

Times are processor time, the best of several runs after a run that builds the index of rules. Every rule is measured
on the subjects on which the decision evaluates it. Without SPEC, the fixtures on access are decided.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from measure import Report, Row, Table, finish, parser

from vatspolicy.clock import today
from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.cel.ast import Node
from vatspolicy.core.cel.interpreter import Evaluator, Params
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.core.policies.cost import expression_cost
from vatspolicy.core.policies.model import KINDS, Expression
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile, load_profile
from vatspolicy.gate.gate import Gate

HERE = Path(__file__).resolve().parents[1]
ROUNDS = 5
DECISIONS, CALLS = 2e-3, 5e-5
"""Minimum seconds for a round of decisions, and for calls of one rule."""


def measure(law: Bundle, specs: Mapping[str, tuple[Profile, str]], limit: int) -> list[Row]:
    """Return the decisions and the slowest rules, in microseconds a decision. Each spec has its profile and day."""
    times: dict[str, float] = defaultdict(float)
    calls: dict[str, int] = defaultdict(int)
    steps: dict[str, int] = defaultdict(int)
    owners = owners_of(law)
    total = 0.0
    for profile, day in specs.values():
        recorder = Recorder(law.on(day))
        for expression, subjects in recorder.record(law, profile, day).items():
            run, owner = law.on(day).evaluator.function(expression), owners[expression]
            times[owner] += best(partial(call, run, subjects), CALLS)
            calls[owner] += len(subjects)
        total += best(partial(evaluate, law, profile, day), DECISIONS)
    for expression, owner in owners.items():
        if owner in times:
            steps[owner] += expression_cost(law, expression)
    each = 1e6 / len(specs)
    rest = total - sum(times.values())
    rows = [Row("the whole decision", total * each), Row("choosing rules, findings, missing facts", rest * each)]
    for name in sorted(times, key=lambda name: -times[name])[:limit]:
        more = {"evaluations": calls[name], "steps at most": steps[name]}
        rows.append(Row(name, times[name] * each, more=more))
    return [dataclasses.replace(row, unit="µs a decision", ratio=(row.median or 0) / (total * each)) for row in rows]


def owners_of(law: Bundle) -> Mapping[Expression, str]:
    """Return the name of the rule or instrument of every expression that is evaluated."""
    owners: dict[Expression, str] = {}
    for policy in law.policies.values():
        owners |= {expression: rule.name for rule in policy.rules for expression in rule.compiled}
        for id, instrument in policy.instruments.items():
            owners |= dict.fromkeys(instrument.expressions, f"{policy.id}/{id}")
    return owners


class Recorder:
    """Evaluator that keeps the activations of every call, in place of that of a rule set."""

    def __init__(self, ruleset: RuleSet) -> None:
        ruleset.build_indexes([KINDS])
        self._base = ruleset.evaluator
        self._ruleset = dataclasses.replace(ruleset, evaluator=self)
        self._ruleset.build_indexes([KINDS])
        self._calls: dict[Expression, list[Activation]] = {}

    def record(self, law: Bundle, profile: Profile, day: str) -> Mapping[Expression, list[Activation]]:
        """Return the activations on which a decision evaluates each expression."""
        evaluate(law, profile, day, ruleset=self._ruleset)
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


def call(run: Evaluator, subjects: list[Activation]) -> None:
    """Evaluate an expression on subjects."""
    for activation in subjects:
        run(activation)


def best(work: Callable[[], object], least: float) -> float:
    """Return the processor time of some work in seconds: the best of rounds that last `least` seconds or more."""
    count, found = 1, time_round(work, 1)
    while found * count < least and count < 1_000_000:
        count *= 2
        found = time_round(work, count)
    return min(found, *(time_round(work, count) for _ in range(ROUNDS - 1)))


def time_round(work: Callable[[], object], count: int) -> float:
    """Return the processor time of one of `count` repetitions, in seconds."""
    begun = time.process_time()
    for _ in range(count):
        work()
    return (time.process_time() - begun) / count


def main() -> int:
    options = parser(__doc__)
    options.add_argument("specs", nargs="*", type=Path, metavar="SPEC")
    options.add_argument("--law", type=Path, default=HERE / "policies")
    options.add_argument("--limit", type=int, default=10, help="rules to show")
    given = options.parse_args()
    law = load_bundle(given.law)
    files = given.specs or [
        file for file in sorted((HERE / "fixtures" / "access").glob("*.yaml")) if ".expect." not in file.name
    ]
    profiles = {str(file): load_profile(file, (), law.schemas) for file in files}
    gate = Gate(law, today(), allow_past=True)
    specs = {name: (profile, gate.find_day(profile)) for name, profile in profiles.items()}
    rows = measure(law, specs, given.limit)
    about = f"Decisions on {len(specs)} specs, each on its launch day, and the rules that take most of their time."
    return finish(Report("rules", about, [Table("rules", "Rules", rows, ratio="the whole decision")]), given)


if __name__ == "__main__":
    sys.exit(main())
