"""Known products close to a witness: borrowing facts from it, and moving it toward a product.

A witness holds whatever else a solver chose. A real product that borrows the facts in question is nearer to real ones.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import heapq
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from vatspolicy.authoring.diff.decisions import Product
from vatspolicy.core.documents.plain import Facts, Tree, value_at
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.documents.validation import is_valid
from vatspolicy.core.policies.model import Expression, Rule
from vatspolicy.core.policies.reads import facts_of
from vatspolicy.core.profile.profile import Profile, load_granted
from vatspolicy.core.profile.vocabulary import words_of
from vatspolicy.errors import InvalidInput
from vatspolicy.proofs.witness import Place, is_valid_and_holds

Fact = tuple[str, str]
"""A part of a profile and its fact. `services` means one service; an empty fact means the whole part."""

OPERATORS = ("company", "partner")
_LICENSES = frozenset((owner, "licenses") for owner in OPERATORS)
_CLASSIFYING = ("services", "offers")
"""The fact that determines the class of an activity."""


def read_by(rules: Iterable[Rule]) -> frozenset[Fact]:
    """Return the facts that the given rules read."""
    return frozenset[Fact]().union(*(_read_by(expression) for rule in rules for expression in rule.compiled))


@functools.lru_cache(maxsize=8192)
def _read_by(expression: Expression) -> frozenset[Fact]:
    found: set[Fact] = set()
    for path in facts_of(expression.tree):
        part, *names = path.split(".")
        if part == "activity":
            found |= _LICENSES if names == ["licensed"] else {_CLASSIFYING}
        elif part in ("company", "partner", "product", "data"):
            found.add((part, names[0] if names else ""))
        elif part == "services" and len(names) > 1:
            found.add((part, names[1]))
        elif part not in ("as_of", "services"):
            found.add((part, ""))
    return frozenset(found)


def lend(witness: Facts, product: Facts, read: frozenset[Fact]) -> Iterator[tuple[dict[str, Tree], dict[Fact, Tree]]]:
    """Yield the product with facts from a service of the witness and its operator, and list the new facts.

    The operator of the product's service takes those of the operator of the witness. Neither profile is copied beyond
    what changes.
    """
    for service in witness.get("services", ()):
        holds_some = bool(witness.get(_operator(witness, service), {}).get("licenses"))
        for place in range(len(product.get("services", ()))):
            for facts in (read, read | _LICENSES) if holds_some and not read >= _LICENSES else (read,):
                yield _lend(witness, service, product, place, facts)


def _lend(
    witness: Facts, service: Facts, product: Facts, place: int, facts: Iterable[Fact]
) -> tuple[dict[str, Tree], dict[Fact, Tree]]:
    services = list(product["services"])
    own = services[place] = dict(services[place])
    lent: dict[str, Tree] = {**product, "services": services}
    lender, borrower = _operator(witness, service), _operator(product, own)
    new: dict[Fact, Tree] = {}
    for part, name in sorted(facts):
        if part in OPERATORS and part != lender:
            continue
        source = service if part == "services" else witness.get(part, {}) if name else witness
        target_part = borrower if part in OPERATORS else part
        name = name or part
        if name not in source or name == "id":
            continue
        if source is witness:
            target = lent
        elif part == "services":
            target = own
        else:
            target = lent[target_part] = dict(lent.get(target_part, {}))
        if target.get(name) != source[name]:
            new[target_part, name] = source[name]
            target[name] = source[name]
    return lent, new


def _operator(profile: Facts, service: Facts) -> str:
    named = service.get("operated_by", profile.get("product", {}).get("operated_by"))
    return "partner" if named == "partner" else "company"


# --- the known product nearest to a witness: a profile that shows the same and differs from the product in few facts
#
# Only the evaluator is asked. A witness that the solver found is moved towards a product, fact by fact, for as long as
# it shows what it is to show.


ASKED = 12
"""Number of unchanged products to decide, starting with the most similar."""
MOVED = 3
"""Number of products to move a witness toward."""
LENT = 200
"""Number of products with borrowed facts to decide, starting with the fewest facts."""

_OFFERS = ("services", 0, "offers")
"""Place of the offers of a service."""

Holds = Callable[[Profile], bool]
PlacedFact = tuple[Place, str]
"""A place without the numbers of list members, and the value there as JSON."""


class Nearby(NamedTuple):
    """A profile that shows a change, and its original known product."""

    product: Product
    profile: dict[str, Tree]


class Distance(NamedTuple):
    """The distance of a profile from its original known product. A small distance means a realistic profile."""

    has_opinions: bool
    """True if it has an authority's opinion that the product lacks."""
    changed: int
    """Number of differing facts."""


def distance(near: Nearby) -> Distance:
    """Return the distance of a profile from its known product."""
    data = near.product.document.data
    made_up = any(one not in data.get("opinions", ()) for one in near.profile.get("opinions", ()))
    return Distance(made_up, count_changes(data, near.profile))


