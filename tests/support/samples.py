"""Material of the differential tests: the shipped bundle, random activations, random expressions, and their tally.

Their sizes are of tests/support/effort.py.
"""

from __future__ import annotations

import functools
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.support.random_inputs import PARAMETERS, Expressions, Hints, Profiles, hints_of, near_days, parameter_types
from tests.support.shipped import shipped_bundle
from vatspolicy.authoring.testing.rule_states import subjects
from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.cel.ast import Node
from vatspolicy.core.cel.parser import TypeEnvironment, parse
from vatspolicy.core.cel.types import BOOL, INT, Type, join, type_of_value
from vatspolicy.core.engine.subjects import activity_activation, product_activation, service_activation
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.compiler import variables
from vatspolicy.core.policies.model import Expression, Policy, Route
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile
from vatspolicy.core.profile.vocabulary import words

CLASSES = sorted(words("class"))


@dataclass
class Tally:
    """What was compared, and what differed."""

    answers: Counter[str] = field(default_factory=Counter)
    compared: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def expect(self, engine: str, text: str, where: str, expected: Any, found: Any) -> None:
        self.compared[engine] += 1
        if not _same(expected, found):
            self.differences.append(f"{engine} says {found!r}, Kleene's logic {expected!r}, {where}:\n    {text}")

    def check(self) -> None:
        """Fail with the shortest of the differences."""
        shortest = sorted(self.differences, key=len)[:5]
        assert not shortest, f"{len(self.differences)} differences, such as\n" + "\n".join(shortest)


def _same(expected: Any, found: Any) -> bool:
    if isinstance(expected, list | tuple):
        return isinstance(found, list | tuple) and list(expected) == list(found)
    return isinstance(expected, bool) == isinstance(found, bool) and bool(expected == found)


@functools.cache
def shipped() -> tuple[Bundle, Hints]:
    bundle = shipped_bundle()
    return bundle, hints_of(bundle)


@functools.cache
def by_subject() -> dict[str, list[tuple[Policy, Expression]]]:
    """The expressions of the bundle by what they are asked of."""
    bundle, _ = shipped()
    found: dict[str, list[tuple[Policy, Expression]]] = {}
    for policy in bundle.policies.values():
        for rule in policy.rules:
            found.setdefault(rule.each, []).append((policy, rule.when))
            if isinstance(rule.effect, Route):
                share = rule.effect.max_foreign_percent
                parts = [share] if share is not None else []
                parts += [condition.check for condition in rule.effect.conditions]
                found[rule.each] += [(policy, part) for part in parts]
        for instrument in policy.instruments.values():
            found.setdefault("activity", []).extend((policy, when) for when, _ in instrument.authority)
            if instrument.covers is not None:
                found.setdefault("license", []).append((policy, instrument.covers))
    return found


@functools.cache
def vocabulary_of(policy_id: str) -> tuple[dict[str, tuple[str, Type]], dict[str, str]]:
    """Parameters (short name to key and type) and terms that a policy may use."""
    bundle, _ = shipped()
    files = [bundle.policies[id] for id in (policy_id, *bundle.policies[policy_id].uses)]
    params: dict[str, tuple[str, Type]] = {}
    for file in files:
        for name, parameter in file.parameters.items():
            types = [type_of_value(value.value, name) for value in parameter.values]
            joined = functools.reduce(lambda one, other: join(one, other) or one, types)
            params[name] = (parameter.key, joined)
    return params, {name: text for file in files for name, text in file.terms.items()}


def environments(draw: random.Random, law: RuleSet, profile: Profile, day: str) -> Iterator[tuple[str, Activation]]:
    """Every subject of a profile, one more activity for each service, and every license that might cover one."""
    found = [(each, activation) for each, _, activation in subjects(law, profile, day)]
    services = [activation for each, activation in found if each == "service"]
    found += [("activity", activity_activation(law, activation, draw.choice(CLASSES))) for activation in services]
    yield from found
    for each, activation in found:
        if each == "activity":
            for license in activation.get("operator", {}).get("licenses", []):
                yield "license", {**activation, "license": license}


def drawn(draw: random.Random) -> Iterator[tuple[str, RuleSet, str, Activation]]:
    """Random profiles on days around which the law changes: day, law, kind of subject, variables; without end."""
    bundle, hints = shipped()
    profiles = Profiles(draw, hints)
    while True:
        profile = profiles.profile()
        day = max(near_days(draw, bundle.boundaries), bundle.covers_from)
        law = bundle.on(day)
        for each, activation in environments(draw, law, profile, day):
            yield day, law, each, activation


@dataclass
class Batch:
    """Random expressions that share a scope, with their trees."""

    each: str
    terms: dict[str, str]
    trees: dict[str, Node]


def batch(draw: random.Random, hints: Hints, size: int) -> Batch:
    each = draw.choice(("product", "service", "activity", "license"))
    expressions = Expressions(draw, variables(each), hints=hints)
    terms: dict[str, str] = {}
    for name, type in (("one", BOOL), ("two", BOOL), ("three", BOOL), ("number", INT)):
        terms[name] = expressions.text(type, 2)
        expressions.terms = {**expressions.terms, name: type}

    def body(name: str, scope: TypeEnvironment) -> Node | None:
        return parse(terms[name], scope, None) if name in terms else None

    scope = TypeEnvironment(variables(each), parameter_types(), body, frozenset(terms))
    texts = {expressions.text(BOOL, draw.choice((1, 2, 3, 4))) for _ in range(size)}
    texts |= {expressions.text(INT, 3) for _ in range(size // 8)}
    return Batch(each, terms, {text: parse(text, scope, None) for text in sorted(texts)})


def random_activation(draw: random.Random, profile: Profile, day: str, each: str) -> dict[str, Any]:
    activation = dict(product_activation(profile, day))
    if each != "product":
        activation = dict(service_activation(activation, draw.choice(activation["services"])))
    if each in ("activity", "license"):
        activation["activity"] = {"class": draw.choice(PARAMETERS["opened"])}
        if draw.random() < 0.7:
            activation["activity"]["licensed"] = draw.random() < 0.5
    if each == "license":
        licenses = [
            license for name in ("company", "partner") for license in activation.get(name, {}).get("licenses", [])
        ]
        activation["license"] = draw.choice(licenses) if licenses else {"instrument": "vats-license"}
    return activation
