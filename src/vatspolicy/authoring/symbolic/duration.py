"""From which day to which a profile is decided differently by two bundles: the real evaluator, day by day."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator
from typing import Any

from vatspolicy.authoring.symbolic.difference import turning_days
from vatspolicy.authoring.symbolic.domain import iso, ordinal
from vatspolicy.authoring.symbolic.recheck import word_of
from vatspolicy.cel.ast import Literal, walk
from vatspolicy.policies.bundle import Bundle
from vatspolicy.profile.profile import Profile

_DAY = re.compile(r"\d{4}-\d\d-\d\d")


class Calendar:
    """The days on which the decision of some profile may turn, under one of two bundles."""

    def __init__(self, base: Bundle, head: Bundle) -> None:
        self.base, self.head = base, head
        self.since = max(base.covers_from, head.covers_from)
        self.days = turning_days(base) | turning_days(head) | {self.since}
        for bundle in (base, head):
            for expression in bundle.expressions():  # days that a policy writes down are compared with the day
                written = (node.value for node in walk(expression.tree) if isinstance(node, Literal))
                self.days |= set(_around(written))
            for policy in bundle.policies.values():
                for parameter in policy.parameters.values():
                    self.days |= set(_around(value.value for value in parameter.values))

    def lasts(self, profile: Profile, as_of: str) -> tuple[str, str | None]:
        """First and last day of the stretch around `as_of` on which the words differ; None for no known end."""
        days = sorted(day for day in {*self.days, *_around([profile.facts])} if self.since <= day < "9999")
        first = as_of
        for day in reversed([day for day in days if day <= as_of]):
            # between two turning days nothing turns: what holds on the first holds up to the second
            if not self.differ(profile, day):
                break
            first = day
        for day in (day for day in days if day > as_of):
            if not self.differ(profile, day):
                return first, iso(ordinal(day) - 1)
        return first, None

    def differ(self, profile: Profile, day: str) -> bool:
        """Whether the two decide the profile by different words on a day."""
        return word_of(self.base, profile, day) != word_of(self.head, profile, day)


def _around(things: Iterable[Any]) -> Iterator[str]:
    """Every day among some values, at any depth, and the day after it."""
    for thing in things:
        if isinstance(thing, str) and _DAY.fullmatch(thing):
            yield thing
            if thing < "9999":
                yield (datetime.date.fromisoformat(thing) + datetime.timedelta(days=1)).isoformat()
        elif isinstance(thing, dict):
            yield from _around(thing.values())
        elif isinstance(thing, list | tuple):
            yield from _around(thing)
