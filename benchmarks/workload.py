"""Workload of every engine: the rules in force on a day, complete random profiles, and our results.

It can be written as plain data, for engines in processes without this project.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from celtext import Doubles, spelled
from rego import Writer

from tests.support.random_inputs import Profiles, hints_of
from vatspolicy.authoring.testing.rule_states import subjects
from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.core.policies.compiler import variables
from vatspolicy.core.policies.model import Rule
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile, trust_profile

Subjects = Sequence[tuple[str, Mapping[str, Any]]]
"""Kind of subject, and its variables."""
Answers = list[dict[str, Any]]
"""Values of the rules by name, for each subject: True, False, or None if a fact is missing."""


def rules_about(law: RuleSet) -> dict[str, list[Rule]]:
    """Return the rules in force by the kind of subject."""
    found: dict[str, list[Rule]] = {}
    for key, rules in law.rules.items():
        found.setdefault(key.partition("/")[0], []).extend(rules)
    return found


def afresh(bundle: Bundle) -> Bundle:
    """Return the same bundle without any cached rule set."""
    return Bundle(**{item.name: getattr(bundle, item.name) for item in dataclasses.fields(Bundle)})


def draw_profiles(bundle: Bundle, count: int, seed: int = 1) -> list[Profile]:
    """Return complete random profiles, the same for the same seed and bundle."""
    draw = Profiles(random.Random(seed), hints_of(bundle))
    return [draw.profile(missing=0.0) for _ in range(count)]


def _read_anew(profile: Profile) -> Profile:
    document = replace(profile.document, data=copy.deepcopy(profile.document.data))
    return trust_profile(document).grant(profile.granted)


@dataclass(frozen=True)
class Workload:
    """Rules, subjects, and the expected results."""

    bundle: Bundle
    day: str
    profiles: Sequence[Profile]

    @functools.cached_property
    def law(self) -> RuleSet:
        return self.bundle.on(self.day)

    @functools.cached_property
    def rules(self) -> dict[str, list[Rule]]:
        return rules_about(self.law)

    @functools.cached_property
    def asked(self) -> list[tuple[str, dict[str, Any]]]:
        """Subjects of all profiles, as plain data."""
        return [subject for profile in self.profiles for subject in self.plain(profile)]

    def plain(self, profile: Profile) -> list[tuple[str, dict[str, Any]]]:
        """Return the subjects of one profile as JSON brings them: an engine in C++ takes no class of ours."""
        return [(each, json.loads(json.dumps(dict(activation)))) for each, activation in self.of(profile)]

    def of(self, profile: Profile) -> list[tuple[str, Activation]]:
        """Return the subjects of one profile."""
        return [(each, activation) for each, _, activation in subjects(self.law, profile, self.day)]

    def read_anew(self) -> Workload:
        """Return the workload with profiles read again, as a request or a file brings them; what was granted stays."""
        return Workload(self.bundle, self.day, [_read_anew(profile) for profile in self.profiles])

    def ask(self) -> Answers:
        """Evaluate every rule, one by one."""
        law = self.law
        return [
            {rule.name: law.evaluate(rule.when, activation) for rule in self.rules[each]}
            for profile in self.profiles
            for each, activation in self.of(profile)
        ]

    @functools.cached_property
    def expected(self) -> Answers:
        return self.ask()

    @functools.cached_property
    def questions(self) -> int:
        """Number of rules evaluated."""
        return sum(map(len, self.expected))

    @functools.cached_property
    def cel(self) -> dict[str, list[tuple[str, str]]]:
        """Names and texts of the rules, in their authors' words."""
        return {
            each: [
                (rule.name, spelled(self.bundle, self.law, self.bundle.policies[rule.policy], rule.when.text))
                for rule in rules
            ]
            for each, rules in self.rules.items()
        }

    @functools.cached_property
    def cerbos(self) -> dict[str, list[tuple[str, str]]]:
        """Names and texts of the rules for Cerbos, with every number a double."""
        writer = Doubles(self.law)
        return {
            each: [(rule.name, writer.text(rule.when.tree)) for rule in rules] for each, rules in self.rules.items()
        }

    @functools.cached_property
    def rego(self) -> dict[str, str]:
        """Rego modules by the kind of subject."""
        found = {}
        for each, rules in self.rules.items():
            writer = Writer(each)
            for rule in rules:
                writer.rule(rule.name, rule.when.tree)
            found[each] = writer.source
        return found

    def data(self) -> dict[str, Any]:
        """Return the workload as plain data."""
        return {
            "day": self.day,
            "variables": list(variables("license")),
            "profiles": [profile.document.data for profile in self.profiles],
            "asked": [self.plain(profile) for profile in self.profiles],
            "cel": self.cel,
            "cerbos": self.cerbos,
            "rego": self.rego,
            "params": dict(self.law.params),
        }

    def write(self, path: Path) -> Path:
        """Write the workload as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.data(), ensure_ascii=False), encoding="utf-8")
        return path


def shipped(profiles: int) -> Workload:
    """Return a workload of the shipped law on the last day on which it changes."""
    bundle = load_bundle()
    return Workload(bundle, bundle.boundaries[-1], draw_profiles(bundle, profiles))


def compare(expected: Answers, found: Answers) -> tuple[int, int]:
    """Count the wrong results and the errors. If ours is unknown, any result of a peer counts as correct."""
    wrong = errors = 0
    for one, other in zip(expected, found, strict=True):
        for name, value in one.items():
            if value is not None and (answer := other.get(name)) is not value:
                wrong += answer is not None
                errors += answer is None
    return wrong, errors


TOLERATED = 0.001
"""Largest share of errors of an engine that is timed; the table reports their number."""


def verdict(wrong: int, errors: int, total: int) -> tuple[bool, str]:
    """Return True if an engine may be timed, and a note on its results."""
    said = []
    if wrong:
        said.append(f"{wrong} of {total:,} answers are wrong")
    if errors:
        said.append(f"{errors} of {total:,} answers are errors")
    return not wrong and errors <= TOLERATED * total, "; ".join(said)
