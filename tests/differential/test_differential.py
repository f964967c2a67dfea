"""Every back end gives the same answer: generated Python, Kleene's logic, cel-python, and Google's C++ where installed.

Two kinds of material: the shipped bundle on random profiles, and random expressions on random profiles. The first alone
misses errors, because good rules are careful. Sizes suit a quick run; VATSPOLICY_FUZZ=20 makes them twenty times larger
(nightly), and VATSPOLICY_SEED starts elsewhere.
"""

from __future__ import annotations

import functools
import importlib.util
import itertools
import os
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from support.generators import PARAMETERS, Expressions, Hints, Profiles, hints_of, near_days, parameter_types
from support.scopes import run_generated

from vatspolicy.authoring.testing.cases import subjects
from vatspolicy.cel.ast import Node, Term, walk
from vatspolicy.cel.codegen import GeneratedModule
from vatspolicy.cel.interpreter import Env, evaluate
from vatspolicy.cel.parser import TypeEnvironment, parse
from vatspolicy.cel.reference import Reference, convert
from vatspolicy.cel.types import BOOL, INT, Type, join, type_of_value
from vatspolicy.engine.subjects import activity_activation, product_activation, service_activation
from vatspolicy.policies.bundle import Bundle, load_bundle
from vatspolicy.policies.compiler import variables
from vatspolicy.policies.model import Expression, Policy, Route
from vatspolicy.policies.ruleset import RuleSet
from vatspolicy.profile.profile import Profile
from vatspolicy.profile.vocabulary import words

TIMES = int(os.environ.get("VATSPOLICY_FUZZ", "1"))
SEED = int(os.environ.get("VATSPOLICY_SEED", "1"))
GOOGLE = importlib.util.find_spec("cel_expr_python") is not None

CLASSES = sorted(words("class"))

pytestmark = pytest.mark.xdist_group("differential")


# --- the second oracle ------------------------------------------------------------------------------------------------


class Google:
    """Expressions that share parameters and terms, evaluated by Google's C++ engine. An error is unknown."""

    def __init__(self, params: Mapping[str, Any], terms: Mapping[str, str]) -> None:
        self._params, self._terms = dict(params), terms

    def at(self, env: Env) -> Callable[[str], Any]:
        from cel_expr_python import cel

        known: dict[str, Any] = {}
        asked: set[str] = set()
        data = {**env, "param": self._params, "term": known}
        activation = google_environment().Activation(data)

        def ask(text: str) -> Any:
            nonlocal activation
            for name in set(re.findall(r"\bterm\.([a-z0-9_]+)", text)) - asked:
                asked.add(name)
                value = ask(self._terms[name])
                if value is not None:
                    known[name] = value
                    activation = google_environment().Activation(data)
            result = google_program(text).eval(activation)
            return None if result.type() == cel.Type.ERROR else result.plain_value()

        return ask


@functools.cache
def google_environment() -> Any:
    from cel_expr_python import cel

    return cel.NewEnv(variables=dict.fromkeys((*variables("licence"), "param", "term"), cel.Type.DYN))


@functools.cache
def google_program(text: str) -> Any:
    return google_environment().compile(text)


# --- comparing --------------------------------------------------------------------------------------------------------


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


# --- the shipped bundle -----------------------------------------------------------------------------------------------


@functools.cache
def shipped() -> tuple[Bundle, Hints]:
    bundle = load_bundle()
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
                found.setdefault("licence", []).append((policy, instrument.covers))
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


def engines(policy: Policy, law: RuleSet) -> tuple[Reference, Google]:
    """The engines with the parameter values of a law."""
    params, terms = vocabulary_of(policy.id)
    reference = Reference({name: (law.params[key], type) for name, (key, type) in params.items()}, terms)
    return reference, Google({name: law.params[key] for name, (key, _) in params.items()}, terms)


def environments(draw: random.Random, law: RuleSet, profile: Profile, day: str) -> Iterator[tuple[str, Env]]:
    """Every subject of a profile, one more activity for each service, and every licence that might cover one."""
    found = [(each, env) for each, _, env in subjects(law, profile, day)]
    services = [env for each, env in found if each == "service"]
    found += [("activity", activity_activation(law, env, draw.choice(CLASSES))) for env in services]
    yield from found
    for each, env in found:
        if each == "activity":
            for licence in env.get("operator", {}).get("licences", []):
                yield "licence", {**env, "licence": licence}


def drawn(draw: random.Random) -> Iterator[tuple[str, RuleSet, str, Env]]:
    """Random profiles on days around which the law changes: day, law, kind of subject, variables; without end."""
    bundle, hints = shipped()
    profiles = Profiles(draw, hints)
    while True:
        profile = profiles.profile()
        day = max(near_days(draw, bundle.boundaries), bundle.covers_from)
        law = bundle.on(day)
        for each, env in environments(draw, law, profile, day):
            yield day, law, each, env