def leaves_out(near: Nearby) -> bool:
    """Return True if a profile omits a fact of its known product."""
    own, stated = (
        {place for place, value in _facts(data) if value not in ("[]", "{}")}
        for data in (near.product.document.data, near.profile)
    )
    return not own <= stated


class KnownProducts:
    """The products of a comparison."""

    def __init__(self, products: Iterable[Product], schemas: SchemaSet) -> None:
        self.schemas = schemas
        known = ((product, product.document.data) for product in products)
        valid = ((one, data) for one, data in known if isinstance(data, Mapping) and is_valid(data, "profile", schemas))
        self._products = [(one, data, frozenset(_facts(data))) for one, data in valid]
        self.products = [product for product, _, _ in self._products]
        """The valid products."""
        self._loaded: dict[Product, Profile | None] = {}
        """Profiles of unchanged products; None for a product that breaks an invariant."""

    def find_nearest(self, witness: Facts, holds: Holds, first: Sequence[Product] = ()) -> Nearby | None:
        """Return the profile closest to a known product that satisfies `holds`, or None.

        `witness` is a profile that satisfies it. The products in `first` come before the others.
        """
        ranked = self._ranked(witness, first)
        for product, data in ranked[: max(ASKED, len(first))]:
            profile = self._load(product, data)
            if profile is not None and holds(profile):
                return Nearby(product, dict(data))
        found = []
        for product, data in ranked[:MOVED]:
            near = move_towards(witness, data, lambda changed: self._holds(changed, holds))
            if near is not None:
                found.append(Nearby(product, self._with_offers(near, holds)))
        return min(found, key=distance, default=None)

    def find_borrower(self, witness: Facts, holds: Holds, read: frozenset[Fact]) -> Nearby | None:
        """Return the known product that needs the fewest witness facts to satisfy `holds`, or None.

        `read`: the facts of the witness to borrow. No opinion is borrowed.
        """
        lent = self._lend(witness, read)
        true = ((place, data) for place, data in lent if self._holds(data, holds))
        found = []
        for place, data in itertools.islice(true, MOVED):
            product, own, _ = self._products[place]
            near = move_towards(data, own, lambda changed: self._holds(changed, holds))
            found.append(Nearby(product, data if near is None else near))
        return min(found, key=distance, default=None)

    def find_borrowers(self, witness: Facts, read: frozenset[Fact]) -> Iterator[Profile]:
        """Yield products with facts from a witness, starting with the fewest borrowed facts."""
        yield from self.load_valid(data for _, data in self._lend(witness, read))

    def load_valid(self, profiles: Iterable[Facts]) -> Iterator[Profile]:
        """Yield the profiles among plain data that are valid."""
        for data in profiles:
            if is_valid(data, "profile", self.schemas):
                with contextlib.suppress(InvalidInput):
                    yield load_granted(data, schemas=self.schemas)

    def _lend(self, witness: Facts, read: frozenset[Fact]) -> list[tuple[int, dict[str, Tree]]]:
        """Return the products with witness facts that differ least, each with its product index."""
        lent = (
            (sum(len(list(_facts(value))) for value in new.values()), place, changed)
            for place, (_, data, _) in enumerate(self._products)
            for changed, new in lend(witness, data, read)
        )
        return [(place, data) for _, place, data in heapq.nsmallest(LENT, lent, key=lambda one: one[:2])]

    def _with_offers(self, witness: dict[str, Tree], holds: Holds) -> dict[str, Tree]:
        """Return the profile with an offer in place of a class opinion on a service, if `holds` stays true.

        The solver may reach a class by an opinion that no authority would give of the offer beside it.
        """
        for place, opinion in enumerate(witness.get("opinions", ())):
            for offer in words_of(_OFFERS, self.schemas) if opinion["about"] == "class" else ():
                data = copy.deepcopy(witness)
                del data["opinions"][place]
                data = data if data["opinions"] else {key: data[key] for key in data if key != "opinions"}
                for service in data["services"]:
                    service["offers"] = [offer.value] if service["id"] == opinion["service"] else service["offers"]
                if self._holds(data, holds):
                    return self._with_offers(data, holds)
        return witness

    def _ranked(self, witness: Facts, first: Sequence[Product]) -> list[tuple[Product, Facts]]:
        """Return the products ordered by the number of witness facts that they lack, then by length."""
        wanted = frozenset(_facts(witness))
        ranked = sorted(
            self._products, key=lambda one: (one[0] not in first, len(wanted - one[2]), len(one[2]), one[0].name)
        )
        return [(product, data) for product, data, _ in ranked]

    def _load(self, product: Product, data: Facts) -> Profile | None:
        """Return the profile of a product, or None."""
        if product not in self._loaded:
            try:
                self._loaded[product] = load_granted(data, schemas=self.schemas)
            except InvalidInput:
                self._loaded[product] = None
        return self._loaded[product]

    def _holds(self, data: Facts, holds: Holds) -> bool:
        return is_valid_and_holds(data, holds, self.schemas)


