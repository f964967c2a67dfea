"""The run of the tests on mutants.

Every test runs once on the original law, and its evaluations are recorded. A test whose evaluations have the same
values under a mutant has the same result, so only tests with a different value run again on the mutant. The missing
facts of a value that stays unknown are not compared.
"""

from __future__ import annotations

import dataclasses
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from vatspolicy.authoring.mutation.mutants import Mutant, MutantGenerator
from vatspolicy.authoring.mutation.ruleset import MutantCode, alter_bundle, apply_mutant, find_moved, record_evaluations
from vatspolicy.authoring.testing.cases import Case, refuse_unknown_fields
from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.cel.ast import Node
from vatspolicy.core.cel.interpreter import Unknown
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Advise, Duty, Expression
from vatspolicy.core.policies.modelled import MUTATION
from vatspolicy.core.policies.ruleset import RuleSet


@dataclass
class MutationTrial:
    """The tests, with the evaluations that each of them makes."""

    bundle: Bundle
    cases: Sequence[Case]
    failing: list[str] = field(default_factory=list)
    """Tests that fail on the original law; they kill no mutant."""
    _evaluations: dict[int, dict[int, list[tuple[Activation, object]]]] = field(default_factory=dict)
    """Activation and value of each evaluation, by expression and case."""
    _rulesets: list[RuleSet] = field(default_factory=list)

    def __post_init__(self) -> None:
        for index, case in enumerate(self.cases):
            self._rulesets.append(self.bundle.on(case.as_of))
            if self._record(index, case):
                self.failing.append(case.name)
                for answers in self._evaluations.values():
                    answers.pop(index, None)

    def _record(self, index: int, case: Case) -> list[str]:
        seen: set[tuple[int, int]] = set()

        def note(expression: Expression, activation: Activation, value: object) -> None:
            if (expression.index, id(activation)) not in seen:
                seen.add((expression.index, id(activation)))
                self._evaluations.setdefault(expression.index, {}).setdefault(index, []).append((activation, value))

        return dataclasses.replace(
            case, bundle=alter_bundle(self.bundle, lambda ruleset, _: record_evaluations(ruleset, note))
        ).run()

    def find_killer(self, mutant: Mutant) -> str | None:
        """Run the tests on a mutant until one fails, and return its name; None if the mutant survives."""
        code = MutantCode(mutant)
        bundle = apply_mutant(self.bundle, mutant, code)
        for index in self._order(mutant, code.trees):
            case = self.cases[index]
            if not self._can_kill(mutant, case) or not (mutant.dates or self._differs(code, index)):
                continue
            if dataclasses.replace(case, bundle=bundle).run():
                return case.name
        return None

    def _order(self, mutant: Mutant, trees: Mapping[int, Node]) -> list[int]:
        """Return the cases that the mutant may affect, the tests of its own policy first."""
        found = (
            self._between(mutant)
            if mutant.dates
            else (index for key in trees for index in self._evaluations.get(key, ()))
        )
        return sorted(set(found), key=lambda index: (self._distance(mutant, index), index))

    def _distance(self, mutant: Mutant, index: int) -> int:
        policy = self.cases[index].policy
        return 2 if policy is None else 0 if policy.id == mutant.policy else 1

    def _differs(self, code: MutantCode, index: int) -> bool:
        """Return True if an evaluation of a case has another value under the mutant."""
        params = code.params(self._rulesets[index], self.cases[index].as_of)
        for key in code.trees:
            for activation, value in self._evaluations.get(key, {}).get(index, ()):
                found = code.compiled(key, params)(activation)
                if (None if type(found) is Unknown else found) != value:
                    return True
        return False

    def _between(self, mutant: Mutant) -> Iterator[int]:
        """Yield the cases on days on which a moved date puts a rule in or out of force."""
        for index, case in enumerate(self.cases):
            for rule in mutant.rules:
                since, until = mutant.dates[rule.name]
                if rule.in_force(case.as_of) != (since <= case.as_of < until):
                    yield index

    def _can_kill(self, mutant: Mutant, case: Case) -> bool:
        """Return True if a case could fail. Duties and advice never change the outcome, so a fixture must list them."""
        if case.policy is not None or case.name in self.failing:
            return case.name not in self.failing
        rules = find_moved(self.bundle, mutant) or mutant.rules
        if not rules or not all(isinstance(rule.effect, Duty | Advise) for rule in rules):
            return True
        named = {name for key in ("rules", "reasons", "duties", "absent") for name in case.expect.get(key, ())}
        own = {rule.name for rule in rules} | {rule.instrument for rule in rules}
        return bool(named & own)


@dataclass(frozen=True)
class MutantSelection:
    """The mutants to run."""

    pattern: re.Pattern[str] | None = None
    """Only mutants whose subject (policy, policy/rule, `policy (term x)`) matches."""
    sample: int | None = None
    """A random sample of this size."""
    seed: int = 0


def select_mutants(bundle: Bundle, selection: MutantSelection) -> tuple[list[Mutant], int]:
    """Return the selected mutants, in the order of the files, and the number before sampling.

    Of a law in layers, the top layer has mutants. Where the dates of a rule that replaces another move, the other is
    in force on other days.

    Raises InvalidInput for a law with a field that mutation does not know.
    """
    for policy in bundle.policies.values():
        refuse_unknown_fields(policy, MUTATION)
    generator = MutantGenerator(bundle)
    every = [
        mutant
        for policy in bundle.own_policies
        for mutant in generator.mutants_of(policy)
        if selection.pattern is None or selection.pattern.search(mutant.subject)
    ]
    if selection.sample is None or selection.sample >= len(every):
        return every, len(every)
    drawn = random.Random(selection.seed).sample(range(len(every)), selection.sample)  # noqa: S311 - repeatable on purpose
    return [every[index] for index in sorted(drawn)], len(every)
