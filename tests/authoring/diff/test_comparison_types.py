"""The types of a comparison and its published schema describe the same data."""

from __future__ import annotations

from tests.support.result_types import differences
from vatspolicy.authoring.diff.result import Review

SHARED = ("red_lines[].message", "accepted.entries[].until", "semantic.rules[].verdict")
"""Fields of types that are made in another way elsewhere, where they may be null; here they are not."""


def test_the_schema_has_the_keys_and_types_of_the_result() -> None:
    assert differences(Review, "comparison") == [f"Review.{place}: null is in one of them" for place in SHARED]
