"""Thresholds that the law grades: each is below the next one on every day on which both have a value."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from vatspolicy.authoring.symbolic.timeline import Period, values_of
from vatspolicy.core.policies.bundle import Bundle


class Descent(NamedTuple):
    """Two thresholds of which the second is not above the first, and the first day of that."""

    lower: str
    higher: str
    values: tuple[float, float]
    day: str


class NotGraded(Exception):
    """Signal that a name stands for no number of the law. The text says which."""


def find_descent(bundle: Bundle, names: Sequence[str], period: Period) -> Descent | None:
    """Return the first two neighbors among some parameters (policy/name) that do not ascend, or None.

    A number changes only on the first day of one of its values, so these days stand for all others.

    Raises:
        NotGraded: There is no such parameter, or it has a value that is not a number.
    """
    dated = values_of(bundle).dated
    for name in names:
        if name not in dated:
            raise NotGraded(f"There is no parameter {name}.")
        if any(
            isinstance(value.value, bool) or not isinstance(value.value, int | float) for value in dated[name].values
        ):
            raise NotGraded(f"The parameter {name} is not a number.")
    for lower, higher in itertools.pairwise(names):
        starts = {value.since for name in (lower, higher) for value in dated[name].values}
        days = sorted({max(day, period.start) for day in starts if day < period.end})
        for day in days:
            one, two = dated[lower].on(day), dated[higher].on(day)
            if one is not None and two is not None and one.value >= two.value:
                return Descent(lower, higher, (one.value, two.value), day)
    return None
