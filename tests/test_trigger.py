"""A rule that is passed over can only be false: triggers against Kleene's logic, on the bundle and on random expressions."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping
from typing import Any

import pytest
from generators import PARAMETERS, Profiles, near_days, parameter_types
from test_differential import SEED, TIMES, batch, drawn, random_env, shipped

from vatspolicy.evaluate import evaluate as decide
from vatspolicy.expression.kleene import Env, evaluate
from vatspolicy.expression.parse import Scope, parse
from vatspolicy.expression.tree import Node
from vatspolicy.expression.trigger import Index, Trigger, trigger
from vatspolicy.expression.types import Bool
from vatspolicy.law import Law
from vatspolicy.link import variables
from vatspolicy.policy import Rule

pytestmark = pytest.mark.xdist_group("differential")

EFFECTS = ("classify", "deny", "need", "route", "duty", "advise")
EMPTY: Mapping[str, Any] = {}


def tree(text: str) -> Node:
    return parse(text, Scope(variables("activity"), parameter_types(), lambda name, scope: None), None)


@pytest.mark.parametrize(
    ("text", "path", "values"),
    [
        ('activity.class == "B11"', ("activity", "class"), ("B11",)),
        ('"B11" == activity.class', ("activity", "class"), ("B11",)),
        ('activity.class in ["B11", "B12"]', ("activity", "class"), ("B11", "B12")),
        ('"food-sale" in service.offers', ("service", "offers"), ("food-sale",)),
        ('service.offers.exists(o, o == "food-sale")', ("service", "offers"), ("food-sale",)),
        ('service.area.exists(a, a.province == "beijing")', ("service", "area", "*", "province"), ("beijing",)),
        ("operator.mainland_entity", ("operator", "mainland_entity"), (True,)),
        ("!operator.mainland_entity", ("operator", "mainland_entity"), (False,)),
        ('operator.mainland_entity && activity.class == "B11"', ("activity", "class"), ("B11",)),
        ('activity.class == "B11" || activity.class == "B12"', ("activity", "class"), ("B11", "B12")),
        ('activity.class != "B11"', None, ()),
        ('activity.class == "B11" || operator.mainland_entity', None, ()),
        ('service.offers.all(o, o == "food-sale")', None, ()),
        ("operator.foreign_percent > 0.0", None, ()),
    ],
)
def test_what_must_hold_first(text: str, path: tuple[str, ...] | None, values: tuple[Any, ...]) -> None:
    found = trigger(tree(text))
    assert found == (None if path is None else Trigger(path, values))


def test_a_list_that_may_not_be_empty() -> None:
    text = 'company.licences.exists(l, l.valid || activity.class == "B11")'
    assert trigger(tree(text)) == Trigger(("company", "licences"), any=True)
    index = Index([trigger(tree(text))], EMPTY)
    assert index.find({"company": {"licences": []}}) == []
    assert index.find({"company": {"licences": [{}]}}) == index.find({"company": {}}) == index.find({}) == [0]


def test_an_outer_fact_in_a_quantifier_does_not_hide_that_the_list_is_missing() -> None:
    text = 'company.licences.exists(l, activity.class == "B11" && l.valid)'
    env = {"activity": {"class": "B12"}, "company": {}}
    assert evaluate(tree(text), env, EMPTY) is None
    assert Index([trigger(tree(text))], EMPTY).find(env) == [0]


def test_rules_passed_over_are_false() -> None:
    passed = 0
    for day, law, each, env in itertools.islice(drawn(random.Random(SEED + 7)), 400 * TIMES):
        if each == "licence":
            continue
        speaking = {rule.name: holds for rule, holds in law.speaking(each, EFFECTS, env)}
        for rule in (rule for effect in EFFECTS for rule in law.of(each, effect)):
            holds = speaking.get(rule.name, False)
            assert evaluate(rule.when.tree, env, law.params) is holds, f"{rule.name}, {day}"
            passed += holds is False
    assert passed > 10_000 * TIMES


def test_random_expressions_passed_over_are_false() -> None:
    draw = random.Random(SEED + 8)
    bundle, hints = shipped()
    profiles = Profiles(draw, hints)
    params = {key: PARAMETERS[name] for name, (key, _) in parameter_types().items()}
    passed = 0
    for _ in range(40 * TIMES):
        made = batch(draw, hints, 40)
        trees = {text: node for text, node in made.trees.items() if isinstance(node.type, Bool)}
        index = Index(map(trigger, trees.values()), params)
        for _ in range(6):
            env = random_env(draw, profiles.profile(), near_days(draw, bundle.boundaries), made.each)
            found = set(index.find(env))
            for place, (text, node) in enumerate(trees.items()):
                if place not in found:
                    assert evaluate(node, env, params) is False, text
                    passed += 1
    assert passed > 500 * TIMES


def test_decisions_are_the_same_without_the_index(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(SEED + 9)
    bundle, hints = shipped()
    profiles = Profiles(draw, hints)
    cases = [
        (profiles.profile(), max(near_days(draw, bundle.boundaries), bundle.covers_from)) for _ in range(60 * TIMES)
    ]
    with_index = [decide(bundle, profile, day) for profile, day in cases]

    def speaking(law: Law, each: str, effects: tuple[str, ...], env: Env) -> list[tuple[Rule, bool | None]]:
        rules = [(rule, law.ask(rule.when, env)) for effect in effects for rule in law.of(each, effect)]
        return [(rule, holds) for rule, holds in rules if holds is not False]

    monkeypatch.setattr(Law, "speaking", speaking)
    assert [decide(bundle, profile, day) for profile, day in cases] == with_index
