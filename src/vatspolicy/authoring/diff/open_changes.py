"""Open changes of the decision word that a profile near a witness shows.

A solver gives up on long lists and large rules. Where it found one change, the same profile without a fact may show
another, and so may a known product with a few facts of it. The evaluator alone is asked.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
from collections.abc import Iterable, Iterator, Sequence

from vatspolicy.authoring.diff.decisions import Product
from vatspolicy.authoring.diff.rules import LICENSES, OPERATORS, Fact
from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.documents.validation import is_valid
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Need
from vatspolicy.core.profile.profile import Profile, load_granted
from vatspolicy.errors import InvalidInput
from vatspolicy.proofs.transitions import add_shown
from vatspolicy.proofs.verdicts import WITNESS, RuleVerdict, Transition, Transitions
from vatspolicy.proofs.witness import confirm_decisions, decision_of, places, without

LENDERS = 24
"""Maximum number of witnesses near which a profile is looked for."""
LENT = 200
"""Maximum number of products to decide with borrowed facts, starting with the fewest facts."""


def settle_open(
    sides: tuple[Bundle, Bundle],
    transitions: Transitions,
    verdicts: Sequence[RuleVerdict],
    products: Sequence[Product],
    read: frozenset[Fact],
) -> Transitions:
    """Return the transitions, settling those that a profile close to a witness shows.

    `sides`: base and head. `verdicts`: those on rules, whose witnesses lend facts as well. `read`: the facts to lend.
    """
    shown: list[Transition | RuleVerdict] = [*transitions.possible, *verdicts]
    lenders = [one for one in shown if one.witness is not None and one.as_of is not None]
    if not transitions.undecided or not lenders:
        return transitions
    return add_shown(*sides, transitions, _find_shown(sides, transitions, lenders, products, read))


def _find_shown(
    sides: tuple[Bundle, Bundle],
    transitions: Transitions,
    lenders: Sequence[Transition | RuleVerdict],
    products: Sequence[Product],
    read: frozenset[Fact],
) -> Iterator[Transition]:
    """Yield a profile for each open transition that a profile shows."""
    left = {(one.before, one.after) for one in transitions.undecided}
    for lender in lenders[:LENDERS]:
        assert lender.witness is not None
        day = str(lender.as_of)
        for profile in _profiles_near(sides[0], lender.witness, day, products, read):
            before, after = (decision_of(side, profile, day) for side in sides)
            if (before, after) in left:
                left.remove((before, after))
                data = dict(profile.document.data)
                small = confirm_decisions(data, zip(sides, (before, after), strict=True), day)
                yield Transition(before, after, WITNESS, small, day)
            if not left:
                return


def _profiles_near(
    base: Bundle, witness: Facts, day: str, products: Sequence[Product], read: frozenset[Fact]
) -> Iterator[Profile]:
    """Yield the witness without each part, the same with all permits, and known products with its facts."""
    parts = (without(witness, place) for place in places(dict(witness)))
    for profile in _load_valid(base, (data for data in parts if data is not None)):
        yield profile
        yield from _load_valid(base, _with_permits(base, profile, day))
    known = [data for one in products if is_valid(data := one.document.data, "profile", base.schemas)]
    lent = (one for data in known for one in _lend(witness, data, read))
    yield from _load_valid(base, (data for _, data in heapq.nsmallest(LENT, lent, key=lambda one: one[0])))


def _load_valid(base: Bundle, profiles: Iterable[Facts]) -> Iterator[Profile]:
    """Yield the profiles among plain data that are valid."""
    for data in profiles:
        if is_valid(data, "profile", base.schemas):
            with contextlib.suppress(InvalidInput):
                yield load_granted(data, schemas=base.schemas)


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


def _lend(witness: Facts, product: Facts, read: frozenset[Fact]) -> Iterator[tuple[int, dict[str, Tree]]]:
    """Yield the product with facts of a service of the witness and of its operator, and the number of new ones."""
    services = product.get("services", ())
    for service, (place, own) in itertools.product(witness.get("services", ()), enumerate(services)):
        lender, borrower = _operator(witness, service), _operator(product, own)
        for facts in {read, read | LICENSES}:
            wholes = {one: witness[one] for one, name in facts if not name and one in witness}
            lent: dict[str, Tree] = {**product, **wholes}
            new = sum(value != product.get(one) for one, value in wholes.items())
            sides = [("services", service, own), (lender, witness.get(lender, {}), product.get(borrower, {}))]
            sides += [(one, witness.get(one, {}), product.get(one, {})) for one in ("product", "data")]
            for part, source, target in sides:
                taken = {name: source[name] for one, name in facts if one == part and name in source and name != "id"}
                new += sum(target.get(name) != value for name, value in taken.items())
                if taken and part == "services":
                    lent["services"] = [*services[:place], {**own, **taken}, *services[place + 1 :]]
                elif taken:
                    lent[borrower if part == lender else part] = {**target, **taken}
            yield new, lent


def _operator(profile: Facts, service: Facts) -> str:
    named = service.get("operated_by", profile.get("product", {}).get("operated_by"))
    return "partner" if named == "partner" else "company"
