"""Which values of an answer matter: enough of them to make the formulas hold, and as few as one look can tell.

A solver gives every variable some value. Here the reasons are followed down from what was asked, always by the cheapest
way, so that everything else can be left out of a profile before anybody looks at it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vatspolicy.authoring.symbolic.domain import Space
from vatspolicy.authoring.symbolic.formula import TRUE, Amount, Bound, Flag
from vatspolicy.authoring.symbolic.search import Found

_WEIGHT = {"?": 4, "=": 2}
"""What a truth costs that has to hold: a fact that has to be there, a word in a list, any other truth (1)."""


def drop_irrelevant(space: Space, formulas: Sequence[int], found: Found) -> Found:
    """Values under which the formulas and the axioms hold too, with less in them than `found` has."""
    pool = space.pool
    truths = pool.truths(found)
    cost = _costs(space, truths)
    needed: set[int] = set()
    done = {TRUE}
    goals: Iterable[int] = formulas
    while True:
        _follow(space, goals, truths, cost, needed, done)
        values = _values(space, needed, truths, found)
        now = pool.truths(values)
        goals = [f for f in (*formulas, *space.axioms) if now[abs(f)] is (f < 0) and abs(f) not in done]
        if not goals:
            break
    if all(now[abs(f)] is (f > 0) for f in (*formulas, *space.axioms)):
        return values
    return found  # bounds on sums of several facts: what was found stays as it is


def _costs(space: Space, truths: Sequence[bool]) -> list[int]:
    """For every formula what it costs that it is as it is."""
    pool = space.pool
    cost = [0] * len(pool.parts)
    for number, part in enumerate(pool.parts):
        if isinstance(part, Flag):
            kind = "?" if part.name.endswith("?") else "=" if "=" in part.name else ""
            cost[number] = _WEIGHT.get(kind, 1) if truths[number] else 0
        elif isinstance(part, tuple) and number > TRUE:
            if truths[number]:
                cost[number] = min(sum(cost[abs(p)] for p in part), 1 << 30)
            else:
                cost[number] = min(cost[abs(p)] for p in part if truths[abs(p)] is not (p > 0))
    return cost


def _follow(
    space: Space,
    goals: Iterable[int],
    truths: Sequence[bool],
    cost: Sequence[int],
    needed: set[int],
    done: set[int],
) -> None:
    """Add the atoms on which the goals rest."""
    parts = space.pool.parts
    pending = [abs(goal) for goal in goals]
    while pending:
        number = pending.pop()
        if number in done:
            continue
        done.add(number)
        part = parts[number]
        if not isinstance(part, tuple):
            needed.add(number)
        elif truths[number]:
            pending += map(abs, part)
        else:
            against = [abs(p) for p in part if truths[abs(p)] is not (p > 0)]
            if not any(p in done for p in against):
                pending.append(min(against, key=lambda p: (cost[p], p)))


def _values(space: Space, needed: Iterable[int], truths: Sequence[bool], found: Found) -> Found:
    """Values of the atoms that are needed; numbers keep theirs, and nothing else is there."""
    values: dict[str, bool | Amount] = {}
    for number in sorted(needed):
        part = space.pool.parts[number]
        if isinstance(part, Flag):
            values[part.name] = truths[number]
        elif isinstance(part, Bound):
            for name, _ in part.terms:
                values[name] = space.pool.number_of(name, found)
    return values
