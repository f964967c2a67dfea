"""What many rules are asked at once says what each says alone: sieves against Kleene's logic, step by step and fused."""

from __future__ import annotations

import ast
import itertools
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from generators import PARAMETERS, Profiles, near_days, parameter_types
from test_differential import SEED, TIMES, batch, drawn, random_env, shipped

from vatspolicy import law as laws
from vatspolicy.evaluate import evaluate as decide
from vatspolicy.expression import sieve as sieves
from vatspolicy.expression.conjunct import conjuncts
from vatspolicy.expression.exact import prepare
from vatspolicy.expression.fuse import write
from vatspolicy.expression.kleene import Env, evaluate
from vatspolicy.expression.parse import Scope, parse
from vatspolicy.expression.python import Module
from vatspolicy.expression.scope import ACTIVITY, PRODUCT, SERVICE, level_of
from vatspolicy.expression.sieve import Asked, Sieve
from vatspolicy.expression.tree import Node
from vatspolicy.expression.types import Bool, ListOf, Record, Type
from vatspolicy.law import Law
from vatspolicy.link import variables
from vatspolicy.policy import Rule

pytestmark = pytest.mark.xdist_group("differential")

EFFECTS = ("classify", "deny", "need", "route", "duty", "advise")
EMPTY: Mapping[str, Any] = {}


@pytest.fixture(params=["step by step", "fused"])
def warm(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sieves that are never fused, or from the first question on."""
    monkeypatch.setattr(sieves, "WARM", {"step by step": 10**9, "fused": 0}[request.param])


@pytest.fixture(autouse=True)
def _sieves_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A law makes a sieve when it is first asked; otherwise it does so when it has been asked some times."""
    monkeypatch.setattr(laws, "COLD", 0)


def tree(text: str) -> Node:
    return parse(text, Scope(variables("activity"), parameter_types(), lambda name, scope: None), None)


def sieve_of(trees: list[Node], params: Mapping[str, Any]) -> Sieve:
    """With generated code, and closures where that lacks a fact."""
    parts = [conjuncts(node) for node in trees]
    nodes = {
        f"{place}.{number}.{turn}": one.node
        for place, found in enumerate(parts)
        for number, part in enumerate(found)
        for turn, one in enumerate(part.questions)
    }
    code = Module(nodes).load(params)

    def asked(place: int, number: int) -> Asked:
        part = parts[place][number]
        questions = [
            (code[f"{place}.{number}.{turn}"], one.want, one.variable) for turn, one in enumerate(part.questions)
        ]
        return Asked(part.way, part.path, questions, prepare(part.questions[0].node, params), part.dump()[3])

    return Sieve([asked(place, number) for number in range(len(found))] for place, found in enumerate(parts))


def answers(sieve: Sieve, env: Env, count: int) -> list[bool | None]:
    places, unknown = sieve.find(env)
    return [False if place not in places else None if unknown >> place & 1 else True for place in range(count)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('activity.class == "B11"', ["value activity.class"]),
        ('!(activity.class in ["B11", "B12"])', ["value activity.class"]),
        ('activity.class == "B11" || activity.class == "B12"', ["value activity.class"]),
        ("operator.mainland_entity", ["value operator.mainland_entity"]),
        ('"food-sale" in service.offers', ["some service.offers"]),
        ('!("food-sale" in service.offers)', ["every service.offers"]),
        ('service.offers.exists(o, o == "food-sale" || o == "saas")', ["some service.offers"]),
        ('service.offers.exists(o, o == "food-sale") || "saas" in service.offers', ["some service.offers"]),
        ('!(service.offers.exists(o, o == "food-sale") || "saas" in service.offers)', ["every service.offers"] * 2),
        ('service.offers.all(o, o == "food-sale")', ["every service.offers"]),
        ('!service.offers.all(o, o == "food-sale")', ["some service.offers"]),
        ('service.offers.exists(o, activity.class == "B11")', ["whole"]),
        ('activity.class == "B11" || "B11" in param.opened', ["whole"]),
        ('service.area.exists(a, a.province == "beijing")', ["whole"]),
        ("operator.foreign_percent > 0.0", ["whole"]),
        (
            'operator.mainland_entity && "saas" in service.offers && "food-sale" in service.offers',
            ["value operator.mainland_entity", "some service.offers", "some service.offers"],
        ),
    ],
)
def test_what_is_asked_of_single_facts(text: str, expected: list[str]) -> None:
    assert [" ".join((part.way, ".".join(part.path))).strip() for part in conjuncts(tree(text))] == expected


