"""Values of expressions while the facts are open: what a value can be, and when it is which.

A truth is a `Rail`. Any other value is `Cases`: guards that exclude one another, each with what the value then is;
where no guard holds, the value is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from vatspolicy.authoring.symbolic.formula import FALSE, TRUE, Amount, FormulaPool


class Unsupported(Exception):
    """Something outside what can be analysed exactly. The text names it."""


@dataclass(frozen=True)
class DualRail:
    """A truth of Kleene's logic as two formulas that exclude one another; where neither holds, it is unknown."""

    true: int
    false: int


KNOWN_TRUE, KNOWN_FALSE, UNKNOWN = DualRail(TRUE, FALSE), DualRail(FALSE, TRUE), DualRail(FALSE, FALSE)


def dual_rail(value: bool | None) -> DualRail:
    """A constant truth."""
    return UNKNOWN if value is None else KNOWN_TRUE if value else KNOWN_FALSE


@dataclass(frozen=True)
class Constant:
    """A value that no fact changes: a scalar, a list, or an object of a parameter."""

    value: Any


@dataclass(frozen=True)
class IndexedChoice:
    """The value at the place that a variable says. Several choices may share a variable (a place and its province)."""

    name: str
    values: tuple[Any, ...]

    def indexes(self, holds: Callable[[Any], bool]) -> list[int]:
        """Places of the values of which something holds."""
        return [index for index, value in enumerate(self.values) if holds(value)]


@dataclass(frozen=True)
class LinearSum:
    """A number: factors times variables, plus a constant; `day` for a calendar day by its number."""

    terms: tuple[tuple[str, int], ...]
    constant: Amount
    day: bool = False


@dataclass(frozen=True)
class EnumSet:
    """A list that holds each word of an enumeration at most once."""

    path: str
    words: tuple[str, ...]
    has: Callable[[str], int]
    """The formula that a word is in it."""
    longest: int


class BoundedList:
    """A list of objects; `members` are pairs of a formula (that the member exists) and a record."""

    def __init__(self, path: str, make: Callable[[], list[tuple[int, SymbolicRecord]]]) -> None:
        self.path, self._make = path, make
        self._members: list[tuple[int, SymbolicRecord]] | None = None

    @property
    def made(self) -> list[tuple[int, SymbolicRecord]]:
        """The members if anybody read them."""
        return self._members or []

    @property
    def members(self) -> list[tuple[int, SymbolicRecord]]:
        """The members, made when they are first read."""
        if self._members is None:
            self._members = self._make()
        return self._members


class SymbolicRecord:
    """An object with named fields, made when they are first read."""

    def __init__(self, path: str, schema: Mapping[str, Any], make: Callable[[str], SymbolicValue]) -> None:
        self.path, self.schema, self._make = path, schema, make
        self.made: dict[str, SymbolicValue] = {}

    def get(self, name: str) -> SymbolicValue:
        """The field."""
        if name not in self.made:
            self.made[name] = self._make(name)
        return self.made[name]


@dataclass(frozen=True)
class MemberCount:
    """How many of some formulas hold; `path` is the list that they are the members of."""

    formulas: tuple[int, ...]
    path: str
    of: BoundedList | EnumSet = field(compare=False)


@dataclass(frozen=True)
class OpaqueValue:
    """A fact that may be there, and may not be looked at."""

    what: str


KnownValue = Constant | IndexedChoice | LinearSum | EnumSet | BoundedList | SymbolicRecord | MemberCount | OpaqueValue
Cases = tuple[tuple[int, KnownValue], ...]
SymbolicValue = DualRail | Cases


def constant(value: Any) -> SymbolicValue:
    """A known value."""
    return dual_rail(value) if isinstance(value, bool) else ((TRUE, Constant(value)),)


def merge(*cases: tuple[int, KnownValue]) -> Cases:
    """The cases that can be."""
    return tuple(case for case in cases if case[0] != FALSE)


def guard(pool: FormulaPool, condition: int, value: SymbolicValue) -> Cases:
    """The value where a condition holds, and nothing known elsewhere."""
    assert not isinstance(value, DualRail)
    return merge(*((pool.conjoin((condition, held)), base) for held, base in value))


def known(pool: FormulaPool, cases: Cases) -> int:
    """That the value is known."""
    return pool.disjoin(held for held, _ in cases)


def sum_of(base: KnownValue) -> LinearSum:
    """A number, a day or a constant as a sum. Raises Unsupported for anything else."""
    match base:
        case LinearSum():
            return base
        case Constant(value=bool()) | Constant(value=str()):
            pass
        case Constant(value=int() as value):
            return LinearSum((), value)
        case Constant(value=float() as value):
            return LinearSum((), Fraction(value))
        case IndexedChoice(values=values) if len(set(values)) == 1 and isinstance(values[0], int):
            return LinearSum((), values[0])
    raise Unsupported(f"arithmetic on {name_of(base)}")


def name_of(base: KnownValue) -> str:
    """What a value is, for a message."""
    match base:
        case OpaqueValue(what=what):
            return what
        case IndexedChoice(name=name) | EnumSet(path=name):
            return f"{name}"
        case LinearSum(terms=terms):
            return " and ".join(name for name, _ in terms) or "a number"
        case MemberCount(path=path):
            return f"the length of {path}"
        case _:
            return "a value of this kind"


def at_least(pool: FormulaPool, formulas: Iterable[int], count: int) -> int:
    """That at least `count` of the formulas hold."""
    formulas = list(formulas)
    if count <= 0 or count > len(formulas):
        return TRUE if count <= 0 else FALSE
    reached = [TRUE] + [FALSE] * count  # reached[k]: at least k of those seen so far
    for formula in formulas:
        for k in range(count, 0, -1):
            reached[k] = pool.disjoin((reached[k], pool.conjoin((reached[k - 1], formula))))
    return reached[count]
