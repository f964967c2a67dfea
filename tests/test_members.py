"""Tests of many members: each is checked, and each that fails is named."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from tests.support.members import for_each


def test_every_member_that_fails_is_named(tmp_path: Path) -> None:
    @for_each(lambda: range(4), ("a", "b"))
    def check(number: int, letter: str, tmp_path: Path) -> None:
        assert tmp_path.is_dir()
        if number == 1:
            raise KeyError(letter)
        if number == 2:
            pytest.skip("too large")
        with pytest.raises(ZeroDivisionError):
            assert 1 / (number and letter == "b")

    assert list(inspect.signature(check).parameters) == ["tmp_path"]
    with pytest.raises(AssertionError) as failed:
        check(tmp_path=tmp_path)
    first, *others = str(failed.value).splitlines()
    assert first == "5 of 8 fail:"
    assert [line.partition(" at ")[0] for line in others] == [
        "1 a: KeyError",
        "1 b: KeyError",
        "2 a: Skipped",
        "2 b: Skipped",
        "3 b: Failed",
    ]


def test_a_list_without_members_proves_nothing() -> None:
    @for_each([])
    def check(_: int) -> None:
        pass

    with pytest.raises(AssertionError, match="nothing to check"):
        check()
