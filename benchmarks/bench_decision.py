"""Generated Python against cel-python's interpreter, on the same rules and the same profiles.

    python benchmarks/bench_decision.py [--profiles 4] [--rounds 9] [--policies DIR] [--json FILE]

Profiles are random, complete, seeded and different in each round. Results and whole decisions are compared; the exit
code is 1 if they differ. Both sides read the profiles before timing. For rules alone, cel-python gets its facts and
parameters converted and its terms evaluated before timing, which favors it; for decisions it converts the facts of each
profile once. Trust the ratio: absolute times depend on the machine.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.metadata
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from measure import Candidate, Report, Row, Table, Target, finish, interleave, median, parser
from workload import afresh, draw_profiles

from tests.support.oracles import CelPython, convert
from vatspolicy.authoring.testing.cases import subjects
from vatspolicy.cel.activation import Activation
from vatspolicy.cel.types import Type, join, type_of_value
from vatspolicy.engine.decision import Decision
from vatspolicy.engine.evaluator import evaluate
from vatspolicy.policies.bundle import Bundle, load_bundle
from vatspolicy.policies.compiler import variables
from vatspolicy.policies.model import Expression
from vatspolicy.policies.ruleset import RuleSet
from vatspolicy.profile.profile import Profile

TARGET = 100
"""Least ratio for rules alone."""
SLOW = 3
"""Number of rounds of cel-python."""


# --- the slow side ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CelLaw(RuleSet):
    """The law of a day, asked of cel-python. What it converts and prepares is kept until `forget`."""

    engines: Mapping[str, CelPython] = field(default_factory=dict)
    owners: Mapping[int, str] = field(default_factory=dict)
    """Policy id of every expression, by identity."""
    converted: dict[int, tuple[Any, Any]] = field(default_factory=dict)
    prepared: dict[int, tuple[Activation, dict[str, Callable[[str], Any]]]] = field(default_factory=dict)

    def ask(self, expression: Expression, activation: Activation) -> Any:
        _, ready = self.prepared.setdefault(id(activation), (activation, {}))
        owner = self.owners[id(expression)]
        if owner not in ready:
            ready[owner] = self.engines[owner].at(self.facts(activation))
        return ready[owner](expression.text)

    def facts(self, activation: Activation) -> dict[str, Any]:
        """Return an activation in cel-python's own values; each object is converted once."""
        found = {}
        for name, value in activation.items():
            if id(value) not in self.converted:
                self.converted[id(value)] = value, convert({name: value}, variables("license")).get(name)
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
            shared = {item.name: getattr(law, item.name) for item in dataclasses.fields(RuleSet)}
            owners = {id(expression): policy.id for policy, expression in self.owned_expressions()}
            self.made[day] = CelLaw(**shared, engines=_engines(self, law), owners=owners)
        return self.made[day]


def _engines(bundle: Bundle, law: RuleSet) -> dict[str, CelPython]:
    found = {}
    for policy in bundle.policies.values():
        files = [policy, *(bundle.policies[used] for used in policy.uses)]
        params: dict[str, tuple[Any, Type]] = {}
        for file in files:
            for name, parameter in file.parameters.items():
                types = [type_of_value(value.value, name) for value in parameter.values]
                joined = functools.reduce(lambda one, other: join(one, other) or one, types)
                params[name] = law.params[parameter.key], joined
        found[policy.id] = CelPython(params, {name: text for file in files for name, text in file.terms.items()})
    return found


def with_cel(bundle: Bundle) -> CelBundle:
    return CelBundle(**{item.name: getattr(bundle, item.name) for item in dataclasses.fields(Bundle)})


# --- measuring --------------------------------------------------------------------------------------------------------


Question = tuple[Expression, Activation]


def questions(law: RuleSet, profiles: Sequence[Profile], day: str) -> Iterator[Question]:
    """Every rule in force, asked of every subject that it is about, whose variables remember no answers."""
    for profile in profiles:
        for each, _, activation in subjects(law, profile, day):
            plain = dict(activation)
            for key, rules in law.rules.items():
                if key.partition("/")[0] == each:
                    yield from ((rule.when, plain) for rule in rules)