def test_whose_variables_are_read() -> None:
    assert level_of(tree("data.ciio && company.licences.exists(l, l.valid)")) == PRODUCT
    assert level_of(tree("data.ciio || operator.mainland_entity")) == SERVICE
    assert level_of(tree('operator.licences.exists(l, activity.class == "B11")')) == ACTIVITY


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"service": {"offers": ["saas", "food-sale"]}}, True),
        ({"service": {"offers": ["saas"]}}, False),
        ({"service": {"offers": []}}, False),
        ({"service": {}}, None),
        ({}, None),
    ],
)
def test_two_members_of_one_list(env: Env, expected: bool | None) -> None:
    node = tree('"saas" in service.offers && "food-sale" in service.offers')
    assert evaluate(node, env, EMPTY) is expected
    assert answers(sieve_of([node], EMPTY), env, 1) == [expected]


@pytest.mark.usefixtures("warm")
def test_rules_speak_as_they_do_alone() -> None:
    draw, seen = random.Random(SEED + 7), Counter[bool | None]()
    shipped()[0]._laws.clear()
    for day, law, each, env in itertools.islice(drawn(draw), 250 * TIMES):
        if each == "licence":
            continue
        speaking = {rule.name: holds for rule, holds in law.speaking(each, EFFECTS, env)}
        for rule in (rule for effect in EFFECTS for rule in law.of(each, effect)):
            holds = evaluate(rule.when.tree, env, law.params)
            assert speaking.get(rule.name, False) is holds, f"{rule.name}, {day}"
            seen[holds] += 1
    shipped()[0]._laws.clear()
    assert min(seen[True], seen[None]) > 500 * TIMES
    assert seen[False] > 10_000 * TIMES


@pytest.mark.usefixtures("warm")
def test_random_expressions_speak_as_they_do_alone() -> None:
    draw, seen, ways = random.Random(SEED + 8), Counter[bool | None](), Counter[str]()
    bundle, hints = shipped()
    profiles = Profiles(draw, hints)
    params = {key: PARAMETERS[name] for name, (key, _) in parameter_types().items()}
    for _ in range(30 * TIMES):
        made = batch(draw, hints, 40)
        trees = [node for node in made.trees.values() if isinstance(node.type, Bool)]
        ways.update(part.way for node in trees for part in conjuncts(node))
        sieve = sieve_of(trees, params)
        for _ in range(6):
            env = random_env(draw, profiles.profile(), near_days(draw, bundle.boundaries), made.each)
            expected = [evaluate(node, env, params) for node in trees]
            assert answers(sieve, env, len(trees)) == expected
            assert answers(sieve, env, len(trees)) == expected  # what was kept with the variables says the same
            seen.update(expected)
    assert min(seen[answer] for answer in (True, False, None)) > 500 * TIMES
    assert min(ways[way] for way in ("value", "some", "every", "whole")) > 4 * TIMES


def test_a_sieve_is_fused_once_it_is_warm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sieves, "WARM", 2)
    sieve = sieve_of([tree("operator.mainland_entity")], EMPTY)
    stepwise = sieve.find
    found = [sieve.find({"operator": {"mainland_entity": True}}) for _ in range(4)]
    assert found == [([0], 0)] * 4
    assert sieve.find is not stepwise


def test_fused_code_says_nothing_but_names_of_facts() -> None:
    bundle, _ = shipped()
    law = bundle.on(bundle.boundaries[-1])
    fields = {name for each in ("product", "service", "activity") for name in _names(Record("", variables(each)))}
    for each in ("product", "service", "activity"):
        _, sieve = law._table(each, EFFECTS)
        assert sieve is not None
        source, names = write(sieve._stages, sieve._whole)
        nodes = list(ast.walk(ast.parse(source)))
        texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        assert texts
        assert texts <= fields
        calls = {ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)}
        assert calls - set(names) <= {"type", "v.get", "o.get", "get", "k0.get", "k1.get", "places"}


def _names(type: Type | None) -> Iterator[str]:
    match type:
        case Record(fields=fields):
            for name, inner in fields.items():
                yield name
                yield from _names(inner)
        case ListOf(item=item):
            yield from _names(item)


def test_decisions_are_the_same_without_sieves(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(SEED + 9)
    bundle, hints = shipped()
    profiles = Profiles(draw, hints)
    cases = [
        (profiles.profile(), max(near_days(draw, bundle.boundaries), bundle.covers_from)) for _ in range(60 * TIMES)
    ]
    with_sieves = [decide(bundle, profile, day) for profile, day in cases]

    def speaking(law: Law, each: str, effects: tuple[str, ...], env: Env) -> list[tuple[Rule, bool | None]]:
        rules = [(rule, law.ask(rule.when, dict(env))) for effect in effects for rule in law.of(each, effect)]
        return [(rule, holds) for rule, holds in rules if holds is not False]

    monkeypatch.setattr(Law, "speaking", speaking)
    assert [decide(bundle, profile, day) for profile, day in cases] == with_sieves
