"""Chooses the example profile of a change, for changes of the decision word and for edits.

Of the profiles that show a change, a reader can compare the one that is made from a known product by few facts. What a
search left open, a profile near to a witness may show.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from vatspolicy.authoring.diff.decisions import Comparison, Product, direction
from vatspolicy.authoring.diff.known_products import (
    OPERATORS,
    Fact,
    KnownProducts,
    Nearby,
    distance,
    leaves_out,
    read_by,
)
from vatspolicy.authoring.diff.result import Answer, Verdict, Witness
from vatspolicy.authoring.diff.result import Transition as WordChange
from vatspolicy.authoring.diff.rules import Differences
from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.engine.evaluator import evaluate, possible_outcomes
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Need
from vatspolicy.core.profile.profile import Profile, load_granted
from vatspolicy.proofs.timeline import mix
from vatspolicy.proofs.transitions import add_shown
from vatspolicy.proofs.two_rulesets import EVERYTHING, ListedItems
from vatspolicy.proofs.verdicts import MOST_TELLING_FIRST, WITNESS, Pair, RuleVerdict, Transition, Transitions
from vatspolicy.proofs.witness import confirm_decisions, decision_of, places, without

FEW = 4
"""Maximum number of facts in which an easily understood example differs from a known product."""
LENDERS = 24
"""Maximum number of witnesses near which a profile is looked for that shows an open change."""
EDITS = 5
"""Maximum number of edits in a review to search for better examples than the proof's witness."""

Found: TypeAlias = Transition | RuleVerdict
Rank: TypeAlias = tuple[bool, int, int, int]


@dataclass(frozen=True)
class Example:
    """A profile that shows a changed decision, based on a known product if possible."""

    change: Found
    """A change of the word, with a profile that shows it."""
    near: Nearby | None
    """None if the profile of the change is the example."""
    day: str

    @functools.cached_property
    def rank(self) -> Rank:
        """Sort key, the best first (see `_rank`)."""
        return _rank(_pair(self.change), self.near)

    @property
    def is_plain(self) -> bool:
        """True if it is easy to understand."""
        return self.rank[:2] <= (False, FEW)

    @property
    def profile(self) -> Facts:
        """The profile to show."""
        assert self.change.witness is not None
        return self.change.witness if self.near is None else self.near.profile


def _pair(change: Found | Verdict) -> Pair:
    assert change.before is not None and change.after is not None
    return change.before, change.after


def _rank(pair: Pair, near: Nearby | None) -> Rank:
    """Return a sort key that prefers realistic examples with few differing facts and an informative change.

    An opinion that nobody gave is contrived, and so is a decision that is open because a known fact is not told.
    """
    if near is None:
        return True, 1 << 30, 0, 0
    has_opinions, changed = distance(near)
    contrived = has_opinions or ("incomplete" in pair and leaves_out(near))
    return contrived, max(changed, FEW), MOST_TELLING_FIRST.index(pair), changed


