"""From values of variables to a profile as somebody would write it."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from vatspolicy.authoring.symbolic.domain import Space, iso
from vatspolicy.authoring.symbolic.formula import Amount
from vatspolicy.authoring.symbolic.search import Found
from vatspolicy.authoring.symbolic.times import AS_OF
from vatspolicy.authoring.symbolic.values import (
    Base,
    Choice,
    DualRail,
    Record,
    Slots,
    Sum,
    Unread,
    Value,
    WordSet,
)


def day_of(space: Space, found: Found) -> str:
    """The day that the values are about (ISO text)."""
    return iso(int(space.pool.number_of(AS_OF, found)))


def profile_of(space: Space, found: Found) -> dict[str, Any]:
    """The profile that the values describe. Facts that nobody read are left out; names are made up."""
    data: dict[str, Any] = {"schema": 1}
    for name, value in space.roots.items():
        written = _written(space, value, found)
        if written is not None and (written or name in ("company", "partner", "services")):
            data[name] = written
    return data


def _written(space: Space, value: Value, found: Found) -> Any:
    """What a fact is under the values; None where it is missing."""
    if isinstance(value, DualRail):
        known = space.pool.evaluate(value.true, found) or space.pool.evaluate(value.false, found)
        return space.pool.evaluate(value.true, found) if known else None
    for held, base in value:
        if space.pool.evaluate(held, found):
            return _known(space, base, found)
    return None


def _known(space: Space, base: Base, found: Found) -> Any:
    match base:
        case Record():
            return _record(space, base, found)
        case Choice(name=name, values=values):
            return values[int(space.pool.number_of(name, found))]
        case Sum(terms=((name, _),), day=day):
            number = space.pool.number_of(name, found)
            return iso(int(number)) if day else _plain(number)
        case WordSet(path=path, words=words):
            return [word for word in words if found.get(f"{path}={word}")]
        case Slots():
            there = [record for exists, record in base.made if space.pool.evaluate(exists, found)]
            return [_record(space, record, found) for record in there]
    return None


def _record(space: Space, record: Record, found: Found) -> dict[str, Any]:
    derived = record.schema.get("x-derived", {})
    written: dict[str, Any] = {}
    for name in dict.fromkeys((*record.schema.get("required", ()), *record.made)):
        value = record.get(name)
        if name in derived:
            continue
        if not isinstance(value, DualRail):
            if name == "ftz":  # what follows from the code of a place is not written
                value = tuple(case for case in value if isinstance(case[1], Choice) and case[1].name.endswith(".ftz"))
            if any(isinstance(base, Unread) for _, base in value):
                if name in record.schema.get("required", ()):
                    written[name] = _name(record.path)
                continue
        elif not found.get(f"{record.path}.{name}?"):  # it follows from other facts, or is missing
            continue
        plain = _written(space, value, found)
        if plain is not None:
            written[name] = plain
    return written


def _name(path: str) -> str:
    """A name for what must have one: s0 for the first service."""
    kind, _, index = path.partition(".")
    return f"{kind[0]}{index}" if index.isdigit() else "witness"


def _plain(number: Amount) -> int | float:
    if isinstance(number, Fraction):
        return int(number) if number.denominator == 1 else float(number)
    return number
