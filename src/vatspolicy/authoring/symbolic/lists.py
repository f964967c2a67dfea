"""Lists in formulas: what is in one, how long it is, and the members that it can have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from vatspolicy.authoring.symbolic.formula import FALSE, TRUE
from vatspolicy.authoring.symbolic.values import (
    Base,
    Cases,
    Choice,
    Const,
    Count,
    Slots,
    Unsupported,
    Value,
    WordSet,
    at_least,
    constant,
    merge,
    name_of,
)

if TYPE_CHECKING:
    from vatspolicy.authoring.symbolic.encoder import Encoder


def member(encoder: Encoder, item: Base, over: Base) -> int:
    """Whether a known value is in a known list."""
    pool = encoder.space.pool
    match over:
        case Const(value=list() as values):
            if isinstance(item, Choice):
                return pool.disjoin(encoder.one_of(item, "==", value) for value in values)
            return pool.disjoin(encoder.compare("==", item, Const(value)) for value in values)
        case Choice():
            if isinstance(item, Const):
                return encoder.one_of(over, "has", item.value)
            if isinstance(item, Choice):
                inside = encoder.inverse(over.values)
                return pool.disjoin(
                    pool.conjoin((held, encoder.one_of(over, "has", one)))
                    for one, held in encoder.split(item)
                    if one in inside
                )
        case WordSet(words=words):
            if isinstance(item, Const):
                return over.has(item.value) if item.value in words else FALSE
            if isinstance(item, Choice):
                return pool.disjoin(
                    pool.conjoin((held, over.has(one))) for one, held in encoder.split(item) if one in words
                )
    raise Unsupported(f"looking for {name_of(item)} in {name_of(over)}")


def size(encoder: Encoder, lists: Cases) -> Cases:
    """The length of a list."""
    found: list[tuple[int, Base]] = []
    for held, base in lists:
        match base:
            case Const(value=list() as values):
                found.append((held, Const(len(values))))
            case Choice(name=name, values=values):
                found.append((held, Choice(name, tuple(map(len, values)))))
            case WordSet(path=path, words=words):
                bits = tuple(map(base.has, words))
                if len(bits) > base.longest:  # elsewhere no question needs so many members that this matters
                    encoder.space.axioms.append(-at_least(encoder.space.pool, bits, base.longest + 1))
                found.append((held, Count(bits, path, base)))
            case Slots(path=path):
                found.append((held, Count(tuple(exists for exists, _ in base.members), path, base)))
            case _:
                raise Unsupported(name_of(base))
    return merge(*found)


def members(encoder: Encoder, base: Base) -> Iterator[tuple[int, Value, str]]:
    """The members that a list can have: when it is there, what it is, and which one."""
    match base:
        case Const(value=list() as values):
            for value in values:
                yield TRUE, constant(value), repr(value)
        case Choice():
            for word in encoder.inverse(base.values):
                yield encoder.one_of(base, "has", word), constant(word), repr(word)
        case WordSet(words=words):
            for word in words:
                yield base.has(word), constant(word), repr(word)
        case Slots():
            for exists, record in base.members:
                yield exists, ((exists, record),), record.path
        case _:
            raise Unsupported(name_of(base))
