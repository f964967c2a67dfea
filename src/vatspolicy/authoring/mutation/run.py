"""Running the tests against mutants.

Every test runs once on the law as it is, and what it asks is noted. A test that would get the same answers to the same
questions from a mutant comes to the same result, so only tests of which some answer differs run again, on the mutant.
What is not compared is the list of missing facts of an answer that stays unknown.
"""

from __future__ import annotations

import dataclasses
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vatspolicy.authoring.mutation.mutants import Mutant, Mutants
from vatspolicy.authoring.mutation.ruleset import altered, mutated, noting, params_on, trees_of
from vatspolicy.authoring.testing.cases import Case
from vatspolicy.cel.ast import Node
from vatspolicy.cel.interpreter import Env, evaluate
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Advise, Duty, Expression
from vatspolicy.policies.ruleset import RuleSet

Prover = Callable[[Mutant], bool]
"""Whether a mutant is proved to say the same as the law of every profile."""

KILLED, SURVIVED, EQUIVALENT = "killed", "survived", "equivalent"


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant."""

    mutant: Mutant
    state: str
    """killed, survived or equivalent."""
    by: str = ""
    """The test that killed it."""


@dataclass
class Trial:
    """The tests, with what each of them asked of the law."""

    bundle: Bundle
    cases: Sequence[Case]
    failing: list[str] = field(default_factory=list)
    """Tests that fail on the law as it is; they kill nothing."""
    _asked: dict[int, dict[int, list[tuple[Env, Any]]]] = field(default_factory=dict)
    """By expression and case: where it was asked, and the answer."""
    _laws: list[RuleSet] = field(default_factory=list)

    def __post_init__(self) -> None:
        for index, case in enumerate(self.cases):
            self._laws.append(self.bundle.on(case.as_of))
            if self._listen(index, case):
                self.failing.append(case.name)
                for answers in self._asked.values():
                    answers.pop(index, None)

    def _listen(self, index: int, case: Case) -> list[str]:
        seen: set[tuple[int, int]] = set()

        def note(expression: Expression, env: Env, value: Any) -> None:
            if (expression.index, id(env)) not in seen:
                seen.add((expression.index, id(env)))
                self._asked.setdefault(expression.index, {}).setdefault(index, []).append((env, value))

        return dataclasses.replace(case, bundle=altered(self.bundle, lambda law, _: noting(law, note))).run()

    def try_out(self, mutant: Mutant) -> Verdict:
        """Killed by the first test that fails on it, or survived."""
        bundle = mutated(self.bundle, mutant)
        trees = trees_of(mutant)
        for index in self._order(mutant, trees):
            case = self.cases[index]
            if not self._notices(mutant, case) or not (mutant.dates or self._differs(mutant, trees, index)):
                continue
            if dataclasses.replace(case, bundle=bundle).run():
                return Verdict(mutant, KILLED, case.name)
        return Verdict(mutant, SURVIVED)

    def asked(self, expression: Expression) -> Iterator[tuple[Case, Env]]:
        """The cases that ask an expression, and where they ask it."""
        for index, answers in self._asked.get(expression.index, {}).items():
            for env, _ in answers:
                yield self.cases[index], env

    def _order(self, mutant: Mutant, trees: Mapping[int, Node]) -> list[int]:
        """The cases that may get another answer from the mutant, the tests of its own file first."""
        found = (
            self._between(mutant) if mutant.dates else (index for key in trees for index in self._asked.get(key, ()))
        )
        return sorted(set(found), key=lambda index: (self._distance(mutant, index), index))

    def _distance(self, mutant: Mutant, index: int) -> int:
        policy = self.cases[index].policy
        return 2 if policy is None else 0 if policy.id == mutant.policy else 1

    def _differs(self, mutant: Mutant, trees: Mapping[int, Node], index: int) -> bool:
        """Whether some answer that a case got is another one under the mutant."""
        params = params_on(mutant, self._laws[index].params, self.cases[index].as_of)
        return any(
            evaluate(tree, env, params) != value
            for key, tree in trees.items()
            for env, value in self._asked.get(key, {}).get(index, ())
        )

    def _between(self, mutant: Mutant) -> Iterator[int]:
        """The cases of days on which a rule is in force or not by its moved date."""
        for index, case in enumerate(self.cases):
            for rule in mutant.rules:
                since, until = mutant.dates[rule.name]
                if rule.in_force(case.as_of) != (since <= case.as_of < until):
                    yield index

    def _notices(self, mutant: Mutant, case: Case) -> bool:
        """Whether a fixture could notice: duties and advice never change the decision word, they are only named."""
        if case.policy is not None or case.name in self.failing:
            return case.name not in self.failing
        if not mutant.rules or not all(isinstance(rule.effect, Duty | Advise) for rule in mutant.rules):
            return True
        named = {name for key in ("rules", "reasons", "duties", "absent") for name in case.expect.get(key, ())}
        own = {rule.name for rule in mutant.rules} | {getattr(rule.effect, "instrument", "") for rule in mutant.rules}
        return bool(named & own)


@dataclass(frozen=True)
class Choice:
    """Which mutants are tried."""

    pattern: re.Pattern[str] | None = None
    """Only what was mutated under a name (policy, policy/rule, `policy (term x)`) that matches."""
    sample: int | None = None
    """So many, drawn at random."""
    seed: int = 0


def choose(bundle: Bundle, choice: Choice) -> tuple[list[Mutant], int]:
    """The mutants that a choice takes, in the order of the files, and how many it was taken from."""
    source = Mutants(bundle)
    every = [
        mutant
        for policy in bundle.policies.values()
        for mutant in source.of(policy)
        if choice.pattern is None or choice.pattern.search(mutant.subject)
    ]
    if choice.sample is None or choice.sample >= len(every):
        return every, len(every)
    drawn = random.Random(choice.seed).sample(range(len(every)), choice.sample)  # noqa: S311 - repeatable on purpose
    return [every[index] for index in sorted(drawn)], len(every)


def try_all(trial: Trial, mutants: Iterable[Mutant], prover: Prover | None) -> Iterator[Verdict]:
    """The verdict on each mutant. With a `prover`, survivors that differ from the law for nobody are equivalent."""
    for mutant in mutants:
        verdict = trial.try_out(mutant)
        if verdict.state == SURVIVED and prover is not None and prover(mutant):
            verdict = Verdict(mutant, EQUIVALENT)
        yield verdict
