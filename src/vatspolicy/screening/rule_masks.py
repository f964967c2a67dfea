"""Sets of rules as bit masks: columns of whole numbers, in which a rule has one bit. They are joined faster than lists.

The bits follow the order of the names, so that a mask gives sorted names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

from sqlglot import exp

from vatspolicy.core.cel.sql import Sql, column, constant
from vatspolicy.screening.sql_expressions import named, names_at, present, when

WIDTH = 30
"""Bits of a column: all are positive in 32 bits, to which neither database widens or narrows a constant."""


def mask_names(count: int) -> list[str]:
    """Return the names of the columns that hold the masks of a number of rules."""
    return [f"rules{number}" for number in range(-(-count // WIDTH))]


def masks(conditions: Mapping[int, Sql], count: int, only_if: Sql | None = None) -> list[Sql]:
    """Build the columns of masks of the rules whose condition is true; of none unless `only_if` is true.

    `conditions`: by the place of the rule among all of them, from 0; `count`: number of all of them.
    """
    found: dict[int, list[Sql]] = {}
    for place, condition in sorted(conditions.items()):
        bit = when(condition, constant(1 << place % WIDTH), constant(0))
        found.setdefault(place // WIDTH, []).append(bit)
    columns = [joined(found.get(at, ())) for at in range(len(mask_names(count)))]
    if only_if is not None:
        columns = [when(only_if, one, constant(0)) for one in columns]
    return list(map(named, columns, mask_names(count)))


def joined(values: Iterable[Sql]) -> Sql:
    """Build the union of masks, none of which is NULL."""
    parts = list(values)
    if not parts:
        return constant(0)
    return reduce(lambda one, other: exp.BitwiseOr(this=exp.Paren(this=one), expression=exp.Paren(this=other)), parts)


def names_in(names: Sequence[str]) -> Sql:
    """Build the list of the names in the columns of masks."""
    columns = mask_names(len(names))
    places = []
    for place in range(len(names)):
        bit = exp.BitwiseAnd(this=column(columns[place // WIDTH]), expression=constant(1 << place % WIDTH))
        is_in = exp.GT(this=exp.Paren(this=bit), expression=constant(0))
        places.append(when(is_in, constant(place + 1), exp.Null()))
    return names_at(names, present(places) if places else exp.Array(expressions=[]))


class MaskReader:
    """Reads masks that a database returned. Few sets of rules differ within a column: each is read once."""

    def __init__(self, names: Sequence[str]) -> None:
        self.columns = [_Column(names[start : start + WIDTH]) for start in range(0, len(names), WIDTH)]

    def read(self, values: Sequence[int]) -> list[str]:
        """Return the names of rules in the values of the columns, in order."""
        found: list[str] = []
        for one, value in zip(self.columns, values, strict=True):
            if value:
                found += one[value]
        return found


class _Column(dict[int, list[str]]):
    """Names by mask."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names

    def __missing__(self, mask: int) -> list[str]:
        found = [name for place, name in enumerate(self.names) if mask >> place & 1]
        if len(self) < MOST_KEPT:
            self[mask] = found
        return found


MOST_KEPT = 10_000
"""Most sets that are kept for a column, which bounds the memory."""
