"""Operators of services over all profiles: the company or the partner, with the foreign share that counts."""

from __future__ import annotations

import functools

from vatspolicy.authoring.symbolic.domain import WHOLE_SHARE, ProfileSpace, cases_of, share_at_most
from vatspolicy.authoring.symbolic.formula import TRUE, FormulaPool
from vatspolicy.authoring.symbolic.values import (
    BoundedList,
    Cases,
    DualRail,
    IndexedChoice,
    KnownValue,
    LinearSum,
    SymbolicRecord,
    SymbolicValue,
    guard,
    known,
    merge,
)
from vatspolicy.core.profile.operators import SHARE, SHARE_AFTER, holders


def operator(space: ProfileSpace, service: SymbolicRecord) -> Cases:
    """Return the operator of a service: the company, or the partner for any other word; unknown if that is missing."""
    pool = space.pool
    runs = service.get("operated_by")
    assert not isinstance(runs, DualRail)
    found: list[tuple[int, KnownValue]] = []
    for held, base in runs:
        assert isinstance(base, IndexedChoice)
        for place, word in enumerate(base.values):
            run = pool.conjoin((held, pool.among(base.name, [place])))
            found += guard(pool, run, _operator(space, holders(word)))
    return merge(*found)


def _operator(space: ProfileSpace, names: tuple[str, ...]) -> Cases:
    """Return the first of the companies, whose foreign share is the largest of theirs today and after their deals."""
    if names not in space.operators:
        found: list[tuple[int, KnownValue]] = []
        for held, base in cases_of(space.roots[names[0]]):
            assert isinstance(base, SymbolicRecord)
            make = functools.partial(_of_operator, space, base, names)
            found.append((held, SymbolicRecord(base.path, base.schema, make)))
        space.operators[names] = merge(*found)
    return space.operators[names]


def _of_operator(space: ProfileSpace, holder: SymbolicRecord, names: tuple[str, ...], name: str) -> SymbolicValue:
    if name != SHARE:
        return holder.get(name)
    pool = space.pool
    shares: list[tuple[int, Cases]] = []
    for owner in names:
        records = cases_of(space.roots[owner])
        there = tuple((held, record.get(SHARE)) for held, record in records if isinstance(record, SymbolicRecord))
        shares.append((TRUE, merge(*(case for held, share in there for case in guard(pool, held, share)))))
    ((_, deals),) = cases_of(space.roots["deals"])
    assert isinstance(deals, BoundedList)
    space.need_members(deals.path, "the share of an operator")
    for exists, deal in deals.members:
        target, after = cases_of(deal.get("target")), cases_of(deal.get(SHARE_AFTER))
        hit = pool.disjoin(
            pool.conjoin((held, pool.among(choice.name, choice.indexes(lambda word: word in names))))
            for held, choice in target
            if isinstance(choice, IndexedChoice)
        )
        counts = pool.conjoin((exists, pool.disjoin((-known(pool, target), hit))))
        shares.append((counts, guard(pool, pool.conjoin((exists, hit)), after)))
    return _largest(pool, shares)


def _largest(pool: FormulaPool, shares: list[tuple[int, Cases]]) -> Cases:
    """Return the largest of the shares that count: unknown while one of them is, unless another is the whole."""
    missing = pool.disjoin(pool.conjoin((counts, -known(pool, cases))) for counts, cases in shares)
    values = [(place, held, value) for place, (_, cases) in enumerate(shares) for held, value in cases]
    found: list[tuple[int, KnownValue]] = []
    for place, held, value in values:
        assert isinstance(value, LinearSum)
        parts = [held, pool.disjoin((-missing, share_at_most(pool, LinearSum((), WHOLE_SHARE), value)))]
        for other, present, beside in values:
            if other != place:  # of equal shares the first one counts
                assert isinstance(beside, LinearSum)
                parts.append(pool.disjoin((-present, share_at_most(pool, beside, value, strict=other < place))))
        found.append((pool.conjoin(parts), value))
    return merge(*found)
