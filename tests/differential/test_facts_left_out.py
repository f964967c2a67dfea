"""Every fixture with each single fact left out: the decision with it stays within the range without it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.effort import part
from tests.support.facts_left_out import facts_of, without
from tests.support.members import for_each
from tests.support.shipped import fixture_files, shipped_bundle
from vatspolicy.core.documents import load_document
from vatspolicy.core.engine.decision import WORDS
from vatspolicy.core.engine.evaluator import possible_outcomes
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.errors import InvalidInput


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    return shipped_bundle()


@for_each(part(fixture_files(), 2))
def test_a_fact_left_out_never_leaves_the_range(file: Path, shipped: Bundle) -> None:
    data = load_document(file).data
    days = {one["as_of"] for one in load_document(file.with_suffix(".expect.yaml")).data["decisions"]}
    for day in sorted(days):
        ruleset = shipped.on(day)
        low, high = _range(ruleset, data, day)
        left = []
        for path in facts_of(data, ()):
            try:
                lower, higher = _range(ruleset, without(data, path), day)
            except InvalidInput:  # a fact that every profile must have, or one without which two others disagree
                continue
            if not lower <= low <= high <= higher:
                left.append(f"{'.'.join(map(str, path))}: {WORDS[lower]}..{WORDS[higher]}")
        assert not left, (day, WORDS[low], WORDS[high], left)


def _range(ruleset: Any, data: Any, day: str) -> tuple[int, int]:
    low, high = possible_outcomes(ruleset, load_profile(data), day, asking=False).range
    return WORDS.index(low), WORDS.index(high)
