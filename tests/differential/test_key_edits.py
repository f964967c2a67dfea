"""Edits of each key of a policy and of the schemas of specs: a record that differs is never called no change.

A long run tries all of them.
"""

from __future__ import annotations

import random

import pytest

from tests.support.effort import LONG, SEED
from tests.support.key_edits import attempt, describe, every_edit, policy_keys
from tests.support.law_edits import Edit
from tests.support.solver import needs_solver
from vatspolicy.authoring.diff.schemas import KEYS

UNUSED = {
    *((("review", key)) for key in ("by", "on", "version")),
    *(("rules", "overrides", *key) for key in ((), ("rule",), ("reason",), ("owner",))),
}
"""Keys that the shipped law does not use: nobody has reviewed it, and it has no layers."""


@pytest.fixture(scope="module")
def edits() -> list[tuple[tuple[str, ...], Edit]]:
    return every_edit(SEED, 2 if LONG else 1)


def test_there_are_edits_of_each_key(edits: list[tuple[tuple[str, ...], Edit]]) -> None:
    """A new key needs a value to try, and is tried with the rest."""
    tried = {keys for keys, _ in edits}
    assert policy_keys().keys() - tried == UNUSED
    own = frozenset[str]().union(*KEYS.values())
    of_schemas = {keys[1].partition("/")[0] for keys, _ in edits if keys[0] == "schema"}
    assert {key for key in of_schemas if key.startswith("x-")} <= own
    assert {"x-gazetteer", "x-empty-behind", "x-enum", "x-question", "enum", "required"} <= of_schemas


@needs_solver
def test_a_record_that_differs_is_never_called_no_change(edits: list[tuple[tuple[str, ...], Edit]]) -> None:
    """The condition `any` holds, too, where more than words differ."""
    some = edits if LONG else random.Random(SEED + 1).sample(edits, 8)
    tried = [(edit, attempt(edit, 60 if LONG else 12, SEED)) for _, edit in some]
    assert [told for edit, found in tried if (told := describe(edit, found))] == []
    assert any(found.differs for _, found in tried)
    assert sum(found.refused for _, found in tried) < len(tried)
