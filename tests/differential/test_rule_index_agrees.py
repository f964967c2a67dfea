"""With the rule index and without it, the same rules match: on random profiles, under the shipped law."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter
from typing import Any

import pytest

from tests.support.random_inputs import Profiles, hints_of, near_days
from tests.support.shipped import shipped_bundle
from vatspolicy.core.engine.classification import classify
from vatspolicy.core.engine.subjects import activity_activation, product_activation, service_activation
from vatspolicy.core.policies import ruleset as rulesets

SEED = 20_260_101


PROFILES = 150


def test_the_same_rules_match_with_and_without_the_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rulesets, "INDEX_AFTER", 0)
    shipped = shipped_bundle()
    draw, seen = random.Random(SEED), Counter[bool | None]()
    made, indexed = Profiles(draw, hints_of(shipped)), dict[str, Any]()
    for _ in range(PROFILES):
        day = max(near_days(draw, shipped.boundaries), shipped.covers_from)
        ruleset = shipped.on(day)
        plain = dataclasses.replace(ruleset, indexed=False)
        start = max(boundary for boundary in shipped.boundaries if boundary <= day)
        if start not in indexed and len(indexed) < 12:
            indexed[start] = dataclasses.replace(ruleset)
        quick = indexed.get(start)
        if quick is None:
            continue
        product = product_activation(made.profile(), day)
        activations = [("product", product)]
        for service in product["services"]:
            activation = service_activation(product, service)
            activations.append(("service", activation))
            found = classify(plain, activation)
            activations += [
                ("activity", activity_activation(plain, activation, cls)) for cls in (*found.classes, *found.possible)
            ]
        for each, activation in activations:
            expected = plain.match(each, activation)
            assert quick.match(each, activation) == expected
            for _, holds, _ in expected:
                seen[holds] += 1
    assert min(seen[True], seen[False]) > 500
