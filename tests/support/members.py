"""A property that holds for every member of a list: one test, which names each member that breaks it."""

from __future__ import annotations

import functools
import inspect
import itertools
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.support.shipped import ROOT

Members = Iterable[Any] | Callable[[], Iterable[Any]]


def for_each(*lists: Members) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a test of one that checks each member of a list, or each combination of members of several lists.

    The test takes the members as its first arguments; pytest knows it by the others.
    """

    def fold(test: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(test)
        def whole(**fixtures: Any) -> None:
            __tracebackhide__ = True
            chosen = list(itertools.product(*(one() if callable(one) else one for one in lists)))
            assert chosen, "there is nothing to check"
            failed = [(members, told) for members in chosen if (told := _failure(test, members, fixtures))]
            assert not failed, f"{len(failed)} of {len(chosen)} fail:\n" + "\n".join(
                f"{' '.join(map(_label, members))}: {told}" for members, told in failed
            )

        parameters = list(inspect.signature(test).parameters.values())[len(lists) :]
        whole.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return whole

    return fold


def _failure(test: Callable[..., None], members: tuple[Any, ...], fixtures: dict[str, Any]) -> str | None:
    """Return what a test says of a member that it fails on. To skip one is to fail: members are left out of the list."""
    try:
        test(*members, **fixtures)
    except (Exception, pytest.fail.Exception, pytest.skip.Exception) as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}: {error}"
    return None


def _label(member: Any) -> str:
    match member:
        case Path():
            return str(member.relative_to(ROOT) if member.is_relative_to(ROOT) else member)
        case tuple():
            return " ".join(map(_label, member))
        case _:
            return str(member)
