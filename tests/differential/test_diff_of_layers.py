"""The review of two stacks finds what deciding every product on every day finds, and its proofs agree."""

from __future__ import annotations

import importlib.util
import json
import random
from pathlib import Path

import pytest

from tests.support.comparisons import compare_revisions
from tests.support.effort import SEED, trials
from tests.support.random_layers import random_product, random_stack
from vatspolicy.authoring.diff.review import ComparisonSettings
from vatspolicy.authoring.diff.sources import read_pair
from vatspolicy.bundles.select import LawStack
from vatspolicy.core.engine.evaluator import evaluate

SEEDS = [SEED * 100 + place for place in range(trials(8))]
FOLDERS = ("law", "layer0", "layer1", "layer2")


@pytest.mark.parametrize("seed", SEEDS)
def test_every_changed_decision_is_found(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed + 300)
    sides = random_stack(draw, tmp_path / "base"), random_stack(draw, tmp_path / "head")
    products = {f"p{place}": random_product(draw) for place in range(12)}
    for name, profile in products.items():
        facts = {**profile.document.data, "product": {"id": name}}
        (tmp_path / f"{name}.json").write_text(json.dumps(facts), encoding="utf-8")
    layers = [
        tmp_path / name for name in FOLDERS if any((tmp_path / side / name).exists() for side in ("base", "head"))
    ]
    files = [str(tmp_path / f"{name}.json") for name in products]
    semantic = "z3" if seed == SEEDS[0] and importlib.util.find_spec("z3") else "off"
    settings = ComparisonSettings("2024-01-01", profiles=files, semantic=semantic)
    data = compare_revisions(
        *read_pair("base", "head", tmp_path, LawStack(layers[0], layers=tuple(layers[1:]))), settings
    )
    found = {
        (row["product"], day): (row["before"]["decision"], row["after"]["decision"])
        for row in data["decisions"]["rows"]
        for day in row["days"]
        if row["before"]["decision"] != row["after"]["decision"]
    }
    decided = {
        (name, day): tuple(evaluate(side, profile, day).decision for side in sides)
        for name, profile in products.items()
        for day in data["decisions"]["days"]
    }
    assert found == {key: words for key, words in decided.items() if words[0] != words[1]}
    assert found
    starts = {day for side in sides for day in side.boundaries if day >= max(one.covers_from for one in sides)}
    left = [day for day in starts if day not in data["decisions"]["days"]]
    for name, profile in products.items():
        for day in left:  # nothing differs there that did not on the last day that was compared
            assert len({evaluate(side, profile, day).decision for side in sides}) == 1, (name, day)
    if semantic == "z3":
        assert all(why["code"] != "contradiction" for why in data["why"])
        shown = {
            f"{one['before']}->{one['after']}" for one in data["semantic"]["transitions"] if one["verdict"] == "witness"
        }
        assert {"->".join(words) for words in found.values()} <= shown