def test_generated_python_agrees_on_every_rule() -> None:
    tally = Tally()
    for day, law, each, env in itertools.islice(drawn(random.Random(SEED)), 300 * TIMES):
        for _, expression in by_subject().get(each, ()):
            expected = evaluate(expression.tree, env, law.params)
            tally.answers[str(expected)] += 1
            tally.expect("generated Python", expression.text, f"{each}, {day}", expected, law.ask(expression, env))
    tally.check()
    assert min(tally.answers[answer] for answer in ("True", "False", "None")) > 1000 * TIMES


def test_cel_engines_agree_on_every_rule() -> None:
    """Each environment meets a few dozen expressions; the run ends when each expression has met enough environments."""
    draw = random.Random(SEED + 1)
    tally = Tally()
    waiting = {each: draw.sample(found, len(found)) * (3 * TIMES) for each, found in by_subject().items()}
    for day, law, each, env in drawn(draw):
        batch, waiting[each] = waiting.get(each, [])[:40], waiting.get(each, [])[40:]
        facts = convert(env, variables(each))
        for policy, expression in batch:
            expected = evaluate(expression.tree, env, law.params)
            tally.answers[str(expected)] += 1
            where = f"{each} in {policy.id}, {day}"
            reference, google = engines(policy, law)
            tally.expect("cel-python", expression.text, where, expected, reference.at(facts)(expression.text))
            if GOOGLE:
                tally.expect("cel-expr-python", expression.text, where, expected, google.at(env)(expression.text))
        if not any(waiting.values()):
            break
    tally.check()
    assert tally.compared["cel-python"] == 3 * TIMES * sum(map(len, by_subject().values()))
    assert min(tally.answers[answer] for answer in ("True", "False", "None")) > 20 * TIMES


# --- random expressions -----------------------------------------------------------------------------------------------


@dataclass
class Batch:
    """Random expressions that share a scope, with their trees."""

    each: str
    terms: dict[str, str]
    trees: dict[str, Node]


def batch(draw: random.Random, hints: Hints, size: int) -> Batch:
    each = draw.choice(("product", "service", "activity", "licence"))
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


def random_env(draw: random.Random, profile: Profile, day: str, each: str) -> Env:
    env = product_activation(profile, day)
    if each != "product":
        env = service_activation(env, draw.choice(env["services"]))
    if each in ("activity", "licence"):
        env["activity"] = {"class": draw.choice(PARAMETERS["opened"])}
        if draw.random() < 0.7:
            env["activity"]["licensed"] = draw.random() < 0.5
    if each == "licence":
        licences = [licence for name in ("company", "partner") for licence in env.get(name, {}).get("licences", [])]
        env["licence"] = draw.choice(licences) if licences else {"instrument": "vats-licence"}
    return env


def test_all_back_ends_agree_on_random_expressions() -> None:
    draw = random.Random(SEED + 2)
    bundle, hints = shipped()
    profiles = Profiles(draw, hints)
    params = {key: PARAMETERS[name] for name, (key, _) in parameter_types().items()}
    typed = {name: (value, type_of_value(value, name)) for name, value in PARAMETERS.items()}
    tally, kinds = Tally(), Counter[str]()
    for _ in range(30 * TIMES):
        made = batch(draw, hints, 24)
        functions = GeneratedModule(made.trees).load(params)
        reference = Reference(typed, made.terms)
        google = Google(PARAMETERS, made.terms) if GOOGLE else None
        kinds.update(type(node).__name__ for tree in made.trees.values() for node in walk(tree))
        for _ in range(5):
            day = near_days(draw, bundle.boundaries)
            env = random_env(draw, profiles.profile(), day, made.each)
            by_reference = reference.at(convert(env, variables(made.each)))
            by_google = google.at(env) if google else None
            for text, tree in made.trees.items():
                expected = evaluate(tree, env, params)
                tally.answers[str(expected)] += 1
                where = f"{made.each}, {day}, terms {_terms_in(tree, made.terms)}"
                tally.expect(
                    "generated Python", text, where, expected, run_generated(functions[text], tree, env, params)
                )
                tally.expect("cel-python", text, where, expected, by_reference(text))
                if by_google:
                    tally.expect("cel-expr-python", text, where, expected, by_google(text))
    tally.check()
    assert tally.compared["cel-python"] > 3000 * TIMES
    assert min(tally.answers[answer] for answer in ("True", "False", "None")) > 500 * TIMES
    assert set(kinds) == {kind.__name__ for kind in Node.__subclasses__()}


def _terms_in(tree: Node, terms: Mapping[str, str]) -> dict[str, str]:
    return {node.name: terms[node.name] for node in walk(tree) if isinstance(node, Term)}