class WitnessChooser:
    """Chooses the profiles for a review."""

    def __init__(
        self,
        sides: tuple[Bundle, Bundle],
        differences: Differences,
        compared: Comparison,
        products: Sequence[Product],
        groups: Sequence[RuleVerdict],
        transitions: Transitions,
    ) -> None:
        """Initialize with the differing rules, compared products, and proofs about groups of rules and the whole
        change.
        """
        self.base, self.head = sides
        self.differences, self.compared, self.products, self.groups = differences, compared, products, groups
        self._proved = transitions

    @functools.cached_property
    def known(self) -> KnownProducts:
        """The compared products in the reading of the head."""
        return KnownProducts(self.products, self.head.schemas)

    @functools.cached_property
    def transitions(self) -> Transitions:
        """The transitions, including open ones that a profile close to a witness settled."""
        if not self._proved.undecided:
            return self._proved
        read = self._read(self.differences.names)
        return settle_open((self.base, self.head), self._proved, self.groups, self.known, read)

    def for_transition(self, found: Transition) -> Example:
        """Return the example of a shown change of the decision word."""
        assert found.witness is not None and found.as_of is not None
        words = found.before, found.after
        rows = [row for row in self.compared.rows if (row.before.decision, row.after.decision) == words]
        for day in dict.fromkeys([*(row.days[-1] for row in rows[:1]), found.as_of]):
            first = [row.product for row in rows if day in row.days]
            near = self.known.find_nearest(found.witness, _decides((self.base, self.head), words, day), first)
            if near is not None:
                return Example(found, near, day)
        return Example(found, None, found.as_of)

    def for_group(self, found: RuleVerdict, names: Sequence[str]) -> Example:
        """Return the example for the verdict on rules that change together.

        Where no compared product shows a change of the word, it shows any change in the direction of the verdict.
        """
        assert found.as_of is not None
        if not self._is_wanted(found.transitions, names):
            return Example(found, self._near_group(found, names), found.as_of)
        whole = self._cause_all(names)  # then `of_shown` knows the profiles nearest to known products
        own = Example(found, None if whole else self._near_group(found, names), found.as_of)
        after = self.head if whole else mix(self.base, self.head, names)
        return _Borrowing((self.base, after), self.known, self._read(names)).find(own, self.transitions.possible)

    def of_shown(
        self, verdict: Verdict, names: Sequence[str], shown: Iterable[tuple[Transition, WordChange]]
    ) -> Example | None:
        """Return the best shown change in the direction of a verdict, if the given rules cause all changes.

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

    def _near_group(self, found: RuleVerdict, names: Sequence[str]) -> Nearby | None:
        """Return the profile closest to a known product that shows the same change as the witness of rules."""
        assert found.witness is not None and found.as_of is not None
        if found.transitions:
            sides = self.base, mix(self.base, self.head, names)
            holds = _decides(sides, _pair(found), found.as_of)
        else:
            items = ListedItems(self.base, self.head, names, found.as_of)
            kind = items.find_shown(load_granted(found.witness, schemas=self.head.schemas)) or EVERYTHING

            def holds(profile: Profile) -> bool:
                return bool(items.differing(profile, kind))

        seen = {name for detail in self.compared.details if detail.rule in names for name in detail.products}
        seen |= {row.product.name for row in self.compared.rows if not set(names).isdisjoint(row.because)}
        first = [product for product in self.products if product.name in seen]
        return self.known.find_nearest(found.witness, holds, first)

    def _read(self, names: Iterable[str]) -> frozenset[Fact]:
        """Return the facts that the given rules read in both versions."""
        sides = self.differences.base.by_name, self.differences.head.by_name
        return read_by(side[name] for name in names for side in sides if name in side)

    def _is_wanted(self, transitions: Sequence[str], names: Sequence[str]) -> bool:
        """Return True in a small review if rules change the decision word, but not for compared products."""
        if not transitions or len(self.groups) > EDITS:
            return False
        return all(set(names).isdisjoint(row.because) for row in self.compared.rows)

    def _cause_all(self, names: Sequence[str]) -> bool:
        """Return True if these are all differing rules, so that they cause all changes of the decision word."""
        return self.differences.names.keys() <= set(names)

    def _near(self, witness: Witness) -> Nearby | None:
        """Return the profile of a witness with its known product, if it has one."""
        made_from = witness.product
        key = made_from and (made_from.id, made_from.variant, made_from.file)
        found = (
            product
            for product in self.known.products
            if (product.id, product.variant or None, product.document.file) == key
        )
        product = next(found, None)
        return None if product is None else Nearby(product, dict(witness.profile))


def _decides(sides: tuple[Bundle, Bundle], words: Pair, day: str) -> Callable[[Profile], bool]:
    """Return a function that checks whether both sides give a profile these decision words."""
    return lambda profile: all(
        decision_of(bundle, profile, day) == word for bundle, word in zip(sides, words, strict=True)
    )


@dataclass(frozen=True)
class _Borrowing:
    """Searches for known products that show a change after borrowing a few facts from its witness."""

    sides: tuple[Bundle, Bundle]
    """The base, and the base with the given rules of the head."""
    known: KnownProducts
    read: frozenset[Fact]
    """Facts that the rules read."""

    def find(self, own: Example, changes: Iterable[Transition]) -> Example:
        """Return the best example of a change in the same direction: the witness, or a product with borrowed facts.

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
        """Yield the known product, if any, that shows the same change with a few facts of its witness."""
        assert change.witness is not None and change.as_of is not None
        day = change.as_of

        decides = _decides(self.sides, (change.before, change.after), day)

        def shows(profile: Profile) -> bool:
            return decides(profile) and self._direction(profile, day) == wanted

        near = self.known.find_borrower(change.witness, shows, self.read)
        if near is not None:
            yield Example(change, near, day)

    def _direction(self, profile: Profile, day: str) -> str:
        ranges = [possible_outcomes(bundle.on(day), profile, day, asking=False).range for bundle in self.sides]
        before, after = (Answer(low if low == high else "incomplete", (low, high)) for low, high in ranges)
        return direction(before, after)


