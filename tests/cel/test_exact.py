"""Closures say what Kleene's logic says node by node, and name the same missing facts in the same order."""

from __future__ import annotations

import itertools
import random

import pytest
from support.generators import PARAMETERS, Profiles, near_days, parameter_types
from test_differential import SEED, TIMES, batch, drawn, random_env, shipped

from vatspolicy.cel.ast import Node
from vatspolicy.cel.exact import Unknown, prepare
from vatspolicy.cel.interpreter import Env, Params, UnknownAttribute, evaluate, missing

pytestmark = pytest.mark.xdist_group("differential")


def answer(node: Node, env: Env, params: Params) -> tuple[object, list[UnknownAttribute]]:
    value = prepare(node, params)(env)
    return (None, list(value.facts)) if isinstance(value, Unknown) else (value, [])


def test_rules_of_the_bundle() -> None:
    unknown = 0
    for day, law, each, env in itertools.islice(drawn(random.Random(SEED + 11)), 150 * TIMES):
        for rule in (rule for key, rules in law.rules.items() if key.startswith(f"{each}/") for rule in rules[::3]):
            value, facts = answer(rule.when.tree, env, law.params)
            assert value is evaluate(rule.when.tree, env, law.params), f"{rule.name}, {day}"
            if value is None:
                assert facts == list(missing(rule.when.tree, env, law.params)), f"{rule.name}, {day}"
                assert law.missing_facts_in(rule.when, env) == tuple(facts)
                unknown += 1
            else:
                assert law.missing_facts_in(rule.when, env) == ()
    assert unknown > 500 * TIMES


def test_random_expressions() -> None:
    draw = random.Random(SEED + 12)
    bundle, hints = shipped()
    profiles = Profiles(draw, hints)
    params = {key: PARAMETERS[name] for name, (key, _) in parameter_types().items()}
    unknown = 0
    for _ in range(20 * TIMES):
        made = batch(draw, hints, 24)
        for _ in range(4):
            env = random_env(draw, profiles.profile(), near_days(draw, bundle.boundaries), made.each)
            for text, tree in made.trees.items():
                value, facts = answer(tree, env, params)
                expected = evaluate(tree, env, params)
                assert (value, type(value)) == (expected, type(expected)), text
                assert facts == ([] if expected is not None else list(missing(tree, env, params))), text
                unknown += expected is None
    assert unknown > 300 * TIMES