def measure(
    base: Bundle, sets: Sequence[Sequence[Profile]], before: Sequence[Profile], day: str
) -> tuple[list[Row], int]:
    """Return the rows of both sides, and the number of rules evaluated.

    `sets`: profiles by round; `before`: profiles for generated Python to warm up with.

    Raises: AssertionError if results differ.
    """
    bundle, slow = afresh(base), with_cel(base)
    fast_law, slow_law = bundle.on(day), slow.on(day)
    asked = [list(questions(fast_law, profiles, day)) for profiles in sets]
    theirs = [list(questions(slow_law, profiles, day)) for profiles in sets[:SLOW]]

    def rules(law: RuleSet, asked: Sequence[Sequence[Question]]) -> Callable[[int], list[Any]]:
        return lambda number: [law.evaluate(expression, activation) for expression, activation in asked[number]]

    def decisions(bundle: Bundle) -> Callable[[int], list[Decision]]:
        def run(number: int) -> list[Decision]:
            slow_law.forget()
            return [evaluate(bundle, profile, day) for profile in sets[number]]

        return run

    fast, interpreted = rules(fast_law, asked), rules(slow_law, theirs)
    for number, questioned in enumerate(theirs):
        pairs = zip(questioned, fast(number), interpreted(number), strict=True)
        different = [expression.text for (expression, _), one, other in pairs if one != other]
        assert not different, f"{len(different)} answers differ, such as: {different[0]}"

    def warm() -> None:
        for _ in range(100 // len(before) + 1):
            for profile in before:
                evaluate(bundle, profile, day)

    shared = [
        Candidate("rules", fast),
        Candidate("rules, cel-python", interpreted, rounds=SLOW),
        Candidate("decisions", decisions(bundle), warm=warm),
        Candidate("decisions, cel-python", decisions(slow), rounds=SLOW),
    ]
    times = interleave(shared, len(sets))
    for number in range(len(theirs)):
        assert decisions(bundle)(number) == decisions(slow)(number), "decisions differ"
    count = len(sets[0])
    found = []
    sizes = [len(one) / 1e3 for one in asked]
    for what, per, unit in (("rules", sizes, "µs a rule"), ("decisions", [count] * len(sets), "ms a profile")):
        first = times[what]
        for title, name in (("generated Python", what), ("cel-python, interpreted", f"{what}, cel-python")):
            spent = times[name]
            ratio = median(one / other for one, other in zip(spent.cpu, first.cpu, strict=False))
            each = [cpu / size * 1e3 for cpu, size in zip(spent.cpu, per, strict=False)]
            found.append(Row(f"{what}: {title}", median(each), min(each), unit, ratio, "", {"rounds": spent.rounds}))
    return found, sum(map(len, asked))


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--profiles", type=int, default=4, help="of a round")
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument("--policies", type=Path, help="another folder of policies")
    options.add_argument("--as-of", help="day of the law; the last on which it changes by default")
    given = options.parse_args()
    bundle, count = load_bundle(given.policies), given.profiles
    drawn = draw_profiles(bundle, count * (given.rounds + 1))
    before, *sets = [drawn[start : start + count] for start in range(0, len(drawn), count)]
    try:
        rows, asked = measure(bundle, sets, before, given.as_of or bundle.boundaries[-1])
    except AssertionError as error:
        print(error, file=sys.stderr)
        return 1
    reached = rows[1].ratio or 0
    report = Report(
        "decision",
        f"{len(bundle.policies)} policies, {given.rounds} rounds of {count} complete profiles, {asked:,} rules asked; "
        "answers and whole decisions are the same on both sides. Of rules, cel-python is asked with facts and terms "
        "prepared; of decisions, it prepares them itself.",
        [Table("decision", "The same evaluation on cel-python", rows, "generated Python")],
        [
            Target(
                "a rule in generated Python",
                f"{TARGET} times as fast as cel-python",
                f"{reached:.0f}",
                reached >= TARGET,
            )
        ],
        {"cel-python": importlib.metadata.version("cel-python")},
    )
    return finish(report, given)


if __name__ == "__main__":
    sys.exit(main())
