"""Fuzzers over everything that reads what others wrote; `VATSPOLICY_EXAMPLES` sets how many inputs each target gets."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.fuzz_targets import COST, PIECES, TARGETS, swap_words

pytest.importorskip("starlette", reason="needs the extra `serve`")


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_breaks_a_promise(name: str) -> None:
    target, seeds = TARGETS[name]
    begin = seeds()
    assert all(isinstance(target(seed), bool) for seed in begin)
    assert any(target(seed) for seed in begin)
    longest = min(max(map(len, begin)), 4000)
    edit = st.tuples(st.integers(0, longest), st.integers(0, 12), st.sampled_from(PIECES) | st.binary(max_size=6))
    examples = int(os.environ.get("VATSPOLICY_EXAMPLES", "120")) // COST.get(name, 1)

    swap = st.tuples(st.integers(0, 400), st.integers(0, 400))

    @settings(
        max_examples=max(examples, 10),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.sampled_from(begin),
        st.lists(swap, max_size=3),
        st.just([]) | st.lists(edit, max_size=5),
        st.binary(max_size=80) | st.none(),
    )
    def every(
        seed: bytes, swaps: list[tuple[int, int]], edits: list[tuple[int, int, bytes]], whole: bytes | None
    ) -> None:
        seed = swap_words(seed, swaps)
        for place, removed, piece in edits:
            seed = seed[:place] + piece + seed[place + removed :]
        target(seed if whole is None or edits or swaps else whole)

    every()
