"""Random portfolios as rows and lines."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from tests.support.effort import SEED
from tests.support.random_inputs import Profiles
from tests.support.samples import shipped
from tests.support.shipped import PARTS

DAY = ("--as-of", "2026-01-01")
PLAIN: list[dict[str, Any]] = [
    {
        "schema": 2,
        "product": {"id": "one", "launch": "2026-05-01"},
        "company": {"foreign_percent": 50.0, "foreign_percent_basis": "ultimate", "registered": "beijing"},
        "services": [{"id": "main", "offers": ["saas"]}, {"id": "other", "operated_by": "company"}],
    },
    {"schema": 2, "product": {"id": "two"}, "company": {"mainland_entity": False}, "services": []},
    {"schema": 2, "product": {"id": "three"}, "company": {}, "services": [{"id": "x"}], "data": {"persons": 5}},
]
"""Profiles in which each fact has one type, as the columns of a table have."""


def portfolio(size: int) -> list[dict[str, Any]]:
    draw = random.Random(SEED + 30)
    profiles = Profiles(draw, shipped()[1])
    return [_decided_today(profiles.profile().document.data) for _ in range(size)]


def _decided_today(row: dict[str, Any]) -> dict[str, Any]:
    """The row without opinions that are refused at the door: those of days to come, on a service of the product, or on
    a rule that the law of the tests does not have.
    """
    kept = [
        one
        for one in row.get("opinions", ())
        if one["date"] <= DAY[1]
        and (one["about"] == "class" or ("service" not in one and one["about"].partition("/")[0] in PARTS))
    ]
    return {**row, "opinions": kept}


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
