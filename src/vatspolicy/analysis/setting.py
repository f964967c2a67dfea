"""One question over all profiles: the laws of one period over one space, asked with ever longer lists until it is
settled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vatspolicy.analysis.domain import Space
from vatspolicy.analysis.encode import Encoder
from vatspolicy.analysis.formula import TRUE, Range, TooLarge
from vatspolicy.analysis.isolate import MixedLaw
from vatspolicy.analysis.outcome import Reading
from vatspolicy.analysis.reality import hold
from vatspolicy.analysis.search import (
    BUDGET,
    Found,
    Search,
    Undecided,
    open_search,
    simplest,
)
from vatspolicy.analysis.times import Period
from vatspolicy.analysis.values import Slots, Sum
from vatspolicy.analysis.witness import AS_OF, day_of, profile_of
from vatspolicy.bundle import Law


@dataclass
class Setting:
    """A space, and the day that laws are asked of."""

    period: Period
    bounds: Mapping[str, int]
    space: Space = field(init=False)
    encoder: Encoder = field(init=False)
    day: Sum = field(init=False)
    watched: list[int] = field(default_factory=list)
    """Formulas that will be asked about next, if there is an answer."""

    def __post_init__(self) -> None:
        self.space = Space(self.bounds)
        self.encoder = Encoder(self.space)
        self.day = self.space.number(AS_OF, Range(self.period.first, self.period.last), day=True)

    def reading(self, law: Law, kind: type[Reading] = Reading) -> Reading:
        """A law asked of the space."""
        foreign = dict.fromkeys(law.foreign, law.other.params) if isinstance(law, MixedLaw) else {}
        return kind(self.space, self.encoder, law, ((TRUE, self.day),), foreign)

    @property
    def services(self) -> list[Any]:
        """The services: pairs of a formula (that there are so many) and a record."""
        [(_, slots)] = self.space.roots["services"]  # type: ignore[misc]
        assert isinstance(slots, Slots)
        return slots.members


@dataclass
class Answer:
    """Facts that were found, with what they were found for."""

    setting: Setting
    search: Search
    formulas: list[int]
    found: Found
    invariants: tuple[str, ...]

    def simplified(self) -> Answer:
        """The same with as few facts as can be."""
        space = self.setting.space
        found = simplest(space, self.search, self.formulas, self.found)
        return Answer(self.setting, self.search, self.formulas, found, self.invariants)

    @property
    def profile(self) -> dict[str, Any]:
        """The facts as a profile."""
        return profile_of(self.setting.space, self.found)

    @property
    def as_of(self) -> str:
        """The day."""
        return day_of(self.setting.space, self.found)

    def holds(self, formula: int) -> bool:
        """Whether a formula over the space is true of the facts."""
        return self.setting.space.pool.evaluate(formula, self.found)


@dataclass(frozen=True)
class Nothing:
    """There are no such facts, however long the lists of a profile are."""

    bounds: Mapping[str, int]
    invariants: tuple[str, ...]


Build = Callable[[Setting], Sequence[int]]
"""The formulas of a question over a setting. The question must be the same for every bound."""


def settle(
    period: Period,
    build: Build,
    budget: int = BUDGET,
    fixed: Mapping[str, int] | None = None,
    start: Mapping[str, int] | None = None,
) -> Answer | Nothing:
    """Facts under which every formula holds, or that there are none.

    Lists start short, or with `start`, and grow to what the question can tell apart, so that Nothing is proved.
    `fixed`: bounds that do not grow (1 for a list that is not named); then Nothing is about profiles with so many
    members only. Raises Unsupported and Undecided.
    """
    bounds: dict[str, int] = dict(fixed or start or {})
    try:
        while True:
            setting = Setting(period, dict(bounds))
            formulas = [*build(setting)]
            more, names = hold(setting.space, setting.encoder)
            formulas += more
            search = open_search(setting.space, budget)
            search.prepare([*formulas, *setting.watched])
            found = search.find(formulas)
            if found is not None:
                return Answer(setting, search, formulas, found, names)
            missing = setting.space.missing()
            if fixed is not None or not missing:
                return Nothing(setting.space.limits, names)
            bounds |= missing
    except TooLarge as error:
        raise Undecided(str(error)) from None
