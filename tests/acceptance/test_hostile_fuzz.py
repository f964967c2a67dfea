"""Fuzzers over everything that reads what others wrote; `VATSPOLICY_EXAMPLES` sets how many inputs each target gets."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.fuzz_targets import TARGETS

pytest.importorskip("starlette", reason="needs the extra `serve`")

COST = {"spec": 4, "policy": 8, "bundle": 8, "api": 4}
"""How much dearer an input is than one of the others."""
PIECES = (
    b"\0", b"\xff", b"\xed\xa0\x80", "\u202e".encode(), "\u2028".encode(), b"\x1b[31m", b"\r\n", b"\t", b"NaN", b"1e999", b"-0",
    b"9" * 40, b"[" * 60, b"{" * 60, b"(" * 60, b"&a ", b"*a", b"!!python/object:os.system ", b"<<: ", b"---\n", b"...", b"%", b"no",
    b"010", b"'", b'"', b"\\", b"\\ud800", b"#", b"::error::x\n", b"</script>", b"]]>", b"${{", b"../../etc/passwd", b"C:\\", b" ",
    b"__import__('os')", b"x" * 300, b"&&", b"||", b"==", b".matches('(a+)+$')", b".exists(x, x)", b"null", b"true", b"services", b"-" * 30,
)  # fmt: skip


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_breaks_a_promise(name: str) -> None:
    target, seeds = TARGETS[name]
    begin = seeds()
    assert all(isinstance(target(seed), bool) for seed in begin)
    assert any(target(seed) for seed in begin) or name == "waivers"
    longest = min(max(map(len, begin)), 4000)
    edit = st.tuples(st.integers(0, longest), st.integers(0, 12), st.sampled_from(PIECES) | st.binary(max_size=6))
    examples = int(os.environ.get("VATSPOLICY_EXAMPLES", "120")) // COST.get(name, 1)

    @settings(
        max_examples=max(examples, 10),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(begin), st.lists(edit, max_size=5), st.binary(max_size=80) | st.none())
    def every(seed: bytes, edits: list[tuple[int, int, bytes]], whole: bytes | None) -> None:
        for place, removed, piece in edits:
            seed = seed[:place] + piece + seed[place + removed :]
        target(seed if whole is None or edits else whole)

    every()
