"""Edits of every kind: none breaks the comparison, and none leaves it without a verdict that says so.

A long run tries one of every kind; `python -m tests.support.law_edits` tries any number and prints the share undecided.
"""

from __future__ import annotations

import itertools
import random

import pytest

from tests.support.effort import LONG, SEED
from tests.support.law_edits import RULE_EDITS, Edit, attempt, draw_edits, rule_edits
from tests.support.solver import needs_solver


@pytest.fixture(scope="module")
def edits() -> list[Edit]:
    return draw_edits(1, SEED)


@needs_solver
def test_no_edit_breaks_the_comparison(edits: list[Edit]) -> None:
    tried = [attempt(edit) for edit in random.Random(SEED).sample(edits, len(edits) if LONG else 2)]
    assert not [found for found in tried if found.status in ("crashed", "failed")]
    undecided = [(found.edit.kind, found.edit.subject, found.detail) for found in tried if found.status == "undecided"]
    assert len(undecided) <= max(1, len(tried) // 100), undecided
    assert any(found.status == "settled" for found in tried)


def test_there_are_many_edits_of_rules() -> None:
    """Every kind of edit is made of every rule to which it applies."""
    found = itertools.islice(rule_edits([*RULE_EDITS], random.Random(SEED)), 1_800)
    assert len({(edit.kind, edit.subject) for edit in found}) == 1_800


def test_there_are_edits_of_every_kind(edits: list[Edit]) -> None:
    kinds = {edit.kind for edit in edits}
    assert kinds >= RULE_EDITS.keys() - {"end taken out"}, RULE_EDITS.keys() - kinds
    assert len(kinds - RULE_EDITS.keys()) > 15