# --- changes of the decision word that no search settled and that profiles near a witness show
#
# A solver gives up on long lists and large rules. Where it found one change, the same profile without a fact may show
# another, and so may a known product with a few facts of it.


def settle_open(
    sides: tuple[Bundle, Bundle],
    transitions: Transitions,
    verdicts: Sequence[RuleVerdict],
    known: KnownProducts,
    read: frozenset[Fact],
) -> Transitions:
    """Return the transitions, settling those that a profile close to a witness shows.

    `sides`: base and head. `verdicts`: those on rules, whose witnesses lend facts as well. `read`: the facts to lend.
    """
    shown: list[Transition | RuleVerdict] = [*transitions.possible, *verdicts]
    lenders = [one for one in shown if one.witness is not None and one.as_of is not None]
    if not transitions.undecided or not lenders:
        return transitions
    return add_shown(*sides, transitions, _find_shown(sides, transitions, lenders, known, read))


def _find_shown(
    sides: tuple[Bundle, Bundle],
    transitions: Transitions,
    lenders: Sequence[Transition | RuleVerdict],
    known: KnownProducts,
    read: frozenset[Fact],
) -> Iterator[Transition]:
    """Yield a profile for each open transition that a profile shows."""
    left = {(one.before, one.after) for one in transitions.undecided}
    for lender in lenders[:LENDERS]:
        assert lender.witness is not None
        day = str(lender.as_of)
        for profile in _profiles_near(sides[0], lender.witness, day, known, read):
            before, after = (decision_of(side, profile, day) for side in sides)
            if (before, after) in left:
                left.remove((before, after))
                data = dict(profile.document.data)
                small = confirm_decisions(data, zip(sides, (before, after), strict=True), day)
                yield Transition(before, after, WITNESS, small, day)
            if not left:
                return


def _profiles_near(
    base: Bundle, witness: Facts, day: str, known: KnownProducts, read: frozenset[Fact]
) -> Iterator[Profile]:
    """Yield the witness without each part, the same with all permits, and known products with its facts."""
    parts = (without(witness, place) for place in places(dict(witness)))
    for profile in known.load_valid(data for data in parts if data is not None):
        yield profile
        yield from known.load_valid(_with_permits(base, profile, day))
    yield from known.find_borrowers(witness, read)


def _with_permits(base: Bundle, profile: Profile, day: str) -> Iterator[dict[str, Tree]]:
    """Yield a profile with all possibly needed permits, if it leaves some of them open.

    A solver looks at lists with few members; a fact that many permits depend on may be missing all the same.
    """
    data = dict(profile.document.data)
    decision = evaluate(base, profile, day, compare=False, explain=False)
    effects = [one.rule.effect for one in decision.undetermined]
    needed = {effect.instrument for effect in effects if isinstance(effect, Need) and effect.instrument is not None}
    if not needed:
        return
    for owner in [owner for owner in OPERATORS if owner in data]:
        held = [one for one in data[owner].get("licenses", ()) if one.get("valid") is True]
        wanted = sorted(needed - {one["instrument"] for one in held})
        data[owner] = {**data[owner], "licenses": held + [{"instrument": name, "valid": True} for name in wanted]}
    yield data