def _facts(value: Tree, place: Place = ()) -> Iterator[PlacedFact]:
    """Yield every fact of a profile. Each list member is a separate fact."""
    if isinstance(value, Mapping):
        for key, child in value.items():
            if key != "id":
                yield from _facts(child, (*place, key))
    elif isinstance(value, list) and value:
        for child in value:
            yield from _facts(child, place)
    else:
        yield place, json.dumps(value, sort_keys=True)


def count_changes(one: Tree, other: Tree) -> int:
    """Return the number of facts in which two profiles differ."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return sum(count_changes(one.get(key), other.get(key)) for key in {**one, **other} if key != "id")
    if _are_records(one) and _are_records(other):
        return sum(count_changes(*pair) for pair in itertools.zip_longest(one, other))
    if one == other:
        return 0
    return max(
        len(list(_facts(side))) if isinstance(side, Mapping) or _are_records(side) else 1 for side in (one, other)
    )


def _are_records(value: Tree) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)


# --- from a witness to a product


def move_towards(witness: Facts, target: Facts, holds: Callable[[Facts], bool]) -> dict[str, Tree] | None:
    """Return a profile that satisfies `holds` and that no further step can move closer to the target.

    `witness` is where it begins; None if it does not hold there once its services are those of the target.
    """
    for start in _starts(witness, target):
        if holds(start):
            return _Walk(start, target, holds).run()
    return None


def _starts(witness: Facts, target: Facts) -> Iterator[dict[str, Tree]]:
    """Yield the witness with its services matched to similar ones in the target, with or without other services."""
    own, others = list(witness.get("services", ())), list(target.get("services", ()))
    places = _similar_places(own, others)
    named = [
        {**service, "id": others[at]["id"]} if at < len(others) else service
        for service, at in zip(own, places, strict=True)
    ]
    renamed = {one["id"]: new["id"] for one, new in zip(own, named, strict=True)}
    data = copy.deepcopy({**witness, "product": {**witness.get("product", {}), "id": target["product"]["id"]}})
    for opinion in data.get("opinions", ()):
        if "service" in opinion:
            opinion["service"] = renamed[opinion["service"]]
    if own and others:
        kept = {**dict(enumerate(others)), **dict(zip(places, named, strict=True))}
        yield {**data, "services": copy.deepcopy([kept[at] for at in sorted(kept)])}
    yield {**data, "services": copy.deepcopy(named)}


def _similar_places(own: Sequence[Facts], others: Sequence[Facts]) -> list[int]:
    """Return a distinct index of the most similar other service for each service, or an index beyond the end."""
    similar_places: list[int] = []
    for service in own:
        wanted = frozenset(_facts(service))
        free = [at for at in range(len(others)) if at not in similar_places]
        best = max(free, key=lambda at: (len(wanted & frozenset(_facts(others[at]))), -at), default=None)
        similar_places.append(len(others) + len(similar_places) if best is None else best)
    return similar_places


class _Walk:
    """Steps of a profile towards a target."""

    def __init__(self, data: dict[str, Tree], target: Facts, holds: Callable[[Facts], bool]) -> None:
        self.data, self.target, self.holds = data, target, holds

    def run(self) -> dict[str, Tree]:
        """Return the profile after all steps: whole parts first, then the contents of parts that it cannot take."""
        self.enter((), self.data, self.target)
        return self.data

    def enter(self, place: Place, mine: Tree, theirs: Tree) -> None:
        """Copy as much of a part as the profile allows."""
        if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
            keys = {"opinions": None, **theirs, **mine}  # an opinion is the least likely fact: it goes first
            steps: Iterable[str | int] = [key for key in keys if mine.get(key) != theirs.get(key)]
        elif _are_records(mine) and _are_records(theirs):
            steps = [at for at, pair in enumerate(zip(mine, theirs, strict=False)) if pair[0] != pair[1]]
        else:
            return
        for step in steps:
            wanted = theirs[step] if not isinstance(theirs, Mapping) or step in theirs else None
            if not self.take((*place, step), wanted):
                now = value_at(self.data, place)
                if not isinstance(now, Mapping) or step in now:
                    self.enter((*place, step), now[step], wanted)

    def take(self, place: Place, value: Tree) -> bool:
        """Set or remove a part to match the target, if the profile then still satisfies `holds`."""
        changed = copy.deepcopy(self.data)
        owner = value_at(changed, place[:-1])
        if value is None:
            owner.pop(place[-1], None)
        else:
            owner[place[-1]] = copy.deepcopy(value)
        if not self.holds(changed):
            return False
        self.data = changed
        return True
