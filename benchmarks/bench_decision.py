"""How much faster generated Python decides than cel-python's interpreter, on the same rules and the same profiles.

    python benchmarks/bench_decision.py [--profiles 6] [--policies DIR] [--json FILE]

The profiles are random, complete and seeded. Answers and whole decisions are compared before anything is timed; the
program ends with 1 where they differ. Profiles are read beforehand on both sides. For the rules alone, cel-python has
its facts and parameters converted and its terms evaluated beforehand, which is in its favour; for decisions it converts
the facts of each profile once. The ratio is what matters: absolute times are the machine's.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import importlib.metadata
import json
import platform
import random
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from generators import Profiles, hints_of

from vatspolicy.bundle import Bundle, load_bundle
from vatspolicy.cases import subjects
from vatspolicy.evaluate import evaluate
from vatspolicy.expression.kleene import Env
from vatspolicy.expression.reference import Reference, convert
from vatspolicy.expression.types import Type, join, type_of_value
from vatspolicy.law import Law
from vatspolicy.link import variables
from vatspolicy.policy import Expression
from vatspolicy.profile import Profile

TARGET = 100
"""Ratio that the rules alone must reach."""


# --- the slow side ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CelLaw(Law):
    """The law of a day, asked of cel-python. What it converts and prepares is kept until `forget`."""

    engines: Mapping[str, Reference] = field(default_factory=dict)
    owners: Mapping[int, str] = field(default_factory=dict)
    """Policy id of every expression, by identity."""
    converted: dict[int, tuple[Any, Any]] = field(default_factory=dict)
    prepared: dict[int, tuple[Env, dict[str, Callable[[str], Any]]]] = field(default_factory=dict)

    def ask(self, expression: Expression, env: Env) -> Any:
        _, ready = self.prepared.setdefault(id(env), (env, {}))
        owner = self.owners[id(expression)]
        if owner not in ready:
            ready[owner] = self.engines[owner].at(self.facts(env))
        return ready[owner](expression.text)

    def facts(self, env: Env) -> dict[str, Any]:
        """The variables as cel-python wants them; each object once, however many environments share it."""
        found = {}
        for name, value in env.items():
            if id(value) not in self.converted:
                self.converted[id(value)] = value, convert({name: value}, variables("licence")).get(name)
            found[name] = self.converted[id(value)][1]
        return found

    def forget(self) -> None:
        self.converted.clear()
        self.prepared.clear()


@dataclass(frozen=True, eq=False)
class CelBundle(Bundle):
    """The same bundle, whose laws ask cel-python."""

    @functools.cached_property
    def made(self) -> dict[str, CelLaw]:
        return {}

    def on(self, day: str) -> CelLaw:
        if day not in self.made:
            law = super().on(day)
            shared = {item.name: getattr(law, item.name) for item in dataclasses.fields(Law)}
            owners = {id(expression): policy.id for policy, expression in self.owned_expressions()}
            self.made[day] = CelLaw(**shared, engines=_engines(self, law), owners=owners)
        return self.made[day]


def _engines(bundle: Bundle, law: Law) -> dict[str, Reference]:
    found = {}
    for policy in bundle.policies.values():
        files = [policy, *(bundle.policies[used] for used in policy.uses)]
        params: dict[str, tuple[Any, Type]] = {}
        for file in files:
            for name, parameter in file.parameters.items():
                types = [type_of_value(value.value, name) for value in parameter.values]
                joined = functools.reduce(lambda one, other: join(one, other) or one, types)
                params[name] = law.params[parameter.key], joined
        found[policy.id] = Reference(params, {name: text for file in files for name, text in file.terms.items()})
    return found


def with_cel(bundle: Bundle) -> CelBundle:
    return CelBundle(**{item.name: getattr(bundle, item.name) for item in dataclasses.fields(Bundle)})


# --- measuring --------------------------------------------------------------------------------------------------------


def questions(law: Law, profiles: list[Profile], day: str) -> Iterator[tuple[Expression, Env]]:
    """Every rule in force, asked of every subject that it is about."""
    for profile in profiles:
        for each, _, env in subjects(law, profile, day):
            for key, rules in law.rules.items():
                if key.partition("/")[0] == each:
                    yield from ((rule.when, env) for rule in rules)


def seconds(run: Callable[[], object], repeats: int) -> float:
    """Median of the repeats."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        run()
        times.append(perf_counter() - start)
    return statistics.median(times)


