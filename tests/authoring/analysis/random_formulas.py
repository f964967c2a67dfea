"""Random formulas over flags and numbers, and random values of their variables."""

from __future__ import annotations

import random

from vatspolicy.proofs.formula import FormulaPool, Range
from vatspolicy.proofs.solver import Model

FLAGS = [f"flag {number}" for number in range(8)]
NUMBERS = ["low", "high"]
LARGEST = 9


def random_formulas(draw: random.Random, pool: FormulaPool, count: int = 120) -> list[int]:
    """Some formulas, the later ones made of earlier ones."""
    pool.ranges |= {name: Range(0, LARGEST) for name in NUMBERS}
    found = [pool.flag(name) for name in FLAGS]
    found += [pool.at_most({name: 1}, draw.randrange(LARGEST)) for name in NUMBERS for _ in range(3)]
    found += [pool.at_most({"low": 1, "high": -1}, draw.randrange(-3, 3)) for _ in range(3)]
    while len(found) < count:
        parts = [draw.choice((1, -1)) * formula for formula in draw.sample(found, draw.choice((2, 2, 3)))]
        found.append(draw.choice((pool.conjoin, pool.disjoin))(parts))
    return [draw.choice((1, -1)) * formula for formula in found]


def random_model(draw: random.Random) -> Model:
    model: Model = {name: draw.random() < 0.5 for name in FLAGS if draw.random() < 0.8}
    return model | {name: draw.randint(0, LARGEST) for name in NUMBERS if draw.random() < 0.8}
