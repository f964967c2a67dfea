"""Values of expressions over all profiles.

A boolean is a `DualRail`. Any other value is `Cases`: guards that exclude one another, each with a known value; where
no guard holds, the value is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from vatspolicy.core.documents.plain import Tree
from vatspolicy.i18n import _
from vatspolicy.proofs.formula import FALSE, TRUE, Amount, FormulaPool


class Unsupported(Exception):
    """An expression cannot be encoded exactly. The message contains the obstacle."""


@dataclass(slots=True, unsafe_hash=True)  # not frozen, which would take three times as long for each of a million
class DualRail:
    """Dual-rail truth of Kleene logic: two mutually exclusive formulas. If both are false, it is unknown."""

    true: int
    false: int


KNOWN_TRUE, KNOWN_FALSE, UNKNOWN = DualRail(TRUE, FALSE), DualRail(FALSE, TRUE), DualRail(FALSE, FALSE)


def dual_rail(value: bool | None) -> DualRail:
    """Return a constant truth."""
    return UNKNOWN if value is None else KNOWN_TRUE if value else KNOWN_FALSE


@dataclass(frozen=True)
class Constant:
    """Value that does not depend on facts: a scalar, a list, or an object of a parameter."""

    value: Tree


@dataclass(frozen=True)
class IndexedChoice:
    """Value at the index in a variable. Choices can share a variable (a place and its province)."""

    name: str
    values: tuple[Tree, ...]

    def indexes(self, holds: Callable[[Tree], bool]) -> list[int]:
        """Return the indexes of the values that satisfy a predicate."""
        return [index for index, value in enumerate(self.values) if holds(value)]


@dataclass(frozen=True)
class LinearSum:
    """Number: factors times variables, plus a constant. `day`: the number is a calendar day."""

    terms: tuple[tuple[str, int], ...]
    constant: Amount
    day: bool = False


@dataclass(frozen=True)
class EnumSet:
    """List that contains each word of an enumeration at most once."""

    path: str
    words: tuple[str, ...]
    has: Callable[[str], int]
    """Return the formula that a word is in the list."""
    longest: int


class BoundedList:
    """List of objects: pairs of a formula (that the member exists) and a record.

    A longer list repeats its last member: no expression can tell members apart that state the same.
    """

    def __init__(
        self, path: str, make: Callable[[], list[tuple[int, SymbolicRecord]]], count: Callable[[], LinearSum]
    ) -> None:
        self.path, self._make, self.count = path, make, count
        self._members: list[tuple[int, SymbolicRecord]] | None = None

    @property
    def made(self) -> list[tuple[int, SymbolicRecord]]:
        """Members that were read so far."""
        return self._members or []

    @property
    def members(self) -> list[tuple[int, SymbolicRecord]]:
        """Members, created on first access."""
        if self._members is None:
            self._members = self._make()
        return self._members


class SymbolicRecord:
    """Object whose fields are created on first access."""

    def __init__(self, path: str, schema: Tree, make: Callable[[str], SymbolicValue]) -> None:
        self.path, self.schema, self._make = path, schema, make
        self.made: dict[str, SymbolicValue] = {}

    def get(self, name: str) -> SymbolicValue:
        """Return a field."""
        if name not in self.made:
            self.made[name] = self._make(name)
        return self.made[name]

    def cases(self, name: str) -> Cases:
        """Return a field that is not boolean."""
        value = self.get(name)
        assert not isinstance(value, DualRail)
        return value


@dataclass(frozen=True)
class MemberCount:
    """Number of true formulas; `path` is the list whose words they represent."""

    formulas: tuple[int, ...]
    path: str


@dataclass(frozen=True)
class OpaqueValue:
    """Fact that may be present, with a value that cannot be encoded."""

    what: str


@dataclass(frozen=True)
class FreeText:
    """Free text, distinguished by tests with constants."""

    path: str
    what: str
    """Name in messages."""
    shortest: int
    longest: int


KnownValue = (
    Constant | IndexedChoice | LinearSum | EnumSet | BoundedList | SymbolicRecord | MemberCount | FreeText | OpaqueValue
)
Cases = tuple[tuple[int, KnownValue], ...]
SymbolicValue = DualRail | Cases


def constant(value: Tree) -> SymbolicValue:
    """Return a known value."""
    return dual_rail(value) if isinstance(value, bool) else ((TRUE, Constant(value)),)


def merge(*cases: tuple[int, KnownValue]) -> Cases:
    """Return the cases that are possible."""
    return tuple(case for case in cases if case[0] != FALSE)


def guard(pool: FormulaPool, condition: int, value: SymbolicValue) -> Cases:
    """Return the value where a condition holds, unknown elsewhere."""
    assert not isinstance(value, DualRail)
    return merge(*((pool.conjoin((condition, held)), base) for held, base in value))


def known(pool: FormulaPool, cases: Cases) -> int:
    """Return the formula that the value is known."""
    return pool.disjoin(held for held, _ in cases)


def sum_of(base: KnownValue) -> LinearSum:
    """Return a number, a day or a constant as a sum. Raises Unsupported for anything else."""
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
    """Return the name of a value for a message."""
    match base:
        case OpaqueValue(what=what) | FreeText(what=what):
            return what
        case IndexedChoice(name=name) | EnumSet(path=name):
            return f"{name}"
        case LinearSum(terms=terms):
            return " and ".join(name for name, __ in terms) or _("a number")
        case MemberCount(path=path):
            return f"the length of {path}"
        case _:
            return "a value of this kind"


def at_least(pool: FormulaPool, formulas: Iterable[int], count: int) -> int:
    """Return the formula that at least `count` of the formulas hold."""
    formulas = list(formulas)
    if count <= 0 or count > len(formulas):
        return TRUE if count <= 0 else FALSE
    reached = [TRUE] + [FALSE] * count  # reached[k]: at least k of those seen so far
    for formula in formulas:
        for k in range(count, 0, -1):
            reached[k] = pool.disjoin((reached[k], pool.conjoin((reached[k - 1], formula))))
    return reached[count]
