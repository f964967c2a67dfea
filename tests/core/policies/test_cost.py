"""Static cost: a bound that no evaluation passes, computed from the limits of the profile schema."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.support.law_builder import bundle_of, rule
from tests.support.random_inputs import Profiles, hints_of
from tests.support.shipped import shipped_bundle
from vatspolicy.core.cel import interpreter
from vatspolicy.core.cel.ast import Node
from vatspolicy.core.cel.interpreter import Params
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.engine.subjects import product_activation, service_activation
from vatspolicy.core.policies.cost import COSTLY, expression_cost, list_limits, rule_cost

DAY = "2026-11-26"
LONG = """\
parameters:
  places:
    title: {en: Places, zh: 地区}
    values:
      - {from: '2020-01-01', cite: art-1, value: [beijing]}
      - {from: '2022-01-01', cite: art-1, value: [beijing, shanghai, chengdu]}
  groups: {title: {en: Groups, zh: 组}, values: [{from: '2020-01-01', cite: art-1, value: [{places: [beijing, chengdu]}]}]}
terms:
  foreign: company.foreign_percent > 0.0
rules:
"""


def cost(folder: Path, when: str, each: str = "product") -> int:
    law = bundle_of(folder, own=LONG + rule("own", each, when, "deny: {reason: PROHIBITED-SECTOR}"))
    return rule_cost(law, law.rule("own/own"))


@pytest.mark.parametrize(
    ("when", "steps"),
    [
        ("true", 1),
        ("company.foreign_percent > 0.0", 3),
        ("!term.foreign", 5),  # not, term, and the three of its body
        ("company.mainland_entity && term.foreign || data.important", 8),
        ("services.exists(s, s.resells_carrier)", 2 + 32 * 1),
        ('services.exists(s, s.hosting == "overseas")', 2 + 32 * 3),
        ('services.exists(s, s.charges.exists(c, c == "users"))', 2 + 32 * (2 + 4 * 3)),
        ('services.all(s, "news" in s.content)', 2 + 32 * (1 + 1 + 1 + 32)),
        ("services.size() > 1", 4),
        ('services.exists(s, sets.intersects(s.content, ["news"]))', 2 + 32 * (2 + 32 * (3 + 1))),
        ('services.exists(s, sets.contains(s.content, ["news"]))', 2 + 32 * (2 + 1 * (3 + 32))),
        ("company.registered.at in param.places", 3 + 3),  # the longest value of any day
        ("param.places.exists(p, p == company.registered.at)", 2 + 3 * 3),
        ("param.groups.exists(g, g.places.exists(p, p == company.registered.at))", 2 + 2 * (2 + 2 * 3)),
    ],
)
def test_steps_are_counted_by_the_limits_of_the_schema(tmp_path: Path, when: str, steps: int) -> None:
    assert cost(tmp_path, when) == steps


def test_limits_are_those_of_the_schema() -> None:
    limits = list_limits(SchemaSet.shipped())
    assert (limits["services"], limits["services.*.charges"], limits["company.registered.within"]) == (32, 4, 8)


def test_no_evaluation_of_the_law_takes_more_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreter without its shortcuts evaluates one node a step; members of a membership test are not counted."""
    taken = [0]
    compile_one = interpreter._compile

    def counting(node: Node, params: Params, bound: frozenset[str], guards: bool) -> interpreter.Evaluator:
        run = compile_one(node, params, bound, guards)

        def step(activation: Any) -> Any:
            taken[0] += 1
            return run(activation)

        return step

    monkeypatch.setattr(interpreter, "_compile", counting)
    monkeypatch.setattr(interpreter, "_compile_with_constant", lambda *_: None)
    law = shipped_bundle()
    ruleset, profiles = law.on(DAY), Profiles(random.Random(18), hints_of(law))
    runs = [
        (expression, expression_cost(law, expression), interpreter.compile_interpreter(expression.tree, ruleset.params))
        for policy in law.policies.values()
        for one in policy.rules
        if one.each in ("product", "service")
        for expression in one.expressions
    ]
    nearest = 0.0
    for _ in range(5):
        product = product_activation(profiles.profile(), DAY)
        for service in product["services"][:2]:
            activation = service_activation(product, service)
            for expression, bound, run in runs:
                taken[0] = 0
                run(activation)
                assert taken[0] <= bound, expression.text
                nearest = max(nearest, taken[0] / bound)
    assert nearest > 0.5  # the bound is reached by expressions without lists


def test_the_shipped_law_stays_below_half_of_what_lint_warns_of() -> None:
    law = shipped_bundle()
    assert max(rule_cost(law, one) for policy in law.policies.values() for one in policy.rules) * 2 < COSTLY
