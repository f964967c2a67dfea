"""First and last day on which a change of the law changes a decision, over all profiles."""

from __future__ import annotations

import functools
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence

from vatspolicy.authoring.symbolic.changed_parts import Kinds
from vatspolicy.authoring.symbolic.domain import iso, ordinal
from vatspolicy.authoring.symbolic.relaxation import Exact
from vatspolicy.authoring.symbolic.timeline import END, Period
from vatspolicy.authoring.symbolic.transition_proof import TransitionProof
from vatspolicy.authoring.symbolic.two_rulesets import Classes, TwoRuleSetSearch
from vatspolicy.authoring.symbolic.verdicts import ChangePeriod, Pair
from vatspolicy.core.policies.bundle import Bundle

STEPS = 12
"""Questions within one period of law, where the change begins or ends with a day that a profile states."""

Show = Callable[[int, int], int | None]
"""Returns a day between two days (numbers, both included) that shows the change, or None."""


def find_period(
    search: TwoRuleSetSearch,
    proof: TransitionProof,
    bases: tuple[Bundle, Bundle],
    pairs: Sequence[Pair],
    days: tuple[str, str],
    parts: Kinds,
    exact: Exact,
    classes: Classes = None,
) -> ChangePeriod:
    """Return the days from the first to the last on which one of the pairs is shown. Raises Unsupported, Undecided.

    `search` has lists in which a profile shows each of the pairs, and some are shown on `days`, the first and the last
    that are known. The period is proved if no profile of any kind shows one of them on a day outside. `parts` are those
    that the change can touch, and `exact` what its rules read. `classes`: those of which services are looked at first.
    """
    period = search.query.period
    starts = _starts(period, (day for bundle in bases for day in bundle.boundaries))
    head, whole = bases[1], (period.first, period.last)
    found = ordinal(days[0]), ordinal(days[1])

    def widen(among: Classes) -> tuple[int, int]:
        show = functools.partial(search.find_day, head, pairs, classes=among)
        return _first(show, starts, found[0]), _last(show, starts, period.last, found[1])

    def is_proved(exact: Exact, parts: Kinds | None = None) -> bool:
        return found == whole or set(proof.exclude(head, pairs, exact, found, parts).pairs) == set(pairs)

    found = widen(classes)
    proved = is_proved(Exact(), parts)
    if not proved:
        found = found if classes is None else widen(None)
        attempts = ((Exact(), parts), (Exact(), None), (exact, parts), (exact, None))
        proved = any(is_proved(*one) for one in attempts) or is_proved(exact.with_all_quantifiers())
    first, last = found
    open_end = last == period.last and period.end == END
    return ChangePeriod(iso(first), None if open_end else iso(last), proved)


def _starts(period: Period, boundaries: Iterable[str]) -> list[int]:
    """Return the first days of the periods of law within a period."""
    days = {ordinal(day) for day in boundaries if period.start <= day < period.end}
    return sorted({period.first, *days})


def _first(show: Show, starts: Sequence[int], known: int) -> int:
    """Return the first day that shows the change, of which one is known."""
    low, high = 0, bisect_right(starts, known) - 1
    while low < high:
        middle = (low + high) // 2
        found = show(starts[0], starts[middle + 1] - 1)
        if found is None:
            low = middle + 1
        else:
            known, high = found, bisect_right(starts, found) - 1
    for _ in range(STEPS):
        earlier = show(starts[low], starts[low]) or show(starts[low], known - 1) if known > starts[low] else None
        if earlier is None:
            break
        known = earlier
    return known


def _last(show: Show, starts: Sequence[int], end: int, known: int) -> int:
    """Return the last day that shows the change, of which one is known."""
    ends = [*(start - 1 for start in starts[1:]), end]
    low, high = bisect_right(starts, known) - 1, len(starts) - 1
    while low < high:
        middle = (low + high + 1) // 2
        found = show(starts[middle], end)
        if found is None:
            high = middle - 1
        else:
            known, low = found, bisect_right(starts, found) - 1
    for _ in range(STEPS):
        later = show(ends[high], ends[high]) or show(known + 1, ends[high]) if known < ends[high] else None
        if later is None:
            break
        known = later
    return known
