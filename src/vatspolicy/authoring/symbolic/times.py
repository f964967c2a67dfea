"""Periods in which nothing changes that a question depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vatspolicy.authoring.symbolic.domain import LAST_DAY, iso, ordinal
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Expression
from vatspolicy.policies.ruleset import RuleSet


@dataclass(frozen=True)
class Period:
    """Days from `start` on, up to but not including `end` (ISO text)."""

    start: str
    end: str

    @property
    def first(self) -> int:
        """Number of the first day."""
        return ordinal(self.start)

    @property
    def last(self) -> int:
        """Number of the last day."""
        return ordinal(self.end) - 1


END = iso(LAST_DAY)

AS_OF = "as_of"
"""Variable of the day that law is asked of."""


def periods(bundles: Sequence[Bundle], as_of: str | None = None) -> list[Period]:
    """The periods between the days on which some rule or value of some bundle changes, latest first.

    `as_of`: that day alone. Days that one of the bundles does not cover are left out.
    """
    since = max(bundle.covers_from for bundle in bundles)
    if as_of is not None:
        return [Period(as_of, iso(ordinal(as_of) + 1))] if as_of >= since else []
    days = sorted({since, *(day for bundle in bundles for day in bundle.boundaries if day > since)})
    return [Period(start, end) for start, end in zip(days, [*days[1:], END], strict=True)][::-1]


def together(found: Sequence[Period], signature: Callable[[Period], Any]) -> Iterator[tuple[Period, Any]]:
    """Neighbouring periods (latest first) with the same signature as one; none where the signature is None."""
    run: list[Period] = []
    kept: Any = None
    for period in found:
        own = signature(period)
        if run and own == kept and period.end == run[-1].start:
            run.append(period)
            continue
        if run and kept is not None:
            yield Period(run[-1].start, run[0].end), kept
        run, kept = [period], own
    if run and kept is not None:
        yield Period(run[-1].start, run[0].end), kept


def parameters(expression: Expression) -> frozenset[str]:
    """Return the keys of the parameters that an expression reads."""
    return frozenset(expression.parameters)


def values(law: RuleSet, expressions: Sequence[Expression]) -> tuple[tuple[str, str], ...]:
    """The parameters of some expressions with their values, as text."""
    params: Mapping[str, Any] = law.params
    keys = sorted(frozenset[str]().union(*map(parameters, expressions)))
    return tuple((key, repr(params[key])) for key in keys)
