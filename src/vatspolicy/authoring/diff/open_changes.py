"""Changes of the decision word that no search settled and that profiles near a witness show.

A solver gives up on long lists and large rules. Where it found one change, the same profile without a fact may show
another, and so may a known product with a few facts of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vatspolicy.authoring.diff.nearest import OPERATORS, Fact, KnownProducts
from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Need
from vatspolicy.core.profile.profile import Profile
from vatspolicy.proofs.transitions import add_shown
from vatspolicy.proofs.verdicts import WITNESS, RuleVerdict, Transition, Transitions
from vatspolicy.proofs.witness import confirm_decisions, decision_of, places, without


def settle_open(
    sides: tuple[Bundle, Bundle],
    transitions: Transitions,
    verdicts: Sequence[RuleVerdict],
    known: KnownProducts,
    read: frozenset[Fact],
) -> Transitions:
    """Return the transitions with those settled that a profile near a witness shows.

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
    """Yield a profile for each open transition that is shown."""
    left = {(one.before, one.after) for one in transitions.undecided}
    for lender in lenders:
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
    """Yield the witness without one of its parts, the same with all permits, and known products with facts of it."""
    parts = (without(witness, place) for place in places(dict(witness)))
    for profile in known.load_valid(data for data in parts if data is not None):
        yield profile
        yield from known.load_valid(_with_permits(base, profile, day))
    yield from known.find_borrowers(witness, read)


def _with_permits(base: Bundle, profile: Profile, day: str) -> Iterator[dict[str, Tree]]:
    """Yield a profile to which the permits are granted that it may need, if this is not known of some.

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