def measure(bundle: Bundle, profiles: list[Profile], day: str) -> dict[str, Any]:
    """Times of both sides. Raises AssertionError where they differ."""
    slow = with_cel(bundle)
    fast_law, slow_law = bundle.on(day), slow.on(day)
    asked = list(questions(fast_law, profiles, day))
    different = [
        expression.text for expression, env in asked if fast_law.ask(expression, env) != slow_law.ask(expression, env)
    ]
    assert not different, f"{len(different)} answers differ, such as: {different[0]}"
    for profile in profiles:
        assert evaluate(bundle, profile, day) == evaluate(slow, profile, day), f"decisions differ: {profile.name}"

    def rules(law: Law) -> Callable[[], None]:
        def run() -> None:
            for expression, env in asked:
                law.ask(expression, env)

        return run

    def decisions(bundle: Bundle) -> Callable[[], None]:
        def run() -> None:
            slow_law.forget()
            for profile in profiles:
                evaluate(bundle, profile, day)

        return run

    rules_fast, rules_slow = seconds(rules(fast_law), 31) / len(asked), seconds(rules(slow_law), 3) / len(asked)
    whole_fast, whole_slow = seconds(decisions(bundle), 31) / len(profiles), seconds(decisions(slow), 3) / len(profiles)
    return {
        "questions": len(asked),
        "rules_in_force": sum(map(len, fast_law.rules.values())),
        "rule_microseconds": _row(rules_fast * 1e6, rules_slow * 1e6),
        "decision_milliseconds": _row(whole_fast * 1e3, whole_slow * 1e3),
    }


def _row(fast: float, slow: float) -> dict[str, float]:
    return {"generated_python": round(fast, 3), "cel_python": round(slow, 3), "ratio": round(slow / fast, 1)}


def main() -> int:
    parser = argparse.ArgumentParser(description="Generated Python against cel-python's interpreter.")
    parser.add_argument("--profiles", type=int, default=6)
    parser.add_argument("--policies", type=Path, help="another folder of policies")
    parser.add_argument("--as-of", help="day of the law; the last on which it changes by default")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args()
    bundle = load_bundle(options.policies)
    draw = Profiles(random.Random(1), hints_of(bundle))
    profiles = [draw.profile(missing=0.0) for _ in range(options.profiles)]
    try:
        figures = measure(bundle, profiles, options.as_of or bundle.boundaries[-1])
    except AssertionError as error:
        print(error, file=sys.stderr)
        return 1
    report = {
        "python": platform.python_version(),
        "cel_python": importlib.metadata.version("cel-python"),
        "policies": len(bundle.policies),
        "profiles": len(profiles),
        **figures,
    }
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(
        f"{report['policies']} policies, {report['rules_in_force']} rules in force, {len(profiles)} complete profiles,"
    )
    print(f"{report['questions']} rules asked; every answer and every decision is the same on both sides.\n")
    print(f"{'':24}{'generated Python':>18}{'cel-python':>14}{'ratio':>9}")
    for title, key in (("one rule, µs", "rule_microseconds"), ("one decision, ms", "decision_milliseconds")):
        row = report[key]
        print(f"{title:24}{row['generated_python']:>18.3f}{row['cel_python']:>14.3f}{row['ratio']:>8.0f}x")
    reached = report["rule_microseconds"]["ratio"] >= TARGET
    print(f"\nTarget for rules: {TARGET}x, {'reached' if reached else 'missed'}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
