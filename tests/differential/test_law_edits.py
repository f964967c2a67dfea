"""Edits of every kind: none breaks the comparison, and none leaves it without a verdict that says so.

A long run tries one of every kind, 68 edits, and prints the share undecided; `python -m tests.support.law_edits --each
45` makes the whole run of about 2,500 edits, which takes hours.
"""

from __future__ import annotations

import itertools
import json
import random
from dataclasses import replace

import pytest

from tests.support.comparisons import compare_revisions, render
from tests.support.effort import LONG, SEED
from tests.support.facts_left_out import facts_of, without
from tests.support.law_edits import (
    TODAY,
    Edit,
    Trial,
    attempt,
    base,
    draw_edits,
    head,
    left_to_try,
    line_of,
    rule_edits,
    say,
    summary,
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
    return draw_edits(1, SEED)


@needs_solver
def test_no_edit_breaks_the_comparison(edits: list[Edit], capsys: pytest.CaptureFixture[str]) -> None:
    tried = [attempt(edit) for edit in random.Random(SEED).sample(edits, len(edits) if LONG else 2)]
    with capsys.disabled():
        say("\n" + summary("\n".join(map(line_of, tried))) if LONG else "")
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


def test_a_run_goes_on_where_its_log_ends(edits: list[Edit]) -> None:
    settled, undecided, crashed, *rest = edits
    found = [
        Trial(settled, "settled", "Loosens", 1.0),
        Trial(undecided, "undecided", "allow->deny: No answer.\nmore", 4.0),
        Trial(crashed, "crashed", "Traceback:\n  12.0 in a file\nKeyError: 'x'", 2.5),
    ]
    log = "\n".join(map(line_of, found))
    assert left_to_try(edits, log) == rest
    assert left_to_try(edits, "") == edits
    assert summary(log).splitlines() == [
        "{'settled': 1, 'undecided': 1, 'crashed': 1}; undecided: 33.3% of 3",
        "seconds of processor time: median 2.5, most 4.0",
        f"undecided: {undecided.kind}: {undecided.subject}: allow->deny: No answer.",
        f"crashed: {crashed.kind}: {crashed.subject}: Traceback:",
    ]


def test_there_are_edits_of_every_kind(edits: list[Edit]) -> None:
    kinds = {edit.kind for edit in edits}
    assert kinds >= RULE_EDITS.keys() - {"end taken out"}, RULE_EDITS.keys() - kinds
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
