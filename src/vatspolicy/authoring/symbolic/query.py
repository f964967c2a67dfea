"""One question over all profiles: the laws of one period over one space, asked with ever longer lists until it is
settled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vatspolicy.authoring.symbolic.assumptions import assume_invariants
from vatspolicy.authoring.symbolic.decision_encoder import SymbolicRuleSet
from vatspolicy.authoring.symbolic.domain import Space
from vatspolicy.authoring.symbolic.encoder import Encoder
from vatspolicy.authoring.symbolic.formula import TRUE, Range, TooLarge
from vatspolicy.authoring.symbolic.justify import drop_irrelevant
from vatspolicy.authoring.symbolic.search import (
    BUDGET,
    Found,
    Search,
    Undecided,
    minimize,
    open_search,
)
from vatspolicy.authoring.symbolic.timeline import history_of
from vatspolicy.authoring.symbolic.times import AS_OF, Period
from vatspolicy.authoring.symbolic.values import Slots, Sum
from vatspolicy.authoring.symbolic.witness import day_of, profile_of
from vatspolicy.documents.schemas import SchemaSet
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.ruleset import RuleSet


@dataclass
class Query:
    """A space, and the day that laws are asked of."""

    period: Period
    bounds: Mapping[str, int]
    maker: type[Encoder] = Encoder
    schemas: SchemaSet = field(default_factory=SchemaSet.shipped)
    """Schemas that say which profiles there are."""
    space: Space = field(init=False)
    encoder: Encoder = field(init=False)
    day: Sum = field(init=False)
    _held: tuple[int, list[int], tuple[str, ...]] = (-1, [], ())
    """How many facts had been read when it was worked out which invariants matter, and what came of it."""

    def __post_init__(self) -> None:
        self.space = Space(self.bounds, self.schemas)
        self.encoder = self.maker(self.space)
        self.day = self.space.number(AS_OF, Range(self.period.first, self.period.last), day=True)

    def reading(
        self, law: Bundle | RuleSet, kind: type[SymbolicRuleSet] = SymbolicRuleSet, like: SymbolicRuleSet | None = None
    ) -> SymbolicRuleSet:
        """The law asked of the space: a bundle, over all days of the period, or the law of a day that is that of all.

        `like`: a reading of the law that this one was made from by changing a rule; what they share is asked once.
        """
        course = history_of(law, self.period)
        if like is None:
            return kind(self.space, self.encoder, course, ((TRUE, self.day),))
        return kind(self.space, self.encoder, course, ((TRUE, self.day),), like)

    @property
    def holding(self) -> list[int]:
        """Formulas that the invariants hold which bear on what was read."""
        return self._real()[1]

    @property
    def invariants(self) -> tuple[str, ...]:
        """The ids of those invariants."""
        return self._real()[2]

    def _real(self) -> tuple[int, list[int], tuple[str, ...]]:
        if self._held[0] != len(self.space.read):
            formulas, names = assume_invariants(self.space, self.encoder)
            self._held = (len(self.space.read), formulas, names)
        return self._held

    @property
    def services(self) -> list[Any]:
        """The services: pairs of a formula (that there are so many) and a record."""
        [(_, slots)] = self.space.roots["services"]  # type: ignore[misc]
        assert isinstance(slots, Slots)
        return slots.members


@dataclass
class Answer:
    """Facts that were found, with what they were found for."""

    setting: Query
    search: Search
    formulas: list[int]
    found: Found
    invariants: tuple[str, ...]
    _truths: list[bool] = field(default_factory=list)

    def justified(self) -> Answer:
        """The same with what matters and no more, as far as one look can tell."""
        found = drop_irrelevant(self.setting.space, self.formulas, self.found)
        return Answer(self.setting, self.search, self.formulas, found, self.invariants)

    def simplified(self) -> Answer:
        """The same with as few facts as can be."""
        space = self.setting.space
        found = minimize(space, self.search, self.formulas, self.justified().found)
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
        if abs(formula) >= len(self._truths):  # formulas may have been added since
            self._truths = self.setting.space.pool.truths(self.found)
        return self._truths[abs(formula)] is (formula > 0)


@dataclass(frozen=True)
class Nothing:
    """There are no such facts, however long the lists of a profile are."""

    bounds: Mapping[str, int]
    invariants: tuple[str, ...]


Build = Callable[[Query], Sequence[int]]
"""The formulas of a question over a setting. The question must be the same for every bound."""


def solve(
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
            setting = Query(period, dict(bounds))
            formulas = [*build(setting)]
            formulas += setting.holding
            names = setting.invariants
            search = open_search(setting.space, budget)
            search.prepare(formulas)
            found = search.find(formulas)
            if found is not None:
                return Answer(setting, search, formulas, found, names)
            missing = setting.space.missing()
            if fixed is not None or not missing:
                return Nothing(setting.space.limits, names)
            bounds |= missing
    except TooLarge as error:
        raise Undecided(str(error)) from None
