"""Tables of what a value tells: for a word, or for the interval a number lies in, a number of which each bit stands for
somebody who asks.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Mapping
from typing import Any

from vatspolicy.cel.conjunct import Test

_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def resolve(test: Test, params: Mapping[str, Any]) -> Test:
    """A test whose constants are values: those of parameters are put in their place.

    Raises LookupError where objects of a parameter have no values in a field, or one of them lacks it.
    """
    op, *rest = test
    if op in ("not", "and", "or"):
        return (op, *(resolve(part, params) for part in rest))
    found: list[Any] = []
    for is_key, value, *fields in rest:
        values = _listed(params[value] if is_key else value)
        for name in fields:
            values = [inner for one in values for inner in _listed(one[name])]
        if fields and not values:
            raise LookupError(value)  # none is such as is asked, whatever the fact: also where it is missing
        found += values
    return (op, *found)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


class Words(dict[Any, int]):
    """By a word or a truth, the bits that it tells."""

    __slots__ = ("_others",)

    def __init__(self) -> None:
        self._others = 0
        """The bits that words tell of which there is no mention."""

    def note(self, test: Test, hit: bool, bit: int) -> None:
        """Have a bit told by words that pass a resolved test, or by those that do not."""
        words, passes = _passing(test)
        others = bit if passes is not hit else 0
        for word in words - self.keys():
            self[word] = self._others
        if others:
            self._others |= bit
            for word in self.keys() - words:
                self[word] |= bit
        else:
            for word in words:
                self[word] |= bit

    def __missing__(self, word: Any) -> int:
        bits = self[word] = self._others
        return bits


def _passing(test: Test) -> tuple[frozenset[Any], bool]:
    """Words, and whether it is they that pass the test; otherwise it is all but they."""
    op, *rest = test
    if op == "in":
        return frozenset(rest), True
    if op == "not":
        words, passes = _passing(rest[0])
        return words, not passes
    if op == "and":
        words, passes = _passing(("or", *(("not", part) for part in rest)))
        return words, not passes
    among, but = frozenset[Any](), None
    for words, passes in map(_passing, rest):
        if passes:
            among |= words
        else:
            but = words if but is None else but & words
    return (among, True) if but is None else (but - among, False)


class Intervals(list[int]):
    """By the place among `cuts` that a number has (bisect_right), the bits that it tells."""

    def __init__(self) -> None:
        super().__init__([0])
        self.cuts: list[Any] = []
        """Where intervals begin; before the first of them lies one more."""

    def note(self, test: Test, hit: bool, bit: int) -> None:
        """Have a bit told by numbers that pass a resolved test, or by those that do not."""
        for constant in _constants(test):
            for cut in (constant, _next(constant, 1)):  # a constant is an interval by itself
                if cut not in self.cuts:
                    place = sum(other < cut for other in self.cuts)
                    self.cuts.insert(place, cut)
                    self.insert(place, self[place])
        for place in range(len(self)):
            if _passes(test, self._one_of(place)) is hit:
                self[place] |= bit

    def _one_of(self, place: int) -> Any:
        """A number of an interval."""
        if place:
            return self.cuts[place - 1]
        return _next(self.cuts[0], -1) if self.cuts else 0


def _constants(test: Test) -> Iterator[Any]:
    op, *rest = test
    if op in ("not", "and", "or"):
        for part in rest:
            yield from _constants(part)
    else:
        yield from rest


def _passes(test: Test, number: Any) -> bool:
    op, *rest = test
    match op:
        case "in":
            return number in rest
        case "not":
            return not _passes(rest[0], number)
        case "and":
            return all(_passes(part, number) for part in rest)
        case "or":
            return any(_passes(part, number) for part in rest)
        case _:
            return bool(_COMPARE[op](number, rest[0]))


def _next(number: Any, step: int) -> Any:
    """The least number above, or the greatest below."""
    return number + step if isinstance(number, int) else math.nextafter(number, step * math.inf)
