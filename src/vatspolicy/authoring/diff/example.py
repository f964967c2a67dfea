"""The example of an edit: of the profiles that show it, the one that a reader can compare with what there really is."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from vatspolicy.authoring.diff.borrowed_facts import Fact, read_by_versions
from vatspolicy.authoring.diff.decisions import Comparison, direction
from vatspolicy.authoring.diff.nearest import KnownProducts, Nearby, distance, leaves_out
from vatspolicy.authoring.diff.result import Answer, Verdict, Witness
from vatspolicy.authoring.diff.result import Transition as WordChange
from vatspolicy.authoring.diff.rules import Differences
from vatspolicy.authoring.granted_profiles import load_granted
from vatspolicy.authoring.symbolic.timeline import mix
from vatspolicy.authoring.symbolic.verdicts import MOST_TELLING_FIRST, Pair, RuleVerdict, Transition, Transitions
from vatspolicy.authoring.symbolic.witness import decision_of
from vatspolicy.core.engine.evaluator import possible_outcomes
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import Profile

FEW = 4
"""Most facts that differ from a known product in an example that takes no effort to picture."""
EDITS = 5
"""Most edits of a review in which examples are searched for that are better than the witness of the proof."""

Found: TypeAlias = Transition | RuleVerdict
Rank = tuple[bool, int, int, int]


@dataclass(frozen=True)
class Example:
    """A profile that shows a change of the decision, made from a known product."""

    change: Found
    """A change of the word, with a profile that shows it."""
    near: Nearby | None
    """None if the profile of the change is the example."""
    day: str

    @functools.cached_property
    def rank(self) -> Rank:
        """Key to sort by, the best first (see `_rank`)."""
        return _rank(_pair(self.change), self.near)

    @property
    def is_plain(self) -> bool:
        """True if it takes no effort to picture."""
        return self.rank[:2] <= (False, FEW)


def _pair(change: Found | Verdict) -> Pair:
    assert change.before is not None and change.after is not None
    return change.before, change.after


def _rank(pair: Pair, near: Nearby | None) -> Rank:
    """Return a key to sort by, the best first: nothing is contrived, few facts differ, the change tells much.

    An opinion that nobody gave is contrived, and so is a decision that is open because a known fact is not told.
    """
    if near is None:
        return True, 1 << 30, 0, 0
    has_opinions, changed = distance(near)
    contrived = has_opinions or ("incomplete" in pair and leaves_out(near))
    return contrived, max(changed, FEW), MOST_TELLING_FIRST.index(pair), changed


class Examples:
    """Examples of what rules do that are changed together.

    Where no compared product shows a change of the word, an example shows any change in the direction of the verdict.
    """

    def __init__(
        self,
        sides: tuple[Bundle, Bundle],
        differences: Differences,
        compared: Comparison,
        known: KnownProducts,
        groups: Sequence[RuleVerdict],
        transitions: Transitions,
    ) -> None:
        """Take the rules that differ, the compared and the known products, and what is proved of both."""
        self.base, self.head = sides
        self.differences, self.compared, self.known = differences, compared, known
        self.groups, self.transitions = groups, transitions

    def find(self, found: RuleVerdict, names: Sequence[str], near: Callable[[], Nearby | None]) -> Example:
        """Return an example of the verdict on some rules.

        `near` finds the profile nearest to a known product that shows the change of the verdict itself.
        """
        assert found.as_of is not None
        if not self._is_wanted(found.transitions, names):
            return Example(found, near(), found.as_of)
        whole = self._cause_all(names)  # then `choose` knows the profiles nearest to known products
        own = Example(found, None if whole else near(), found.as_of)
        after = self.head if whole else mix(self.base, self.head, names)
        read = read_by_versions(self.differences, names)
        return _Borrowing((self.base, after), self.known, read).find(own, self.transitions.possible)

    def choose(
        self, verdict: Verdict, names: Sequence[str], shown: Iterable[tuple[Transition, WordChange]]
    ) -> Example | None:
        """Return the best of the shown changes in the direction of a verdict on rules that cause them all.

        `shown`: changes of the decision word as they were proved and as they are shown. None if the verdict has an
        example as good.
        """
        own, chosen = verdict.witness, None
        if own is None or not self._is_wanted(verdict.transitions, names) or not self._cause_all(names):
            return None
        wanted = direction(own.before, own.after)
        best = _rank(_pair(verdict), self._near(own))
        for change, entry in shown:
            if entry.witness is not None and entry.direction == wanted:
                one = Example(change, self._near(entry.witness), entry.witness.as_of)
                if one.rank < best:
                    best, chosen = one.rank, one
        return chosen

    def _is_wanted(self, transitions: Sequence[str], names: Sequence[str]) -> bool:
        """Return True if rules change the decision word, and that of no compared product, in a review of few edits."""
        if not transitions or len(self.groups) > EDITS:
            return False
        return all(set(names).isdisjoint(row.because) for row in self.compared.rows)

    def _cause_all(self, names: Sequence[str]) -> bool:
        """Return True if these are all rules that differ, so that the changes of the word are theirs."""
        return self.differences.names.keys() <= set(names)

    def _near(self, witness: Witness) -> Nearby | None:
        """Return the profile of a witness with its known product, if it has one."""
        made_from = witness.product
        key = made_from and (made_from.id, made_from.variant, made_from.file)
        found = (one for one in self.known.products if (one.id, one.variant or None, one.document.file) == key)
        product = next(found, None)
        return None if product is None else Nearby(product, dict(witness.profile))


@dataclass(frozen=True)
class _Borrowing:
    """Search for known products that show a change with a few facts of its witness."""

    sides: tuple[Bundle, Bundle]
    """The base, and the base with some rules of the head."""
    known: KnownProducts
    read: frozenset[Fact]
    """Facts that the rules read."""

    def find(self, own: Example, changes: Iterable[Transition]) -> Example:
        """Return the best example of a change in the same direction: the own one, or a product that borrows facts.

        `changes`: changes of the decision word that are possible.
        """
        assert own.change.witness is not None
        wanted = self._direction(load_granted(own.change.witness, schemas=self.known.schemas), own.day)
        found = [own]
        for change in sorted(changes, key=lambda one: MOST_TELLING_FIRST.index((one.before, one.after))):
            if found[-1].is_plain:
                break
            if "opinions" not in (change.witness or {}):  # the solver looked for a witness without opinions before
                found += self._borrowed(change, wanted)
        return min(found, key=lambda one: one.rank)

    def _borrowed(self, change: Transition, wanted: str) -> Iterator[Example]:
        """Yield the known product that shows the same change with a few facts of its witness, if there is one."""
        assert change.witness is not None and change.as_of is not None
        day = change.as_of

        def shows(profile: Profile) -> bool:
            words = zip(self.sides, (change.before, change.after), strict=True)
            same = all(decision_of(bundle, profile, day) == word for bundle, word in words)
            return same and self._direction(profile, day) == wanted

        near = self.known.find_borrower(change.witness, shows, self.read)
        if near is not None:
            yield Example(change, near, day)

    def _direction(self, profile: Profile, day: str) -> str:
        ranges = [possible_outcomes(bundle.on(day), profile, day, asking=False).range for bundle in self.sides]
        before, after = (Answer(low if low == high else "incomplete", (low, high)) for low, high in ranges)
        return direction(before, after)
