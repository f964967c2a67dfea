"""Changes of the decision word that some rules make alone: searches and proofs, the cheap ones first."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from vatspolicy.authoring.symbolic.changed_parts import Kinds
from vatspolicy.authoring.symbolic.list_lengths import search_lengths
from vatspolicy.authoring.symbolic.query import Solution
from vatspolicy.authoring.symbolic.relaxation import Exact, read_by
from vatspolicy.authoring.symbolic.shared_search import SharedSearch
from vatspolicy.authoring.symbolic.solver import Undecided, reason_of
from vatspolicy.authoring.symbolic.transition_proof import ExcludedPairs
from vatspolicy.authoring.symbolic.two_rulesets import Classes, TwoRuleSetSearch
from vatspolicy.authoring.symbolic.values import Unsupported
from vatspolicy.authoring.symbolic.verdicts import (
    MILDER_PAIRS,
    MOST_TELLING_FIRST,
    PAIRS,
    STRICTER_PAIRS,
    UNSETTLED,
    Pair,
)
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Rule

BOTH_DIRECTIONS = (STRICTER_PAIRS, MILDER_PAIRS)


@dataclass
class DecisionChanges:
    """Changes of the decision word that some rules make alone."""

    solutions: dict[Pair, Solution] = field(default_factory=dict)
    """Profiles that show a change, by pair of words."""
    proved_none: bool = False
    reason: str = UNSETTLED
    """Why there is neither a profile nor a proof."""
    invariants: set[str] = field(default_factory=set)
    """Ids of the invariants that proofs assumed."""


@dataclass
class ChangeSearch:
    """Search for the changes of the decision word that some rules make alone."""

    mixed: Bundle
    """The base with the rules of the head."""
    shared: SharedSearch
    rules: Sequence[Rule]
    """Both versions of the rules."""
    parts: Kinds
    """Kinds of parts of a product that the rules can touch."""
    directions: Sequence[frozenset[Pair]]
    """Changes of the decision word that the rules can make alone, by direction, as far as a search need ask."""
    classes: frozenset[str]
    """Classes of the activities on which versions of a rule were found to differ."""
    members: Mapping[str, int]
    """Lengths of lists that the rules can tell apart."""
    found: DecisionChanges = field(default_factory=DecisionChanges)

    def run(self) -> DecisionChanges:
        """Return one change in each direction, if there is one, or that there is none."""
        exact = read_by(self.rules)
        steps: tuple[Callable[[], None], ...] = (
            self._search_found_classes,
            lambda: self._prove(Exact(), self.parts),
            self._search_other_classes,
            lambda: self._search(self.shared.shortest, self.directions),
            lambda: self._prove_by_need(exact, self.parts),
            lambda: self._prove(Exact()),
            self._search_longer_lists,
            lambda: self._prove_by_need(exact),
            lambda: self._prove(exact.with_all_quantifiers()),
        )
        for step in steps:
            try:
                step()
            except Unsupported as error:
                self.found.reason = reason_of(error)
                break
            except Undecided as error:
                self.found.reason = reason_of(error)
            if self.found.solutions or self.found.proved_none:
                break
        return self.found

    def _prove(self, exact: Exact, parts: Kinds | None = None) -> None:
        self._note(self.shared.proof.exclude(self.mixed, PAIRS, exact, parts=parts, all_or_none=True))

    def _prove_by_need(self, exact: Exact, parts: Kinds | None = None) -> None:
        self._note(self.shared.proof.exclude_by_need(self.mixed, PAIRS, exact, parts))

    def _note(self, excluded: ExcludedPairs) -> None:
        self.found.invariants |= set(excluded.invariants)
        self.found.proved_none = len(excluded.pairs) == len(PAIRS)

    def _search(
        self,
        profiles: TwoRuleSetSearch,
        directions: Sequence[frozenset[Pair]],
        classes: Classes = None,
        reached: bool = False,
    ) -> None:
        """Find one change in each direction: between decisions that are reached, if there is one.

        `reached`: no other is wanted.
        """
        solutions = self.found.solutions
        for pairs in directions:
            for incomplete in (False,) if reached else (False, True):
                if not solutions.keys() & pairs:
                    wanted = [p for p in MOST_TELLING_FIRST if p in pairs and ("incomplete" in p) is incomplete]
                    solutions.update(itertools.islice(profiles.solve_pairs(self.mixed, wanted, classes), 1))

    def _search_found_classes(self) -> None:
        """Search products of few classes; one without a class reaches no decision, which would show little."""
        if self.classes:
            self._search(self.shared.shortest, self.directions, self.classes)

    def _search_other_classes(self) -> None:
        """Search products of one class after another of which a relaxed question says that it may show a change.

        A change that touches no activity may show between decisions of a product without any, the smallest question.
        """
        if "activity" not in self.parts:
            self._search(self.shared.shortest, self.directions, frozenset(), reached=True)
            return
        pairs = frozenset[Pair]().union(*self.directions)
        for cls in self.shared.proof.find_classes(self.mixed, pairs):
            self._search(self.shared.shortest, self.directions, frozenset({cls}))
            if all(self.found.solutions.keys() & direction for direction in self.directions):
                break

    def _search_longer_lists(self) -> None:
        """Search products with as many members of lists as the rules need, those of few classes first."""
        longer = self.shared.with_lengths(search_lengths(self.members))
        if self.classes:
            self._search(longer, self.directions, self.classes)
        self._search(longer, BOTH_DIRECTIONS)
