"""Every fixture with each single fact left out: the decision with it stays within the range without it."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.shipped import fixture_files, shipped_bundle
from vatspolicy.documents import Path as FactPath
from vatspolicy.documents import load_document
from vatspolicy.engine.decision import WORDS
from vatspolicy.engine.evaluator import possible_outcomes
from vatspolicy.errors import InvalidInput
from vatspolicy.policies.bundle import Bundle
from vatspolicy.profile.profile import load_profile

DECLARED = {("company", "licenses"), ("deals",), ("filings",), ("opinions",)}
"""Facts of which none stated means that there are none."""
REPLACING = {"ftz"}
"""Facts that take the place of an answer of the gazetteer."""


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    return shipped_bundle()


@pytest.mark.parametrize("file", fixture_files(), ids=lambda file: file.stem)
def test_a_fact_left_out_never_leaves_the_range(file: Path, shipped: Bundle) -> None:
    data = load_document(file).data
    days = {one["as_of"] for one in load_document(file.with_suffix(".expect.yaml")).data["decisions"]}
    for day in sorted(days):
        ruleset = shipped.on(day)
        low, high = _range(ruleset, data, day)
        left = []
        for path in _facts(data, ()):
            try:
                lower, higher = _range(ruleset, _without(data, path), day)
            except InvalidInput:  # a fact that every profile must have, or one without which two others disagree
                continue
            if not lower <= low <= high <= higher:
                left.append(f"{'.'.join(map(str, path))}: {WORDS[lower]}..{WORDS[higher]}")
        assert not left, (day, WORDS[low], WORDS[high], left)


def _range(ruleset: Any, data: Any, day: str) -> tuple[int, int]:
    low, high = possible_outcomes(ruleset, load_profile(data), day, asking=False).range
    return WORDS.index(low), WORDS.index(high)


def _facts(data: Any, path: FactPath) -> Iterator[FactPath]:
    """Yield the paths of the facts in mappings; members of lists are no facts of their own."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        here = (*path, key)
        if isinstance(data, dict) and here not in DECLARED and key not in REPLACING:
            yield here
        if here not in DECLARED:
            yield from _facts(value, here)


def _without(data: Any, path: FactPath) -> Any:
    changed = copy.deepcopy(data)
    target = changed
    for step in path[:-1]:
        target = target[step]
    del target[path[-1]]
    return changed
