"""Blocks of models say of every formula what the pool says of each model alone."""

from __future__ import annotations

import random

from tests.authoring.analysis.random_formulas import random_formulas, random_model
from vatspolicy.authoring.analysis.bounded_search import LEAST, ModelBlock, ModelStore
from vatspolicy.proofs.formula import FormulaPool


def test_a_block_says_of_each_model_what_the_pool_says() -> None:
    draw, pool = random.Random(7), FormulaPool()
    formulas = random_formulas(draw, pool)
    base = random_model(draw)
    changes = [{name: value for name, value in random_model(draw).items() if draw.random() < 0.3} for _ in range(40)]
    for start in ({}, base):
        block = ModelBlock(pool, start, changes)
        for formula in formulas:
            expected = [place for place, change in enumerate(changes) if pool.evaluate(formula, {**start, **change})]
            assert list(block.all_of([formula])) == expected
        pairs = [draw.sample(formulas, 2) for _ in range(50)]
        for one, two in pairs:
            both = [*block.all_of([one, two])]
            assert both == [place for place in block.all_of([one]) if place in set(block.all_of([two]))]


def test_a_store_finds_the_first_model_whatever_its_block() -> None:
    draw, pool = random.Random(8), FormulaPool()
    formulas = random_formulas(draw, pool)
    store, models = ModelStore(pool), []
    for number in range(5 * LEAST + 3):
        models.append(random_model(draw))
        store.add(models[-1])
        assert store.last is models[-1]
        for formula in draw.sample(formulas, 5 if number % LEAST else len(formulas)):
            found = store.find([formula])
            assert found is next((model for model in models if pool.evaluate(formula, model)), None)
