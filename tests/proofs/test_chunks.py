"""Rule sets that share rules share formulas: exactly those that each has alone."""

from __future__ import annotations

from vatspolicy.proofs.rule_comparison import CHUNK, LARGE_CHUNK, _chunks


def test_a_large_review_has_larger_chunks() -> None:
    groups = [(f"p/r{number}",) for number in range(400)]
    assert [len(chunk) for chunk in _chunks(groups[: CHUNK + 7])] == [CHUNK, 7]
    assert {len(chunk) for chunk in _chunks(groups)[:-1]} == {LARGE_CHUNK}
    assert [group for chunk in _chunks(groups) for group in chunk] == groups
