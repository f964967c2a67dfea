"""Edits of every kind: none breaks the comparison, and none leaves it without a verdict that says so.

A long run tries one of every kind, 68 edits. With VATSPOLICY_FUZZ=45 it tries 45 of each, about 2,500 edits, which takes
hours.
"""

from __future__ import annotations

import itertools
import json
import random
from dataclasses import replace

import pytest

from tests.support.comparisons import compare_revisions, render
from tests.support.effort import LONG, SEED, TIMES
from tests.support.facts_left_out import facts_of, without
from tests.support.law_edits import (
    TODAY,
    Edit,
    attempt,
    base,
    draw_edits,
    head,
    rule_edits,
)
from tests.support.rule_edits import RULE_EDITS
from tests.support.shipped import fixture_files
from tests.support.solver import needs_solver
from vatspolicy.authoring.diff.law_revision import load_pair
from vatspolicy.authoring.diff.review import ComparisonSettings
from vatspolicy.core.documents import load_document
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.errors import InvalidInput


@pytest.fixture(scope="module")
def edits() -> list[Edit]:
    return draw_edits(max(1, round(TIMES)), SEED)


@needs_solver
def test_no_edit_breaks_the_comparison(edits: list[Edit]) -> None:
    tried = [attempt(edit) for edit in random.Random(SEED).sample(edits, len(edits) if LONG else 2)]
    assert not [found for found in tried if found.status in ("crashed", "failed")]
    undecided = [(found.edit.kind, found.edit.subject, found.detail) for found in tried if found.status == "undecided"]
    assert len(undecided) <= max(1, len(tried) // 100), undecided
    assert any(found.status == "settled" for found in tried)


@pytest.mark.parametrize("kind", [kind for kind in RULE_EDITS if kind.startswith("narrowed by")])
def test_a_narrowed_rule_is_valid_law(kind: str) -> None:
    """A clause with a value that no fact has is refused, and then this kind of edit tries nothing."""
    edit = next(rule_edits([kind], random.Random(SEED)))
    load_pair(base(), head(edit))


def test_there_are_many_edits_of_rules() -> None:
    """Every kind of edit is made of every rule to which it applies."""
    found = itertools.islice(rule_edits([*RULE_EDITS], random.Random(SEED)), 1_800)
    assert len({(edit.kind, edit.subject) for edit in found}) == 1_800


def test_there_are_edits_of_every_kind(edits: list[Edit]) -> None:
    kinds = {edit.kind for edit in edits}
    absent = {"end taken out", "unwaivable taken out"}  # no shipped rule has either
    assert kinds >= RULE_EDITS.keys() - absent, RULE_EDITS.keys() - kinds
    assert len(kinds - RULE_EDITS.keys()) > 15


def test_products_with_a_fact_left_out_break_no_comparison() -> None:
    """Fixtures are mutated fact by fact; those that are valid are decided by both sides of each edit."""
    draw = random.Random(SEED)
    files: list[tuple[str, bytes]] = []
    for file in draw.sample(sorted(fixture_files()), 12 if LONG else 2):
        data = load_document(file).data
        for number, path in enumerate(facts_of(data, ())):
            changed = without(data, path)
            try:
                load_profile(changed)
            except InvalidInput:
                continue
            files.append((f"fixtures/{file.stem}-{number}.yaml", json.dumps(changed, ensure_ascii=False).encode()))
    assert len(files) > 20
    edits = rule_edits(["condition negated", "curable", "boundary", "other instrument of a need", "due"], draw)
    for edit in itertools.islice(edits, 8 if LONG else 2):
        before, after = (replace(side, fixtures=tuple(files)) for side in (base(), head(edit)))
        data = compare_revisions(before, after, ComparisonSettings(TODAY, semantic="off"))
        assert [why["code"] for why in data["why"]] in ([], ["invalid"]), (edit.kind, edit.subject, data["why"])
        assert not {problem["file"] for problem in data["problems"]} & {name for name, _ in files}
        for format in ("text", "markdown", "html"):
            render(format, data, "zh")
