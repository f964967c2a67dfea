"""The comparison of two matrices computes few cells, and finds what a comparison of all cells finds."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.effort import SEED, part
from tests.support.law_edits import TODAY, Edit, base, draw_edits, head, many_rules
from vatspolicy.authoring.diff.law_revision import load_side
from vatspolicy.authoring.diff.result import Access
from vatspolicy.authoring.diff.rules import Differences, RuleSignatures
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.errors import InvalidInput
from vatspolicy.guidance.access_matrix import Matrix, build_matrix
from vatspolicy.guidance.access_matrix.best_case import BestCaseSearch
from vatspolicy.guidance.access_matrix.comparison import compare_matrices
from vatspolicy.guidance.access_matrix.result import Regime

BEARING = ("classify", "deny", "route")
"""Effects on which the matrix depends."""
STATED = ("state", "max_foreign_percent", "contested")


@functools.cache
def shipped() -> Bundle:
    return load_side(base(), SchemaSet.shipped()).bundle


@functools.cache
def whole(bundle: Bundle) -> Matrix:
    return build_matrix(bundle, TODAY)


def edits() -> list[Edit]:
    """Edits of rules that bear on the matrix, of terms, parameters and files; and of many rules at once."""
    small = [edit for edit in draw_edits(2, SEED) if not edit.schemas]
    many = [many_rules(count, SEED, (effect,)) for count in part((12, 1), 2) for effect in BEARING]
    return [*many, *part(small, 60)]


def compared(edit: Edit) -> tuple[Bundle, frozenset[str]] | None:
    """Return the law with an edit and the names of the rules that differ today; None if the loader refuses it."""
    try:
        changed = load_side(head(edit), SchemaSet.shipped()).bundle
    except InvalidInput:
        return None
    return changed, Differences(RuleSignatures(shipped()), RuleSignatures(changed)).on(TODAY)


def cells(matrix: Matrix) -> dict[tuple[str, str, str], tuple[Any, ...]]:
    """Return what the cells state, by class, offer and regime, without those that a regime does not have."""
    return {
        (row.class_, offer.title["en"], cell.column): tuple(getattr(cell, key) for key in STATED)
        for row in matrix.rows
        for offer in row.offers
        for cell in row.cells
        if cell.state != "none"
    }


def differing(before: Matrix, after: Matrix) -> dict[tuple[str, str, str], Any]:
    """Return the cells of two whole matrices that state something else."""
    old, new = cells(before), cells(after)
    nothing = ("none", None, False)
    pairs = {key: (old.get(key, nothing), new.get(key, nothing)) for key in old.keys() | new.keys()}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def told(found: Access) -> Iterator[tuple[tuple[str, str, str], Any]]:
    for cell in found.cells:
        for offer in cell.offers:
            pair = tuple(tuple(getattr(side, key) for key in STATED) for side in (cell.before, cell.after))
            yield (cell.class_, offer["en"], cell.column), pair


def places(matrix: Matrix) -> dict[str, Any]:
    return {column.id: column.places for column in matrix.columns if isinstance(column, Regime)}


def test_it_finds_what_two_whole_matrices_show() -> None:
    """Of each edit; some of them change cells."""
    wrong, with_cells = [], 0
    for edit in edits():
        made = compared(edit)
        if made is None:
            continue
        after, changed = made
        found = compare_matrices(shipped(), after, TODAY, changed)
        one, two = whole(shipped()), build_matrix(after, TODAY)
        old, new = places(one), places(two)
        moved = {id: (old.get(id), new.get(id)) for id in old.keys() | new.keys() if old.get(id) != new.get(id)}
        same_places = {entry.column: (entry.before, entry.after) for entry in found.places} == moved
        if dict(told(found)) != differing(one, two) or not same_places:
            wrong.append(f"{edit.kind}: {edit.subject}")
        with_cells += bool(found.cells)
    assert wrong == []
    assert with_cells >= 2


def test_a_change_of_other_rules_computes_no_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    made = compared(many_rules(5, SEED, ("duty",)))
    assert made is not None
    assert made[1]

    def best(*_: Any) -> Any:
        raise AssertionError("no cell need be computed")

    monkeypatch.setattr(BestCaseSearch, "best", best)
    assert compare_matrices(shipped(), made[0], TODAY, made[1]) == Access(TODAY, (), ())


def test_a_changed_route_computes_the_cells_of_its_regime(monkeypatch: pytest.MonkeyPatch) -> None:
    made = compared(many_rules(1, SEED + 1, ("route",)))
    assert made is not None
    assert len(made[1]) == 1
    asked: set[str] = set()
    best = BestCaseSearch.best

    def count(self: BestCaseSearch, rule: Any, *rest: Any) -> Any:
        asked.add(rule.effect.name)
        return best(self, rule, *rest)

    monkeypatch.setattr(BestCaseSearch, "best", count)
    compare_matrices(shipped(), made[0], TODAY, made[1])
    assert len(asked) == 1
