"""Free texts over all profiles: results of tests with constants, and texts that pass given tests."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import TYPE_CHECKING

from vatspolicy.core.cel.interpreter import TEXT
from vatspolicy.proofs.formula import FALSE, TRUE
from vatspolicy.proofs.values import FreeText, Unsupported

if TYPE_CHECKING:
    from vatspolicy.proofs.domain import ProfileSpace

Test = tuple[str, str]
"""Kind of a test (`==`, or a function of texts), and the constant."""

_TESTS = {"==": operator.eq, **TEXT}
_JOINT = "·"
"""Separates the parts of a generated text, so that no constant matches across two parts."""


def pass_test(space: ProfileSpace, text: FreeText, kind: str, constant: str) -> int:
    """Return the formula that a text passes a test. Raises Unsupported for a pattern."""
    if kind == "matches":
        raise Unsupported(f"a pattern for {text.what}")
    if kind == "==" and not text.shortest <= len(constant) <= text.longest:
        return FALSE
    if kind != "==" and not constant:
        return TRUE
    known = space.texts.setdefault(text.path, {})
    if (kind, constant) not in known:
        formula = space.flag(_name(text.path, kind, constant))
        for other, held in known.items():
            space.axioms += (space.pool.disjoin(one) for one in _relate((kind, constant), formula, other, held))
        known[kind, constant] = formula
    return known[kind, constant]


def _name(path: str, kind: str, constant: str) -> str:
    return f"{path} {kind} {constant!r}"


def _relate(one: Test, first: int, other: Test, second: int) -> Iterable[tuple[int, int]]:
    """Yield valid clauses on two tests of the same text."""
    for (kind, text), held, (sort, part), implied in ((one, first, other, second), (other, second, one, first)):
        passes = _TESTS[sort](text, part)
        if kind == "==":
            yield -held, implied if passes else -implied
        elif passes and sort in (kind, "contains"):
            yield -held, implied
    if one[0] == other[0] in ("startsWith", "endsWith") and not any(
        _TESTS[one[0]](*texts) for texts in ((one[1], other[1]), (other[1], one[1]))
    ):
        yield -first, -second


def find_text(space: ProfileSpace, path: str, held: Iterable[str], made_up: str) -> str:
    """Return a text at a path that passes only the tests with true flags."""
    asked = space.texts.get(path, {})
    there = set(held)
    passed = {test for test in asked if _name(path, *test) in there}
    first, inside, last = (
        sorted((text for sort, text in passed if sort == kind), key=len)
        for kind in ("startsWith", "contains", "endsWith")
    )
    joined = _JOINT.join([*(first[-1:] or [""]), *inside, *(last[-1:] or [""])])
    for text in (made_up, *sorted(text for _, text in passed), joined):
        if all(_TESTS[kind](text, part) is ((kind, part) in passed) for kind, part in asked):
            return text
    return made_up
